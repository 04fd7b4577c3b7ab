"""The likelihood of images' tags given those of their neighbors, and its derivatives."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit, logit, softmax

from tagrefine_core.methods.base import neighbor_matrix, row_blocks

__all__ = [
    "BLOCK_BYTES",
    "EPSILON",
    "KEPT_BYTES",
    "Floats",
    "NeighborLikelihood",
    "Sigmoids",
    "neighbor_votes",
    "propagate",
]

BLOCK_BYTES = 2**27
"""About how much memory a block of images takes."""
KEPT_BYTES = 2**31
"""About how much memory the votes of all images may take, so that they are not counted anew in every pass."""
EPSILON = 1e-5
"""How far a probability without a sigmoid stays from 0 and 1."""

_LOSS_TOLERANCE = 1e-6
_NEWTON_STEPS = 100
_VOTE_BYTES = 24  # of one vote with its share of pairs, as kept

Floats = NDArray[np.float64]
Sigmoids = tuple[Floats, Floats]


class NeighborLikelihood:
    """The weighted log loss of the images' tags given their neighbors' tags.

    ``E = -sum_iw c_iw [T_iw ln h_iw + (1 - T_iw) ln(1 - h_iw)]`` where the tags that are present weigh 1/2
    together and the absent ones the other half. Where no neighbor carries a tag, x is 0 and the term depends
    on the tag alone, so sums run over the pairs that neighbors touch, and the rest is counted.

    Parameters
    ----------
    neighbors : (N, K) array of int
        Rows of the images nearest to each.
    distances : (N, K) float array or None
        None: weights by rank, with K parameters; else by distance, with one.
    tags : (N, C) csr matrix of 0 and 1
    """

    def __init__(self, neighbors: NDArray[Any], distances: NDArray[Any] | None, tags: csr_matrix) -> None:
        self._neighbors, self._distances = neighbors, distances
        self._tags: csr_matrix = tags.astype(np.float64)
        images, words = tags.shape
        self._present: Floats = np.asarray(self._tags.sum(axis=0), np.float64).ravel()
        self._absent = images - self._present
        self._cost = (  # of an entry that is absent, present
            0.5 / max(1.0, images * words - self._present.sum()),
            0.5 / max(1.0, self._present.sum()),
        )
        # Hundreds of passes read the same pairs: they are kept where they are few enough, else made anew each time.
        votes = neighbors.shape[1] * tags.nnz  # if neighbors carry as many tags as others
        self._kept = list(self._blocks()) if votes * _VOTE_BYTES <= KEPT_BYTES else []

    def loss(self, parameters: Floats, sigmoids: Sigmoids | None = None) -> float:
        """Return E for the parameters of the weights: (K,) or (1,)."""
        without = self._without_votes(sigmoids)
        total = self._if_all_without(without).sum()
        for block, x in self._voted(parameters):
            change = _log_loss(x, block.word, block.is_present, sigmoids) - without[block.place]
            total += block.cost @ change
        return float(total)

    def gradient(self, parameters: Floats, sigmoids: Sigmoids | None = None) -> Floats:
        """Return the derivatives of E by the parameters of the weights."""
        total = np.zeros_like(parameters)
        k = self._neighbors.shape[1]
        for block, x in self._voted(parameters):
            if sigmoids is None:
                h = EPSILON + (1 - 2 * EPSILON) * x
                slope = -block.cost * (1 - 2 * EPSILON) * np.where(block.is_present, 1 / h, -1 / (1 - h))
            else:
                a, b = sigmoids[0][block.word], sigmoids[1][block.word]
                slope = block.cost * a * (expit(a * x + b) - block.is_present)
            by_neighbor = (block.votes.T @ slope).reshape(-1, k)
            pi = self._weights(parameters, block.rows)
            inner = pi * (by_neighbor - (pi * by_neighbor).sum(axis=1, keepdims=True))
            if self._distances is None:
                total[:k] += inner.sum(axis=0)
            else:
                total -= (inner * self._distances[block.rows]).sum()
        return total

    def fit_sigmoids(self, parameters: Floats, start: Sigmoids | None = None) -> Sigmoids:
        """Fit every tag's slope and offset by Newton's method, the weights fixed.

        A tag on no image or on all of them gets slope 0 and its (clipped) prior.

        Returns
        -------
        slopes, offsets : (C,) float64 arrays
        """
        prior = self._cost[1] * self._present
        prior = np.clip(prior / (prior + self._cost[0] * self._absent), EPSILON, 1 - EPSILON)
        if start is None:
            start = np.zeros_like(prior), logit(prior)
        best, trial = np.stack(start), np.stack(start)
        active = (self._present > 0) & (self._absent > 0)
        best_loss = np.full(len(prior), np.inf)
        at_start = self._if_all_without(self._without_votes((np.zeros_like(prior), logit(prior))))
        newton, length = np.zeros_like(best), np.ones_like(prior)
        for _ in range(_NEWTON_STEPS):
            loss, gradient, (aa, ab, bb) = self._sigmoid_moments(parameters, (trial[0], trial[1]))
            better = active & (loss <= best_loss)
            best[:, better], best_loss[better], length[better] = trial[:, better], loss[better], 1.0
            length[active & ~better] /= 2
            damping = 1e-10 * (aa + bb) + 1e-300  # for tags whose votes are the same on all images
            aa, bb = aa + damping, bb + damping
            ahead = np.stack((bb * gradient[0] - ab * gradient[1], aa * gradient[1] - ab * gradient[0]))
            newton[:, better] = (ahead / np.maximum(aa * bb - ab * ab, 1e-300))[:, better]
            promised = (gradient * newton).sum(axis=0)
            active &= ~(better & (promised <= _LOSS_TOLERANCE * at_start)) & (length > 1e-6)
            if not active.any():
                break
            trial = best - length * newton * active
        return best[0], best[1]

    def _sigmoid_moments(self, parameters: Floats, sigmoids: Sigmoids) -> tuple[Floats, Floats, Floats]:
        """Return by tag: loss (C,), gradient (2, C), and second derivatives aa, ab, bb (3, C)."""
        a, b = sigmoids
        base = expit(b)
        without = self._without_votes(sigmoids)
        loss = self._if_all_without(without)
        absent, present = self._cost[0] * self._absent, self._cost[1] * self._present
        gradient = np.stack((np.zeros_like(b), present * (base - 1) + absent * base))
        second = np.stack((np.zeros_like(b), np.zeros_like(b), (present + absent) * base * (1 - base)))
        for block, x in self._voted(parameters):
            word = block.word
            h = expit(a[word] * x + b[word])
            bend = h * (1 - h)
            change = _log_loss(x, word, block.is_present, sigmoids) - without[block.place]
            slack = bend - (base * (1 - base))[word]
            terms = change, (h - block.is_present) * x, h - base[word], bend * x * x, bend * x, slack
            sums = [np.bincount(word, block.cost * term, len(b)) for term in terms]
            loss = loss + sums[0]
            gradient += sums[1:3]
            second += sums[3:]
        return loss, gradient, second

    def _without_votes(self, sigmoids: Sigmoids | None) -> Floats:
        """Return (2, C): the log loss of each tag at x = 0, where it is absent and where it is present."""
        word = np.arange(len(self._present))
        zero = np.zeros(len(word))
        return np.stack([_log_loss(zero, word, zero == 1 - present, sigmoids) for present in (0, 1)])

    def _if_all_without(self, without: Floats) -> Floats:
        """Return what each tag would cost if no neighbor carried any."""
        cost: Floats = self._cost[0] * self._absent * without[0] + self._cost[1] * self._present * without[1]
        return cost

    def _voted(self, parameters: Floats) -> Iterator[tuple["_Block", Floats]]:
        """Yield blocks of images, and x of each pair of an image and a tag that a neighbor carries."""
        for block in self._kept or self._blocks():
            pi = self._weights(parameters, block.rows)
            yield block, block.votes @ np.broadcast_to(pi, self._neighbors[block.rows].shape).ravel()

    def _blocks(self) -> Iterator["_Block"]:
        k, words = self._neighbors.shape[1], self._tags.shape[1]
        for rows in _blocks_of(self._neighbors, self._tags):
            carried = self._tags[self._neighbors[rows].ravel()]
            vote = np.repeat(np.arange(carried.shape[0]), np.diff(carried.indptr))
            pairs, pair = np.unique(vote // max(1, k) * words + carried.indices, return_inverse=True)
            votes = csr_matrix(
                (np.ones(len(vote), np.float32), (pair, vote)), shape=(len(pairs), carried.shape[0])
            )
            present = self._tags[rows].tocoo()
            is_present = np.isin(pairs, present.row.astype(np.int64) * words + present.col)
            yield _Block(
                rows, votes, pairs % words, is_present, np.where(is_present, self._cost[1], self._cost[0])
            )

    def _weights(self, parameters: Floats, rows: slice) -> Floats:
        distances = None if self._distances is None else self._distances[rows]
        return _weights(parameters, distances, self._neighbors.shape[1])


@dataclass(frozen=True, eq=False)
class _Block:
    """Pairs of an image and a tag that at least one of its neighbors carries, for a block of images.

    Attributes
    ----------
    rows : slice
        The images.
    votes : csr (pairs, images * K)
        1 where a neighbor carries the tag of the pair.
    word : int (pairs,)
    is_present : bool (pairs,)
        Whether the image itself carries the tag.
    cost : float (pairs,)
    """

    rows: slice
    votes: csr_matrix
    word: NDArray[np.int64]
    is_present: NDArray[np.bool_]
    cost: Floats

    @property
    def place(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the pairs stand in an array of (2, C) by presence and tag."""
        return self.is_present.astype(np.int64), self.word


