"""Small copies of photos for the pages, made when first asked for."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import Image

from tagrefine_core.collections.images import load_image
from tagrefine_core.errors import DataError, DiskFull, ImageError, ReadOnly
from tagrefine_core.files import write_file

__all__ = ["stale_thumbnails", "thumbnail", "thumbnail_folder"]


def thumbnail_folder(home: Path, collection_id: int) -> Path:
    """Return the folder of a collection's thumbnails; it can be deleted at any time."""
    return home / "cache" / "thumbnails" / str(collection_id)


def thumbnail(home: Path, collection_id: int, *, root: Path, file: str, row: int, size: int = 256) -> bytes:
    """Return a photo's thumbnail, a JPEG that fits a square; it is made when missing, and kept where that is possible.

    Its name holds a hash of the original's path, time and size, so a changed photo or another import never
    shows an old thumbnail. Several threads and processes may ask for the same one at once.

    Parameters
    ----------
    root : Path
        Folder of the photos.
    file : str
        Path of the photo below it.
    size : int
        Longest side in pixels, 16 to 2048; small photos are not enlarged.

    Raises
    ------
    ImageError
        When the original is missing or damaged.
    DataError
        When ``size`` is out of range.
    """
    if not 16 <= size <= 2048:
        raise DataError(f"A thumbnail has 16 to 2048 pixels; got {size}.")
    original = root / file
    try:
        name = _name(original, row)
    except OSError as error:
        raise ImageError(f"{file} is missing ({error.strerror})") from error
    path = thumbnail_folder(home, collection_id) / str(size) / str(row // 1000) / name
    # Not synced like other files: after a crash it may be empty, and is made again.
    with suppress(OSError):
        if kept := path.read_bytes():
            return kept
    try:
        picture = load_image(original, size=size)
    except ImageError as error:
        raise ImageError(f"{file} {error}") from error
    picture.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    made = BytesIO()
    picture.save(made, "JPEG", quality=85)
    with suppress(DiskFull, ReadOnly):  # it is shown all the same
        write_file(path, lambda file: file.write(made.getvalue()), durable=False)
    return made.getvalue()


def stale_thumbnails(home: Path, collection_id: int, root: Path, files: Sequence[str]) -> Iterator[Path]:
    """Yield the kept thumbnails that no photo has any more: of photos that were changed or that another import left out."""
    for path in thumbnail_folder(home, collection_id).glob("*/*/*.jpg"):
        row = path.name.partition("-")[0]
        try:
            known = (
                row.isdecimal()
                and int(row) < len(files)
                and path.name == _name(root / files[int(row)], int(row))
            )
        except OSError:
            known = True  # the photos may lie on a disk that is not there now
        if not known:
            yield path


def _name(original: Path, row: int) -> str:
    status = original.stat()
    version = f"{original}\n{status.st_mtime_ns}\n{status.st_size}".encode()
    return f"{row}-{hashlib.sha256(version).hexdigest()[:12]}.jpg"
