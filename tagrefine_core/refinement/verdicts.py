"""What people said of tags of photos, as a matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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

_CAUGHT_UP = 1000  # entries of the log that are caught up with; after more, all are read anew


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
    names : mapping of int to set of str
        By photo, what the log calls it, where that is not what it is called now.
    """

    matrix: sparse.csr_matrix
    words: Mapping[int, dict[str, str]]
    lost: int
    version: int
    names: Mapping[int, set[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.matrix.nnz) + sum(map(len, self.words.values())) + self.lost

    @property
    def telling(self) -> int:
        """How many accept or reject a tag of the vocabulary: what a run can learn from."""
        return int(np.isin(self.matrix.data, (ACCEPT, REJECT)).sum())


def verdicts_of(collection: Collection) -> Verdicts:
    """Return the verdicts in force now; what was said of a name that counts for a tag since counts for that tag.

    People said that it does, or another import found out that it is a spelling of the tag.
    """
    last, version = _last_read(collection), collection.store.curation.version(collection.id)
    found = last[0] if last else None
    if found is not None and found.version < version:
        found = _caught_up(collection, found, version)
    if found is None or found.version != version:
        found = _read(collection, collection.store.curation.values(collection.id, "verdict"), version)
    last[:] = [found]
    return found


@lru_cache(maxsize=4)
def _last_read(collection: Collection) -> list[Verdicts]:
    """Return the place where the verdicts read last are kept."""
    return []


def _caught_up(collection: Collection, before: Verdicts, version: int) -> Verdicts | None:
    """Return verdicts of which only those on photos touched since are read anew; None where all have to be."""
    log = collection.store.curation
    changed = log.changed_since(collection.id, before.version, limit=_CAUGHT_UP + 1)
    if len(changed) > _CAUGHT_UP or any(what == "alias" for what, *_ in changed):
        return None
    said_of = {file for what, file, *_ in changed if what == "verdict"}
    rows = {row for row in collection.rows_of(said_of) if row is not None}
    if len(rows) < len(said_of):  # of a photo that is gone, or of one under two names
        return None
    for row in rows:
        said_of |= {collection.files[row], *before.names.get(row, ())}
    now = _read(collection, log.values(collection.id, "verdict", files=said_of), version)
    old, new = before.matrix.tocoo(), now.matrix.tocoo()
    stay = np.isin(old.row, list(rows), invert=True)
    cells = (np.concatenate([old.row[stay], new.row]), np.concatenate([old.col[stay], new.col]))
    return Verdicts(
        _matrix(collection, np.concatenate([old.data[stay], new.data]), cells),
        {row: said for row, said in before.words.items() if row not in rows} | dict(now.words),
        before.lost,
        version,
        {row: names for row, names in before.names.items() if row not in rows} | dict(now.names),
    )


def _read(collection: Collection, log: list[tuple[str, str, str]], version: int) -> Verdicts:
    columns_of = {tag: column for column, tag in enumerate(collection.vocabulary)}
    aliases = collection.store.tag_aliases(collection.id)
    cells: dict[tuple[int, int], int] = {}
    words: dict[int, dict[str, str]] = {}
    names: dict[int, set[str]] = {}
    lost = 0
    others: dict[tuple[int, int], int] = {}  # said of a name that has been merged into a tag since
    for (file, tag, verdict), row in zip(log, collection.rows_of(file for file, _, _ in log), strict=True):
        if row is None:
            lost += 1
            continue
        if file != collection.files[row]:
            names.setdefault(row, set()).add(file)
        if tag in columns_of:
            cells[row, columns_of[tag]] = _CODES[verdict]
            continue
        said = stands_for(aliases, tag)
        merged = said if said in columns_of else stands_for(aliases, collection.merged.get(said, said))
        if merged in columns_of:
            others.setdefault((row, columns_of[merged]), _CODES[verdict])
        else:
            words.setdefault(row, {})[tag] = verdict
    cells = others | cells  # what was said of the tag itself stands above that
    places = np.array(list(cells), dtype=np.int64).reshape(-1, 2)
    values = np.fromiter(cells.values(), dtype=np.int8, count=len(cells))
    return Verdicts(_matrix(collection, values, (places[:, 0], places[:, 1])), words, lost, version, names)


def _matrix(
    collection: Collection, values: NDArray[np.int8], cells: tuple[NDArray[np.integer], NDArray[np.integer]]
) -> sparse.csr_matrix:
    matrix = sparse.csr_matrix((values, cells), shape=(collection.n, len(collection.vocabulary)))
    matrix.sort_indices()
    return matrix


def decided_at(collection: Collection) -> NDArray[np.int64]:
    """Return by photo the newest step of the log of which a verdict is in force, (N,); -1 where there is none."""
    newest = collection.store.curation.newest(collection.id, "verdict")
    found = np.full(collection.n, -1, dtype=np.int64)
    for (_, step), row in zip(newest, collection.rows_of(file for file, _ in newest), strict=True):
        if row is not None:
            found[row] = step
    return found
