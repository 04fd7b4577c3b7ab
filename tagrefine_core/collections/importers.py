"""The import formats by name."""

import itertools
from collections.abc import Callable
from pathlib import Path

from tagrefine_core.collections.folder import EXTENSIONS, photo_files, read_folder
from tagrefine_core.collections.mirflickr import photo_numbers, read_mirflickr
from tagrefine_core.collections.nuswide import IMAGE_LISTS, read_nuswide
from tagrefine_core.collections.sources import Source, first_existing
from tagrefine_core.collections.table import find_table, read_table
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress, silent

__all__ = ["KINDS", "guess_kind", "read_source"]

_READERS: dict[str, Callable[[Path, Progress], Source]] = {
    "mirflickr": read_mirflickr,
    "nuswide": read_nuswide,
    "table": read_table,
    # Names of folders say something else in a data set of another format.
    "folder": lambda path, progress: read_folder(path, progress, folder_names=guess_kind(path) == "folder"),
}

KINDS = tuple(_READERS)
"""Names of the formats."""


def read_source(kind: str, path: Path, progress: Progress = silent) -> Source:
    """Read the list of photos with tags and ground truth; nothing is written, no picture is decoded.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    path : Path
        Folder of the data set; for "table" also the table itself.

    Raises
    ------
    CollectionError
        Saying what was looked for and where, and what the folder looks like instead.
    LabelError
        When the ground truth does not fit the photos.
    """
    if kind not in _READERS:
        raise CollectionError(f"There is no import format {kind!r}; choose one of: {', '.join(KINDS)}.")
    path = path.expanduser()
    if not path.exists():
        raise CollectionError(f"There is nothing at {path}. Check the path of the photos to import.")
    if path.is_file() and kind != "table":
        raise CollectionError(f"{path} is a file; format '{kind}' is imported from a folder.")
    path = path.resolve()
    try:
        source = _READERS[kind](path, progress)
    except CollectionError as error:
        likely = guess_kind(path)
        if likely in (None, kind):
            raise
        raise CollectionError(f"{error} It looks like format '{likely}': try that instead.") from None
    except PermissionError as error:
        raise CollectionError(f"{error.filename} cannot be read ({error.strerror}).") from error
    if not source.files:
        raise CollectionError(f"{path} lists no photos.")
    return source


def guess_kind(path: Path) -> str | None:
    """Return the format that a folder or file looks like, or None."""
    if path.is_file():
        return "table" if path.suffix.lower() in (".csv", ".tsv", ".jsonl") else None
    if photo_numbers(path / "mirflickr") or photo_numbers(path):
        return "mirflickr"
    if first_existing(path, *IMAGE_LISTS):
        return "nuswide"
    if find_table(path):
        return "table"
    # A folder without photos near its beginning would be searched for long.
    some = itertools.islice(photo_files(path), 1000)
    return "folder" if any(Path(file).suffix.lower() in EXTENSIONS for file in some) else None
