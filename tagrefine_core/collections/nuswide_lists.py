"""Lists of photos: NUS-WIDE's own, and those with labels that the code of deep hashing reads."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.folder import EXTENSIONS
from tagrefine_core.collections.nuswide_files import Copy, common_folder, lines
from tagrefine_core.errors import LabelError
from tagrefine_core.store import ImportIssue

__all__ = ["LabelledList", "labelled_lists", "photo_list"]


@dataclass(frozen=True, eq=False)
class LabelledList:
    """A list of photos with their labels, as the code of deep hashing reads it: ``path 0 1 0 ...``.

    Attributes
    ----------
    file : Path
    photos : list of str
        Paths with ``/``, below the folder that all of the list lie in: it is one of the machine where the list was written.
    truth : int8 (n, L)
        1 or 0.
    """

    file: Path
    photos: list[str]
    truth: NDArray[np.int8]


def photo_list(file: Path) -> list[str]:
    """Return the photos that an image list names, with ``/`` between folders."""
    return [line.strip().replace("\\", "/") for line in lines(file) if line.strip()]


def labelled_lists(copy: Copy, issues: list[ImportIssue]) -> list[LabelledList]:
    """Return the lists ``path 0 1 0 ...`` of a copy, told by their first line: ``train*`` first, then by name.

    Where some have more labels than others (81 and 21), those with most are taken.

    Raises
    ------
    LabelError
        When a line is not as the first one.
    """
    files = [file for file in copy.texts() if _labelled(_first_line(file))]
    files.sort(key=lambda file: (not file.name.lower().startswith("train"), file.as_posix()))
    found = [_read_list(file) for file in files]
    most = max((one.truth.shape[1] for one in found), default=0)
    for one in found:
        if (width := one.truth.shape[1]) < most:
            note = f"seen and not used: it has {width:,} labels, other lists {most:,}"
            issues.append(ImportIssue(one.file.name, note, "note"))
    return [one for one in found if one.truth.shape[1] == most]


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="latin-1") as text:
            return text.readline(1 << 16)
    except OSError:  # whoever needs the file says that it cannot be read
        return ""


def _labelled(line: str) -> bool:
    path, digits = _cut(line)
    return bool(path and digits) and set(digits) <= {"0", "1"}


def _cut(line: str) -> tuple[str, str]:
    """Return the path of a line ``path 0 1 0 ...`` and its digits without space; empty texts when it is none."""
    dot = line.rfind(".")
    ending, *digits = line[dot:].split() or [""]
    if dot < 0 or ending.lower() not in EXTENSIONS:
        return "", ""
    return line[:dot].strip().lstrip("\ufeff") + ending, "".join(digits)


def _read_list(file: Path) -> LabelledList:
    photos: list[str] = []
    rows: list[str] = []
    for number, line in enumerate(lines(file), start=1):
        if not line.strip():
            continue
        path, digits = _cut(line)
        columns = len(rows[0]) if rows else len(digits)
        if not path or len(digits) != columns or not set(digits) <= {"0", "1"}:
            raise LabelError(
                f"{file}, line {number:,}: a photo and {columns:,} times 0 or 1 must stand here, as in the first line; it holds "
                f"{len(digits):,}."
            )
        photos.append(path.replace("\\", "/"))
        rows.append(digits)
    flat = np.frombuffer("".join(rows).encode(), dtype=np.uint8) - ord("0")
    above = len(common_folder(photos))
    return LabelledList(
        file, [photo[above:] for photo in photos], flat.astype(np.int8).reshape(len(rows), -1)
    )
