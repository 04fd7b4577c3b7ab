"""What tags each photo shall have, in its user's own spelling: what was there without what does not fit, then what is added."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType

from tagrefine_core.collections import Collection
from tagrefine_core.exchange.refined import refined_photos
from tagrefine_core.metadata import levels
from tagrefine_core.refinement import Changes
from tagrefine_core.store import TagRecord

__all__ = ["PhotoTags", "Spellings", "Tagging"]

_MARKS = "|/\\"  # between the levels of a path, the surest first
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
        self._by_levels = {levels(record.raw): record for record in records if record.above}
        self._usual: dict[str, str] = {}
        for record in records:
            if record.tag is not None and not record.above:
                self._usual.setdefault(record.tag, record.raw)
        self._tags_of_levels = lru_cache(maxsize=2**16)(self._find_tags_of_levels)

    def usual(self, tag: str) -> str:
        """Return how people here mostly spell a tag; one that nobody wrote stands with spaces."""
        return self._usual.get(tag) or tag.replace("_", " ")

    def any_with(self, mark: str) -> bool:
        """Tell whether a spelling holds a mark."""
        return any(mark in raw for raw in self._records)

    def is_path(self, raw: str) -> bool:
        """Tell whether a spelling is a path of levels."""
        return self._path(raw) is not None

    def becomes(self, raw: str, gone: Container[str]) -> str | None:
        """Return what is left of a spelling, None where nothing is.

        Of a path the levels stay that stand before the first that does not fit. A spelling that means nothing here stays.

        Parameters
        ----------
        raw : str
            Need not be one of the collection's: a photo may have got others since it was imported.
        gone : container of str
            Tags, and spellings, that do not fit.
        """
        if raw in gone:
            return None
        path = self._path(raw)
        if path is None:
            record = self._records.get(raw)
            return raw if record is None or record.tag is None or record.tag not in gone else None
        parts, tags = raw.split(_mark(raw)), self._tags_of_levels(path)
        cut = next((place for place, tag in enumerate(tags) if tag in gone), len(parts))
        if cut == len(parts):
            return raw
        return _mark(raw).join(parts[:cut]).strip() or None

    def _path(self, raw: str) -> TagRecord | None:
        record = self._records.get(raw) or self._by_levels.get(levels(raw))
        return record if record is not None and record.above and _mark(raw) else None

    def _find_tags_of_levels(self, record: TagRecord) -> list[str]:
        """Return the tag of each level, "" where a level is none.

        A level that also stands alone somewhere counts for what it counts for there; else a tag is the level that is spelled most like it.
        """
        parts = [part.strip() for part in record.raw.split(_mark(record.raw))]
        tags = [""] * len(parts)
        left = [tag for tag in (record.tag, *record.above) if tag]
        for place, part in enumerate(parts):
            alone = self._records.get(part) or self._records.get(part.lower())
            if alone is not None and alone.tag in left:
                tags[place] = alone.tag or ""
                left.remove(tags[place])
        for tag in left:
            free = [place for place, found in enumerate(tags) if not found]
            if free:
                tags[max(free, key=lambda place: (_alike(parts[place], tag), place))] = tag
        return tags


class Tagging:
    """The tags that the photos of a collection shall have.

    Parameters
    ----------
    collection : Collection
    changes : Changes
        What is added and removed, verdicts first.
    words : mapping, optional
        By row, verdicts on words outside the vocabulary.
    """

    def __init__(
        self,
        collection: Collection,
        changes: Changes,
        words: Mapping[int, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self.collection = collection
        self._changes, self._words = changes, words

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
            words=self._words,
            rows=chosen,
        )
        for row, photo in zip(chosen, refined, strict=True):
            gone = frozenset(photo.removed)
            kept = (self.spellings.becomes(raw, gone) for raw in photo.user_tags)
            new = (self.spellings.usual(tag) for tag in photo.added)
            after = list(dict.fromkeys(tag for tag in (*kept, *new) if tag is not None))
            yield PhotoTags(row, photo.file_name, photo.user_tags, after, gone)


def _mark(raw: str) -> str:
    """Return what separates the levels of a path, "" where nothing does."""
    return next((mark for mark in _MARKS if mark in raw), "")


def _alike(level: str, tag: str) -> int:
    """Return how many characters a level and a tag begin with alike."""
    words = _BETWEEN.sub("_", level.casefold())
    return next(
        (at for at, (a, b) in enumerate(zip(words, tag, strict=False)) if a != b), min(len(words), len(tag))
    )
