"""Multi-CNN (phi0) and our own method: the fitted model of `tagrefine_core.training.fit`, on given features."""

import warnings
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.config import TrainConfig, train_config
from tagrefine_core.errors import TagRefineWarning
from tagrefine_core.features.inputs import FeatureInputs
from tagrefine_core.methods.base import Method, Scores
from tagrefine_core.methods.wordnet_relations import words_and_wordnet
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fit import fit, without_pictures
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.forward import FORWARD_ROWS

__all__ = ["MultiCNN", "TagRefine"]

_BLOCK = 16 * FORWARD_ROWS  # photos scored at once: as a run scores them, to the last bit


class _Networks(Method):
    """What both share: a configuration, fitted on features."""

    vocabulary: Sequence[str] | None = None

    def _settings(self) -> TrainConfig:
        raise NotImplementedError

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        config = self._for_few_photos(without_pictures(self._settings()), len(features))
        words = None
        if config.constraints.implied or (config.needs_xi and config.constraints.alpha):
            otherwise = (
                f"{self.title} knows from their use alone which tags go together, and lets none imply another"
            )
            words = words_and_wordnet(self.vocabulary, tags.shape[1], otherwise=otherwise)
        self.config_ = config
        self.world_ = World.alone(config.run.device)
        self.fitted_: Fitted = fit(
            FeatureInputs(features, self.world_.device),
            tags,
            config,
            vocabulary=None if words is None else words[0],
            world=self.world_,
            progress=self.progress,
        )
        self.logits_ = self.fitted_.logits

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> Scores:
        if own:
            return self.fitted_.scores(tags, progress=self.progress)
        inputs = FeatureInputs(features, self.world_.device)
        scores = np.empty((len(features), self.tags_.shape[1]), dtype=np.float32)
        for start in range(0, len(features), _BLOCK):
            rows = np.arange(start, min(len(features), start + _BLOCK))
            given = None if tags is None else tags[rows]
            scores[rows] = self.fitted_.scores_of_new(inputs.read(rows), given)
            self.progress("Scoring", len(rows) + start, len(features))
        return scores

    def _for_few_photos(self, config: TrainConfig, images: int) -> TrainConfig:
        crossfit, m = config.scoring.crossfit, config.neighbors.m
        needed = 2 * m if crossfit > 1 else m
        if images >= needed or not (config.constraints.epochs or crossfit > 1):
            return config
        warnings.warn(
            f"{images} photos are too few for groups of m={m} neighbors: {self.title} learns from the users' tags alone.",
            TagRefineWarning,
            stacklevel=4,
        )
        alone = {
            "constraints.epochs": 0,
            "scoring.crossfit": 1,
            "constraints.implied": 0.0,
        }
        return config.replaced(alone)

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory fit and refine need at their peak, in bytes."""
        return images * (12 * tags + 6 * dimensions) + 40 * tags * dimensions


@dataclass(kw_only=True, eq=False, repr=False)
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

    name = "multi_cnn"
    title = "Multi-CNN"
    reference = "the paper's phi0; multi-label logistic loss on a convolutional network"

    epochs: int = 12
    lr: float = 0.002
    weight_decay: float = 1e-3
    dropout: float = 0.8
    average: float = 0.998
    schedule: str = "onecycle"
    seed: int = 0

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the values worth trying of each parameter."""
        return {
            "lr": [0.001, 0.002, 0.005, 0.01],
            "weight_decay": [5e-4, 5e-3],
            "dropout": [0.5, 0.8],
            "epochs": [12, 30],
        }

    def _settings(self) -> TrainConfig:
        return TrainConfig(seed=self.seed).replaced(
            {
                "network.adapter": 0,
                "network.dropout": self.dropout,
                "optimizer.schedule": self.schedule,
                "optimizer.weight_decay": self.weight_decay,
                "optimizer.average": self.average,
                "phi0.epochs": self.epochs,
                "phi0.lr": self.lr,
                "constraints.epochs": 0,
            }
        )


@dataclass(eq=False, repr=False)
class TagRefine(_Networks):
    """Our method: phi0, then the three constraints over dynamic neighbors, and scores from both, by any configuration.

    Parameters
    ----------
    config : TrainConfig, optional
        All settings, its seed among them; what needs pictures is left out (`tagrefine_core.training.fit.without_pictures`).
    preset : str
        Where no ``config`` is given.
    vocabulary : sequence of C words, optional
        For what WordNet knows. Without it, or without WordNet, xi is of the Google distance alone and no tag implies another,
        whatever the settings, and a TagRefineWarning says so.
    seed : int
        Where no ``config`` is given.

    Attributes
    ----------
    config_ : TrainConfig
        The settings that were fitted with.
    fitted_ : Fitted
    logits_ : float32 (N, C)
        Of the fitted photos, each by a network that has not seen it where ``scoring.crossfit`` is above 1.
    """

    name = "tagrefine"
    title = "TagRefine"
    reference = (
        "the paper's network, with implied tags, cross-fitting, calibration and the user's tag as evidence"
    )

    config: TrainConfig | None = None
    _: KW_ONLY
    preset: str = "default"
    vocabulary: Sequence[str] | None = None
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory fit and refine need: the networks, and least squares in float64."""
        squares = 3 * dimensions**2 + 3 * tags * dimensions + 4096 * (dimensions + 5 * tags)
        return super().peak_bytes(images, tags, dimensions) + 8 * squares + 12 * tags**2 + 2**27

    def _settings(self) -> TrainConfig:
        return self.config or train_config(self.preset, seed=self.seed)
