"""Photos in any folders, each with a text file of tags beside it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tagrefine_core.collections.sources import Source
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.text import read_tag_files
from tagrefine_core.store import ImportIssue

__all__ = ["EXTENSIONS", "photo_files", "read_folder"]

_READ = (
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .gif .webp .tif .tiff .bmp .ppm .pgm .pbm .pnm"
    " .avif .avifs .heic .heif .hif .heics .heifs .jxl"
)
_NOT_READ = ".psd .raw .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf"

_BETWEEN_TAGS = re.compile(r"[,\r\n]+")

EXTENSIONS = frozenset(_READ.split())
"""Ends of file names that are taken for photos."""


def read_folder(path: Path, progress: Progress) -> Source:
    """Read photos with sidecars ``IMG.jpg.txt`` or ``IMG.txt``: tags between commas or line ends.

    Sub-folders are searched, hidden ones and links to folders are not.

    Raises
    ------
    CollectionError
        When there is no photo, or no sidecar.
    """
    photos: list[str] = []
    sidecars: set[str] = set()
    issues: list[ImportIssue] = []
    for file in photo_files(path):
        extension = PurePosixPath(file).suffix.lower()
        if extension == ".txt":
            sidecars.add(file)
        elif not _is_unicode(file):
            issues.append(ImportIssue(ascii(file)[1:-1], "its name is not valid UTF-8; rename it"))
        elif extension in EXTENSIONS:
            photos.append(file)
        elif extension in _NOT_READ.split():
            issues.append(ImportIssue(file, f"{extension} files are not read; convert it to JPEG or PNG"))
    if not photos:
        raise CollectionError(
            f"No photos in {path} or its sub-folders: looked for files such as .jpg, .png, .webp."
        )
    photos.sort(key=_natural)
    files: list[Path | None] = []
    for file in photos:
        names = (f"{file}.txt", str(PurePosixPath(file).with_suffix(".txt")))
        files.append(next((path / name for name in names if name in sidecars), None))
    missing = files.count(None)
    if missing == len(photos):
        raise CollectionError(
            f"{path} has {len(photos):,} photos, but none has a text file of tags beside it: "
            f"looked for {photos[0]}.txt and the like."
        )
    tags, guessed = read_tag_files(photos, files, split=_BETWEEN_TAGS.split, progress=progress, issues=issues)
    if missing:
        issues.append(ImportIssue(".", f"{missing:,} photos have no text file: no tags", "note"))
    if guessed:
        issues.append(
            ImportIssue(".", f"{guessed:,} text files are not UTF-8; read as Western European", "note")
        )
    return Source("folder", path, photos, tags, [None] * len(photos), issues=tuple(issues))


def photo_files(path: Path) -> Iterator[str]:
    """Yield every file below ``path``, relative and with ``/``, without hidden files and folders."""
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name[0] not in ".@" and name != "__MACOSX")
        below = Path(folder).relative_to(path)
        for name in names:
            if not name.startswith("."):
                yield (below / name).as_posix()


def _natural(file: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts ``img2.jpg`` before ``img10.jpg``."""
    parts = re.split(r"(\d+)", file.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts if part], file


def _is_unicode(file: str) -> bool:
    try:
        file.encode()
    except UnicodeEncodeError:
        return False
    return True
