"""Dropout that a resumed or a shared training repeats exactly."""

import torch
from torch import Tensor, nn

__all__ = ["Dropout"]


class Dropout(nn.Module):
    """Dropout whose mask is a function of a seed and of the image's place in the whole batch.

    Resuming draws the same masks without any stored generator state, and several processes that share a batch
    draw together what one process would.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.seed, self.start, self.total = 0, 0, 0

    def forward(self, x: Tensor) -> Tensor:
        """Zero entries of (B, ...) at random while training, and scale the rest up."""
        if not self.training or self.rate == 0.0:
            return x
        generator = torch.Generator(device=x.device).manual_seed(self.seed)
        shape = (max(self.total, x.shape[0]), *x.shape[1:])
        kept = torch.rand(shape, generator=generator, device=x.device) >= self.rate
        return x * kept[self.start : self.start + x.shape[0]] / (1.0 - self.rate)
