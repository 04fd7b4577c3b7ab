"""Any method on our terms, ``NAME+``: our targets to learn from and our steps from scores to probabilities, around its own core.

So that a comparison tells what a method's core is worth and not what was put before and after it, `on_equal_terms` wraps a
method in all that ours has and that does not belong to its core: tags that are implied count as given, what look-alike photos
get counts for a photo, scores become probabilities that a tag fits, and the user's own tag is evidence for it.
"""

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import logit, ndtr

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.centered import Centered
from tagrefine_core.methods.wordnet_relations import words_and_wordnet
from tagrefine_core.model.design import Design
from tagrefine_core.model.implied import certain, implication, with_implied
from tagrefine_core.model.least_squares import Ridge, likeness
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.settings import train_config
from tagrefine_core.tags import implied_tags
from tagrefine_core.training.scoring import calibrate, finish, smooth, smooth_all

__all__ = ["EqualTerms", "on_equal_terms"]

_PARTS = 5  # of the photos: each is scored by a fit on the others
_SAMPLE = 8192  # photos that tell which tags look alike
_EDGE = 1e-5  # how far a probability stays from 0 and 1
_NORMAL = np.linspace(-4, 4, 65)  # deviates at which places are kept


class EqualTerms(Method):
    """A method with our targets and our scoring. Made by `on_equal_terms`, which gives it a ``core``.

    Targets: the users' tags, and in part those that they imply by WordNet and by looks; a core that takes only 0 and 1 gets
    what is as good as written. Scores of the fitted photos come from fits that have not seen the photo's own tags, since a
    calibration on others would take learning by heart for knowledge: the core leaves a photo out by itself, or it is fitted
    on four fifths and asked for the last one, in turn. New photos are scored by a fit on all. A core that cannot do without a
    photo's tags has seen them.

    Then as in preset ``default``, whose settings they take: neighbors in frozen, centered features, reporting rates, evidence.

    Parameters
    ----------
    vocabulary : sequence of C words, optional
        Without it, or without WordNet, no tag implies another, and a TagRefineWarning says so.
    seed : int
        Of the parts, and of the core where it has one.
    **parameters
        Those of the core.

    Attributes
    ----------
    core_ : Method
        Fitted on all photos.
    implied_ : csr float32 (C, C)
        How far each tag counts for others.
    calibration_ : Calibration
    """

    core: ClassVar[type[Method]]
    probabilities = True

    vocabulary: Sequence[str] | None
    seed: int

    def __init__(self, **parameters: Any) -> None:
        for name, parameter in inspect.signature(type(self)).parameters.items():
            setattr(self, name, parameters.pop(name, parameter.default))
        if parameters:
            raise TypeError(f"{self.title} has no parameter {next(iter(parameters))!r}.")

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Tell scikit-learn the parameters, the core's among them."""
        return sorted(inspect.signature(cls).parameters)

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the values of the core's parameters."""
        return cls.core.grid(images)

    @classmethod
    def first(cls) -> list[dict[str, Any]]:
        """Return what is tried first of the core."""
        return cls.core.first()

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory the core needs beside features, logits, targets and relations of tags."""
        core = self._new_core().peak_bytes(images, tags, dimensions)
        return core + images * (6 * dimensions + 12 * tags) + 40 * tags**2 + 24 * dimensions**2

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self.steps_ = train_config("default")  # of what follows the core
        n = len(features)
        self.centered_ = Centered.of(features, power=self.steps_.network.power)
        self._around = self.centered_.directions(features).astype(np.float16)
        self.implied_ = self._implications(tags)
        taught = with_implied(tags, self.implied_)
        if not self.core.weighted:
            taught = (with_implied(tags, certain(self.implied_)) > 0).astype(np.uint8)
        scores = self._fitted_scores(features, tags, taught, users)
        self.scale_ = _Scale(self.core.scale, scores, tags)
        self.known_ = self.scale_.averaged(scores)
        self._rows = np.arange(n, dtype=np.int64)
        smoothed = np.empty_like(self.known_)
        smooth_all(self.known_, self._around, self._rows, self.steps_, out=smoothed, progress=self.progress)
        self.scale_.measure(smoothed)
        self.logits_ = self.scale_.logits(smoothed)
        visualness = Visualness.measure([(self.logits_, tags)], tags.shape[1])
        self.calibration_ = calibrate(
            self.logits_, self._rows, tags, certain(self.implied_), visualness.unseen
        )

    def _fitted_scores(
        self,
        features: NDArray[Any],
        tags: csr_matrix,
        taught: csr_matrix,
        users: Sequence[Any] | None,
    ) -> NDArray[np.float32]:
        """Fit the core, and return its scores (n, C) of the photos fitted, as far as it can without their own tags."""
        n = len(features)
        parts = min(_PARTS, n)
        self.core_ = self._new_core().fit(features, taught, users=users)
        if self.core.leaves_out or not self.core.annotates or parts < 2:
            return self.core_.refine(features, tags)
        scores = np.empty(tags.shape, dtype=np.float32)
        for part in np.array_split(np.random.default_rng((self.seed, 5)).permutation(n), parts):
            held_out = np.sort(part)
            seen = np.delete(np.arange(n), held_out)
            theirs = None if users is None else [users[int(row)] for row in seen]
            core = self._new_core().fit(features[seen], taught[seen], users=theirs)
            scores[held_out] = core.annotate(features[held_out])
        return scores

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        if own:
            logits = self.logits_
        else:
            logits = np.empty((len(features), self.tags_.shape[1]), dtype=np.float32)
            for rows in row_blocks(len(features), 16 * (features.shape[1] + logits.shape[1])):
                smoothed = smooth(
                    self._averaged(features[rows], None if tags is None else tags[rows]),
                    self.centered_.directions(features[rows]).astype(np.float16),
                    self.steps_,
                    known=self.known_,
                    around=self._around,
                    rows=self._rows,
                )
                logits[rows] = self.scale_.logits(smoothed)
        scores = np.empty_like(logits)
        finish(
            logits,
            self.calibration_,
            tags,
            certain(self.implied_),
            self.steps_,
            out=scores,
            progress=self.progress,
        )
        return scores

    def _averaged(self, features: NDArray[Any], tags: csr_matrix | None) -> NDArray[np.float32]:
        """Return scores (B, C) of new photos by the core; their own tags are asked for only where it needs them."""
        core = self.core_
        scores = core.annotate(features) if core.annotates else core.refine(features, tags)
        return self.scale_.averaged(scores)

    def _implications(self, tags: csr_matrix) -> csr_matrix:
        """Return how far each tag counts for others (C, C), by WordNet and by looks."""
        otherwise = f"{self.title} lets no tag imply another"
        if words_and_wordnet(self.vocabulary, tags.shape[1], otherwise=otherwise) is None:
            return csr_matrix((tags.shape[1], tags.shape[1]), dtype=np.float32)
        assert self.vocabulary is not None
        sample = np.sort(np.random.default_rng((self.seed, 8)).permutation(tags.shape[0])[:_SAMPLE])
        seen = torch.from_numpy(self._around[sample].astype(np.float32))
        solved = Ridge(Design(seen, self.seed), tags[sample])
        return implication(
            implied_tags(self.vocabulary), likeness(solved.shown), self.steps_.constraints.implied
        )

    def _new_core(self) -> Method:
        own = inspect.signature(self.core).parameters
        core = self.core(**{name: getattr(self, name) for name in own})
        core.progress = self.progress
        return core


def on_equal_terms(kind: type[Method]) -> type[Method]:
    """Return ``NAME+`` of a method: the same parameters, our targets and our scoring (`EqualTerms`).

    Raises
    ------
    ConfigError
        When it is our own method, or one that is on equal terms already.
    """
    if issubclass(kind, EqualTerms) or kind.ours:
        raise ConfigError(f"{kind.title} has our targets and our scoring already; leave the + out.")
    parameters = dict(inspect.signature(kind).parameters)
    for name, default in (("vocabulary", None), ("seed", 0)):
        parameters.setdefault(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default))
    ordered = sorted(parameters.values(), key=lambda parameter: parameter.kind)
    own = {
        "__module__": __name__,
        "__doc__": EqualTerms.__doc__,
        "__signature__": inspect.Signature(ordered),
        "core": kind,
        "name": f"{kind.name}+",
        "title": f"{kind.title}+",
        "reference": f"{kind.reference}; with our targets and our scoring",
        "reconstruction": kind.reconstruction,
        "annotates": kind.annotates,
        "refines": kind.refines,
    }
    return type(f"{kind.__name__}Plus", (EqualTerms,), own)


class _Scale:
    """What makes logits of a core's scores, in two steps around the neighbors, whose scores are averaged in between.

    Probabilities and logits are what they are. Anything else is averaged at mean 0 and deviation 1 of its tag, and then only its
    order counts: the photos' places become a normal distribution around the tag's log-odds of being given, as our own logits
    have, for which the calibration was made.
    """

    def __init__(self, scale: str, scores: NDArray[np.float32], tags: csr_matrix) -> None:
        """Measure scores (n, C) of the photos fitted; -inf, where there is none, counts as the lowest of its tag."""
        self._scale = scale
        lowest = np.where(np.isfinite(scores), scores, np.inf).min(axis=0)
        self._lowest = np.where(np.isfinite(lowest), lowest, 0).astype(np.float32)
        known = np.maximum(scores, self._lowest)
        self._mean = known.mean(axis=0, dtype=np.float64)
        deviation = known.std(axis=0, dtype=np.float64)
        self._factor = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)
        edge = 0.5 / len(scores)
        rates = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)
        self._offset = logit(np.clip(rates, edge, 1 - edge))
        self._knots: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []

    def averaged(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scores (B, C) on the scale that neighbors are averaged on."""
        known: NDArray[np.floating] = np.maximum(scores, self._lowest)
        if self._scale == "any":
            known = (known - self._mean) * self._factor
        elif self._scale == "probability":
            known = logit(np.clip(known, _EDGE, 1 - _EDGE))
        return np.asarray(known, dtype=np.float32)

    def measure(self, smoothed: NDArray[np.float32]) -> None:
        """Learn the places of averaged scores (n, C) of the photos fitted."""
        if self._scale == "any":
            shares = ndtr(_NORMAL)
            self._knots = [_knots(np.quantile(column, shares)) for column in smoothed.T]

    def logits(self, smoothed: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits (B, C) of averaged scores."""
        if self._scale != "any":
            return smoothed
        found = np.empty_like(smoothed)
        for column, (at, normal) in enumerate(self._knots):
            values = smoothed[:, column].astype(np.float64)
            beyond = np.minimum(values - at[0], 0) + np.maximum(values - at[-1], 0)
            found[:, column] = np.interp(values, at, normal) + beyond + self._offset[column]
        return found


def _knots(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return distinct quantiles and the normal deviates that belong to them, the mean where several are one."""
    at, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return at, np.bincount(place.reshape(-1), weights=_NORMAL) / count
