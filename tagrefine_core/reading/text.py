"""Text files of unknown encoding, and clean tags out of them."""

import codecs
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.store import ImportIssue

__all__ = ["clean", "read_tag_files", "read_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> tuple[str, str | None]:
    """Read a text file: by its byte order mark, else as UTF-8, else by a guess.

    Returns
    -------
    text : str
    guess : str or None
        The encoding, where it had to be guessed: UTF-16 without a mark, Windows' Western European, or Latin-1.

    Raises
    ------
    CollectionError
        When it cannot be read, or a byte order mark promises what it does not hold.
    """
    try:
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
                text, guess = read_text(file)
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


def _decoded(data: bytes) -> tuple[str, str | None]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding), None
    # Windows' encoding leaves five bytes undefined.
    guesses: list[tuple[str, str | None]] = [("utf-8", None), ("cp1252", "Windows-1252")]
    if b"\0" in data[:1000]:
        # Western text in UTF-16 has a zero byte in nearly every pair.
        wide = "utf-16-be" if data[0:1000:2].count(0) > data[1:1000:2].count(0) else "utf-16-le"
        guesses.insert(0, (wide, wide))
    for encoding, guess in guesses:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding), guess
    return data.decode("latin-1"), "Latin-1"
