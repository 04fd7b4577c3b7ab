"""The one place where pictures are decoded, whatever their format, and whatever is wrong with them."""

import hashlib
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from tagrefine_core.collections.formats import MORE_FORMATS, open_more, without_texts
from tagrefine_core.errors import ImageError

__all__ = ["FORMATS", "MAX_BYTES", "MAX_PIXELS", "ImageFacts", "for_browsers", "inspect_image", "load_image"]

Image.init()
_PILLOW = tuple(
    name for name in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "AVIF") if name in Image.OPEN
)
FORMATS = (*_PILLOW, *MORE_FORMATS)
"""Formats that are read. Pillow knows more; some of them (EPS) start other programs."""

MAX_PIXELS = 178_956_970
"""Pictures with more pixels are refused: a few kilobytes can unfold to gigabytes. Pillow's own limit."""

MAX_BYTES = 2**30
"""Larger files are refused before they are read into memory."""

_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SHOWN = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
"""Formats that browsers show, with their type."""
_headers = threading.Lock()


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a full decode of one picture tells.

    Attributes
    ----------
    width, height : int
        In pixels, after the rotation that EXIF asks for.
    bytes : int
        Size of the file.
    digest : str
        Of the file's bytes (BLAKE2b, 16 bytes in hex): the same for identical files.
    note : str
        What a user should know though the picture is good; mostly empty.
    """

    width: int
    height: int
    bytes: int
    digest: str
    note: str = ""


def load_image(path: Path, *, size: int | None = None, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture to RGB as a viewer would show it.

    EXIF rotation is applied, CMYK converted, 16 bits scaled to 8, transparency laid over white; of an animation
    the first picture counts.

    Parameters
    ----------
    size : int, optional
        The caller will scale the picture down so that its shorter side is ``size``. A JPEG is then decoded at
        1/2, 1/4 or 1/8 where that is still large enough, which is several times faster; the result is never
        smaller than ``size`` unless the picture is.
    max_pixels : int
        At most `MAX_PIXELS`.

    Returns
    -------
    PIL.Image.Image
        Mode "RGB".

    Raises
    ------
    ImageError
        With the reason, without the name of the file.
    """
    image = _open(_read(path), max_pixels)
    if size is not None:
        _draft(image, size, size)
    orientation = _decode(image)
    try:
        picture = _rgb(image)
    except Exception as error:  # a rare mode that Pillow cannot convert
        raise ImageError(f"cannot be converted from {image.mode} to RGB ({error})") from error
    return picture.transpose(_TURN[orientation]) if orientation in _TURN else picture


def for_browsers(path: Path, *, max_pixels: int = MAX_PIXELS) -> tuple[bytes, str]:
    """Return a picture for a browser: the file as it is where one shows it as `load_image` does, else a JPEG made of it.

    Formats that browsers do not know, colors for print, and turned pictures that are no JPEG are made anew.

    Returns
    -------
    content : bytes
    mime : str
        Its type, by what the file holds and not by its name.

    Raises
    ------
    ImageError
        With the reason, without the name of the file.
    """
    data = _read(path)
    image = _open(data, max_pixels)
    as_it_is = image.format in ("JPEG", "MPO") or _orientation(image) == 1
    if image.format in _SHOWN and image.mode != "CMYK" and as_it_is:
        return data, _SHOWN[image.format]
    made = BytesIO()
    load_image(path, max_pixels=max_pixels).save(made, "JPEG", quality=95)
    return made.getvalue(), "image/jpeg"


def inspect_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> ImageFacts:
    """Decode a picture to its end and return its facts; only this finds a file that was cut off.

    Raises
    ------
    ImageError
        With the reason, without the name of the file.
    """
    data = _read(path)
    image = _open(data, max_pixels)
    width, height = image.size
    # An eighth of a JPEG's size still reads all of its data, in a third of the time.
    _draft(image, max(1, width // 8), max(1, height // 8))
    # A phone's MPO holds a preview beside the photo: nothing that a user would call animated.
    several = image.format != "MPO" and _has_several_frames(image)
    # TIFF's header already has the size after rotation.
    if _decode(image) >= 5:
        width, height = height, width
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return ImageFacts(
        width, height, len(data), digest, "holds several pictures; the first is used" if several else ""
    )


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("is not a file")
        if status.st_size > MAX_BYTES:
            raise ImageError(
                f"is too large ({status.st_size / 2**30:.1f} GiB; at most {MAX_BYTES / 2**30:.0f} GiB are read)"
            )
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError("is missing") from None
    except OSError as error:
        raise ImageError(f"cannot be read ({error.strerror})") from error
    if not data:
        raise ImageError("is empty (0 bytes)")
    return data


@contextmanager
def _metadata() -> Iterator[None]:
    """Silence Pillow's warnings while it parses headers and EXIF.

    They are about metadata and odd extra frames; whether the pixels decode, and how many there are, is checked.
    Warning filters belong to the whole process, hence the lock. It costs nothing: metadata is parsed by Python
    code, one thread at a time anyway, and pixels are decoded outside it.
    """
    with _headers, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _open(data: bytes, max_pixels: int) -> Image.Image:
    try:
        with _metadata():
            image = open_more(data, max_pixels)
            if image is None:
                image = Image.open(BytesIO(without_texts(data)), formats=_PILLOW)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"is too large (more than {MAX_PIXELS:,} pixels)") from None
    except UnidentifiedImageError:
        raise ImageError(f"is not a picture in a format that is read ({', '.join(FORMATS)})") from None
    except Exception as error:  # the format plugins raise whatever a broken header leads to
        raise _damaged(error) from error
    if image.width * image.height > max_pixels:
        raise ImageError(
            f"is too large ({image.width:,} x {image.height:,}; at most {max_pixels:,} pixels are read)"
        )
    return image


def _damaged(error: Exception) -> ImageError:
    words = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
    if any(sign in words.lower() for sign in ("truncated", "end of file", "file size too small")):
        return ImageError("is truncated: the file ends before the picture does")
    return ImageError(f"is damaged ({words})")


def _draft(image: Image.Image, width: int, height: int) -> None:
    """Let a JPEG be decoded at a smaller size; other formats would answer with a preview, whatever is wrong with the photo."""
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (width, height))


def _has_several_frames(image: Image.Image) -> bool:
    try:
        with _metadata():
            return bool(getattr(image, "is_animated", False))
    except Exception:  # the first frame is what counts
        return False


def _decode(image: Image.Image) -> int:
    """Read the pixels, and return the EXIF orientation (1: upright)."""
    try:
        image.load()
    except Exception as error:  # as above: OSError, SyntaxError, ValueError, zlib.error ...
        raise _damaged(error) from error
    return _orientation(image)


def _orientation(image: Image.Image) -> int:
    """Return what EXIF asks for, 1 to 8; 1 (upright) for anything else, as viewers do."""
    try:
        if image.format == "PNG":
            image.load()  # EXIF may come after the pixels
        exif = Image.Exif()  # the picture's own `getexif` takes XMP's word where EXIF has none
        with _metadata():
            exif.load(image.info.get("exif", b""))
            value = exif.get(ExifTags.Base.Orientation)
    except Exception:  # a damaged EXIF block says nothing about rotation
        return 1
    return value if isinstance(value, int) and value in _TURN else 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        # No format says what white is here: stretch what there is.
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * (255.0 / (high - low) if high > low else 0.0)
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return image.convert("RGB")
