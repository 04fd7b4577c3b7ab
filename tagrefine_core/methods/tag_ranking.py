"""Tag Ranking: how typical an image is for each of its tags, smoothed by a walk over the tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix
from sklearn.metrics import pairwise_distances

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.bagged_svm import unit_rows
from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.tags import google_distance

__all__ = ["TagRanking", "walk"]


@dataclass(kw_only=True, eq=False, repr=False)
class TagRanking(Method):
    """Rank the tags of an image by a random walk that starts from their probability densities.

    The density of tag t at image x is the mean of ``exp(-||x - x_j||^2 / h^2)`` over images x_j that carry t,
    x itself left out; features are brought to unit length. The walk moves between the image's own tags by
    ``exp(-NGD)``. Tags that the user did not give have no score.

    Parameters
    ----------
    alpha : float, default 0.5
        Weight of the walk against the density, from 0 up to and without 1.
    samples : int, default 1000
        Images of each tag that its density is estimated from, at least 1.
    bandwidth : float or None, default None
        h, positive; None: the median distance between a thousand fitted images.
    seed : int, default 0
        Draws those images, at least 0.

    Attributes
    ----------
    bandwidth_ : float
        h as used.
    """

    name: ClassVar[str] = "tag_ranking"
    title: ClassVar[str] = "Tag Ranking"
    reference: ClassVar[str] = "Liu, Hua, Yang, Wang, Zhang, Tag Ranking, WWW 2009"
    annotates: ClassVar[bool] = False
    assigned_only: ClassVar[bool] = True

    alpha: float = 0.5
    samples: int = 1000
    bandwidth: float | None = None
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: distances between tags, one tag's sample, the scores."""
        return 50 * tags**2 + 8 * min(self.samples, images) * dimensions + 4 * images * tags + 2**27

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if not 0 <= self.alpha < 1:
            raise ConfigError(f"alpha must be at least 0 and below 1; got {self.alpha}.")
        self._check_at_least(1, "samples")
        self._check_positive("bandwidth")
        self._check_at_least(0, "seed")
        # One order of all images serves every tag: a tag's sample does not depend on its column.
        self._turn = np.random.default_rng(self.seed).permutation(len(features))
        self.bandwidth_ = self._median_distance(features) if self.bandwidth is None else self.bandwidth
        self._transition = np.exp(-google_distance(tags))
        self._by_tag = csc_matrix(tags)

    def _median_distance(self, features: NDArray[Any]) -> float:
        sample = unit_rows(features, np.sort(np.argsort(self._turn)[:1000]))
        pairs = pairwise_distances(sample)[np.triu_indices(len(sample), 1)]
        return (float(np.median(pairs)) if pairs.size else 0.0) or 1.0

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        assert tags is not None
        row = np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr))
        by_tag = np.argsort(tags.indices, kind="stable")
        ends = np.cumsum(np.bincount(tags.indices, minlength=tags.shape[1]))
        density = np.zeros(tags.nnz)
        for tag, entries in enumerate(np.split(by_tag, ends[:-1])):
            density[entries] = self._density(features, row[entries], tag, own)
            self.progress("Estimating densities", tag + 1, len(ends))
        scores = np.full(tags.shape, -np.inf, dtype=np.float32)
        sizes = np.diff(tags.indptr)
        for size in np.unique(sizes[sizes > 0]):
            images = np.flatnonzero(sizes == size)
            for block in row_blocks(len(images), 40 * int(size) ** 2):
                rows = images[block, None]
                entries = tags.indptr[rows] + np.arange(size)
                columns = tags.indices[entries]
                transition = self._transition[columns[:, :, None], columns[:, None, :]]
                scores[rows, columns] = walk(transition, density[entries], alpha=self.alpha)
        return scores

    def _density(
        self, features: NDArray[Any], rows: NDArray[np.int64], tag: int, own: bool
    ) -> NDArray[np.float64]:
        """Return the density of a tag at some images, 0 where no other image carries it."""
        tagged = self._by_tag.indices[self._by_tag.indptr[tag] : self._by_tag.indptr[tag + 1]]
        density = np.zeros(len(rows))
        if not len(rows) or not len(tagged):
            return density
        if len(tagged) > self.samples:
            tagged = np.sort(tagged[np.argsort(self._turn[tagged])[: self.samples]])
        sample = unit_rows(np.asarray(self.features_), tagged)
        for block in row_blocks(len(rows), 8 * features.shape[1] + 24 * len(tagged)):
            squares = pairwise_distances(unit_rows(features, rows[block]), sample, metric="sqeuclidean")
            kernel = np.exp(-squares.astype(np.float64) / self.bandwidth_**2)
            others = np.full(kernel.shape, True)
            if own:
                others = rows[block, None] != tagged
            density[block] = (kernel * others).sum(axis=1) / np.maximum(others.sum(axis=1), 1)
        return density


def walk(
    similarity: NDArray[np.float64], density: NDArray[np.float64], *, alpha: float
) -> NDArray[np.float64]:
    """Return where the random walk ``r <- alpha P^T r + (1 - alpha) v`` comes to rest.

    It is solved, not iterated: ``r = (1 - alpha) (I - alpha P^T)^-1 v``.

    Parameters
    ----------
    similarity : (..., n, n) float64 array
        Between the tags of an image, not negative and 1 on the diagonal; P has its rows divided by their sums.
    density : (..., n) float64 array
        v.
    alpha : float
        From 0 up to and without 1.

    Returns
    -------
    (..., n) float64 array
        With the sum of ``density``.
    """
    transition = similarity / similarity.sum(axis=-1, keepdims=True)
    system = np.eye(similarity.shape[-1]) - alpha * np.swapaxes(transition, -1, -2)
    solution: NDArray[np.float64] = (1 - alpha) * np.linalg.solve(system, density[..., None])[..., 0]
    return solution
