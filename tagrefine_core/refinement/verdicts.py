"""What people said of tags of photos, as a matrix."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
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
    "verdicts_of",
]

Verdict = Literal["accept", "reject", "unsure"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ACCEPT, REJECT, UNSURE = 1, -1, 2
_CODES: dict[str, int] = {"accept": ACCEPT, "reject": REJECT, "unsure": UNSURE}
SAID = {code: said for said, code in _CODES.items()}
"""What the numbers of a matrix of verdicts mean."""


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
