"""Text files of unknown encoding, and clean tags out of them."""

import codecs
import contextlib
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.store import ImportIssue

__all__ = ["MAX_SIDECAR", "clean", "read_tag_files", "read_text", "some_of"]

MAX_SIDECAR = 8 * 2**20
"""Bytes that a file beside a photo may have; a larger one is something else."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1f]")
_LINE = re.compile(rb"[^\r\n]*[\r\n]*")


def read_text(path: Path, *, max_bytes: int | None = None) -> tuple[str, str | None]:
    """Read a text file: by its byte order mark, else as UTF-8, else line by line by what is certain.

    A line that is valid UTF-8 is read as such, since hardly any other text is by chance; any other as Western European,
    of Windows where its bytes are all defined there. Zero bytes and further byte order marks are left out.

    Parameters
    ----------
    max_bytes : int, optional
        A larger file is refused.

    Returns
    -------
    text : str
    guess : str or None
        Where the file is not plain UTF-8 or marked, what it was read as: "Windows-1252", "Windows-1252 and UTF-8
        (3 of 20 lines not UTF-8)", "UTF-16", "UTF-8 without its 2 zero bytes".

    Raises
    ------
    CollectionError
        When it cannot be read, is no regular file (a named pipe would never end), is too large, or a byte order mark
        promises what it does not hold.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise CollectionError(f"{path} cannot be read (it is not a file).")
        if max_bytes is not None and status.st_size > max_bytes:
            raise CollectionError(
                f"{path} is too large for a list of tags ({status.st_size / 2**20:.1f} MiB; at most {max_bytes / 2**20:.0f} MiB are read)."
            )
        return _decoded(path.read_bytes())
    except OSError as error:
        raise CollectionError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CollectionError(f"{path} is not valid {error.encoding}; save it as UTF-8.") from error


def read_tag_files(
    photos: Sequence[str],
    files: Sequence[Path | None],
    *,
    split: Callable[[str], Sequence[str]],
    progress: Progress,
    issues: list[ImportIssue],
) -> tuple[list[list[str]], int]:
    """Read the tags of every photo from a file of its own.

    Parameters
    ----------
    photos, files : sequences of length N
        Names for the report, and the files; None: no tags.
    split : callable
        From the text of a file to its tags.
    issues : list of ImportIssue
        A file that cannot be read is added.

    Returns
    -------
    tags : list of list of str, length N
    guessed : int
        Files whose encoding had to be guessed.
    """
    tags = []
    guessed = 0
    for done, (photo, file) in enumerate(zip(photos, files, strict=True), start=1):
        text, guess = "", None
        if file is not None:
            try:
                text, guess = read_text(file, max_bytes=MAX_SIDECAR)
            except CollectionError as error:
                issues.append(ImportIssue(photo, f"its tags were not read: {error}", "note"))
        guessed += guess is not None
        tags.append([tag for tag in map(clean, split(text)) if tag])
        if done % 500 == 0 or done == len(photos):
            progress("Reading tags", done, len(photos))
    return tags, guessed


def clean(text: str) -> str:
    """Return a tag or name as the user wrote it, without outer white space and what no database stores."""
    text = text.strip().replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def some_of(names: Sequence[str], most: int = 3) -> str:
    """Return the first names, and how many more there are.

    Examples
    --------
    >>> some_of(["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"])
    'a.txt, b.txt, c.txt and 2 more'
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _decoded(data: bytes) -> tuple[str, str | None]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding)
            return text.replace("\ufeff", ""), None
    zeros = data.count(0)
    if zeros and (wide := _wide(data)):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(wide), "UTF-16"
    text, guess = _by_line(data)
    text = text.replace("\ufeff", "")
    if zeros:
        guess = f"{guess or 'UTF-8'} without its {zeros:,} zero bytes"
        text = text.replace("\0", "")
    return text, guess


def _wide(data: bytes) -> str | None:
    """Return which UTF-16 has the zero bytes of its Western characters all on the side where they are."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    if bool(even) == bool(odd):
        return None
    # In another script few bytes are zero, but then the text is no UTF-8 or full of control characters.
    if 4 * (even + odd) < len(data) and _is_utf8(data) and not _CONTROL.search(data):
        return None
    return "utf-16-be" if even else "utf-16-le"


def _by_line(data: bytes) -> tuple[str, str | None]:
    if _is_utf8(data):
        return data.decode(), None
    texts: list[str] = []
    lines = 0
    encodings: dict[str, int] = {}
    for line in _LINE.findall(data):
        encoding, text = _line(line)
        texts.append(text)
        lines += bool(line.strip())
        if not line.isascii():
            encodings[encoding] = encodings.get(encoding, 0) + 1
    guessed = sum(count for encoding, count in encodings.items() if encoding != "UTF-8")
    names = " and ".join(sorted(encodings, reverse=True))
    return "".join(
        texts
    ), names if guessed == lines else f"{names} ({guessed:,} of {lines:,} lines not UTF-8)"


def _line(line: bytes) -> tuple[str, str]:
    for name, encoding in (("UTF-8", "utf-8"), ("Windows-1252", "cp1252")):
        with contextlib.suppress(UnicodeDecodeError):
            return name, line.decode(encoding)
    return "Latin-1", line.decode("latin-1")  # Windows leaves five bytes undefined


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
