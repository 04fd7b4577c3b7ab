"""What tags each photo shall have, in its user's own spelling: what was there without what does not fit, then what is added."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tagrefine_core.collections import Collection
from tagrefine_core.exchange.refined import refined_photos
from tagrefine_core.metadata import levels
from tagrefine_core.refinement import Changes
from tagrefine_core.refinement.verdicts import REJECT, Verdicts
from tagrefine_core.store import TagRecord
from tagrefine_core.tags.normalization import normalize
from tagrefine_core.tags.spelling import is_below_root, mark_of, roots_of

__all__ = ["PhotoTags", "Spellings", "Tagging"]

_BETWEEN = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class PhotoTags:
    """The tags of one photo.

    Attributes
    ----------
    row : int
    file_name : str
        Relative to the collection's folder.
    before, after : list of str
        As the user spelled them, in his order; what is added stands last.
    gone : frozenset of str
        Tags of the vocabulary, and words outside it, that do not fit.
    """

    row: int
    file_name: str
    before: list[str]
    after: list[str]
    gone: frozenset[str]


class Spellings:
    """What the spellings of a collection count for, and how its people spell a tag.

    Parameters
    ----------
    records : sequence of TagRecord
        The most frequent first.
    """

    def __init__(self, records: Sequence[TagRecord]) -> None:
        self._records = {record.raw: record for record in records}
        self._by_levels = {levels(record.raw): record for record in _paths(records)}
        self._level_names = {name for path in self._by_levels for name in path}
        self._usual: dict[str, str] = {}
        for record in records:
            if record.tag is not None and levels(record.raw) not in self._by_levels:
                self._usual.setdefault(record.tag, record.raw)
        self._tags_of_levels = lru_cache(maxsize=2**16)(self._find_tags_of_levels)

    def usual(self, tag: str) -> str:
        """Return how people here mostly spell a tag; one that nobody wrote stands with spaces."""
        return self._usual.get(tag) or tag.replace("_", " ")

    def is_path(self, raw: str) -> bool:
        """Tell whether a spelling is a path of levels, or what is left of one."""
        path = levels(raw)
        return len(path) > 1 and self._level_names.issuperset(path)

    def becomes(self, raw: str, gone: Container[str]) -> str | None:
        """Return what is left of a spelling, None where nothing is.

        Of a path the levels that do not fit go: those below them are tags of their own. A spelling that means nothing here stays.

        Parameters
        ----------
        raw : str
            Need not be one of the collection's: a photo may have got others since it was imported.
        gone : container of str
            Tags, and spellings, that do not fit.
        """
        if raw in gone:
            return None
        path = self._by_levels.get(levels(raw))
        if path is None:
            record = self._records.get(raw)
            tag = normalize(raw) if record is None else record.tag
            return None if tag in gone else raw
        mark = mark_of(raw)
        parts, tags = raw.split(mark), self._tags_of_levels(path, raw)
        left = [part for part, tag in zip(parts, tags, strict=True) if tag not in gone]
        if len(left) == len(parts):
            return raw
        return mark.join(left).strip() if any(map(str.strip, left)) else None

    def _find_tags_of_levels(self, record: TagRecord, raw: str) -> list[str]:
        """Return the tag of each level of a path with the levels of a record, "" where a level is none.

        A level that also stands alone somewhere counts for what it counts for there; else a tag is the level that is spelled most like it.
        Two levels may count for one tag: of ``Birds|bird`` both do.
        """
        parts = [part.strip() for part in raw.split(mark_of(raw))]
        tags = [""] * len(parts)
        known = [tag for tag in (record.tag, *record.above) if tag]
        for place, part in enumerate(parts):
            alone = self._records.get(part) or self._records.get(part.lower())
            if alone is not None and alone.tag in known:
                tags[place] = alone.tag or ""
        for tag in known:
            free = [place for place, found in enumerate(tags) if not found]
            if free and tag not in tags:
                tags[max(free, key=lambda place: (_alike(parts[place], tag), place))] = tag
        return [
            found or next((tag for tag in known if _is_form(part, tag)), "")
            for part, found in zip(parts, tags, strict=True)
        ]


class Tagging:
    """The tags that the photos of a collection shall have.

    Parameters
    ----------
    collection : Collection
    changes : Changes
        What is added and removed, verdicts first.
    said : Verdicts, optional
        What people said; a tag that they rejected goes from a file also where the user did not give it, such as one of an earlier export.
    """

    def __init__(
        self,
        collection: Collection,
        changes: Changes,
        said: Verdicts | None = None,
    ) -> None:
        self.collection = collection
        self._changes, self._said = changes, said

    @cached_property
    def spellings(self) -> Spellings:
        """What spellings count for."""
        return Spellings(self.collection.tag_records)

    def photos(self, rows: Iterable[int] | None = None) -> Iterator[PhotoTags]:
        """Yield the tags of photos, by default of all.

        Raises
        ------
        DataError
            When the changes are of other photos.
        """
        chosen = range(self.collection.n) if rows is None else list(rows)
        refined = refined_photos(
            self.collection.files,
            self.collection.raw_tags,
            self.collection.vocabulary,
            self._changes,
            words=self._said.words if self._said else {},
            rows=chosen,
        )
        for row, photo in zip(chosen, refined, strict=True):
            gone = frozenset((*photo.removed, *self._rejected(row)))
            kept = (self.spellings.becomes(raw, gone) for raw in photo.user_tags)
            new = (self.spellings.usual(tag) for tag in photo.added)
            after = list(dict.fromkeys(tag for tag in (*kept, *new) if tag is not None))
            yield PhotoTags(row, photo.file_name, photo.user_tags, after, gone)

    def _rejected(self, row: int) -> Iterator[str]:
        if self._said is None:
            return
        of_row = slice(*self._said.matrix.indptr[row : row + 2])
        for column in self._said.matrix.indices[of_row][self._said.matrix.data[of_row] == REJECT]:
            yield self.collection.vocabulary[column]
        yield from (word for word, verdict in self._said.words.get(row, {}).items() if verdict == "reject")


def _paths(records: Iterable[TagRecord]) -> Iterator[TagRecord]:
    """Yield the spellings that are paths, also where one level of them is a tag or none."""
    roots = roots_of(record.raw for record in records)
    for record in records:
        mark = mark_of(record.raw)
        parts = record.raw.strip(mark).split(mark) if mark else []
        below_root = mark == "/" and is_below_root(parts, roots)
        if mark and (record.above or below_root or (mark == "|" and sum(map(bool, parts)) > 1)):
            yield record


def _is_form(level: str, tag: str) -> bool:
    """Tell whether a level is a tag or its plural by its looks."""
    return _alike(level, tag) == len(tag) and len(level) - len(tag) <= len("es")


def _alike(level: str, tag: str) -> int:
    """Return how many characters a level and a tag begin with alike."""
    words = _BETWEEN.sub("_", level.casefold())
    return next(
        (at for at, (a, b) in enumerate(zip(words, tag, strict=False)) if a != b), min(len(words), len(tag))
    )
