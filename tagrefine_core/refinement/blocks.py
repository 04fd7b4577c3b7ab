"""Scores and user tags of a collection, checked and walked through together in blocks."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError

__all__ = ["TagBlock", "check_scores_and_tags", "tag_blocks"]

_BYTES_PER_SCORE = 16  # the float32 copy, its comparison, and room for what comes of it


class TagBlock(NamedTuple):
    """Some images: their scores, and where their user tags are.

    Attributes
    ----------
    start : int
        Row of the first image.
    scores : (B, C) float32 array
    rows, columns : (T,) int arrays
        Place of every user tag inside the block, row by row, columns ascending.
    """

    start: int
    scores: NDArray[np.float32]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


def check_scores_and_tags(scores: ArrayLike, tags: Any) -> tuple[NDArray[Any], sparse.csr_matrix]:
    """Return both with one shape (N, C), the tags in canonical CSR form without stored zeros.

    Raises
    ------
    DataError
        If the shapes differ or the scores are not a 2-D float array.
    """
    array = np.asarray(scores)
    if array.ndim != 2 or array.dtype.kind != "f":
        raise DataError(
            f"scores must be a 2-D float array (images, tags), got shape {array.shape}, dtype {array.dtype}."
        )
    given = sparse.csr_matrix(tags)
    if given.shape != array.shape:
        raise DataError(
            f"scores {array.shape} and user tags {given.shape} differ in shape; "
            "both need one row per image and one column per tag of the vocabulary."
        )
    if not given.has_canonical_format or not given.data.all():
        given = given.copy()
        given.sum_duplicates()
        given.eliminate_zeros()
    return array, given


def tag_blocks(scores: NDArray[Any], tags: sparse.csr_matrix, block_bytes: int) -> Iterator[TagBlock]:
    """Yield blocks of images of about ``block_bytes`` of working memory.

    Raises
    ------
    DataError
        If a score is NaN or outside [0, 1].
    ConfigError
        If ``block_bytes`` is not positive.
    """
    if block_bytes < 1:
        raise ConfigError(f"block_bytes must be positive, got {block_bytes}.")
    n, c = scores.shape
    size = max(1, block_bytes // (_BYTES_PER_SCORE * max(1, c)))
    for start in range(0, n, size):
        block = np.array(scores[start : start + size], dtype=np.float32)
        # Minimum and maximum carry a NaN along, and comparing with NaN is false.
        if block.size and not (block.min() >= 0 and block.max() <= 1):
            row, column = np.argwhere(~((block >= 0) & (block <= 1)))[0]
            raise DataError(
                f"scores[{start + row}, {column}] is {block[row, column]}; refined scores are probabilities in [0, 1]."
            )
        first, last = tags.indptr[start], tags.indptr[start + len(block)]
        rows = np.repeat(np.arange(len(block)), np.diff(tags.indptr[start : start + len(block) + 1]))
        yield TagBlock(start, block, rows, tags.indices[first:last])
