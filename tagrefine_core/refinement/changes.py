"""The tags kept, added, removed and left alone on every photo."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.errors import DataError
from tagrefine_core.refinement.blocks import check_scores_and_tags, tag_blocks
from tagrefine_core.refinement.decision import Limits
from tagrefine_core.refinement.stored import stored

__all__ = ["Changes", "TagCounts", "changes", "handed_out", "most_doubtful"]

_KINDS = ("kept", "added", "removed", "untold")


class TagCounts(NamedTuple):
    """Photos on which each tag was kept, added, removed, left alone: four (C,) int64 arrays."""

    kept: NDArray[np.int64]
    added: NDArray[np.int64]
    removed: NDArray[np.int64]
    untold: NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Changes:
    """User tags against refined tags.

    Attributes
    ----------
    kept, added, removed, untold : (N, C) CSR float32 matrices
        The value is the refined score. A score may be exactly 0, so that what is stored counts, not what is nonzero.
        ``kept``, ``removed`` and ``untold`` together are the user tags, ``untold`` those that a picture cannot tell;
        ``kept``, ``added`` and ``untold`` together are the refined tags.
    doubt : (N,) float32 array
        How probable it is that a tag of the photo is wrong or missing: that of its most doubtful tag, in [0, 1].
    precision : float
        Of the limits that they come from.
    clarity : (C,) array or None
        How well a picture tells each tag, in [0, 1]; None: all alike.
    """

    kept: sparse.csr_matrix
    added: sparse.csr_matrix
    removed: sparse.csr_matrix
    untold: sparse.csr_matrix
    doubt: NDArray[np.float32]
    precision: float
    clarity: NDArray[np.floating] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Images and tags."""
        n, c = self.kept.shape
        return int(n), int(c)

    def counts_by_tag(self) -> TagCounts:
        """Return on how many photos each tag was kept, added, removed and left alone."""
        return TagCounts(
            *(
                np.bincount(getattr(self, kind).indices, minlength=self.shape[1]).astype(np.int64)
                for kind in _KINDS
            )
        )

    @property
    def changed(self) -> int:
        """On how many photos a tag is added or removed."""
        return int(((np.diff(self.added.indptr) + np.diff(self.removed.indptr)) > 0).sum())

    @cached_property
    def convincing(self) -> NDArray[np.int64]:
        """Rows (N,): sure changes of tags that a picture tells well first, and varied.

        A photo is as sure as the least sure of its changes, and stands for its surest one. Photos that stand for a tag come one
        after the other in the order of sureness, but the second of a tag after the first of every tag. Every fourth photo is one that
        loses a tag, while there are others: a removal contradicts somebody who was there. Photos that do not change come last, in
        row order.
        """
        n = self.shape[0]
        least, surest = np.full(n, np.inf), np.full(n, -np.inf)
        stand = np.full(n, -1, dtype=np.int64)  # for which tag
        for matrix, right in ((self.added, self.added.data), (self.removed, 1 - self.removed.data)):
            rows = np.flatnonzero(np.diff(matrix.indptr))
            if not len(rows):
                continue
            sure = right if self.clarity is None else right * self.clarity[matrix.indices]
            starts = matrix.indptr[rows]
            least[rows] = np.minimum(least[rows], np.minimum.reduceat(sure, starts))
            top = np.maximum.reduceat(sure, starts)
            tops = np.flatnonzero(sure == np.repeat(top, np.diff(matrix.indptr)[rows]))
            columns = matrix.indices[tops[np.searchsorted(tops, starts)]]
            better = (top > surest[rows]) | ((top == surest[rows]) & (columns < stand[rows]))
            surest[rows[better]], stand[rows[better]] = top[better], columns[better]
        photos = np.flatnonzero(stand >= 0)
        stands_for = stand[photos]
        loses = np.diff(self.removed.indptr)[photos] > 0
        gaining, losing = (
            _varied(photos[part], stands_for[part], least[photos[part]]) for part in (~loses, loses)
        )
        turn = np.concatenate([np.arange(len(gaining)) * 4 / 3, np.arange(len(losing)) * 4 + 3.5])
        best = np.concatenate([gaining, losing])[np.argsort(turn, kind="stable")]
        return np.concatenate([best, np.flatnonzero(stand < 0)]).astype(np.int64)

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
        parts = [
            (matrix, slice(*matrix.indptr[i : i + 2])) for matrix in (self.kept, self.added, self.untold)
        ]
        columns = np.concatenate([matrix.indices[row] for matrix, row in parts]).astype(np.int64)
        scores = np.concatenate([matrix.data[row] for matrix, row in parts])
        best = np.lexsort((columns, -scores))
        return columns[best], scores[best]


