"""Multi-CNN (phi0) and our own method, trained on given features by the code that trains runs."""

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.config import TrainConfig, train_config
from tagrefine_core.errors import TagRefineWarning
from tagrefine_core.features.inputs import FeatureInputs
from tagrefine_core.methods.base import Method, Scores
from tagrefine_core.methods.wordnet_relations import words_and_wordnet
from tagrefine_core.model.implied import with_implied
from tagrefine_core.training.distributed import World, pick_device
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.journal import Silence
from tagrefine_core.training.scoring import finish_scores, new_scores, owners, predict
from tagrefine_core.training.setup import (
    Setup,
    find_center,
    find_implications,
    folds,
    initialize,
    new_layers,
    tag_similarity,
)
from tagrefine_core.training.trainer import Trainer

__all__ = ["MultiCNN", "TagRefine"]


class _Networks(Method):
    """What both share: networks over features, trained and scored as in a run with a frozen backbone."""

    seed: int
    vocabulary: Sequence[str] | None = None

    def _settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        n, config = len(features), self._config(len(features))
        world = World(0, 1, pick_device("auto"))
        inputs = FeatureInputs(features, world.device)
        held_out = folds(n, config)
        if config.implied or (config.lambda1 and config.alpha and (config.epochs or config.related)):
            otherwise = (
                f"{self.title} knows from their use alone which tags go together, and lets none imply another"
            )
            if words_and_wordnet(self.vocabulary, tags.shape[1], otherwise=otherwise) is None:
                config = config.model_copy(update={"alpha": 0.0, "implied": 0.0})
        self.config_ = config
        self.networks_: list[Forward] = []
        with tempfile.TemporaryDirectory(prefix="tagrefine-") as folder:
            for number, part in enumerate(held_out):
                rows = np.delete(np.arange(n, dtype=np.int64), part)
                setup = self._setup(rows, tags, inputs, features.shape[1], world)
                own = Path(folder) / str(number)
                own.mkdir()
                title = f", network {number + 1} of {config.folds}" if config.folds > 1 else ""
                trainer = Trainer(
                    config,
                    setup,
                    world,
                    folder=own,
                    journal=Silence(),
                    progress=lambda stage, done, total, title=title: self.progress(
                        stage + title, done, total
                    ),
                )
                trainer.train()
                self.networks_.append(trainer.forward)
        self.logits_ = np.empty((n, tags.shape[1]), dtype=np.float32)
        self.learned_ = np.empty((n, features.shape[1]), dtype=np.float16)
        owner = owners(n, np.arange(n, dtype=np.int64), held_out if len(held_out) > 1 else [])
        predict(
            self.networks_, owner, world, logits=self.logits_, features=self.learned_, progress=self.progress
        )
        self.rows_ = np.arange(n, dtype=np.int64)
        scores = np.empty_like(self.logits_)
        self.rates_ = finish_scores(
            self.logits_,
            self.learned_,
            self.rows_,
            tags,
            config,
            out=scores,
            progress=self.progress,
            xi=self.networks_[0].setup.xi_array,
        )

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> Scores:
        if own:
            scores = np.empty_like(self.logits_)
            finish_scores(
                self.logits_,
                self.learned_,
                self.rows_,
                self.tags_ if tags is None else tags,
                self.config_,
                out=scores,
                progress=self.progress,
                evidence=tags is not None,
                rates=self.rates_,
            )
            return scores
        world = self.networks_[0].world
        inputs = FeatureInputs(features, world.device)
        networks = [Forward(replace(f.setup, inputs=inputs), self.config_, world) for f in self.networks_]
        logits = np.empty((len(features), self.tags_.shape[1]), dtype=np.float32)
        learned = np.empty((len(features), features.shape[1]), dtype=np.float16)
        everyone = np.full(len(features), -1, dtype=np.int64)
        world = self.networks_[0].world
        predict(networks, everyone, world, logits=logits, features=learned, progress=self.progress)
        return new_scores(
            logits,
            learned,
            self.rates_,
            self.config_,
            known=self.logits_,
            around=self.learned_,
            rows=self.rows_,
            user_tags=tags,
        )

    def _config(self, images: int) -> TrainConfig:
        given = {
            "finetune": "head",
            "device": "auto",
            "validation": 0.0,
            "trace_queries": 0,
            "checkpoint_seconds": 1e9,
            "seed": self.seed,
            **{name: value for name, value in self._settings().items() if value is not None},
        }
        config = train_config("default", **given)
        needed = 2 * config.m if config.folds > 1 else config.m
        if images < needed and (config.epochs or config.folds > 1):  # the paper's groups cannot be filled
            warnings.warn(
                f"{images} photos are too few for groups of m={config.m} neighbors: {self.title} learns from the "
                f"users' tags alone.",
                TagRefineWarning,
                stacklevel=4,
            )
            config = train_config(
                "default", **{**given, "epochs": 0, "folds": 1, "lambda1": 0.0, "implied": 0.0}
            )
        return config

    def _setup(
        self, rows: NDArray[np.int64], tags: csr_matrix, inputs: FeatureInputs, dimensions: int, world: World
    ) -> Setup:
        config, seen = self.config_, tags[rows]
        network = new_layers(config, None, dimensions, tags.shape[1])
        initialize(network, seen, config.seed)
        network = network.to(world.device)
        if config.center:
            find_center(network, inputs, rows, config.seed)
        xi = None
        if config.lambda1 > 0 and (config.epochs or config.related):
            similarity, _ = tag_similarity(seen, self.vocabulary or (), config)
            xi = torch.from_numpy(similarity).float().to(world.device)
        links = find_implications(network, inputs, rows, seen, self.vocabulary or (), config, self.progress)
        none = np.zeros(0, dtype=np.int64)
        return Setup(rows, seen, links, with_implied(seen, links), inputs, network, xi, none, None, none)

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory fit and refine need at their peak, in bytes."""
        return images * (8 * tags + 6 * dimensions) + 40 * tags * dimensions


class MultiCNN(_Networks):
    """Multi-CNN, the paper's phi0: one logistic output for each tag on top of the network's features.

    The multi-label logistic loss is summed over tags and averaged over images; a photo's own tags are among those
    that its scores were learned from, as in the paper.

    Parameters
    ----------
    epochs : int
    lr : float
    weight_decay : float
    dropout : float
    average : float
        Decay of the moving average of the weights; 0: none.
    schedule : {"onecycle", "step", "constant"}
        "step" is the paper's.
    seed : int
    """

    name: ClassVar[str] = "multi_cnn"
    title: ClassVar[str] = "Multi-CNN"
    source: ClassVar[str] = "the paper's phi0; multi-label logistic loss on a convolutional network"

    def __init__(
        self,
        *,
        epochs: int = 12,
        lr: float = 0.002,
        weight_decay: float = 1e-3,
        dropout: float = 0.8,
        average: float = 0.998,
        schedule: str = "onecycle",
        seed: int = 0,
    ) -> None:
        self.epochs = epochs
        self.lr = lr
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.average = average
        self.schedule = schedule
        self.seed = seed

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the values worth trying of each parameter."""
        return {
            "lr": [0.001, 0.002, 0.005, 0.01],
            "weight_decay": [5e-4, 5e-3],
            "dropout": [0.5, 0.8],
            "epochs": [12, 30],
        }

    def _settings(self) -> dict[str, Any]:
        return {
            "adapter": 0,
            "center": False,
            "folds": 1,
            "implied": 0.0,
            "closed_form": 0.0,
            "smooth": 0.0,
            "evidence": 0.0,
            "related": 0.0,
            "reporting": 0.0,
            "epochs_phi0": self.epochs,
            "epochs": 0,
            "lr_phi0": self.lr,
            "weight_decay": self.weight_decay,
            "dropout": self.dropout,
            "average": self.average,
            "schedule": self.schedule,
        }


