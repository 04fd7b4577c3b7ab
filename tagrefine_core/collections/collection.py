"""A collection as the rest of TagRefine sees it: photos, user tags, vocabulary, ground truth."""

import difflib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.collections.parallel import in_threads
from tagrefine_core.collections.thumbnails import thumbnail
from tagrefine_core.errors import CollectionError, ConfigError, DamagedFile, ImageError
from tagrefine_core.files import read_array
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import CollectionRecord, ImportIssue, Store, TagRecord

__all__ = ["Collection", "array_folder", "collection_folder", "make_thumbnails"]


_COMPARED = 20_000  # file names that are looked through for one spelled alike


def collection_folder(home: Path, collection_id: int) -> Path:
    """Return the folder of a collection, of whatever data."""
    return home / "collections" / str(collection_id)


def array_folder(home: Path, collection_id: int, data_hash: str) -> Path:
    """Return the folder of a collection's arrays: other data, another folder."""
    return collection_folder(home, collection_id) / data_hash[:16]


class Collection:
    """N photos, C tags in the vocabulary, L labels with ground truth.

    Opening one reads its record and vocabulary; everything else is read when first used, arrays memory-mapped.

    Attributes
    ----------
    record : CollectionRecord
    vocabulary : tuple of str, length C
    label_columns : int64 (L,)
        Column of each label in the vocabulary.
    """

    def __init__(self, store: Store, record: CollectionRecord) -> None:
        self.store = store
        self.record = record
        tags, columns = store.vocabulary(record.id)
        self.vocabulary: tuple[str, ...] = tuple(tags)
        self.label_columns: NDArray[np.int64] = np.array(columns, dtype=np.int64)
        self._arrays: dict[str, NDArray[Any]] = {}
        self._patterns: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}

    @classmethod
    def open(cls, store: Store, name: str) -> "Collection":
        """Open a collection by name; CollectionError lists the names there are."""
        return cls(store, store.collection(name))

    @property
    def id(self) -> int:
        """Number in the database."""
        return self.record.id

    @property
    def name(self) -> str:
        """Name that the user gave."""
        return self.record.name

    @property
    def n(self) -> int:
        """Number of photos N."""
        return self.record.images

    @property
    def data_hash(self) -> str:
        """Changes when photos, tags, ground truth or vocabulary do; see `tagrefine_core.collections.writing`."""
        return self.record.data_hash

    @property
    def folder(self) -> Path:
        """Folder of the arrays."""
        return array_folder(self.store.home, self.id, self.data_hash)

    @property
    def root(self) -> Path:
        """Folder that `files` are relative to."""
        return self.store.home / self.record.root  # an absolute root stays as it is

    @property
    def labels(self) -> tuple[str, ...]:
        """Tags with ground truth, length L, in the order of the columns of `truth`."""
        return tuple(self.vocabulary[column] for column in self.label_columns)

    def columns_of(self, tags: Iterable[str]) -> NDArray[np.int64]:
        """Return the column of each tag, whatever its case, (n,).

        Raises
        ------
        ConfigError
            Naming those that are not in the vocabulary, with others spelled alike.
        """
        wanted = list(tags)
        places = {tag.lower(): column for column, tag in enumerate(self.vocabulary)}
        unknown = []
        for tag in dict.fromkeys(wanted):
            if tag.lower() not in places:
                alike = ", ".join(difflib.get_close_matches(tag.lower(), self.vocabulary, n=3, cutoff=0.7))
                unknown.append(repr(tag) + (f" (similar: {alike})" if alike else ""))
        if unknown:
            raise ConfigError(f"No tag of {self.name!r}: {'; '.join(unknown)}. The Tags page lists them all.")
        return np.array([places[tag.lower()] for tag in wanted], dtype=np.int64)

    def row_of(self, image: str | Path) -> int:
        """Return the row of a photo: by its path relative to `root`, any path that leads to it, or its name where no other has it.

        Raises
        ------
        CollectionError
            When there is none, naming others spelled alike, or several.
        """
        given = str(image)
        if (row := self._rows.get(given)) is not None:
            return row
        # The photo itself may be a link to somewhere else.
        path, root = Path(given).parent.resolve() / Path(given).name, self.root.resolve()
        if path.is_relative_to(root):
            row = self._rows.get(path.relative_to(root).as_posix())
            if row is not None:
                return row
        named = self._rows_by_name.get(Path(given).name, [])
        if len(named) == 1 and len(Path(given).parts) == 1:
            return named[0]
        if len(named) > 1:
            which = ", ".join(self.files[row] for row in named[:3])
            raise CollectionError(
                f"{len(named)} photos of {self.name!r} are called {given!r}: {which}. Name the folder too."
            )
        alike = ", ".join(
            difflib.get_close_matches(given, self.files, n=3, cutoff=0.7) if self.n <= _COMPARED else []
        )
        raise CollectionError(
            f"Collection {self.name!r} has no photo {given!r}{f' (similar: {alike})' if alike else ''}. "
            f"Photos are named relative to {self.root}, such as {self.files[0]!r}."
        )

    def rows_of(self, files: Iterable[str]) -> list[int | None]:
        """Return the row of each photo that was once called so, None where it is gone.

        One that is at another place since is known by its name, where only one has it.
        """
        found: list[int | None] = []
        for file in files:
            row = self._rows.get(file)
            if row is None:
                named = self._rows_by_name.get(PurePosixPath(file).name, [])
                row = named[0] if len(named) == 1 else None
            found.append(row)
        return found

    @cached_property
    def tags(self) -> csr_matrix:
        """User tags within the vocabulary, uint8 (N, C), 1 where the user gave the tag."""
        return self._matrix(np.ones(len(self._array("tags_indices")), dtype=np.uint8))

    @cached_property
    def tag_positions(self) -> csr_matrix:
        """Place of the tag in the user's own list, uint16 (N, C), 1 for the first; same pattern as `tags`."""
        return self._matrix(self._array("tags_positions"))

    @cached_property
    def truth(self) -> NDArray[np.int8] | None:
        """Ground truth, int8 (N, L): 1 relevant, 0 not relevant, -1 not judged; None when there is none."""
        if not self.record.labels:
            return None
        truth = self._array("truth")
        if truth.shape != (self.n, self.record.labels):
            raise self._damaged("truth")
        return truth

    @property
    def files(self) -> list[str]:
        """Path of every photo relative to `root`, in row order."""
        return self._images[0]

    @property
    def sizes(self) -> NDArray[np.int32]:
        """Width and height in pixels, int32 (N, 2)."""
        return self._images[1]

    @property
    def users(self) -> list[str | None]:
        """Who gave the tags, where it is known, in row order."""
        return self._images[2]

    @property
    def tag_records(self) -> list[TagRecord]:
        """Every spelling that users gave, the most frequent first, and what preprocessing did with it."""
        return self.store.raw_tags(self.id)

    @cached_property
    def spellings(self) -> list[str]:
        """Every spelling that users gave, in the order of `tag_records`, length R."""
        return self.store.raw_spellings(self.id)

    @cached_property
    def dropped(self) -> NDArray[np.bool_]:
        """Which spellings preprocessing left out of the vocabulary, (R,)."""
        return np.array([record.tag is None for record in self.tag_records], dtype=bool)

    @cached_property
    def merged(self) -> dict[str, str]:
        """Spelling, written as a tag, -> the tag that is spelled otherwise and that it counts for, the most specific one."""
        return {
            one.raw.lower().replace(" ", "_"): one.tag
            for one in self.tag_records
            if one.outcome == "merged" and one.tag is not None
        }

    @cached_property
    def raw(self) -> csr_matrix:
        """Which photo has which spelling, uint8 (N, R)."""
        starts, numbers = self._pattern("raw", len(self.spellings))
        given = np.ones(len(numbers), dtype=np.uint8)
        return csr_matrix((given, numbers, starts), shape=(self.n, len(self.spellings)))

    @property
    def issues(self) -> list[ImportIssue]:
        """The import report."""
        return self.store.import_issues(self.id)

    def raw_tags(self, row: int) -> list[str]:
        """Return the tags of a photo in the user's order and spelling."""
        self.check_rows([row])
        starts, numbers = self._pattern("raw", len(self.spellings))
        return [self.spellings[number] for number in numbers[starts[row] : starts[row + 1]]]

    def image_path(self, row: int) -> Path:
        """Return where the photo of a row lies; it may have been moved away since the import."""
        self.check_rows([row])
        return self.root / self.files[row]

    def thumbnail(self, row: int, size: int = 256) -> bytes:
        """Return the thumbnail of a row, a JPEG, made when missing; see `tagrefine_core.collections.thumbnails`."""
        self.check_rows([row])
        return thumbnail(self.store.home, self.id, root=self.root, file=self.files[row], row=row, size=size)

    @cached_property
    def _images(self) -> tuple[list[str], NDArray[np.int32], list[str | None]]:
        rows = self.store.images(self.id)
        sizes = np.array([(width, height) for _, width, height, _ in rows], dtype=np.int32)
        return [row[0] for row in rows], sizes.reshape(-1, 2), [row[3] for row in rows]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {file: row for row, file in enumerate(self.files)}

    @cached_property
    def _rows_by_name(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, file in enumerate(self.files):
            rows.setdefault(PurePosixPath(file).name, []).append(row)
        return rows

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            path = self.folder / f"{name}.npy"
            try:
                self._arrays[name] = read_array(path)
            except FileNotFoundError:
                raise CollectionError(
                    f"{path} is missing: collection {self.name!r} was imported again or deleted meanwhile. "
                    "Open it anew; if that does not help, import it again."
                ) from None
            except DamagedFile:
                raise self._damaged(name) from None
        return self._arrays[name]

    def _matrix(self, values: NDArray[Any]) -> csr_matrix:
        starts, columns = self._pattern("tags", len(self.vocabulary))
        if len(values) != len(columns):
            raise self._damaged("tags_positions")
        return csr_matrix((values, columns, starts), shape=(self.n, len(self.vocabulary)))

    def _pattern(self, kind: str, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return where each photo's part begins, (N + 1,), and the columns of all parts; looked through when first used."""
        if kind not in self._patterns:
            starts, found = self._array(f"{kind}_indptr"), self._array(f"{kind}_indices")
            if starts.shape != (self.n + 1,) or starts[0] or (np.diff(starts) < 0).any():
                raise self._damaged(f"{kind}_indptr")
            if starts[-1] != len(found) or (len(found) and not 0 <= found.min() <= found.max() < columns):
                raise self._damaged(f"{kind}_indices")
            self._patterns[kind] = starts, found
        return self._patterns[kind]

    def _damaged(self, name: str) -> CollectionError:
        return CollectionError(
            f"{self.folder / name}.npy is damaged. Import collection {self.name!r} again; its runs and verdicts stay."
        )

    def check_rows(self, rows: Iterable[int]) -> None:
        """Raise CollectionError for a row that is none of the collection."""
        for row in rows:
            if not 0 <= row < self.n:
                raise CollectionError(f"Collection {self.name!r} has rows 0 to {self.n - 1}; got {row}.")


def make_thumbnails(collection: Collection, *, size: int = 256, progress: Progress = silent) -> int:
    """Make all missing thumbnails of a collection and return how many photos could not be read any more."""

    def make(row: int) -> bool:
        try:
            collection.thumbnail(row, size)
        except ImageError:
            return False
        return True

    made = in_threads(make, range(collection.n), stage="Making thumbnails", progress=progress)
    return made.count(False)