def changes(
    scores: ArrayLike,
    tags: Any,
    limits: Limits,
    *,
    clarity: NDArray[np.floating] | None = None,
    block_bytes: int = 2**26,
) -> Changes:
    """Compare the user tags with the scores.

    Parameters
    ----------
    scores : (N, C) float array
        Refined probabilities in [0, 1]; a memory-mapped array is read in blocks.
    tags : (N, C) scipy sparse matrix
        Nonzero where the user gave the tag.
    limits : Limits
        From `tagrefine_core.refinement.decision`.
    clarity : (C,) array, optional
        How well a picture tells each tag, in [0, 1]; photos that convince are those of tags that it tells well.
    block_bytes : int
        Working memory to stay near; the result comes on top (8 bytes per tag kept, added, removed or left alone).

    Raises
    ------
    DataError
        If shapes differ, or a score is NaN or outside [0, 1].
    ConfigError
        If ``block_bytes`` is not positive.
    """
    array, given = check_scores_and_tags(scores, tags)
    n, c = array.shape
    if limits.add.shape != (c,):
        raise DataError(f"limits are for {len(limits.add)} tags, but scores have {c} columns.")
    parts: dict[str, list[tuple[NDArray[Any], ...]]] = {kind: [] for kind in _KINDS}
    doubt = np.zeros(n, dtype=np.float32)
    add = _next_float32(limits.add)
    for block in tag_blocks(array, given, block_bytes):
        of_tags = block.scores[block.rows, block.columns]
        told = limits.told[block.columns]
        is_removed = told & (of_tags <= limits.remove[block.columns])
        is_added = block.scores >= add
        is_added[block.rows, block.columns] = False
        rows, columns = np.divmod(np.flatnonzero(is_added), c)  # ten times as fast as np.nonzero of a matrix
        for kind, place in (
            ("added", (rows, columns)),
            ("removed", (block.rows[is_removed], block.columns[is_removed])),
            ("kept", (block.rows[told & ~is_removed], block.columns[told & ~is_removed])),
            ("untold", (block.rows[~told], block.columns[~told])),
        ):
            counts = np.bincount(place[0], minlength=len(block.scores))
            parts[kind].append((block.scores[place], place[1].astype(np.int32), counts))
        # From here on the block holds how doubtful each tag is.
        block.scores[block.rows, block.columns] = 1 - of_tags
        doubt[block.start : block.start + len(block.scores)] = most_doubtful(block.scores, limits.told)
    matrices = {kind: _joined(parts.pop(kind), (n, c)) for kind in _KINDS}
    return Changes(**matrices, doubt=doubt, precision=limits.precision, clarity=clarity)


def most_doubtful(doubtful: NDArray[np.float32], told: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return of how doubtful each tag is (B, C) the largest by photo, (B,), of the tags that are ``told``; the array is given up for it."""
    doubtful *= told.astype(np.float32)  # a sixth of the time that a maximum with where= takes
    return np.asarray(doubtful.max(axis=1, initial=0))


def _varied(
    photos: NDArray[np.int64], stands_for: NDArray[np.integer], sure: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Order photos by how sure they are, the second of a tag after the first of every tag; ties by row."""
    by_tag = np.lexsort((photos, -sure, stands_for))
    place = np.empty(len(photos), dtype=np.int64)
    grouped = stands_for[by_tag]
    place[by_tag] = np.arange(len(photos)) - np.searchsorted(grouped, grouped)
    return photos[np.lexsort((photos, -sure, place))]


def _next_float32(limit: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smallest float32 not below each limit: the same comparison, without a float64 copy of the scores."""
    rounded = limit.astype(np.float32)
    return np.where(rounded < limit, np.nextafter(rounded, np.float32(np.inf)), rounded)


def _joined(blocks: list[tuple[NDArray[Any], ...]], shape: tuple[int, int]) -> sparse.csr_matrix:
    empty = (np.empty(0, np.float32), np.empty(0, np.int32), np.zeros(1, np.int64))  # no images, no tags
    data, indices, counts = (np.concatenate(parts) for parts in zip(empty, *blocks, strict=True))
    matrix = sparse.csr_matrix((data, indices, np.cumsum(counts)), shape=shape)
    # Known from how they are made; scipy would look through memory-mapped indices to find out.
    matrix.has_sorted_indices = matrix.has_canonical_format = True
    return matrix


def handed_out(changes: Changes) -> sparse.csr_matrix:
    """Return 1 where a tag is handed out, int32 (N, C): kept, added or left alone, whatever its score."""
    return sum(stored(part, np.int32) for part in (changes.kept, changes.added, changes.untold))
