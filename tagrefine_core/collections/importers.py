"""The import formats by name."""

import itertools
from collections.abc import Callable
from pathlib import Path

from tagrefine_core.collections.folder import EXTENSIONS, photo_files, read_folder
from tagrefine_core.collections.mirflickr import LABEL_SETS, read_mirflickr
from tagrefine_core.collections.mirflickr_files import looks_like_mirflickr
from tagrefine_core.collections.nuswide import looks_like_nuswide, read_nuswide
from tagrefine_core.collections.sources import Source
from tagrefine_core.collections.table import TABLE_ENDS, find_tables, read_table
from tagrefine_core.errors import CollectionError
from tagrefine_core.folders import expanded, is_there
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


def read_source(kind: str, path: Path, progress: Progress = silent, *, labels: str | None = None) -> Source:
    """Read the list of photos with tags and ground truth; nothing is written, no picture is decoded.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    path : Path
        Folder of the data set; for "table" also the table itself.
    labels : str, optional
        Which labels are the ground truth, where a format has several sets of them: of MIRFLICKR "strict", "wide" or "all".

    Raises
    ------
    CollectionError
        Saying what was looked for and where, and what the folder looks like instead.
    LabelError
        When the ground truth does not fit the photos.
    """
    if kind not in _READERS:
        raise CollectionError(f"There is no import format {kind!r}; choose one of: {', '.join(KINDS)}.")
    if labels is not None and (kind != "mirflickr" or labels not in LABEL_SETS):
        raise CollectionError(
            f"Labels {labels!r} cannot be chosen for format '{kind}': only MIRFLICKR has sets of them, {', '.join(LABEL_SETS)}."
        )
    path = expanded(path)
    if not is_there(path):
        raise CollectionError(f"There is nothing at {path}. Check the path of the photos to import.")
    if not path.is_dir() and not path.is_file():
        raise CollectionError(f"{path} is neither a file nor a folder, but a pipe or a device.")
    if path.is_file() and kind != "table":
        raise CollectionError(f"{path} is a file; format '{kind}' is imported from a folder.")
    path = path.resolve()
    try:
        source = _READERS[kind](path, progress) if labels is None else read_mirflickr(path, progress, labels)
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
        return "table" if path.suffix.lower() in TABLE_ENDS else None
    if looks_like_mirflickr(path):
        return "mirflickr"
    if looks_like_nuswide(path):
        return "nuswide"
    if find_tables(path):
        return "table"
    # A folder without photos near its beginning would be searched for long.
    some = itertools.islice(photo_files(path), 1000)
    return "folder" if any(Path(file).suffix.lower() in EXTENSIONS for file in some) else None