class TagRefine(_Networks):
    """Our method: phi0, then the three constraints over dynamic neighbors, cross-fitted (preset ``default``).

    What a parameter leaves at None is that of preset ``default``; each is the field of
    `tagrefine_core.config.TrainConfig` of the same name.

    Parameters
    ----------
    vocabulary : sequence of C words, optional
        For what WordNet knows. Without it, or without WordNet, xi is of the Google distance alone (alpha 0) and no tag
        implies another, and a TagRefineWarning says so.
    seed : int
    """

    name: ClassVar[str] = "tagrefine"
    title: ClassVar[str] = "TagRefine"
    source: ClassVar[str] = (
        "the paper's network, with implied tags, cross-fitting, reporting rates and the user's tag as evidence"
    )

    def __init__(
        self,
        *,
        vocabulary: Sequence[str] | None = None,
        epochs_phi0: int | None = None,
        lr_phi0: float | None = None,
        epochs: int | None = None,
        lr: float | None = None,
        weight_decay: float | None = None,
        dropout: float | None = None,
        average: float | None = None,
        adapter: int | None = None,
        refresh: str | None = None,
        alpha: float | None = None,
        lambda_vis: float | None = None,
        lambda1: float | None = None,
        lambda2: float | None = None,
        eta: float | None = None,
        center: bool | None = None,
        folds: int | None = None,
        implied: float | None = None,
        closed_form: float | None = None,
        smooth: float | None = None,
        smooth_neighbors: int | None = None,
        evidence: float | None = None,
        related: float | None = None,
        reporting: float | None = None,
        seed: int = 0,
    ) -> None:
        self.vocabulary = vocabulary
        self.epochs_phi0 = epochs_phi0
        self.lr_phi0 = lr_phi0
        self.epochs = epochs
        self.lr = lr
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.average = average
        self.adapter = adapter
        self.refresh = refresh
        self.alpha = alpha
        self.lambda_vis = lambda_vis
        self.lambda1 = lambda1
        self.lambda2 = lambda2
        self.eta = eta
        self.center = center
        self.folds = folds
        self.implied = implied
        self.closed_form = closed_form
        self.smooth = smooth
        self.smooth_neighbors = smooth_neighbors
        self.evidence = evidence
        self.related = related
        self.reporting = reporting
        self.seed = seed

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory fit and refine need: the networks, and least squares in float64."""
        squares = 3 * dimensions**2 + 3 * tags * dimensions + 4096 * (dimensions + 5 * tags)
        return super().peak_bytes(images, tags, dimensions) + 8 * squares + 12 * tags**2 + 2**27

    def _settings(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in ("vocabulary", "seed")
        }
