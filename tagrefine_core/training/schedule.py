"""The learning rate and the averaged weights, as functions of the step."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["Average", "learning_rate", "trainable"]


def learning_rate(schedule: str, step: int, *, steps_per_epoch: int, total: int, drop_every: int) -> float:
    """Return the factor of the learning rate at a step, in (0, 1].

    Parameters
    ----------
    schedule : {"step", "onecycle", "constant"}
        "step" is the paper's: a tenth every ``drop_every`` epochs. "onecycle" rises for a tenth of the steps and
        falls along half a cosine.
    """
    if schedule == "step":
        return float(0.1 ** (step // steps_per_epoch // drop_every))
    if schedule == "constant":
        return 1.0
    rise = max(1, total // 10)
    if step < rise:
        return (step + 1) / rise
    return max(1e-4, 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(1, total - rise))))


def trainable(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights that are being trained, by name; the rest is given by the backbone."""
    return {name: weight for name, weight in network.named_parameters() if weight.requires_grad}


class Average:
    """Exponential moving average of the trained weights; what is scored and stored.

    Early on the decay is (1 + t) / (10 + t), so that the start is forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = network
        self.decay = decay
        self.updates = 0
        self.weights = {name: weight.detach().clone() for name, weight in trainable(network).items()}

    def update(self) -> None:
        """Take in the weights as they are now."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates)) if self.decay else 0.0
        with torch.no_grad():
            for name, weight in trainable(self.network).items():
                self.weights[name].lerp_(weight, 1.0 - decay)

    def load(self, weights: Mapping[str, Tensor], updates: int) -> None:
        """Continue an average that was stored."""
        self.updates = updates
        with torch.no_grad():
            for name, weight in weights.items():
                self.weights[name].copy_(weight)

    def apply(self) -> None:
        """Make the average the network's own weights."""
        with torch.no_grad():
            for name, weight in trainable(self.network).items():
                weight.copy_(self.weights[name])

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the averaged weights for a while."""
        kept = {name: weight.detach().clone() for name, weight in trainable(self.network).items()}
        self.apply()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in trainable(self.network).items():
                    weight.copy_(kept[name])
