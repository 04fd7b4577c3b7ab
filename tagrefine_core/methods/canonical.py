"""Canonical correlation of two views, and vectors of tags to make one of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, cholesky, eigh, solve_triangular, svd
from scipy.sparse import csr_matrix

from tagrefine_core.errors import DataError
from tagrefine_core.tags import tag_counts

__all__ = ["Canonical", "canonical_correlation", "tag_vectors"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Canonical:
    """Directions of two views that correlate most.

    Attributes
    ----------
    Wx, Wy : float64 (d, q), (e, q)
        With ``Wx.T @ (Cx + rx I) @ Wx = I``, and likewise for y.
    correlations : float64 (q,)
        In [0, 1], descending.
    """

    Wx: Floats
    Wy: Floats
    correlations: Floats


def canonical_correlation(
    Cx: ArrayLike, Cy: ArrayLike, Cxy: ArrayLike, *, q: int, rx: float = 0.0, ry: float = 0.0
) -> Canonical:
    """Find the q pairs of directions in which two views correlate most (Hotelling 1936), with ridges.

    Parameters
    ----------
    Cx, Cy, Cxy : (d, d), (e, e), (d, e) arrays of float
        Covariances within and between the views.
    q : int
        Cut to ``min(d, e)``.
    rx, ry : float
        Added to the diagonals of ``Cx`` and ``Cy``.

    Raises
    ------
    DataError
        When a covariance is singular, its ridge included.

    Examples
    --------
    >>> canonical_correlation([[5 / 3]], [[5 / 3]], [[1.0]], q=1).correlations.round(3).tolist()
    [0.6]
    """
    Lx, Ly = _factor(Cx, rx), _factor(Cy, ry)
    whitened = solve_triangular(Lx, np.asarray(Cxy, np.float64), lower=True)
    whitened = solve_triangular(Ly, whitened.T, lower=True).T
    U, correlations, Vt = svd(whitened, full_matrices=False)
    return Canonical(
        Wx=solve_triangular(Lx, U[:, :q], lower=True, trans="T"),
        Wy=solve_triangular(Ly, Vt[:q].T, lower=True, trans="T"),
        correlations=np.clip(correlations[:q], 0.0, 1.0),
    )


def tag_vectors(tags: csr_matrix, dimensions: int) -> Floats:
    """Embed tags by their company: truncated SVD of positive pointwise mutual information.

    Parameters
    ----------
    tags : (N, C) csr matrix of 0 and 1
    dimensions : int
        Cut to C.

    Returns
    -------
    (C, dimensions) float64 array
        A tag on no image, or on every one, tells nothing about others and is 0.
    """
    f, joint = tag_counts(tags)
    expected = np.multiply.outer(f / max(1, tags.shape[0]), f.astype(np.float64))
    information = np.zeros(joint.shape)
    np.log(joint / np.where(expected > 0, expected, 1.0), out=information, where=joint > 0)
    values, vectors = eigh(np.maximum(information, 0.0))
    # The singular values of a symmetric matrix are the sizes of its eigenvalues.
    largest = np.argsort(-np.abs(values), kind="stable")[:dimensions]
    embedded: Floats = vectors[:, largest] * np.sqrt(np.abs(values[largest]))
    return embedded


def _factor(covariance: ArrayLike, ridge: float) -> Floats:
    matrix = np.array(covariance, np.float64)
    largest = float(matrix.diagonal().max(initial=0.0)) + ridge
    matrix.flat[:: len(matrix) + 1] += ridge
    try:
        factor: Floats = cholesky(matrix, lower=True)
    except LinAlgError:
        factor = np.zeros_like(matrix)
    if float(factor.diagonal().min()) ** 2 <= len(matrix) * np.finfo(float).eps * largest:
        raise DataError(
            "A covariance is singular (fewer images than dimensions, or a dimension that follows from "
            "others); give a larger ridge."
        )
    return factor
