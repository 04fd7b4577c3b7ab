"""What people said of tags of photos, as a matrix, and what that makes of a run's suggestions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.refinement.changes import Changes
from tagrefine_core.store import stands_for

__all__ = [
    "ACCEPT",
    "REJECT",
    "SAID",
    "UNSURE",
    "VERDICTS",
    "Verdict",
    "Verdicts",
    "decided_at",
    "overruled",
    "verdicts_of",
]

Verdict = Literal["accept", "reject", "unsure"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ACCEPT, REJECT, UNSURE = 1, -1, 2
_CODES: dict[str, int] = {"accept": ACCEPT, "reject": REJECT, "unsure": UNSURE}
SAID = {code: said for said, code in _CODES.items()}
"""What the numbers of a matrix of verdicts mean."""

_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Verdicts:
    """The verdicts in force on a collection.

    Attributes
    ----------
    matrix : (N, C) CSR int8 matrix
        1 the tag fits, -1 it does not, 2 the person was not sure; nothing stored where nobody was asked.
    words : mapping of int to dict of str to str
        By photo, verdicts on words that are not in the vocabulary.
    lost : int
        Verdicts on photos that are not in the collection now; they are kept.
    version : int
        The last step of the log that it knows of.
    """

    matrix: sparse.csr_matrix
    words: Mapping[int, dict[str, str]]
    lost: int
    version: int

    def __len__(self) -> int:
        return int(self.matrix.nnz) + sum(map(len, self.words.values())) + self.lost

    @property
    def telling(self) -> int:
        """How many accept or reject a tag of the vocabulary: what a run can learn from."""
        return int(np.isin(self.matrix.data, (ACCEPT, REJECT)).sum())


def verdicts_of(collection: Collection) -> Verdicts:
    """Return the verdicts in force now; what was said of a name that has been merged into a tag since counts for that tag."""
    return _verdicts(collection, collection.store.curation.version(collection.id))


@lru_cache(maxsize=4)
def _verdicts(collection: Collection, version: int) -> Verdicts:
    log = collection.store.curation.values(collection.id, "verdict")
    columns_of = {tag: column for column, tag in enumerate(collection.vocabulary)}
    aliases = collection.store.tag_aliases(collection.id)
    cells: dict[tuple[int, int], int] = {}
    words: dict[int, dict[str, str]] = {}
    lost = 0
    others: dict[tuple[int, int], int] = {}  # said of a name that has been merged into a tag since
    for (_, tag, verdict), row in zip(log, collection.rows_of(file for file, _, _ in log), strict=True):
        if row is None:
            lost += 1
        elif tag in columns_of:
            cells[row, columns_of[tag]] = _CODES[verdict]
        elif (merged := stands_for(aliases, tag)) in columns_of:
            others.setdefault((row, columns_of[merged]), _CODES[verdict])
        else:
            words.setdefault(row, {})[tag] = verdict
    cells = others | cells  # what was said of the tag itself stands above that
    places = np.array(list(cells), dtype=np.int64).reshape(-1, 2)
    values = np.fromiter(cells.values(), dtype=np.int8, count=len(cells))
    shape = (collection.n, len(collection.vocabulary))
    matrix = sparse.csr_matrix((values, (places[:, 0], places[:, 1])), shape=shape)
    matrix.sort_indices()
    return Verdicts(matrix, words, lost, version)


def decided_at(collection: Collection) -> NDArray[np.int64]:
    """Return by photo the newest step of the log of which a verdict is in force, (N,); -1 where there is none."""
    newest = collection.store.curation.newest(collection.id, "verdict")
    found = np.full(collection.n, -1, dtype=np.int64)
    for (_, step), row in zip(newest, collection.rows_of(file for file, _ in newest), strict=True):
        if row is not None:
            found[row] = step
    return found


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
        doubt[block] = np.max(doubtful, axis=1, where=told, initial=0)
    return replace(suggested, **matrices, doubt=doubt)


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
