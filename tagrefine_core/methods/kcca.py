"""Kernel canonical correlation: CCA of tags with features seen through an RBF kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import row_blocks
from tagrefine_core.methods.cca import CCA

__all__ = ["KCCA", "MAX_LANDMARKS", "rbf_kernel"]

MAX_LANDMARKS = 10_000
"""The kernel of the landmarks is held in memory."""

_SMALLEST = 1e-10  # eigenvalues of the kernel below this share of the largest are rounding


@dataclass(kw_only=True, eq=False, repr=False)
class KCCA(CCA):
    """CCA with an RBF kernel on features and a linear one on tags (Nystroem's approximation).

    Features become ``K(x, landmarks) K(landmarks, landmarks)^(-1/2)``; the correlation in that space is that
    of the kernel method, exactly so when every image is a landmark. Tags are carried over as in `CCA`.

    Parameters
    ----------
    landmarks : int
        Training images drawn for the kernel, at most `MAX_LANDMARKS`; all of them when there are no more.
    bandwidth : float or None
        ``sigma`` of ``exp(-||x - y||^2 / sigma)``; None: the median squared distance between landmarks.
    seed : int
        Which images are landmarks.
    variant, view, vectors, dimensions, q, ridge, power, k, per_tag, latent
        As in `CCA`.

    Attributes
    ----------
    landmarks_ : (m,) int64 array
        Rows of the training images that were drawn, ascending.
    bandwidth_ : float
    """

    name = "kcca"
    title = "KCCA"
    reference = "Ballan, Uricchio, Seidenari, Del Bimbo: A cross-media model for image annotation, ICMR 2014"

    landmarks: int = 1000
    bandwidth: float | None = None
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of CCA on the landmarks' dimensions, and of the landmarks and their kernel."""
        m = min(self.landmarks, images)
        return super().peak_bytes(images, tags, m) + 8 * m * (5 * m + dimensions)

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if not 1 <= self.landmarks <= MAX_LANDMARKS:
            raise ConfigError(f"landmarks must be from 1 to {MAX_LANDMARKS}; got {self.landmarks}.")
        self._check_positive("bandwidth")
        rng = np.random.default_rng(self.seed)
        drawn = rng.choice(len(features), min(self.landmarks, len(features)), replace=False)
        self.landmarks_ = np.sort(drawn).astype(np.int64)
        self._landmarks = np.asarray(features[self.landmarks_], np.float64)
        squared = _squared_distances(self._landmarks, self._landmarks)
        pairs = squared[np.triu_indices(len(squared), 1)]
        self.bandwidth_ = self.bandwidth or (float(np.median(pairs)) if pairs.size else 0.0) or 1.0
        values, vectors = eigh(np.exp(-squared / self.bandwidth_))
        kept = values > _SMALLEST * values[-1]
        self._root = vectors[:, kept] / np.sqrt(values[kept])
        super()._fit(features, tags, users)

    def _visual(self, features: NDArray[Any]) -> NDArray[np.float64]:
        mapped: NDArray[np.float64] = rbf_kernel(features, self._landmarks, self.bandwidth_) @ self._root
        return mapped


def rbf_kernel(x: ArrayLike, y: ArrayLike, bandwidth: float) -> NDArray[np.float64]:
    """Return ``exp(-||x_i - y_j||^2 / bandwidth)``.

    Parameters
    ----------
    x, y : (n, d), (m, d) arrays of float
    bandwidth : float
        Positive.

    Returns
    -------
    (n, m) float64 array
        In (0, 1].

    Examples
    --------
    >>> rbf_kernel([[0.0]], [[0.0], [1.0]], 2.0).round(3).tolist()
    [[1.0, 0.607]]
    """
    kernel: NDArray[np.float64] = np.exp(
        -_squared_distances(np.asarray(x, np.float64), np.asarray(y, np.float64)) / bandwidth
    )
    return kernel


def _squared_distances(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    far = np.empty((len(x), len(y)))
    lengths = (y * y).sum(axis=1)
    for rows in row_blocks(len(x), 16 * len(y)):
        block = x[rows]
        far[rows] = (block * block).sum(axis=1)[:, None] + lengths - 2 * (block @ y.T)
    return np.maximum(far, 0.0, out=far)
