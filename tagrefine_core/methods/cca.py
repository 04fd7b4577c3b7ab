"""Canonical correlation of features and tags, and tags carried over between images in the latent space."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, DataError, TagRefineWarning
from tagrefine_core.methods.base import Method, neighbor_matrix, row_blocks
from tagrefine_core.methods.canonical import canonical_correlation, tag_vectors
from tagrefine_core.neighbors.search import nearest

__all__ = ["CCA"]

_UNCORRELATED = 1e-6

Floats = NDArray[np.float64]


@dataclass(kw_only=True, eq=False, repr=False)
class CCA(Method):
    """Correlate features with the tags' mean vector; score tags in the space that both share.

    Tagged images fit the directions; untagged ones are left out of that.

    Parameters
    ----------
    variant : {"knn", "direct", "2pass"}
        ``knn``: the k training images nearest in the latent space vote, weighing ``exp(-D / median D)``.
        ``direct``: the cosine between an image and a tag in the latent space; -inf for tags without a vector.
        ``2pass``: for each tag the ``per_tag`` nearest images that carry it are taken, and these together
        vote with ``exp(-D)``.
    view : {"ppmi", "binary", "mean"}
        What an image's tags are: the mean of vectors from their co-occurrence (`tag_vectors`), the row of 0
        and 1, or the mean of ``vectors``.
    vectors : (C, e) array of float, optional
        Word vectors for "mean"; a tag without one has a row of zeros.
    dimensions : int
        Of the vectors from co-occurrence.
    q : int
        Latent dimensions.
    ridge : float
        Added to each covariance, as a multiple of its mean eigenvalue.
    power : float
        Latent dimensions are scaled by their correlation to this power.
    k, per_tag : int
        Neighbors of "knn", and of each tag of "2pass".
    latent : {"visual", "text"}
        Whether training images lie where their features or where their tags put them.

    Attributes
    ----------
    correlations_ : (q,) float64 array
    """

    name = "cca"
    title = "CCA"
    reference = (
        "Murthy, Maji, Manmatha: Automatic image annotation using deep learning representations, ICMR 2015"
    )
    weighted = True

    variant: Literal["knn", "direct", "2pass"] = "knn"
    view: Literal["ppmi", "binary", "mean"] = "ppmi"
    vectors: ArrayLike | None = None
    dimensions: int = 200
    q: int = 100
    ridge: float = 1.0
    power: float = 0.0
    k: int = 200
    per_tag: int = 4
    latent: Literal["visual", "text"] = "visual"

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return latent dimensions with their scaling, ridges, and neighborhoods that the images can fill."""
        return {
            "q": [50, 100, 200],
            "ridge": [0.01, 0.1, 1.0, 10.0, 100.0],
            "power": [0.0, 4.0],
            "k": [k for k in (25, 50, 100, 200) if 10 * k <= images] or [max(1, images // 10)],
        }

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of covariances and their factors, latent vectors, neighbor lists and scores."""
        text = tags if self.view == "binary" else min(self.dimensions, tags)
        covariances = 8 * (3 * dimensions**2 + 3 * text**2 + 3 * dimensions * text + 4 * tags**2)
        return covariances + images * (8 * self.q + 16 * self.k + 4 * tags) + 2**28

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check()
        tagged = np.flatnonzero(tags.getnnz(axis=1))
        # Tags that count in part are company where they count for half and more.
        self._vectors = self._tag_vectors((tags[tagged] >= 0.5).astype(np.uint8))
        blocks = [
            tagged[rows]
            for rows in row_blocks(len(tagged), 32 * (features.shape[1] + self._vectors.shape[1]))
        ]
        count = max(1, len(tagged))
        width = self._visual(features[:1]).shape[1]
        self._mean_x, self._mean_y = np.zeros(width), np.zeros(self._vectors.shape[1])
        for rows in blocks:
            self._mean_x += self._visual(features[rows]).sum(axis=0) / count
            self._mean_y += self._text(tags[rows]).sum(axis=0) / count
        Cx, Cxy = np.zeros((width, width)), np.zeros((width, len(self._mean_y)))
        Cy = np.zeros((len(self._mean_y),) * 2)
        for done, rows in enumerate(blocks):
            self.progress("Correlating features with tags", done, len(blocks))
            x, y = self._visual(features[rows]) - self._mean_x, self._text(tags[rows]) - self._mean_y
            Cx, Cy, Cxy = Cx + x.T @ x, Cy + y.T @ y, Cxy + x.T @ y
        scale = 1.0 / max(1, count - 1)
        found = canonical_correlation(
            Cx * scale,
            Cy * scale,
            Cxy * scale,
            q=self.q,
            rx=self.ridge * (np.trace(Cx) * scale / len(Cx) or 1.0),
            ry=self.ridge * (np.trace(Cy) * scale / len(Cy) or 1.0),
        )
        self.correlations_ = found.correlations
        # A direction that correlates with nothing could be any other.
        strength = np.where(found.correlations > _UNCORRELATED, found.correlations**self.power, 0.0)
        self._Wx, self._Wy = found.Wx * strength, found.Wy * strength
        if self.variant != "direct":
            self._base = self._project(features) if self.latent == "visual" else self._project_tags(tags)

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        queries = self._project(features)
        if self.variant == "direct":
            return self._cosines(queries)
        scores = np.zeros((len(queries), self.tags_.shape[1]), np.float32)
        row_bytes = 8 * scores.shape[1] + (8 * self.k if self.variant == "knn" else 24 * len(self._base))
        if len(self._base) > own:
            for rows in row_blocks(len(queries), row_bytes):
                left_out = np.arange(rows.start, rows.stop) if own else None
                weights = (self._nearest if self.variant == "knn" else self._united)(queries[rows], left_out)
                scores[rows] = (weights @ self.tags_).toarray()
        return scores

    def _nearest(self, queries: NDArray[np.float32], left_out: NDArray[np.int64] | None) -> csr_matrix:
        k = min(self.k, len(self._base) - (left_out is not None))
        # Twice the distance, which the median takes out again.
        found, far = nearest(queries, self._base, k, "cosine", exclude=left_out)
        median = np.median(far, axis=1, keepdims=True)
        weights = np.exp(-far / np.where(median > 0, median, 1.0))
        return neighbor_matrix(found, weights, len(self._base))

    def _united(self, queries: NDArray[np.float32], left_out: NDArray[np.int64] | None) -> csr_matrix:
        far = (1.0 - (_unit(queries) @ _unit(self._base).T).astype(np.float64)).clip(0.0, 2.0)
        if left_out is not None:
            far[np.arange(len(far)), left_out] = np.inf
        chosen = np.zeros(far.shape, bool)
        columns = self.tags_.tocsc()
        row = np.arange(len(far))
        for first, last in zip(columns.indptr[:-1], columns.indptr[1:], strict=True):
            carriers = columns.indices[first:last]
            near = far[:, carriers]
            for _ in range(min(self.per_tag, len(carriers))):
                best = near.argmin(axis=1)
                chosen[row, carriers[best]] = True
                near[row, best] = np.inf
        # A row that was left out is infinitely far, and weighs nothing if it was chosen for want of others.
        return csr_matrix(np.where(chosen, np.exp(-far), 0.0))

    def _cosines(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        known = np.abs(self._vectors).sum(axis=1) > 0
        if self.view != "mean":
            known &= self.tags_.getnnz(axis=0) > 0
        places = _unit(((self._vectors - self._mean_y) @ self._Wy).astype(np.float32))
        scores = _unit(queries) @ places.T
        scores[:, ~known] = -np.inf
        return scores

    def _visual(self, features: NDArray[Any]) -> Floats:
        """Return the visual view of a block of features."""
        return np.asarray(features, np.float64)

    def _text(self, tags: csr_matrix) -> Floats:
        if self.view == "binary":
            return np.asarray(tags.toarray(), np.float64)
        weights = np.asarray(tags.sum(axis=1, dtype=np.float64)).reshape(-1)
        total = tags.astype(np.float64) @ self._vectors
        mean: Floats = total / np.where(weights > 0, weights, 1.0)[:, None]
        return mean

    def _project(self, features: NDArray[Any]) -> NDArray[np.float32]:
        latent = np.empty((len(features), self._Wx.shape[1]), np.float32)
        for rows in row_blocks(len(features), 16 * max(features.shape[1], len(self._mean_x))):
            latent[rows] = (self._visual(features[rows]) - self._mean_x) @ self._Wx
        return latent

    def _project_tags(self, tags: csr_matrix) -> NDArray[np.float32]:
        latent = np.zeros((tags.shape[0], self._Wy.shape[1]), np.float32)
        for rows in row_blocks(tags.shape[0], 16 * len(self._mean_y)):
            latent[rows] = (self._text(tags[rows]) - self._mean_y) @ self._Wy
        latent[tags.getnnz(axis=1) == 0] = 0.0  # nowhere, rather than where a vector of zeros would be
        return latent

    def _tag_vectors(self, tags: csr_matrix) -> Floats:
        if self.view == "binary":
            return np.eye(tags.shape[1])
        if self.view == "mean" and self.vectors is not None:
            vectors = np.asarray(self.vectors, np.float64)
            if vectors.ndim != 2 or len(vectors) != tags.shape[1] or not vectors.shape[1]:
                raise DataError(
                    f"vectors must have shape (C, e) with C = {tags.shape[1]} tags; got {vectors.shape}."
                )
            if not np.isfinite(vectors).all():
                raise DataError("vectors hold a value that is not finite.")
            return vectors
        if self.view == "mean":
            warnings.warn(
                "CCA was given no word vectors; vectors from the tags' co-occurrence are used instead.",
                TagRefineWarning,
                stacklevel=4,
            )
        return tag_vectors(tags, self.dimensions)

    def _check(self) -> None:
        for parameter, choices in (
            ("variant", ("knn", "direct", "2pass")),
            ("view", ("ppmi", "binary", "mean")),
            ("latent", ("visual", "text")),
        ):
            if getattr(self, parameter) not in choices:
                raise ConfigError(
                    f"{parameter} is one of {', '.join(choices)}; got {getattr(self, parameter)!r}."
                )
        self._check_at_least(1, "dimensions", "q", "k", "per_tag")
        self._check_at_least(0, "ridge", "power")


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
