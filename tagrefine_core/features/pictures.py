"""Photos as tensors: decoding to one size, normalization, augmentation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

from tagrefine_core.collections.images import load_image
from tagrefine_core.errors import ImageError
from tagrefine_core.features.threads import ahead

__all__ = ["IMAGENET", "Scale", "augment", "decode", "decode_all", "decode_many", "normalize"]


@dataclass(frozen=True)
class Scale:
    """What a network subtracts from red, green and blue, 0 to 255, and what it divides them by."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


_AT_ONCE = 4  # photos that a thread decodes before it takes the next

IMAGENET = Scale((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and standard deviation of ImageNet, which all of torchvision's weights expect."""


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
    return np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1)


def decode_many(paths: Sequence[Path], size: int) -> NDArray[np.uint8]:
    """Return photos as uint8 (B, 3, size, size), in the layout that convolutions want: colors of a pixel side by side."""
    pictures = np.empty((len(paths), size, size, 3), dtype=np.uint8).transpose(0, 3, 1, 2)
    for place, path in enumerate(paths):
        pictures[place] = decode(path, size)
    return pictures


def decode_all(paths: Sequence[Path], size: int) -> NDArray[np.uint8]:
    """Return photos as `decode_many` does, by all cores."""
    blocks = [paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE)]
    return np.concatenate(list(ahead(lambda block: decode_many(block, size), blocks)))


def normalize(pictures: Tensor, scale: Scale) -> Tensor:
    """Return pictures (B, 3, H, W), 0 to 255 of any type, as float32 in the scale that a network was trained in."""
    mean, deviation = (
        torch.tensor(part, device=pictures.device)[:, None, None] for part in (scale.mean, scale.deviation)
    )
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    return (pictures - mean) / deviation


def augment(pictures: Tensor, *, seed: int, start: int, total: int) -> Tensor:
    """Return pictures (B, 3, H, W) as float32, cropped to 70-100 % of their sides and flipped, at random.

    What happens to a picture depends on the seed and on its place in the whole batch of ``total`` only, so
    several processes that share a batch do what one would.
    """
    draws = np.random.default_rng(seed).random((max(total, len(pictures)), 4))[start : start + len(pictures)]
    scale = 0.7 + 0.3 * draws[:, 0]
    flip = np.where(draws[:, 1] < 0.5, -1.0, 1.0)
    theta = np.zeros((len(pictures), 2, 3))
    theta[:, 0, 0], theta[:, 1, 1] = scale * flip, scale
    theta[:, :, 2] = (1.0 - scale)[:, None] * (2.0 * draws[:, 2:] - 1.0)
    pictures = pictures.float()
    grid = functional.affine_grid(
        torch.from_numpy(theta).to(pictures), list(pictures.shape), align_corners=False
    )
    moved = functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return moved.contiguous(memory_format=torch.channels_last)
