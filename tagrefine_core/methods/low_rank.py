"""Low rank plus sparse: the solver of robust PCA, with smoothness over two graphs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import row_blocks
from tagrefine_core.methods.graphs import spectral_norm

__all__ = ["Separation", "separate", "soft_threshold", "threshold_singular_values"]


@dataclass(frozen=True)
class Separation:
    """A solution of robust PCA.

    Attributes
    ----------
    A, E : float32 (N, C)
        Low rank, and sparse.
    iterations : int
        Steps taken.
    """

    A: NDArray[np.float32]
    E: NDArray[np.float32]
    iterations: int


def separate(
    D: Any,
    *,
    lambda1: float,
    lambda2: float = 0.0,
    L_I: Any = None,
    L_T: Any = None,
    iterations: int = 50,
    tolerance: float = 1e-4,
    mu: float = 1.0,
    continuation: float = 0.9,
    progress: Callable[[int, int], None] | None = None,
) -> Separation:
    """Solve the problem of `RPCA` (Toh and Yun 2010, accelerated proximal gradients with continuation).

    Five (N, C) float32 matrices are live at once; steps are computed in float64, block by block.

    Parameters
    ----------
    D : (N, C) array or sparse matrix of float
    lambda1, lambda2 : float
        At least 0.
    L_I : (N, N) sparse matrix, optional
        Laplacian of the image graph; None: without.
    L_T : (C, C) array or sparse matrix, optional
        Laplacian of the tag graph; None: without.
    iterations, tolerance, mu, continuation
        As in `RPCA`.
    progress : callable, optional
        Called with (step, ``iterations``).

    Raises
    ------
    ConfigError
        When a number is out of range.
    """
    for name, value, valid in (
        ("lambda1", lambda1, lambda1 >= 0),
        ("lambda2", lambda2, lambda2 >= 0),
        ("tolerance", tolerance, tolerance >= 0),
        ("mu", mu, mu > 0),
        ("continuation", continuation, 0 < continuation <= 1),
    ):
        if not (valid and np.isfinite(value)):
            raise ConfigError(f"{name} is out of range; got {value}.")
    data = csr_matrix(D, dtype=np.float64)
    images, tags = data.shape
    L_I = csr_matrix((images, images)) if L_I is None else csr_matrix(L_I)
    L_T = csr_matrix((tags, tags)) if L_T is None else csr_matrix(L_T)
    smooth_images, smooth_tags = mu * lambda2 * spectral_norm(L_I), mu * lambda2 * spectral_norm(L_T)
    Lf = float(np.sqrt(4 * smooth_images**2 + 4 * smooth_tags**2 + 6))
    L_I = L_I.astype(np.float32)  # so that products with Y_A stay float32
    L_T = L_T.toarray()
    A, E, Y_A, Y_E, G = (np.zeros((images, tags), np.float32) for _ in range(5))
    blocks = row_blocks(images, 80 * tags)
    floor, b, done = 1e-9 * mu, 1.0, 0
    for done in range(1, iterations + 1):
        if progress is not None:
            progress(done, iterations)
        gram = np.zeros((tags, tags))
        for rows in blocks:
            y_a = Y_A[rows].astype(np.float64)
            gradient = y_a + Y_E[rows] - data[rows].toarray()
            if lambda2:
                gradient += mu * lambda2 * (L_I[rows] @ Y_A + y_a @ L_T)
            step = y_a - gradient / Lf
            G[rows] = step
            gram += step.T @ step
        shrink = _shrinkage(gram, mu / Lf)
        b_before, b = b, (1 + np.sqrt(1 + 4 * b * b)) / 2
        momentum = (b_before - 1) / b
        residual = size = 0.0
        for rows in blocks:
            y_a, y_e = Y_A[rows].astype(np.float64), Y_E[rows].astype(np.float64)
            a = G[rows] @ shrink
            e = soft_threshold(y_e - (y_a + y_e - data[rows].toarray()) / Lf, lambda1 * mu / Lf)
            moved = a + e - y_a - y_e
            residual += float(((Lf * (y_a - a) + moved) ** 2).sum() + ((Lf * (y_e - e) + moved) ** 2).sum())
            size += float((a**2).sum() + (e**2).sum())
            Y_A[rows], Y_E[rows] = a + momentum * (a - A[rows]), e + momentum * (e - E[rows])
            A[rows], E[rows] = a, e
        mu = max(continuation * mu, floor)
        if np.sqrt(residual) <= tolerance * Lf * max(1.0, np.sqrt(size)):
            break
    return Separation(A=A, E=E, iterations=done)


def threshold_singular_values(matrix: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """Lower every singular value by the threshold, at most to 0, by way of the (C, C) Gram matrix.

    Parameters
    ----------
    matrix : (N, C) array of float
    threshold : float
        At least 0.

    Returns
    -------
    (N, C) float64 array

    Examples
    --------
    >>> threshold_singular_values([[3.0, 0.0], [0.0, 0.2]], 0.5).round(6).tolist()
    [[2.5, 0.0], [0.0, 0.0]]
    """
    wide = np.asarray(matrix, np.float64)
    lowered: NDArray[np.float64] = wide @ _shrinkage(wide.T @ wide, threshold)
    return lowered


def soft_threshold(values: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """Move every value towards 0 by the threshold, at most to 0.

    Examples
    --------
    >>> soft_threshold([1.0, -0.3, 0.05], 0.1).round(6).tolist()
    [0.9, -0.2, 0.0]
    """
    array = np.asarray(values, np.float64)
    return array - np.clip(array, -threshold, threshold)


def _shrinkage(gram: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    """Return M such that ``G M`` has the singular values of G lowered, from ``G' G`` = V S^2 V'."""
    squares, V = eigh(gram)
    singular = np.sqrt(np.maximum(squares, 0.0))
    kept = singular > threshold
    shrunk: NDArray[np.float64] = (V[:, kept] * (1 - threshold / singular[kept])) @ V[:, kept].T
    return shrunk
