"""The columns that queries read: tags by kind and column, spellings, file names, probabilities, verdicts."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.changes import Changes
from tagrefine_core.refinement.decision import BINS
from tagrefine_core.refinement.search_text import Comparison
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE, Verdicts

__all__ = ["KINDS", "Catalog", "Mask", "PhotoTable"]

Mask = NDArray[np.bool_]

KINDS: Mapping[str, tuple[str, ...]] = {
    "": ("kept", "removed", "untold", "added"),
    "user": ("kept", "removed", "untold"),
    "refined": ("kept", "added", "untold"),
    "changed": ("added", "removed"),
    **{name: (name,) for name in ("added", "removed", "kept", "untold", "accepted", "rejected", "unsure")},
    "decided": ("accepted", "rejected", "unsure"),
}
"""Which matrices of a table make up the tags of a kind; "" is any tag, before or after refinement."""

_VERDICTS = {"accepted": ACCEPT, "rejected": REJECT, "unsure": UNSURE}
_SAID = {
    **dict.fromkeys(("", "refined", "accepted"), ("accept",)),
    "rejected": ("reject",),
    "unsure": ("unsure",),
    "decided": ("accept", "reject", "unsure"),
}  # by kind, what people have said of a word outside the vocabulary that is of that kind; changes are the run's and have no such words
_DIGITS = 24  # of numbers in file names, filled up to so many
_NUMBER = re.compile(r"[0-9]+")
_SEPARATED = re.compile(r"[\s_-]+")


class Catalog:
    """What a collection says of its photos, whatever a run makes of it: files and words.

    Parameters
    ----------
    files : sequence of str, length N
    vocabulary : sequence of str, length C
    spellings : sequence of str, length R
        Every spelling that users gave, in number order.
    merged : sequence of int, length R
        The column of each spelling; -1 where it is no tag.
    raw : csr (N, R)
        Which photo has which spelling.
    """

    def __init__(
        self,
        *,
        files: Sequence[str],
        vocabulary: Sequence[str],
        spellings: Sequence[str],
        merged: Sequence[int],
        raw: sparse.csr_matrix,
    ) -> None:
        self.files = files
        self.vocabulary = vocabulary
        self._raw = raw
        self._columns: dict[str, int] = {}
        self._spellings: dict[str, list[int]] = {}
        for number, (spelling, column) in enumerate(zip(spellings, merged, strict=True)):
            for name in {spelling.lower(), _key(spelling)}:
                self._spellings.setdefault(name, []).append(number)
                if column >= 0:
                    self._columns.setdefault(name, column)
        for column, tag in enumerate(vocabulary):
            self._columns[_key(tag)] = column
        # What is written exactly like a tag is that tag.
        self._columns |= {tag.lower(): column for column, tag in enumerate(vocabulary)}

    def __len__(self) -> int:
        return len(self.files)

    def column(self, tag: str) -> int:
        """Return the column of a tag; ConfigError proposes others when there is none."""
        column = self.find_column(tag)
        if column is None:
            alike = ", ".join(self.alike(tag)) or "see the Tags page"
            raise ConfigError(f"{tag!r} is not a tag of this collection; similar ones: {alike}.")
        return column

    def find_column(self, text: str) -> int | None:
        """Return the column of a tag, or of a spelling that was merged into one, whatever its case and what is between its words."""
        found = self._columns.get(text.lower())
        return self._columns.get(_key(text)) if found is None else found

    def knows(self, text: str) -> bool:
        """Whether a text is a tag or a spelling."""
        return self.find_column(text) is not None or bool(self._numbers(text))

    def alike(self, word: str) -> list[str]:
        """Return up to three tags spelled like ``word``."""
        return difflib.get_close_matches(word.lower(), self.vocabulary, n=3, cutoff=0.7)

    def with_spelling(self, text: str | None) -> Mask:
        """Return the photos whose users wrote a text, or anything."""
        if text is None:
            return np.asarray(np.diff(self._raw.indptr) > 0)
        return np.asarray(self._raw_columns[:, self._numbers(text)].sum(axis=1) > 0).ravel()

    def with_file(self, text: str) -> Mask:
        """Return the photos whose file name contains ``text``, in lower case."""
        return np.fromiter((text in file for file in self.lower_files), dtype=bool, count=len(self))

    @cached_property
    def lower_files(self) -> list[str]:
        """File names in lower case."""
        return [file.lower() for file in self.files]

    @cached_property
    def place_by_file(self) -> NDArray[np.int64]:
        """Place of each photo, (N,), in the natural order of file names: im2 before im10."""
        keys = [_NUMBER.sub(lambda number: number[0].zfill(_DIGITS), file) for file in self.lower_files]
        place = np.empty(len(keys), dtype=np.int64)
        place[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
        return place

    @cached_property
    def _raw_columns(self) -> sparse.csc_matrix:
        return self._raw.tocsc()

    def _numbers(self, text: str) -> list[int]:
        return self._spellings.get(text) or self._spellings.get(_key(text), [])


class PhotoTable:
    """A catalog with what a run makes of it and what people said of that.

    Parameters
    ----------
    catalog : Catalog
        Of N photos and C tags.
    changes : Changes
    scores : ndarray (N, C), may be memory-mapped
    levels : uint8 (C, N) or None
        ``floor(256 * score)``, at most 255, tag by tag (`tagrefine_core.runs.levels`): tells most comparisons without a look at the scores.
    visualness : (C,) array
        How well a picture tells each tag.
    verdicts : Verdicts
    decided : callable
        Gives when the newest verdict on each photo was given, int64 (N,), in any unit that grows; -1 where there is none. Asked for by one
        order alone: reading it from a long log takes a moment.
    point_of : callable
        Gives the features (d,) of what photos shall be like, by its name, and those of all photos (N, d).
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        changes: Changes,
        scores: NDArray[np.float32],
        levels: NDArray[np.uint8] | None = None,
        visualness: NDArray[np.floating],
        verdicts: Verdicts,
        decided: Callable[[], NDArray[np.int64]],
        point_of: Callable[[str], tuple[NDArray[Any], NDArray[Any]]],
    ) -> None:
        self.catalog = catalog
        self.changes = changes
        self.scores = scores
        self.levels = levels
        self.visualness = visualness
        self.verdicts = verdicts
        self._decided = decided
        self.point_of = point_of

    def __len__(self) -> int:
        return len(self.catalog)

    def matrices(self, kind: str) -> list[sparse.csr_matrix]:
        """Return the tags of a kind of `KINDS`, each csr (N, C) with probabilities as values."""
        return [self._part(name) for name in KINDS[kind]]

    def having(self, kind: str, column: int | None) -> Mask:
        """Return the photos, bool (N,), that have a tag of that kind, or any."""
        mask = np.zeros(len(self), dtype=bool)
        for name in KINDS[kind]:
            if column is None:
                mask |= np.diff(self._part(name).indptr) > 0
            else:
                rows, _ = self._of_column(name, column)
                mask[rows] = True
        return mask

    def knows(self, text: str) -> bool:
        """Whether a text is a tag, a spelling, or a word that people have decided on."""
        return self.catalog.knows(text) or _key(text) in self._words

    def with_word(self, kind: str, text: str | None) -> Mask:
        """Return the photos, bool (N,), of which people have said of a word outside the vocabulary, or of any, that it is of that kind."""
        mask = np.zeros(len(self), dtype=bool)
        words = self._words.values() if text is None else [self._words.get(_key(text), {})]
        for said_of in words:
            mask[[row for row, said in said_of.items() if said in _SAID.get(kind, ())]] = True
        return mask

    @cached_property
    def _words(self) -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {}
        for row, said_of in self.verdicts.words.items():
            for word, said in said_of.items():
                found.setdefault(_key(word), {})[row] = said
        return found

    def of_column(self, kind: str, column: int) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
        """Return the photos that have a tag of that kind, and how probable it is on them."""
        rows, values = zip(*(self._of_column(name, column) for name in KINDS[kind]), strict=True)
        return np.concatenate(rows), np.concatenate(values)

    @cached_property
    def decided(self) -> NDArray[np.int64]:
        """When the newest verdict on each photo was given, (N,); -1 where there is none."""
        return self._decided()

    @cached_property
    def _by_column(self) -> dict[str, sparse.csc_matrix]:
        return {}

    def probable(self, column: int, than: Comparison) -> Mask:
        """Return the photos, bool (N,), on which a comparison holds of how probable a tag is, whether they have it or not."""
        if self.levels is None:
            return than.holds(self.scores[:, column])
        levels = self.levels[column]
        edge = int(np.clip(np.float32(than.value) * BINS, 0, BINS - 1))
        mask = levels < edge if than.operator.startswith("<") else levels > edge
        close = np.flatnonzero(levels == edge)
        mask[close] = than.holds(self.scores[close, column])
        return np.asarray(mask)

    def _of_column(self, name: str, column: int) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
        if name not in self._by_column:
            self._by_column[name] = self._part(name).tocsc()
        matrix = self._by_column[name]
        part = slice(*matrix.indptr[column : column + 2])
        return matrix.indices[part], matrix.data[part]

    def _part(self, name: str) -> sparse.csr_matrix:
        if name in _VERDICTS:
            return self._of_verdict[name]
        matrix: sparse.csr_matrix = getattr(self.changes, name)
        return matrix

    @cached_property
    def _of_verdict(self) -> dict[str, sparse.csr_matrix]:
        found = {}
        given = self.verdicts.matrix.tocoo()
        for name, value in _VERDICTS.items():
            rows, columns = given.row[given.data == value], given.col[given.data == value]
            scores = self.scores[rows, columns] if len(rows) else np.empty(0, np.float32)
            found[name] = sparse.csr_matrix((scores, (rows, columns)), shape=given.shape)
        return found


def _key(text: str) -> str:
    """Return a text in lower case with the same sign between all its words."""
    return _SEPARATED.sub("_", text.strip().lower())
