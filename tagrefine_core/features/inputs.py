"""What the network reads: stored features of a frozen trunk, or pictures."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.collections import Collection
from tagrefine_core.features.backbones import Trunk
from tagrefine_core.features.blocks import fill_blocks
from tagrefine_core.features.extraction import Extractor
from tagrefine_core.features.memory import kept_memory
from tagrefine_core.features.pictures import augment, decode_all, decode_many
from tagrefine_core.features.weights import weights_hash
from tagrefine_core.progress import Progress

__all__ = ["FeatureInputs", "Inputs", "PictureInputs", "picture_inputs", "stored_features"]

_BLOCK = 16  # photos that a thread decodes for the pixel cache at a time
_PIXEL_BUDGET = 6 << 30
_COPIED = 1024  # photos that go to the GPU at a time


class Inputs(Protocol):
    """Rows of the collection as input tensors of the network, on its device."""

    def read(self, rows: NDArray[np.int64]) -> Tensor:
        """Return inputs (B, ...) as they are in use."""
        ...

    def read_augmented(self, rows: NDArray[np.int64], *, seed: int, start: int, total: int) -> Tensor:
        """Return inputs (B, ...) for training: rows ``start`` to ``start + B`` of a batch of ``total``."""
        ...


class FeatureInputs:
    """Stored trunk features (N, d) of any float type; nothing to augment."""

    def __init__(self, features: NDArray[np.floating], device: torch.device) -> None:
        self.array = features
        self.device = device

    def read(self, rows: NDArray[np.int64]) -> Tensor:
        """Return features (B, d)."""
        return torch.from_numpy(np.asarray(self.array[rows], dtype=np.float32)).to(self.device)

    def read_augmented(self, rows: NDArray[np.int64], *, seed: int, start: int, total: int) -> Tensor:
        """Return the same features."""
        return self.read(rows)


class PictureInputs:
    """Photos decoded to one size, from the pixel cache or from the files.

    Parameters
    ----------
    pixels : ndarray uint8 (N, 3, size, size) or None
        The pixel cache; None: decode when asked. On a GPU it lies in the GPU's memory, where a quarter of what is free holds it.
    """

    def __init__(
        self,
        collection: Collection,
        size: int,
        *,
        pixels: NDArray[np.uint8] | None,
        augmented: bool,
        device: torch.device,
    ) -> None:
        self.collection = collection
        self.size = size
        self.pixels = pixels
        self.augmented = augmented
        self.device = device
        self._on_device = None if pixels is None else _on_gpu(pixels, device)

    def read(self, rows: NDArray[np.int64]) -> Tensor:
        """Return pictures, uint8 (B, 3, size, size)."""
        if self._on_device is not None:
            return self._on_device[torch.from_numpy(rows).to(self.device)]
        if self.pixels is None:
            pictures = decode_all(_files(self.collection, rows), self.size)
        else:
            pictures = np.asarray(self.pixels[rows])
        return torch.from_numpy(pictures).to(self.device)

    def read_augmented(self, rows: NDArray[np.int64], *, seed: int, start: int, total: int) -> Tensor:
        """Return pictures, cropped and flipped at random where that is asked for."""
        pictures = self.read(rows)
        return augment(pictures, seed=seed, start=start, total=total) if self.augmented else pictures


def picture_inputs(
    home: Path,
    collection: Collection,
    size: int,
    *,
    augmented: bool,
    device: torch.device,
    progress: Progress,
) -> PictureInputs:
    """Return the photos of a collection as inputs, with a pixel cache where it stays below 6 GB."""
    shape = (collection.n, 3, size, size)
    pixels = None
    if int(np.prod(shape)) <= _PIXEL_BUDGET:
        pixels = fill_blocks(
            home / "cache" / "pixels" / f"{_key(collection.data_hash)}-{size}",
            shape=shape,
            dtype=np.uint8,
            block=_BLOCK,
            compute=lambda rows: decode_many(_files(collection, rows), size),
            stage="Reading photos",
            progress=progress,
            data=collection.data_hash,
        )
    return PictureInputs(collection, size, pixels=pixels, augmented=augmented, device=device)


def stored_features(
    home: Path,
    collection: Collection,
    trunk: Trunk,
    size: int,
    *,
    views: int = 1,
    device: torch.device,
    progress: Progress,
) -> NDArray[np.float32]:
    """Return the trunk's features of all photos, float32 (N, d), extracted once and kept in the cache.

    They are keyed by the collection's data, the trunk's weights (whose names tell the network, hence its scale) and what beside
    them makes a feature, the picture size and the views, so they are never stale; an interrupted extraction goes on at the block where it stopped.
    """
    extractor = Extractor(trunk, size, views=views, device=device)
    key = (collection.data_hash, weights_hash(trunk), size, views)
    with kept_memory():
        return fill_blocks(
            home / "cache" / "features" / _key(*key),
            shape=(collection.n, trunk.dimensions),
            dtype=np.float32,
            block=extractor.batch,
            compute=lambda rows: extractor.features(_files(collection, rows)),
            stage="Extracting features",
            progress=progress,
            data=collection.data_hash,
        )


def _on_gpu(pixels: NDArray[np.uint8], device: torch.device) -> Tensor | None:
    """Return the pixel cache on the GPU, where no step waits for pictures; None elsewhere, and where it would take much of its memory."""
    if device.type != "cuda" or pixels.nbytes > torch.cuda.mem_get_info(device)[0] // 4:
        return None
    held = torch.empty(pixels.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(pixels), _COPIED):
        block = slice(start, start + _COPIED)
        held[block] = torch.from_numpy(np.array(pixels[block]))
    return held


def _files(collection: Collection, rows: NDArray[np.int64]) -> list[Path]:
    return [collection.image_path(int(row)) for row in rows]


def _key(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
