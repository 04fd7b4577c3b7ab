"""XMP and IPTC inside photos, read and written by exiv2: the one place that calls it.

exiv2 keeps state for the whole process and is not made for threads, so it is called by one at a time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Lock
from typing import Any

import pyexiv2

from tagrefine_core.errors import DataError

__all__ = ["IPTC_BYTES", "read_embedded", "read_embedded_bytes", "write_embedded"]

IPTC_BYTES = 64
"""Bytes that a keyword may have in IPTC (IIM 4.2, 2:25); programs cut there."""

_LOCK = Lock()
_MUTE = 4  # else exiv2 prints, and raises for one photo what it had to say of the one before
_UTF8 = "\x1b%G"
_SCAN = 0xDA  # the marker before the pixels of a JPEG (ITU-T T.81, table B.1)
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
    try:
        with _opened(lambda: pyexiv2.Image(str(path.absolute())), path) as image:
            packet, iptc = _read(image)
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return _scanned(data) or packet, iptc
    except _UnknownFormat:
        return b"", []
    except UnicodeEncodeError as error:
        raise DataError("its name is not valid UTF-8; rename it.") from error


def read_embedded_bytes(data: bytes) -> tuple[bytes, list[str]]:
    """Return the same of the content of a photo."""
    with _opened(lambda: pyexiv2.ImageData(data)) as image:
        packet, iptc = _read(image)
    return _scanned(data) or packet, iptc


def write_embedded(data: bytes, packet: bytes, iptc: list[str] | None) -> bytes:
    """Return the content of a photo with another packet of XMP, and with other keywords of IPTC unless they are None.

    All else that IPTC says stays; where it was not in UTF-8, it is now.

    Raises
    ------
    DataError
        When the format cannot hold them, or exiv2 cannot write them.
    """
    with _opened(lambda: pyexiv2.ImageData(data)) as image:
        if image.get_access_mode()["xmp"] != "read+write":
            raise DataError(f"keywords cannot be written into {image.get_mime_type()}.")
        image.modify_raw_xmp(packet.decode())
        if iptc is not None:
            others: dict[str, Any] = image.read_iptc(encoding="latin-1")
            is_utf8 = others.get("Iptc.Envelope.CharacterSet") == _UTF8
            fields: dict[str, Any] = {
                name: [_decoded([one.encode("latin-1")], is_utf8)[0] for one in value]
                if isinstance(value, list)
                else _decoded([value.encode("latin-1")], is_utf8)[0]
                for name, value in others.items()
                if any(ord(c) > 127 for c in "".join(value))
            }
            fields["Iptc.Envelope.CharacterSet"] = _UTF8
            fields["Iptc.Application2.Keywords"] = [_cut(word) for word in iptc] or None
            image.modify_iptc(fields)
        written: bytes = image.get_bytes()
        return written


@contextmanager
def _opened(open_image: Callable[[], Any], path: Path | None = None) -> Iterator[Any]:
    with _LOCK:
        image = None
        try:
            image = open_image()
            yield image
        except UnicodeError:
            raise
        except _THROWN as error:
            if image is None and "unknown image type" in str(error):
                raise _UnknownFormat from error
            raise DataError(f"its metadata is damaged ({_said(error, path)}).") from error
        finally:
            if image is not None:
                image.close()


def _read(image: Any) -> tuple[bytes, list[str]]:
    # Latin-1 has a character for every byte, so nothing is lost before we know what it is.
    packet = image.read_raw_xmp(encoding="latin-1").encode("latin-1")
    iptc: dict[str, Any] = image.read_iptc(encoding="latin-1")
    words = [word.encode("latin-1") for word in iptc.get("Iptc.Application2.Keywords", [])]
    return packet, _decoded(words, iptc.get("Iptc.Envelope.CharacterSet") == _UTF8)


def _scanned(data: bytes | mmap) -> bytes:
    """Return the packet of XMP that stands in a photo, found by its marks as ISO 16684-1 means it; empty where there is none.

    exiv2 remembers the namespaces of every photo for the whole process: after a damaged or hostile one, which calls something else by the
    name of ``dc``, it gives others' packets without what it took for that, or not at all.
    """
    end = _headers_end(data)
    start = data.find(b"<x:xmpmeta", 0, end)
    stop = data.find(b"</x:xmpmeta>", start, end) if start >= 0 else -1
    return bytes(data[start : stop + len(b"</x:xmpmeta>")]) if stop >= 0 else b""


def _headers_end(data: bytes | mmap) -> int:
    """Return where the pixels of a JPEG begin, behind all metadata, so that most of the file is not read; of other formats their end."""
    place = 2
    while data[:2] == b"\xff\xd8" and place + 4 <= len(data) and data[place] == 0xFF:
        if data[place + 1] == _SCAN:
            return place
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return len(data)


class _UnknownFormat(DataError):
    """A format that exiv2 does not know, in which there is nothing to be read."""

    def __init__(self) -> None:
        super().__init__("keywords cannot be written into its format.")


def _cut(word: str) -> str:
    """Return as much of a keyword as IPTC holds."""
    return word.encode()[:IPTC_BYTES].decode(errors="ignore")


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
        if len(word) > IPTC_BYTES - 4 and error.end == len(word):
            return word[: error.start].decode()
        return _western(word)


def _western(word: bytes) -> str:
    try:
        return word.decode("cp1252")
    except UnicodeDecodeError:
        return word.decode("latin-1")


def _said(error: Exception, path: Path | None) -> str:
    text = str(error) if path is None else str(error).replace(str(path.absolute()), path.name)
    return " ".join(text.split())
