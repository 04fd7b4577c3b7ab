"""Photos that a visitor drops in: what is taken, and the picture of one, made of its pixels and never the file itself."""

from io import BytesIO
from pathlib import Path

from tagrefine_core.collections import load_image
from tagrefine_core.collections.folder import EXTENSIONS

__all__ = ["LARGEST", "TYPES", "small_picture"]

TYPES = tuple(sorted(extension[1:] for extension in EXTENSIONS))
"""Ends of file names, without the dot: what an import takes."""

LARGEST = 20
"""Megabytes of a file."""

_PIXELS = 60_000_000
_SHOWN = 480  # longer side of the picture on the page


def small_picture(path: Path) -> bytes:
    """Return a photo as a small JPEG; ImageError when it is no picture, or too large a one."""
    picture = load_image(path, size=_SHOWN, max_pixels=_PIXELS)
    picture.thumbnail((_SHOWN, _SHOWN))
    small = BytesIO()
    picture.save(small, "JPEG", quality=85)
    return small.getvalue()
