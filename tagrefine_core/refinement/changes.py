"""The tags kept, added and removed on every photo."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.special import logit

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.refinement.blocks import check_scores_and_tags, tag_blocks
from tagrefine_core.refinement.thresholds import Thresholds

__all__ = ["MAX_ADDED", "Changes", "TagCounts", "changes"]

MAX_ADDED = 10
"""Additions of one photo that a person would still read; what passes its limit most clearly goes first."""

_KINDS = ("kept", "added", "removed")


class TagCounts(NamedTuple):
    """Photos on which each tag was kept, added, removed: three (C,) int64 arrays."""

    kept: NDArray[np.int64]
    added: NDArray[np.int64]
    removed: NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Changes:
    """User tags against refined tags.

    Attributes
    ----------
    kept, added, removed : (N, C) CSR float32 matrices
        The value is the refined score. A score may be exactly 0, so that what is stored counts, not
        what is nonzero. ``kept`` and ``removed`` together are the user tags; ``kept`` and ``added``
        together are the refined tags.
    strictness : float
        Of the thresholds that they come from.
    """

    kept: sparse.csr_matrix
    added: sparse.csr_matrix
    removed: sparse.csr_matrix
    strictness: float

    @property
    def shape(self) -> tuple[int, int]:
        """Images and tags."""
        n, c = self.kept.shape
        return int(n), int(c)

    def counts_by_tag(self) -> TagCounts:
        """Return on how many photos each tag was kept, added and removed."""
        return TagCounts(
            *(
                np.bincount(getattr(self, kind).indices, minlength=self.shape[1]).astype(np.int64)
                for kind in _KINDS
            )
        )

    def magnitude(self) -> NDArray[np.float64]:
        """How much each photo changed, in [0, 1), (N,) float64, 0 without any change.

        The sum over added tags of the score and over removed tags of 1 - score is, read as probabilities, the
        number of changes expected to be right. It is divided by the photo's tags before and after, and by as many
        more as the average photo has: a long list of tags does not put a photo first, nor does a single one.
        """
        right = _row_sums(self.added, self.added.data) + _row_sums(self.removed, 1.0 - self.removed.data)
        tags = sum(np.diff(getattr(self, kind).indptr) for kind in _KINDS)
        average = tags.mean() if len(tags) else 0.0
        share: NDArray[np.float64] = np.divide(
            right, tags + average, out=np.zeros(len(right)), where=tags > 0
        )
        return share

    def refined(self, i: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the columns and scores of photo ``i``'s refined tags, best score first, ties by column.

        Raises
        ------
        DataError
            If there is no such photo.
        """
        n = self.shape[0]
        if not 0 <= i < n:
            raise DataError(f"There is no photo {i}; the rows are 0 to {n - 1}.")
        parts = [(matrix, slice(*matrix.indptr[i : i + 2])) for matrix in (self.kept, self.added)]
        columns = np.concatenate([matrix.indices[row] for matrix, row in parts]).astype(np.int64)
        scores = np.concatenate([matrix.data[row] for matrix, row in parts])
        best = np.lexsort((columns, -scores))
        return columns[best], scores[best]


def changes(
    scores: ArrayLike,
    tags: Any,
    thresholds: Thresholds,
    *,
    max_added: int | None = None,
    block_bytes: int = 2**26,
) -> Changes:
    """Compare the user tags with the scores.

    Parameters
    ----------
    scores : (N, C) float array
        Refined probabilities in [0, 1]; a memory-mapped array is read in blocks.
    tags : (N, C) scipy sparse matrix
        Nonzero where the user gave the tag.
    thresholds : Thresholds
        From `tagrefine_core.refinement.thresholds`.
    max_added : int, optional
        At most so many additions per photo, those that exceed their threshold by most in log-odds
        (ties by column). For a curator's eyes: tags that scores tell apart weakly pass their threshold
        on many photos.
    block_bytes : int
        Working memory to stay near; the result comes on top (8 bytes per tag kept, added, removed).

    Raises
    ------
    DataError
        If shapes differ, or a score is NaN or outside [0, 1].
    ConfigError
        If ``max_added`` is negative or ``block_bytes`` is not positive.
    """
    array, given = check_scores_and_tags(scores, tags)
    n, c = array.shape
    if thresholds.add.shape != (c,):
        raise DataError(f"thresholds are for {len(thresholds.add)} tags, but scores have {c} columns.")
    if max_added is not None and max_added < 0:
        raise ConfigError(f"max_added must not be negative, got {max_added}.")
    parts: dict[str, list[tuple[NDArray[Any], ...]]] = {kind: [] for kind in _KINDS}
    add = _next_float32(thresholds.add)
    for block in tag_blocks(array, given, block_bytes):
        is_added = block.scores >= add
        is_added[block.rows, block.columns] = False
        rows, columns = np.nonzero(is_added)
        if max_added is not None:
            rows, columns = _surest(rows, columns, block.scores, thresholds.add, max_added)
        of_tags = block.scores[block.rows, block.columns]
        is_removed = of_tags <= thresholds.remove[block.columns]
        for kind, place in (
            ("added", (rows, columns)),
            ("removed", (block.rows[is_removed], block.columns[is_removed])),
            ("kept", (block.rows[~is_removed], block.columns[~is_removed])),
        ):
            counts = np.bincount(place[0], minlength=len(block.scores))
            parts[kind].append((block.scores[place], place[1].astype(np.int32), counts))
    matrices = {kind: _joined(parts.pop(kind), (n, c)) for kind in _KINDS}
    return Changes(**matrices, strictness=thresholds.strictness)


def _next_float32(limit: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smallest float32 not below each limit: the same comparison, without a float64 copy of the scores."""
    rounded = limit.astype(np.float32)
    return np.where(rounded < limit, np.nextafter(rounded, np.float32(np.inf)), rounded)


def _surest(
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    scores: NDArray[np.float32],
    add: NDArray[np.float64],
    max_added: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Keep of each row's additions the ``max_added`` with the largest log-odds over the threshold."""
    # Probabilities of 0 and 1 have infinite logits; the bound keeps differences defined.
    log_odds = (
        logit(values.astype(np.float64)).clip(-99, 99) for values in (scores[rows, columns], add[columns])
    )
    excess = np.subtract(*log_odds)
    order = np.lexsort((columns, -excess, rows))
    place = np.arange(len(order)) - np.searchsorted(rows, rows)  # rows ascend, before and after
    chosen = np.sort(order[place < max_added])
    return rows[chosen], columns[chosen]


def _joined(blocks: list[tuple[NDArray[Any], ...]], shape: tuple[int, int]) -> sparse.csr_matrix:
    empty = (np.empty(0, np.float32), np.empty(0, np.int32), np.zeros(1, np.int64))  # no images, no tags
    data, indices, counts = (np.concatenate(parts) for parts in zip(empty, *blocks, strict=True))
    matrix = sparse.csr_matrix((data, indices, np.cumsum(counts)), shape=shape)
    # Known from how they are made; scipy would look through memory-mapped indices to find out.
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def _row_sums(matrix: sparse.csr_matrix, values: NDArray[np.floating]) -> NDArray[np.float64]:
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.bincount(rows, weights=values, minlength=matrix.shape[0]).astype(np.float64, copy=False)
