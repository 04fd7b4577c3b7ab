"""Open the formats that Pillow does not open itself, and PNG without what makes a good photo of it a bomb.

HEIC comes from ``pillow_heif`` and JPEG XL from ``pillow_jxl``, where that is at hand. Neither is registered with Pillow by us for the whole
process: a file is told by its first bytes and given to its reader.
"""

from collections.abc import Iterator
from io import BytesIO

import pillow_heif
from PIL import Image
from pillow_heif.as_plugin import HeifImageFile

from tagrefine_core.errors import ImageError

__all__ = ["MORE_FORMATS", "open_more", "size_of_jxl", "without_texts"]

MORE_FORMATS = ("HEIF", "JXL")
"""Formats that `open_more` opens."""

# Photos are checked by many threads: one each is enough.
pillow_heif.options.DECODE_THREADS = 1

_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_OPEN_BRANDS = (b"mif1", b"msf1")  # of HEIC and AVIF; the brands that follow tell
_JXL = b"\xff\x0a"
_JXL_BOXES = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_PNG = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_RATIOS = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def open_more(data: bytes, max_pixels: int) -> Image.Image | None:
    """Open a HEIC or JPEG XL picture; None when it is neither.

    Parameters
    ----------
    data : bytes
        The file.
    max_pixels : int
        A JPEG XL picture is unfolded when it is opened, so its size is asked before.

    Raises
    ------
    ImageError
        When a package is missing, or the picture has too many pixels.
    Exception
        Whatever the readers raise of a damaged file.
    """
    if _is_heif(data):
        return HeifImageFile(BytesIO(data))  # type: ignore[no-untyped-call]
    if data.startswith((_JXL, _JXL_BOXES)):
        return _open_jxl(data, max_pixels)
    return None


def size_of_jxl(data: bytes) -> tuple[int, int]:
    """Return the width and height that the first bits of a JPEG XL picture tell (ISO/IEC 18181-1, SizeHeader).

    Raises
    ------
    ValueError
        When they are not there.
    """
    start = 0 if data.startswith(_JXL) else _codestream(data)
    if data[start : start + 2] != _JXL:
        raise ValueError("truncated before its size")
    left = int.from_bytes(data[start + 2 : start + 18], "little")

    def bits(count: int) -> int:
        nonlocal left
        value, left = left & ((1 << count) - 1), left >> count
        return value

    small = bits(1)

    def length() -> int:
        return (bits(5) + 1) * 8 if small else bits((9, 13, 18, 30)[bits(2)]) + 1

    height = length()
    ratio = _RATIOS[bits(3)]
    width = length() if ratio is None else height * ratio[0] // ratio[1]
    return width, height


def without_texts(data: bytes) -> bytes:
    """Return a PNG without its texts and its color profile; anything else as it is.

    Pillow unfolds them while it looks for pixels and refuses the photo when they are long: a mebibyte of XMP or of a workflow.
    Pixels and orientation (``eXIf``) do not depend on them.
    """
    if not data.startswith(_PNG):
        return data
    kept, start, at = [], 0, len(_PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in _TEXTS:
            kept.append(data[start:at])
            start = end
        at = end
    return b"".join((*kept, data[start:])) if start else data


def _is_heif(data: bytes) -> bool:
    if data[4:8] != b"ftyp":
        return False
    brands = data[16 : min(int.from_bytes(data[:4], "big"), 256)]
    others = [brands[at : at + 4] for at in range(0, len(brands), 4)]
    return data[8:12] in _HEIF or (data[8:12] in _OPEN_BRANDS and not {b"avif", b"avis"} & set(others))


def _open_jxl(data: bytes, max_pixels: int) -> Image.Image:
    try:
        from pillow_jxl.JpegXLImagePlugin import JXLImageFile
    except ImportError:
        raise ImageError(
            "is a JPEG XL picture: install the package pillow-jxl-plugin to read it, or convert it to JPEG or PNG"
        ) from None
    width, height = size_of_jxl(data)
    if width * height > max_pixels:
        raise ImageError(f"is too large ({width:,} x {height:,}; at most {max_pixels:,} pixels are read)")
    image: Image.Image = JXLImageFile(BytesIO(data))
    if not image.jpeg:  # type: ignore[attr-defined]
        # What is no JPEG inside comes upright; EXIF only repeats how it was turned.
        image.info.pop("exif", None)
    return image


def _codestream(data: bytes) -> int:
    """Return where the picture begins in a JPEG XL file of boxes; the length of the file when there is none."""
    for kind, start in _boxes(data):
        if kind in (b"jxlc", b"jxlp"):  # a part begins with its number
            return start + (4 if kind == b"jxlp" else 0)
    return len(data)


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the kind of each box of a file and where its content begins."""
    at = 0
    while at + 8 <= len(data):
        size, kind, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        yield kind, at + head
        if size < head:  # 0: to the end of the file
            return
        at += size
