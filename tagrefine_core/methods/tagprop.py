"""TagProp: tags propagated from neighbors whose weights are learned by maximum likelihood."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import Method
from tagrefine_core.methods.neighbor_likelihood import (
    BLOCK_BYTES,
    EPSILON,
    KEPT_BYTES,
    Floats,
    NeighborLikelihood,
    Sigmoids,
    neighbor_votes,
)

__all__ = ["TagProp"]

# Armijo's rule: the factor of the step, the share of the promised decrease.
_BACKTRACK, _SUFFICIENT = 0.1, 0.01
_GRADIENT_TOLERANCE, _LOSS_TOLERANCE = 1e-4, 1e-6


@dataclass(kw_only=True, eq=False, repr=False)
class TagProp(Method):
    """Predict a tag by the weighted share of neighbors that carry it, the weights learned.

    ``x_iw = sum_k pi_ik T[neighbor k of i, w]``, and ``p(w | i) = sigmoid(a_w x_iw + b_w)``, or
    ``eps + (1 - 2 eps) x_iw`` without sigmoids. The weights ``pi`` and the sigmoids are fitted in turns to
    the likelihood of the tags that the training images have, each image predicted from the others.

    Parameters
    ----------
    k : int, default 1000
        Neighbors; at most half of the training images.
    weights : {"rank", "distance"}
        A weight for each rank, ``softmax(lambda)``; or ``softmax(-theta d)`` with one ``theta >= 0``.
    sigmoids : bool
        A sigmoid for each tag, which lifts the recall of rare ones. Slopes of noisy tags can turn negative.
    metric : {"cosine", "euclidean"}
    rounds, steps : int
        How often weights and sigmoids take turns, and gradient steps of the weights in each turn. With 0
        steps all neighbors weigh the same.

    Attributes
    ----------
    pi_ : (K,) float64 array or float
        Weights by rank, or theta.
    slopes_, offsets_ : (C,) float64 array
        ``a`` and ``b``; absent without sigmoids. A negative ``a`` says that a tag is rarer where neighbors carry it.
    losses_ : list of float
        The loss at the start and after each half of a turn; it never rises.
    """

    name = "tagprop"
    title = "TagProp"
    reference = "Guillaumin, Mensink, Verbeek, Schmid: TagProp, ICCV 2009"
    scale = "probability"
    # But for what the weights have learned of it: a number for each neighbor and two for each tag.
    leaves_out = True

    k: int = 1000
    weights: Literal["rank", "distance"] = "rank"
    sigmoids: bool = True
    metric: str = "cosine"
    rounds: int = 5
    steps: int = 100

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return neighborhoods that the images can fill."""
        return {"k": [k for k in (50, 100, 200, 400, 1000) if 5 * k <= images] or [max(1, images // 5)]}

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of the neighbor lists, the scores and the blocks."""
        return images * (24 * min(self.k, images) + 4 * tags) + 4 * BLOCK_BYTES + KEPT_BYTES

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if self.weights not in ("rank", "distance"):
            raise ConfigError(f"weights is 'rank' or 'distance'; got {self.weights!r}.")
        self._check_at_least(1, "k")
        self._check_at_least(0, "rounds", "steps")
        # With nearly all others as neighbors, what is missing from a vote tells the image's own tags.
        k = min(self.k, max(1, len(features) // 2))
        neighbors, distances = self._neighbors(features, k, own=True, metric=self.metric)
        by_rank = self.weights == "rank"
        self._lists: tuple[NDArray[Any], Floats | None]
        self._lists = neighbors.astype(np.int32), None if by_rank else distances
        self._tags = tags.astype(np.float64)
        model = NeighborLikelihood(*self._lists, self._tags)
        # One weight more than neighbors where an only image has none: a query will find that image.
        parameters = np.zeros(max(1, neighbors.shape[1]) if by_rank else 1)
        sigmoids = model.fit_sigmoids(parameters) if self.sigmoids else None
        self.losses_ = [model.loss(parameters, sigmoids)]
        for turn in range(self.rounds if neighbors.size else 0):
            self.progress("Learning the weights of neighbors", turn, self.rounds)
            parameters = _descend(model, sigmoids, parameters, self.steps, least=-np.inf if by_rank else 0.0)
            self.losses_.append(model.loss(parameters, sigmoids))
            if sigmoids is None:  # nothing has changed for a second turn to use
                break
            sigmoids = model.fit_sigmoids(parameters, sigmoids)
            self.losses_.append(model.loss(parameters, sigmoids))
        self._parameters, self._sigmoids = parameters, sigmoids
        self.pi_ = softmax(parameters) if by_rank else float(parameters[0])
        if sigmoids is not None:
            self.slopes_, self.offsets_ = sigmoids

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        neighbors, distances = self._lists
        if not own:
            k = max(1, neighbors.shape[1])
            neighbors, far = self._neighbors(features, k, own=False, metric=self.metric)
            distances = None if self.weights == "rank" else far
        scores = np.empty((len(features), self._tags.shape[1]), np.float32)
        for rows, votes in neighbor_votes(neighbors, distances, self._tags, self._parameters):
            x = votes.toarray()
            if self._sigmoids is None:
                scores[rows] = EPSILON + (1 - 2 * EPSILON) * x
            else:
                scores[rows] = expit(self._sigmoids[0] * x + self._sigmoids[1])
        return scores


def _descend(
    model: NeighborLikelihood, sigmoids: Sigmoids | None, start: Floats, steps: int, *, least: float
) -> Floats:
    """Minimize by projected gradient; each step is the longest power of ten that satisfies Armijo's rule."""
    at, loss, length, first = start, model.loss(start, sigmoids), 1.0, 0.0
    for _ in range(steps):
        slope = model.gradient(at, sigmoids)
        projected = float(np.linalg.norm(np.maximum(at - slope, least) - at))
        first = first or projected
        if projected <= _GRADIENT_TOLERANCE * first:
            break

        def attempt(
            length: float, at: Floats = at, slope: Floats = slope, loss: float = loss
        ) -> tuple[Floats, float, bool]:
            ahead = np.maximum(at - length * slope, least)
            reached = model.loss(ahead, sigmoids)
            return ahead, reached, reached <= loss + _SUFFICIENT * float(slope @ (ahead - at))

        ahead, reached, enough = attempt(length)
        while not enough and length > 1e-12:
            length *= _BACKTRACK
            ahead, reached, enough = attempt(length)
        if not enough:
            break
        while length < 1e12:
            further, further_reached, enough = attempt(length / _BACKTRACK)
            if not enough or further_reached >= reached:
                break
            length, ahead, reached = length / _BACKTRACK, further, further_reached
        gain, at, loss = loss - reached, ahead, reached
        if gain <= _LOSS_TOLERANCE * abs(loss):
            break
    return at
