"""Find and order the photos of a collection by their tags and by what a run would change."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.changes import Changes
from tagrefine_core.refinement.search_text import Mask, search

__all__ = ["Found", "PhotoKind", "PhotoOrder", "PhotoQuery", "PhotoTable", "find"]

PhotoKind = Literal["any", "changed", "added", "removed", "kept", "untold", "unchanged", "untagged"]
PhotoOrder = Literal["convincing", "doubtful", "score", "file"]


@dataclass(frozen=True, kw_only=True)
class PhotoQuery:
    """Which photos, in which order.

    Parameters
    ----------
    search : str
        See `tagrefine_core.refinement.search_text`; blank finds all.
    tag : str or None
        Only photos where this tag of the vocabulary is of the ``kind`` of change.
    kind : {"any", "changed", "added", "removed", "kept", "untold", "unchanged", "untagged"}
        "changed" is added or removed, "unchanged" neither (of the tag, or of any tag), "untold" what a picture cannot tell,
        "untagged" photos without a user tag in the vocabulary.
    order : {"convincing", "doubtful", "score", "file"}
        Sure changes first, and varied; most doubtful first (by ``tag``, else by the most doubtful one); highest score first (of
        ``tag``, else of the tags added); file name.
    """

    search: str = ""
    tag: str | None = None
    kind: PhotoKind = "any"
    order: PhotoOrder = "convincing"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("kind", self.kind, get_args(PhotoKind)),
            ("order", self.order, get_args(PhotoOrder)),
        ):
            if value not in allowed:
                raise ConfigError(f"{name}={value!r} is unknown; choose one of: {', '.join(allowed)}.")


@dataclass(frozen=True)
class Found:
    """What a query found.

    Attributes
    ----------
    rows : int64 (n,)
        Rows in the order asked for.
    unknown : dict of str to list of str
        Searched words that are no tag, no spelling and in no file name, with tags spelled alike.
    """

    rows: NDArray[np.int64]
    unknown: dict[str, list[str]] = field(default_factory=dict)


class PhotoTable:
    """The columns that queries read: tags by column, spellings, file names, changes.

    Parameters
    ----------
    files : sequence of str, length N
    vocabulary : sequence of str, length C
    tags : csr (N, C)
        The users' tags.
    spellings : sequence of str, length R
        Every spelling that users gave, in number order.
    raw : csr (N, R)
        Which photo has which spelling.
    scores : ndarray (N, C), may be memory-mapped
    """

    def __init__(
        self,
        *,
        files: Sequence[str],
        vocabulary: Sequence[str],
        tags: sparse.csr_matrix,
        spellings: Sequence[str],
        raw: sparse.csr_matrix,
        changes: Changes,
        scores: NDArray[np.float32],
    ) -> None:
        self.files = files
        self.vocabulary = vocabulary
        self.changes = changes
        self.scores = scores
        self._raw = raw
        self._tags = tags
        self._columns = {tag.lower(): column for column, tag in enumerate(vocabulary)}
        self._spellings: dict[str, list[int]] = {}
        for number, spelling in enumerate(spellings):
            self._spellings.setdefault(spelling.lower(), []).append(number)

    def column(self, tag: str) -> int:
        """Return the column of a tag; ConfigError proposes others when there is none."""
        column = self._columns.get(tag.lower())
        if column is None:
            alike = ", ".join(self.alike(tag)) or "see the Tags page"
            raise ConfigError(f"{tag!r} is not a tag of this collection; similar ones: {alike}.")
        return column

    def alike(self, word: str) -> list[str]:
        """Return up to three tags spelled like ``word``."""
        return difflib.get_close_matches(word.lower(), self.vocabulary, n=3, cutoff=0.7)

    def of_kind(self, kind: PhotoKind, column: int | None) -> Mask:
        """Return the photos, bool (N,), with that kind of change of one tag, or of any tag."""
        if kind == "untagged":
            return ~self._holds("tags", None)
        if kind in ("changed", "unchanged"):
            changed = self._holds("added", column) | self._holds("removed", column)
            return changed if kind == "changed" else ~changed
        if kind == "any":
            if column is None:
                return np.ones(len(self.files), dtype=bool)
            return self._holds("added", column) | self._holds("tags", column)
        return self._holds(kind, column)

    def with_word(self, word: str) -> Mask:
        """Return the photos of a searched word: a tag before or after refinement, else a spelling, else a file name."""
        column = self._columns.get(word)
        if column is not None:
            return self.of_kind("any", column)
        numbers = self._spellings.get(word)
        if numbers is not None:
            return np.asarray(self._raw_columns[:, numbers].sum(axis=1) > 0).ravel()
        return self.with_file(word)

    def with_file(self, text: str) -> Mask:
        """Return the photos whose file name contains ``text``, in lower case."""
        return np.fromiter((text in file for file in self._lower_files), dtype=bool, count=len(self.files))

    def given(self, rows: NDArray[np.int64], column: int) -> Mask:
        """Return whether the users of photos gave a tag."""
        return self._holds("tags", column)[rows]

    @cached_property
    def by_file(self) -> NDArray[np.int64]:
        """Rows in the natural order of their file names: im2 before im10."""
        keys = [
            [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", file)]
            for file in self._lower_files
        ]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)

    @property
    def by_convincing(self) -> NDArray[np.int64]:
        """Rows with sure changes first, and varied."""
        return self.changes.convincing

    @cached_property
    def by_doubtful(self) -> NDArray[np.int64]:
        """Rows by how doubtful their most doubtful tag is, ties in row order."""
        return np.argsort(-self.changes.doubt, kind="stable")

    @cached_property
    def by_score(self) -> NDArray[np.int64]:
        """Rows by the highest score among the tags added, photos that gain none last."""
        added = self.changes.added
        highest = np.full(len(self.files), -np.inf)
        rows = np.repeat(np.arange(len(self.files)), np.diff(added.indptr))
        np.maximum.at(highest, rows, added.data)
        return np.argsort(-highest, kind="stable")

    @cached_property
    def _by_column(self) -> dict[str, sparse.csc_matrix]:
        parts = {"tags": self._tags} | {
            name: getattr(self.changes, name) for name in ("added", "removed", "kept", "untold")
        }
        return {name: part.tocsc() for name, part in parts.items()}

    @cached_property
    def _raw_columns(self) -> sparse.csc_matrix:
        return self._raw.tocsc()

    @cached_property
    def _lower_files(self) -> list[str]:
        return [file.lower() for file in self.files]

    def _holds(self, part: str, column: int | None) -> Mask:
        if column is None:
            matrix = self._tags if part == "tags" else getattr(self.changes, part)
            return np.asarray(np.diff(matrix.indptr) > 0)
        matrix = self._by_column[part]
        mask = np.zeros(len(self.files), dtype=bool)
        mask[matrix.indices[matrix.indptr[column] : matrix.indptr[column + 1]]] = True
        return mask


def find(table: PhotoTable, query: PhotoQuery) -> Found:
    """Find and order photos.

    Raises
    ------
    ConfigError
        When the tag is not in the vocabulary or the search cannot be read.
    """
    column = None if query.tag is None else table.column(query.tag)
    mask = table.of_kind(query.kind, column)
    unknown: dict[str, list[str]] = {}

    def with_word(word: str) -> Mask:
        found = table.with_word(word)
        if not found.any() and word not in unknown:
            unknown[word] = table.alike(word)
        return found

    if query.search.strip():
        mask &= search(query.search, with_word, table.with_file)
    if query.order in ("score", "doubtful") and column is not None:
        # Only the photos found are read from the memory-mapped scores.
        rows = np.flatnonzero(mask)
        key = np.asarray(table.scores[rows, column])
        if query.order == "doubtful":
            key = np.where(table.given(rows, column), 1 - key, key)
        return Found(rows[np.argsort(-key, kind="stable")], unknown)
    rows = getattr(table, f"by_{query.order}")
    return Found(rows[mask[rows]], unknown)
