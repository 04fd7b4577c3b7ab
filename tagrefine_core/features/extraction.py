"""Features of photos by a frozen trunk, as fast as the machine allows."""

import copy
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from tagrefine_core.features.backbones import Trunk, look
from tagrefine_core.features.pictures import decode_many
from tagrefine_core.features.threads import ahead

__all__ = ["Extractor", "folded"]

# Photos that a thread looks at together. On a CPU the number hardly matters where memory is kept, and few fit its caches.
_ON_CPU, _ON_ACCELERATOR = 4, 64


class Extractor:
    """A trunk as it looks at photo files.

    Parameters
    ----------
    trunk : Trunk
        Is not changed.
    size : int
        Side of the pictures in pixels.
    views : {1, 2}
        2: the mean feature of a photo and its mirror image.
    device : torch.device

    Attributes
    ----------
    batch : int
        Photos to ask for at once.
    """

    def __init__(self, trunk: Trunk, size: int, *, views: int, device: torch.device) -> None:
        self.trunk, self.size, self.views, self.device = folded(trunk).to(device), size, views, device
        self.batch = _ON_CPU if device.type == "cpu" else _ON_ACCELERATOR
        self._turn: AbstractContextManager[object] = (
            nullcontext() if device.type == "cpu" else threading.Lock()
        )

    def features(self, images: Sequence[Path]) -> NDArray[np.float32]:
        """Return the features (B, d) of one batch of photos, by this thread alone.

        Raises
        ------
        ImageError
            Naming the file that cannot be read.
        """
        pictures = torch.from_numpy(decode_many(images, self.size))
        with self._turn, torch.inference_mode():
            features: NDArray[np.float32] = (
                look(self.trunk, pictures.to(self.device), views=self.views).cpu().numpy()
            )
        return features

    def features_of_all(self, images: Sequence[Path]) -> NDArray[np.float32]:
        """Return the features (B, d) of any number of photos, by all cores; ImageError as `features`."""
        batches = [images[start : start + self.batch] for start in range(0, len(images), self.batch)]
        return np.concatenate(list(ahead(self.features, batches)))


def folded(trunk: Trunk) -> Trunk:
    """Return a copy, frozen, whose batch normalizations are parts of the convolutions before them.

    Its features differ by rounding only: a normalization with fixed statistics is a linear map of each channel.
    """
    trunk = copy.deepcopy(trunk).requires_grad_(False).eval()
    for parent in list(trunk.modules()):
        before = ""
        for name, module in list(parent.named_children()):
            convolution = getattr(parent, before, None)
            if isinstance(module, nn.BatchNorm2d) and isinstance(convolution, nn.Conv2d):
                setattr(parent, before, fuse_conv_bn_eval(convolution, module))
                setattr(parent, name, nn.Identity())
            before = name
    return trunk.to(memory_format=torch.channels_last)
