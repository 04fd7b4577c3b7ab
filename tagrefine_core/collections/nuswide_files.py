"""Where the files of a copy of NUS-WIDE lie, and which photo on disk a line of its lists means."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.folder import EXTENSIONS, photo_files
from tagrefine_core.errors import LabelError
from tagrefine_core.reading.rows import lines_of
from tagrefine_core.reading.text import read_text
from tagrefine_core.store import ImportIssue

__all__ = ["Copy", "Places", "common_folder", "lines", "locate", "matrix_rows", "row_width", "some"]

_BLOCK = 1 << 25  # bytes of a matrix read at a time


class Copy:
    """A folder that NUS-WIDE was unpacked into, searched once: every copy that circulates arranges its files in another way.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.photos: dict[str, list[str]] = defaultdict(list)
        """Photos by file name in small letters: their paths below the folder, with ``/``."""
        self._texts: dict[str, list[str]] = defaultdict(list)
        for file in photo_files(path):
            name = file.rpartition("/")[2].lower()
            ending = PurePosixPath(name).suffix
            if ending in EXTENSIONS:
                self.photos[name].append(file)
            elif ending == ".txt":
                self._texts[name].append(file)

    def find(self, *names: str) -> Path | None:
        """Return the first of some text files, of several of one name the one nearest to the top; None when there is none."""
        for name in names:
            for file in sorted(self._texts.get(name.lower(), []), key=lambda file: (file.count("/"), file)):
                if (self.path / file).is_file():  # a pipe would be waited for
                    return self.path / file
        return None

    def texts(self) -> Iterator[Path]:
        """Yield all text files, those nearest to the top first, else by name."""
        found = (file for files in self._texts.values() for file in files)
        for file in sorted(found, key=lambda file: (file.count("/"), file)):
            if (self.path / file).is_file():
                yield self.path / file

    def names_of(self, columns: int, *words: str) -> tuple[list[str], Path] | None:
        """Return the names of a matrix's columns, and the file that has them.

        Parameters
        ----------
        columns : int
        words : str
            One of them is in the name of the file; it has as many names as there are columns.
        """
        for file in self.texts():
            if any(word in file.name.lower() for word in words):
                names = [line.strip() for line in lines(file) if line.strip()]
                if len(names) == columns:
                    return names, file
        return None


class Places:
    """Finds a path of one list among the paths of another, whose folders may be called otherwise.

    Parameters
    ----------
    paths : sequence of str
        With ``/``.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._exact: dict[str, int] = {}
        self._named: dict[str, list[int]] = defaultdict(list)
        for place, path in enumerate(paths):
            if self._exact.setdefault(path, place) == place:
                self._named[path.rpartition("/")[2].lower()].append(place)

    def find(self, path: str) -> list[int]:
        """Return the place of a path: as it is, without some of its first folders, else all places of its file name."""
        parts = path.split("/")
        for first in range(len(parts)):
            if (place := self._exact.get("/".join(parts[first:]))) is not None:
                return [place]
        return self._named.get(parts[-1].lower(), [])


def locate(copy: Copy, listed: Sequence[str], issues: list[ImportIssue]) -> tuple[Path, list[str], list[int]]:
    """Find the listed photos on disk: in the folders that the list names, else by their file name.

    Parameters
    ----------
    copy : Copy
    listed : sequence of str
        Distinct paths with ``/``.
    issues : list of ImportIssue
        Photos that cannot be told from others are added.

    Returns
    -------
    root : Path
        Folder that ``files`` are relative to.
    files : list of str
    kept : list of int
        Which of ``listed`` they are. Photos that are not on disk are among them, under their listed path: the image checks report each.
    """
    roots: Counter[str] = Counter()
    for path in listed:
        for found in copy.photos.get(path.rpartition("/")[2].lower(), ()):
            if found == path or found.endswith(f"/{path}"):
                roots[found.removesuffix(path)] += 1
    root = max(roots, key=lambda name: (roots[name], -len(name)), default="")
    found_at: dict[int, str] = {}
    refused: set[int] = set()
    by_name: dict[str, list[int]] = defaultdict(list)
    for place, path in enumerate(listed):
        candidates = copy.photos.get(path.rpartition("/")[2].lower(), [])
        if root + path in candidates:
            found_at[place] = root + path
        elif len(candidates) == 1:
            by_name[candidates[0]].append(place)
        elif candidates:
            refused.add(place)
            reason = f"is not in the folder that the list names, and several photos have its name: {some(candidates)}"
            issues.append(ImportIssue(path, reason))
    taken = set(found_at.values())
    for file, places in by_name.items():
        if len(places) == 1 and file not in taken:
            found_at[places[0]] = file
            continue
        refused.update(places)
        for place in places:
            names = [listed[other] for other in places if other != place] or [file]
            reason = f"its folder is missing, and which photo {file} is cannot be told: {some(names)} has the same name"
            issues.append(ImportIssue(listed[place], reason))
    if moved := len(found_at) - len(taken):
        root = common_folder(found_at.values())
        note = f"{moved:,} photos do not lie in the folders that the list names and were found by their file name"
        issues.append(ImportIssue(root.rstrip("/") or ".", note, "note"))
    kept = [place for place in range(len(listed)) if place not in refused]
    files = [found_at[place][len(root) :] if place in found_at else _inside(listed[place]) for place in kept]
    return copy.path / root, files, kept


def lines(file: Path) -> list[str]:
    """Return the lines of a text file."""
    return lines_of(read_text(file)[0])


def row_width(file: Path) -> int:
    """Return how many numbers stand in the first line of a matrix that is no empty one."""
    with file.open(encoding="latin-1") as text:
        return next((len(line.split()) for line in text if line.strip()), 0)


def matrix_rows(file: Path, columns: int, rows: int) -> Iterator[NDArray[np.int8]]:
    """Yield the rows of a matrix of 0 and 1, int8 (b, columns), in blocks; white space stands between numbers.

    Raises
    ------
    LabelError
        When there is anything else, or not a row for each photo: before a row too much is yielded.
    """
    wanted = "one 0 or 1" if columns == 1 else f"{columns:,} times 0 or 1"
    rest = np.zeros(0, dtype=np.int8)
    read = 0

    def wrong(found: str) -> LabelError:
        return LabelError(
            f"{file} must hold {wanted} for each of the {rows:,} listed photos; it holds {found}."
        )

    with file.open("rb") as data:
        while block := data.read(_BLOCK):
            signs = np.frombuffer(block, dtype=np.uint8)
            signs = signs[signs > ord(" ")]
            if not ((signs == ord("0")) | (signs == ord("1"))).all():
                raise wrong("something else, too")
            digits = np.concatenate([rest, (signs - ord("0")).astype(np.int8)])
            whole = len(digits) // columns
            read += whole
            if read > rows:
                raise wrong(f"more than {rows:,} lines")
            yield digits[: whole * columns].reshape(-1, columns)
            rest = digits[whole * columns :]
    if read < rows or len(rest):
        raise wrong(f"{read:,} lines" + (f" and {len(rest):,} numbers of another" if len(rest) else ""))


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first of some names as text."""
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


def _inside(path: str) -> str:
    """Return a path of somebody else's machine as one below the folder: its file name."""
    parts = PurePosixPath(path)
    return parts.name if parts.is_absolute() or ".." in parts.parts else path


def common_folder(files: Iterable[str]) -> str:
    """Return the deepest folder that all files are in, with ``/`` at its end; empty for the folder itself."""
    folders = [file.split("/")[:-1] for file in files]
    first, last = min(folders), max(folders)
    shared = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return "".join(f"{name}/" for name in first[:shared])
