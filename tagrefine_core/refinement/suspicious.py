"""Which tags to ask a person about first: given ones that probably do not fit, and missing ones that probably do."""

from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.blocks import check_scores_and_tags, tag_blocks

__all__ = ["SuspectKind", "Suspects", "suspicious"]

SuspectKind = Literal["wrong", "missing"]


class Suspects(NamedTuple):
    """Photos and tags to ask about, the most rewarding question first.

    Attributes
    ----------
    rows, columns : int64 (K,)
    scores : float32 (K,)
        Probability that the tag is wrong, or missing: the mistakes that a question is expected to find.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    scores: NDArray[np.float32]

    def where(self, which: NDArray[np.bool_] | slice) -> "Suspects":
        """Return some of them, in the same order."""
        return Suspects(self.rows[which], self.columns[which], self.scores[which])


def suspicious(
    scores: ArrayLike,
    tags: Any,
    kind: SuspectKind,
    *,
    told: NDArray[np.bool_] | None = None,
    decided: sparse.csr_matrix | None = None,
    top: int = 500,
    block_bytes: int = 2**26,
) -> Suspects:
    """Queue photos and tags over the whole collection by expected gain, not by each tag's own scale.

    Parameters
    ----------
    scores : (N, C) float array
        Probabilities that tags fit, in [0, 1]; a memory-mapped array is read in blocks.
    tags : (N, C) scipy sparse matrix
        Nonzero where the user gave the tag.
    kind : {"wrong", "missing"}
        Given and probably not fitting; not given and probably fitting.
    told : bool (C,), optional
        Tags to ask about; by default all.
    decided : (N, C) scipy sparse matrix, optional
        Nonzero where nobody has to be asked any more.
    top : int
        Length of the queue.

    Raises
    ------
    ConfigError
        If the kind is unknown or ``top`` is not positive.
    DataError
        If shapes differ, or a score is NaN or outside [0, 1].
    """
    if kind not in get_args(SuspectKind):
        raise ConfigError(f"kind={kind!r} is unknown; choose wrong or missing.")
    if top < 1:
        raise ConfigError(f"top must be at least 1, got {top}.")
    array, given = check_scores_and_tags(scores, tags)
    told = np.ones(array.shape[1], dtype=bool) if told is None else told
    decided = sparse.csr_matrix(array.shape, dtype=np.int8) if decided is None else decided
    found = Suspects(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
    for block in tag_blocks(array, given, block_bytes):
        answered = decided[block.start : block.start + len(block.scores)].tocoo()
        if kind == "wrong":
            open_ = told[block.columns].copy()
            if answered.nnz:
                width = block.scores.shape[1]
                places = block.rows * width + block.columns
                open_ &= ~np.isin(places, answered.row.astype(np.int64) * width + answered.col)
            row, column = block.rows[open_], block.columns[open_]
            score = 1 - block.scores[row, column]
        else:
            block.scores[block.rows, block.columns] = -1
            block.scores[answered.row, answered.col] = -1
            least = found.scores[-1] if len(found.scores) == top else 0
            row, column = np.nonzero((block.scores > least) & told)
            score = block.scores[row, column]
        rows = np.concatenate([found.rows, row + block.start])
        columns = np.concatenate([found.columns, column])
        scores_found = np.concatenate([found.scores, score])
        best = np.lexsort((columns, rows, -scores_found))[:top]
        found = Suspects(rows[best], columns[best], scores_found[best])
    return found
