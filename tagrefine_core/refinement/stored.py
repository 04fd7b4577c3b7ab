"""Where CSR matrices of photos and tags store something: a stored score of 0 counts, too."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

__all__ = ["column_of", "stored"]


def stored(matrix: sparse.csr_matrix, dtype: DTypeLike = np.int8) -> sparse.csr_matrix:
    """Return 1 where a matrix stores something, whatever its value."""
    ones = np.ones(matrix.nnz, dtype=dtype)
    return sparse.csr_matrix((ones, matrix.indices, matrix.indptr), shape=matrix.shape)


def column_of(matrix: sparse.csr_matrix, column: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return rows and values of a column, without turning the matrix.

    >>> column_of(sparse.csr_matrix([[0, 5], [7, 0], [0, 6]]), 1)
    (array([0, 2]), array([5, 6]))
    """
    places = np.flatnonzero(matrix.indices == column)
    return np.searchsorted(matrix.indptr, places, side="right") - 1, matrix.data[places]
