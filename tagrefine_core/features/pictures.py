"""Photos as tensors: decoding to one size, normalization, augmentation."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

from tagrefine_core.collections.images import load_image
from tagrefine_core.errors import ImageError

__all__ = ["augment", "decode", "decode_many", "normalize"]

# Mean and standard deviation of ImageNet, which all of torchvision's weights expect.
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)


def decode(path: Path, size: int) -> NDArray[np.uint8]:
    """Return a photo as uint8 (3, size, size): the shorter side scaled to ``size``, the middle kept.

    Raises
    ------
    ImageError
        Naming the file, when it cannot be read.
    """
    try:
        picture = ImageOps.fit(load_image(path, size=size), (size, size), Image.Resampling.BILINEAR)
    except ImageError as error:
        raise ImageError(f"{path} {error}.") from error
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1))


def decode_many(paths: Sequence[Path], size: int) -> NDArray[np.uint8]:
    """Return photos as uint8 (B, 3, size, size), decoded by as many threads as there are cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        pictures = list(pool.map(lambda path: decode(path, size), paths))
    return np.stack(pictures) if pictures else np.zeros((0, 3, size, size), dtype=np.uint8)


def normalize(pictures: Tensor) -> Tensor:
    """Return uint8 pictures (B, 3, H, W) as float32 in the scale of ImageNet weights."""
    mean = torch.tensor(_MEAN, device=pictures.device)[:, None, None]
    std = torch.tensor(_STD, device=pictures.device)[:, None, None]
    scaled = (pictures.float() / 255.0 - mean) / std
    return scaled.contiguous(memory_format=torch.channels_last)


def augment(pictures: Tensor, *, seed: int, start: int, total: int) -> Tensor:
    """Return float pictures (B, 3, H, W) cropped to 70-100 % of their sides and flipped, at random.

    What happens to a picture depends on the seed and on its place in the whole batch of ``total`` only, so
    several processes that share a batch do what one would.
    """
    draws = np.random.default_rng(seed).random((max(total, len(pictures)), 4))[start : start + len(pictures)]
    scale = 0.7 + 0.3 * draws[:, 0]
    flip = np.where(draws[:, 1] < 0.5, -1.0, 1.0)
    theta = np.zeros((len(pictures), 2, 3))
    theta[:, 0, 0], theta[:, 1, 1] = scale * flip, scale
    theta[:, :, 2] = (1.0 - scale)[:, None] * (2.0 * draws[:, 2:] - 1.0)
    grid = functional.affine_grid(
        torch.from_numpy(theta).to(pictures), list(pictures.shape), align_corners=False
    )
    moved = functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return moved.contiguous(memory_format=torch.channels_last)
