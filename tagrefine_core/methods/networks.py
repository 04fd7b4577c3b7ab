"""Multi-CNN (phi0), our own method and the paper's: the fitted model of `tagrefine_core.training.fit`, on given features."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import TagRefineWarning
from tagrefine_core.features.inputs import FeatureInputs
from tagrefine_core.methods.base import Method, Scores
from tagrefine_core.methods.wordnet_relations import words_and_wordnet
from tagrefine_core.settings import train_config
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fit import fit, without_pictures
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.forward import FORWARD_ROWS

__all__ = ["OUR_PHI0", "MultiCNN", "Paper", "PaperAnchored", "Phi0", "TagRefine", "TagRefineTuned"]

OUR_PHI0: Mapping[str, Any] = {
    "epochs": 20,
    "lr": 0.001,
    "weight_decay": 0.1,
    "dropout": 0.5,
    "average": 0.99,
    "center": True,
    "adapter": 256,
}
"""Stage 1 of preset default of TagRefine 0.1.0, as parameters of `MultiCNN`; views are those of the features."""

# Settings of ours that are worth trying, as the grids of other methods are.
_TUNED: Mapping[str, Sequence[Any]] = {
    "scoring.smooth": (0.3, 0.4, 0.5),
    "scoring.prototype": (0.15, 0.25, 0.35),
    "network.dropout": (0.5, 0.7),
}

_BLOCK = 16 * FORWARD_ROWS  # photos scored at once: as a run scores them, to the last bit


class _Networks(Method):
    """What all share: a configuration, fitted on features."""

    scale = "probability"
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

    @property
    def probabilities(self) -> bool:  # type: ignore[override]
        """Whether its settings make probabilities of its scores."""
        return self.config_.scoring.calibrated

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


class _Constrained(_Networks):
    """A network that may have all of it: constraints, closed form, implied tags."""

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory fit and refine need: the networks, and least squares in float64."""
        squares = 3 * dimensions**2 + 3 * tags * dimensions + 4096 * (dimensions + 5 * tags)
        return super().peak_bytes(images, tags, dimensions) + 8 * squares + 12 * tags**2 + 2**27


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
    center : bool
        Subtract the mean feature.
    adapter : int
        Width of a learned residual layer below the outputs; 0: none.
    seed : int
    """

    name = "multi_cnn"
    title = "Multi-CNN"
    reference = "the paper's phi0; multi-label logistic loss on a convolutional network"
    weighted = True  # the others count which tags are used together, of tags that are there or not

    epochs: int = 12
    lr: float = 0.002
    weight_decay: float = 1e-3
    dropout: float = 0.8
    average: float = 0.998
    schedule: Literal["onecycle", "step", "constant"] = "onecycle"
    center: bool = False
    adapter: int = 0
    seed: int = 0

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the values worth trying of each parameter; our own phi0 is among them, and always tried."""
        return {
            "lr": [0.001, 0.002, 0.005, 0.01],
            "weight_decay": [5e-4, 5e-3, 0.1],
            "dropout": [0.5, 0.8],
            "epochs": [12, 20, 30],
            "average": [0.99, 0.998],
            "center": [False, True],
            "adapter": [0, 256],
        }

    @classmethod
    def first(cls) -> list[dict[str, Any]]:
        """Return what is tried before anything drawn: its defaults, and our own phi0."""
        return [{}, dict(OUR_PHI0)]

    def _settings(self) -> TrainConfig:
        return TrainConfig(seed=self.seed).replaced(
            {
                "network.adapter": self.adapter,
                "network.center": self.center,
                "network.dropout": self.dropout,
                "optimizer.schedule": self.schedule,
                "optimizer.weight_decay": self.weight_decay,
                "optimizer.average": self.average,
                "phi0.epochs": self.epochs,
                "phi0.lr": self.lr,
                "constraints.epochs": 0,
            }
        )


