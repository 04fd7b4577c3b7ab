"""XMP and IPTC inside photos, by exiv2: the one place that calls it.

exiv2 keeps state for the whole process and is not made for threads, so it is called by one at a time.
"""

from pathlib import Path
from threading import Lock
from typing import Any

import pyexiv2

from tagrefine_core.errors import DataError

__all__ = ["read_embedded"]

_LOCK = Lock()
_MUTE = 4  # else exiv2 prints, and raises for one photo what it had to say of the one before
_UTF8 = "\x1b%G"
_IPTC_BYTES = 64
# What exiv2 throws at damaged photos, as Python hears it: its own errors, and those of C++.
_THROWN = (RuntimeError, ValueError, IndexError, OverflowError, MemoryError)

pyexiv2.set_log_level(_MUTE)


def read_embedded(path: Path) -> tuple[bytes, list[str]]:
    """Return the packet of XMP in a photo, empty where there is none, and its keywords of IPTC.

    A format that exiv2 does not know has neither.

    Raises
    ------
    DataError
        When the photo is damaged.
    OSError
        When it cannot be opened.
    """
    if not path.is_file():  # a named pipe would wait for ever
        raise DataError("it is no file.")
    with path.open("rb"):  # exiv2 has no number for what the system refuses
        pass
    with _LOCK:
        try:
            image = pyexiv2.Image(str(path.absolute()))
        except UnicodeEncodeError as error:
            raise DataError("its name is not valid UTF-8; rename it.") from error
        except _THROWN as error:
            if "unknown image type" in str(error):
                return b"", []
            raise DataError(f"its metadata is damaged ({_said(error, path)}).") from error
        try:
            # Latin-1 has a character for every byte, so nothing is lost before we know what it is.
            packet = image.read_raw_xmp(encoding="latin-1").encode("latin-1")
            iptc: dict[str, Any] = image.read_iptc(encoding="latin-1")
        except _THROWN as error:
            raise DataError(f"its metadata is damaged ({_said(error, path)}).") from error
        finally:
            image.close()
    words = [word.encode("latin-1") for word in iptc.get("Iptc.Application2.Keywords", [])]
    return packet, _decoded(words, iptc.get("Iptc.Envelope.CharacterSet") == _UTF8)


def _decoded(words: list[bytes], is_utf8: bool) -> list[str]:
    """Decode keywords of IPTC: by the character set they name, else all as UTF-8, else all as Western European."""
    if not is_utf8:
        try:
            return [word.decode() for word in words]
        except UnicodeDecodeError:
            return [_western(word) for word in words]
    return [_utf8(word) for word in words]


def _utf8(word: bytes) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        # A program that cuts at 64 bytes may have cut a character.
        if len(word) > _IPTC_BYTES - 4 and error.end == len(word):
            return word[: error.start].decode()
        return _western(word)


def _western(word: bytes) -> str:
    try:
        return word.decode("cp1252")
    except UnicodeDecodeError:
        return word.decode("latin-1")


def _said(error: Exception, path: Path) -> str:
    return " ".join(str(error).replace(str(path.absolute()), path.name).split())
