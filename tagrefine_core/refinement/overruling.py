"""What people said, put above what a run suggests."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.refinement.changes import Changes, most_doubtful
from tagrefine_core.refinement.stored import stored
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, Verdicts

__all__ = ["overruled", "said_alone"]

_ROWS = 4096


def overruled(
    suggested: Changes,
    verdicts: Verdicts,
    scores: NDArray[np.float32],
    tags: sparse.csr_matrix,
    told: NDArray[np.bool_],
) -> Changes:
    """Put what people said above what a run suggests.

    A tag that a person accepted is kept, or added; one that was rejected is removed, or not added; of one that somebody was not sure
    about the user's word stays. What is decided is not doubtful.

    Parameters
    ----------
    suggested : Changes
        (N, C).
    verdicts : Verdicts
    scores : (N, C) float32 array
        That the changes come from.
    tags : (N, C) CSR matrix
        The user tags.
    told : bool (C,)
        Tags that are judged, for the doubt about a photo.
    """
    said = verdicts.matrix.tocoo()
    if not said.nnz:
        return suggested
    shape = suggested.shape
    rows, columns = said.row.astype(np.int64), said.col.astype(np.int64)
    decided = rows * shape[1] + columns  # ascending, as those of the matrices below
    values = np.asarray(scores[rows, columns], dtype=np.float32)
    given = np.asarray(tags[rows, columns]).ravel() > 0
    accepted, rejected = said.data == ACCEPT, said.data == REJECT
    lands = {
        "kept": given & ~rejected,
        "added": ~given & accepted,
        "removed": given & rejected,
        "untold": np.zeros(len(rows), dtype=bool),
    }
    matrices = {
        kind: _with_cells(getattr(suggested, kind), decided, cells, values) for kind, cells in lands.items()
    }
    doubt = suggested.doubt.copy()
    # Only where what was decided is what was doubtful: a word on all photos leaves most of them as they are.
    doubtfulness = np.where(given, 1 - values, values)
    touched = np.unique(rows[told[columns] & (doubtfulness >= doubt[rows])])
    for start in range(0, len(touched), _ROWS):
        block = touched[start : start + _ROWS]
        doubtful = np.array(scores[block], dtype=np.float32)
        users, mine = tags[block].tocoo(), verdicts.matrix[block].tocoo()
        doubtful[users.row, users.col] = 1 - doubtful[users.row, users.col]
        doubtful[mine.row, mine.col] = 0
        doubt[block] = most_doubtful(doubtful, told)
    return replace(suggested, **matrices, doubt=doubt)


def said_alone(tags: sparse.csr_matrix, verdicts: Verdicts) -> Changes:
    """Return what people said, put above the user tags, where there is no run: no tag has a score, so that each is 1.

    Parameters
    ----------
    tags : (N, C) CSR matrix
        The user tags.
    verdicts : Verdicts
    """
    n, c = tags.shape
    none = sparse.csr_matrix((n, c), dtype=np.float32)
    given = Changes(
        kept=stored(tags, np.float32),
        added=none,
        removed=none,
        untold=none,
        doubt=np.zeros(n, dtype=np.float32),
        precision=1.0,
    )
    ones = np.broadcast_to(np.float32(1), (n, c))
    return overruled(given, verdicts, ones, tags, np.zeros(c, dtype=bool))


def _with_cells(
    matrix: sparse.csr_matrix,
    decided: NDArray[np.int64],
    lands: NDArray[np.bool_],
    values: NDArray[np.float32],
) -> sparse.csr_matrix:
    """Return a matrix without the ``decided`` places, but for those that land in it."""
    n, c = matrix.shape
    places = np.repeat(np.arange(n, dtype=np.int64), np.diff(matrix.indptr)) * c + matrix.indices
    others = decided[np.minimum(np.searchsorted(decided, places), len(decided) - 1)] != places
    places, data = places[others], matrix.data[others]
    at = np.searchsorted(places, decided[lands])
    places, data = np.insert(places, at, decided[lands]), np.insert(data, at, values[lands])
    rows, columns = np.divmod(places, c)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    joined = sparse.csr_matrix((data, columns.astype(np.int32), indptr), shape=(n, c))
    joined.has_sorted_indices = joined.has_canonical_format = True
    return joined