@dataclass(kw_only=True, eq=False, repr=False)
class Phi0(MultiCNN):
    """Stage 1 of TagRefine 0.1.0 alone, nothing of it tuned: a Multi-CNN on centered features with a learned layer.

    Parameters are those of `MultiCNN`; what differs is where they start.
    """

    name = "phi0"
    title = "phi0"
    reference = "stage 1 of TagRefine 0.1.0: the paper's phi0 with a learned layer, centered features and strong weight decay"

    epochs: int = OUR_PHI0["epochs"]
    lr: float = OUR_PHI0["lr"]
    weight_decay: float = OUR_PHI0["weight_decay"]
    dropout: float = OUR_PHI0["dropout"]
    average: float = OUR_PHI0["average"]
    center: bool = OUR_PHI0["center"]
    adapter: int = OUR_PHI0["adapter"]

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return nothing: it is taken as it was."""
        return {}


@dataclass(eq=False, repr=False)
class TagRefine(_Constrained):
    """Our method, by any configuration: phi0, then what is learned over dynamic neighbors, and scores from both.

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
        Of the fitted photos, each by a network that has not seen its tags where ``scoring.crossfit`` is above 1; only ridges, scales and
        shifts of a tag may be those of all photos (`tagrefine_core.model.least_squares`).
    """

    name = "tagrefine"
    title = "TagRefine"
    reference = (
        "the paper's dynamic neighbors, with features that learn, a last layer in closed form, implied tags, cross-fitting, "
        "calibration and the user's tag as evidence"
    )
    ours = True

    config: TrainConfig | None = None
    _: KW_ONLY
    preset: str = "default"
    vocabulary: Sequence[str] | None = None
    seed: int = 0

    def _settings(self) -> TrainConfig:
        return self.config or train_config(self.preset, seed=self.seed)


@dataclass(eq=False, repr=False)
class TagRefineTuned(TagRefine):
    """Our method tuned by the same procedure as every other: its preset is the first setting tried.

    Parameters
    ----------
    over : mapping, optional
        Settings, by their names with a dot, laid over the others.
    config, preset, vocabulary, seed
        As in `TagRefine`.
    """

    name = "tagrefine_tuned"
    title = "TagRefine (tuned)"
    reference = "TagRefine, its settings chosen as those of all other methods"

    _: KW_ONLY
    over: Mapping[str, Any] | None = None

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return what may be laid over the preset, which is tried as it is (`first`)."""
        preset = train_config(cls.preset).flat()
        points = [dict(zip(_TUNED, chosen, strict=True)) for chosen in product(*_TUNED.values())]
        return {"over": [over for over in points if any(preset[name] != over[name] for name in over)]}

    @classmethod
    def first(cls) -> list[dict[str, Any]]:
        """Return the preset as it is."""
        return [{}]

    def _settings(self) -> TrainConfig:
        return super()._settings().replaced(self.over or {})


@dataclass(kw_only=True, eq=False, repr=False)
class Paper(_Constrained):
    """The paper's model as printed: preset "paper" to the letter, but on a frozen trunk, whose features all methods get.

    Parameters
    ----------
    vocabulary : sequence of C words, optional
        As in `TagRefine`.
    seed : int

    Attributes
    ----------
    config_ : TrainConfig
        The settings that were fitted with: the preset's, but for what needs pictures.
    """

    name = "paper"
    title = "Paper (frozen trunk)"
    reference = "eq. 1 to 9 and Algorithms 1 and 2 of the paper, as printed: preset paper"

    vocabulary: Sequence[str] | None = None
    seed: int = 0

    def _settings(self) -> TrainConfig:
        return train_config(self.name, seed=self.seed)


@dataclass(kw_only=True, eq=False, repr=False)
class PaperAnchored(Paper):
    """The same with the logistic loss on the users' tags kept on in stage 2: preset "paper+bce"."""

    name = "paper+bce"
    title = "Paper + BCE (frozen trunk)"
    reference = "the paper's model with the logistic loss kept on in stage 2: preset paper+bce"