def propagate(neighbors: NDArray[Any], pi: NDArray[Any], tags: csr_matrix) -> csr_matrix:
    """Return ``x_iw = sum_k pi_ik T[neighbors_ik, w]``.

    Parameters
    ----------
    neighbors : (B, K) array of int
        Rows of ``tags``.
    pi : (B, K) or (K,) float array
    tags : (N, C) csr matrix

    Returns
    -------
    (B, C) csr matrix of float64
    """
    weights = np.broadcast_to(pi, neighbors.shape).astype(np.float64)
    return neighbor_matrix(neighbors, weights, tags.shape[0]) @ tags


def neighbor_votes(
    neighbors: NDArray[Any], distances: NDArray[Any] | None, tags: csr_matrix, parameters: Floats
) -> Iterator[tuple[slice, csr_matrix]]:
    """Yield rows and the shares of their neighbors with each tag, block by block; by rank without distances."""
    k = neighbors.shape[1]
    for rows in _blocks_of(neighbors, tags):
        pi = _weights(parameters, None if distances is None else distances[rows], k)
        yield rows, propagate(neighbors[rows], pi, tags)


def _blocks_of(neighbors: NDArray[Any], tags: csr_matrix) -> list[slice]:
    carried = neighbors.shape[1] * (1 + tags.nnz // tags.shape[0])
    return row_blocks(len(neighbors), 48 * carried + 16 * tags.shape[1], budget=BLOCK_BYTES)


def _weights(parameters: Floats, distances: NDArray[Any] | None, k: int) -> Floats:
    """Return (1, K) weights by rank or (B, K) by distance; each row sums to 1."""
    if not k:
        return np.zeros((1, 0))
    of: Floats = parameters[None, :k] if distances is None else -parameters[0] * distances
    weights: Floats = softmax(of, axis=1)
    return weights


def _log_loss(
    x: Floats, word: NDArray[Any], is_present: NDArray[np.bool_], sigmoids: Sigmoids | None
) -> Floats:
    if sigmoids is None:
        h = EPSILON + (1 - 2 * EPSILON) * x
        loss: Floats = -np.log(np.where(is_present, h, 1 - h))
        return loss
    activation = sigmoids[0][word] * x + sigmoids[1][word]
    return np.asarray(np.logaddexp(0.0, np.where(is_present, -activation, activation)), np.float64)
