"""Text files of unknown encoding, and clean tags out of them."""

import codecs
from pathlib import Path

from tagrefine_core.errors import CollectionError

__all__ = ["clean", "decode_text", "read_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(data: bytes) -> tuple[str, str | None]:
    """Decode a text file: by its byte order mark, else as UTF-8, else by a guess.

    Returns
    -------
    text : str
    guess : str or None
        The encoding, where it had to be guessed: UTF-16 without a mark, Windows' Western European, or Latin-1.

    Raises
    ------
    UnicodeDecodeError
        When a byte order mark promises what the file does not hold.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding), None
    if b"\0" in data[:1000]:
        # Western text in UTF-16 has a zero byte in nearly every pair.
        guess = "utf-16-be" if data[0:1000:2].count(0) > data[1:1000:2].count(0) else "utf-16-le"
        try:
            return data.decode(guess), guess
        except UnicodeDecodeError:
            pass
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:  # it leaves five bytes undefined
        return data.decode("latin-1"), "Latin-1"


def read_text(path: Path) -> tuple[str, str | None]:
    """Read a text file as `decode_text` does.

    Raises
    ------
    CollectionError
        When it cannot be read or decoded.
    """
    try:
        return decode_text(path.read_bytes())
    except OSError as error:
        raise CollectionError(f"{path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CollectionError(f"{path} is not valid {error.encoding}; save it as UTF-8.") from error


def clean(text: str) -> str:
    """Return a tag or name as the user wrote it, without outer white space and what no database stores."""
    text = text.strip().replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
