"""How often tags are used, and used together: counts and the Google distance (eq. 3)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from tagrefine_core.errors import DataError

__all__ = ["google_distance", "tag_counts"]


def tag_counts(tag_matrix: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the images of every tag and of every pair of tags.

    Parameters
    ----------
    tag_matrix : array-like or sparse matrix, shape (N, C)
        1 where an image carries a tag, else 0.

    Returns
    -------
    f : ndarray of int64, shape (C,)
        Images by tag.
    joint : ndarray of int64, shape (C, C)
        Images by pair of tags; the diagonal is ``f``.

    Raises
    ------
    DataError
        When the matrix is not two-dimensional or holds anything but 0 and 1.
    """
    matrix = tag_matrix if issparse(tag_matrix) else np.asarray(tag_matrix)
    if matrix.ndim != 2:
        raise DataError(f"The tag matrix must have shape (N, C); got {matrix.shape}.")
    values = matrix.data if issparse(matrix) else matrix
    if not np.isin(values, (0, 1)).all():
        raise DataError("The tag matrix must hold only 0 and 1.")
    counted = csr_matrix(matrix, dtype=np.int64)  # wide enough to count in: uint8 would wrap at 256
    joint = np.asarray((counted.T @ counted).toarray(), np.int64)
    return joint.diagonal().copy(), joint


def google_distance(tag_matrix: Any) -> NDArray[np.float64]:
    """Compute the normalized Google distance between tags, with images in the place of web pages (eq. 3).

    ``(max(log f_i, log f_j) - log f_ij) / (log N - min(log f_i, log f_j))``

    Parameters
    ----------
    tag_matrix : array-like or sparse matrix, shape (N, C)
        1 where an image carries a tag, else 0. Pass the training images only.

    Returns
    -------
    ndarray of float64, shape (C, C)
        Symmetric, 0 on the diagonal, 0 for identical use, can exceed 1. Two tags on every image have distance 0; of tags that
        no image carries together it is infinite, the formula's limit, which leaves them without a link whatever WordNet says.

    Raises
    ------
    DataError
        When the matrix is not two-dimensional or holds anything but 0 and 1.
    """
    f, joint = tag_counts(tag_matrix)
    meet = joint > 0
    log_f = np.log(np.maximum(f, 1))
    numerator = np.maximum.outer(log_f, log_f) - np.log(np.maximum(joint, 1))
    denominator = np.log(max(tag_matrix.shape[0] if hasattr(tag_matrix, "shape") else len(tag_matrix), 1))
    denominator = denominator - np.minimum.outer(log_f, log_f)
    distance = np.full(joint.shape, np.inf)
    # The denominator is 0 only where both tags are on every image; their use is identical.
    np.divide(numerator, denominator, out=distance, where=meet & (denominator > 0))
    distance[meet & (denominator <= 0)] = 0.0
    np.fill_diagonal(distance, 0.0)
    return distance
