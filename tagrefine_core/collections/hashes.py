"""What photos look like in 63 bits: the same through another size, compression, color or brightness, and turned over in a mirror.

The signs of the 63 lowest frequencies of the gray picture (a discrete cosine transform; as pHash does: Zauner, "Implementation and
benchmarking of perceptual image hash functions", 2010, with signs for its median). A mirror turns the signs of odd frequencies.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from tagrefine_core.collections.collection import Collection
from tagrefine_core.collections.parallel import in_threads
from tagrefine_core.errors import ImageError
from tagrefine_core.files import kept_array
from tagrefine_core.progress import Progress, silent

__all__ = ["BITS", "agreement", "picture_hash", "picture_hashes"]

BITS = 63
_SIDE = 32  # of the gray picture
_ODD = np.packbits([*np.tile(np.arange(8) % 2 == 1, 8)[1:].tolist(), False])
_UNREAD = np.packbits([False] * BITS + [True])


def picture_hash(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the bits of a picture, uint8 (8,); the last bit is 0."""
    gray = picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    low = dctn(np.asarray(gray, dtype=np.float64), norm="ortho")[:8, :8]
    return np.packbits([*(low.ravel()[1:] > 0).tolist(), False])


def picture_hashes(collection: Collection, *, progress: Progress = silent) -> NDArray[np.uint8]:
    """Return the bits of all photos, uint8 (N, 8), kept by the collection's data; the last bit is 1 where a photo cannot be read."""

    def read(row: int) -> NDArray[np.uint8]:
        try:
            return picture_hash(Image.open(BytesIO(collection.thumbnail(row, 128))))
        except ImageError:
            return _UNREAD

    def make() -> NDArray[np.uint8]:
        found = in_threads(read, range(collection.n), stage="Looking at photos", progress=progress)
        return np.array(found, dtype=np.uint8).reshape(-1, 8)

    return kept_array(_path(collection), make)


def agreement(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how far hashes (K, 8) agree, each with the one in its place, as they are or in a mirror: 1 all bits, 0 as by chance.

    One of a photo that cannot be read agrees with none: 0.
    """
    differ = first ^ second
    count = np.minimum(
        *(np.bitwise_count(bits).sum(axis=-1, dtype=np.int64) for bits in (differ, differ ^ _ODD))
    )
    unread = ((first | second) & _UNREAD).any(axis=-1)
    return np.where(unread, 0.0, 1.0 - 2.0 * count / BITS).astype(np.float32)


def _path(collection: Collection) -> Path:
    return collection.store.home / "cache" / "hashes" / f"{collection.id}-{collection.data_hash[:16]}.npy"
