"""How weights move: steps of an epoch, optimizer, learning rate, moving average."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tagrefine_core.config import TrainConfig

__all__ = ["Average", "learning_rate", "make_optimizer", "trainable"]

_MOMENTUM = 0.9
_DROP_EVERY = 10  # epochs


def make_optimizer(config: TrainConfig, stage: str, network: nn.Module) -> torch.optim.Optimizer:
    """Return the optimizer of a stage, not yet used; each group keeps its own rate under ``base``."""
    lr = config.phi0.lr if stage == "phi0" else config.constraints.lr
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in trainable(network).items():
        rate = lr * (config.optimizer.lr_backbone if name.startswith("trunk.") else 1.0)
        # Biases and normalization have nothing to gain from shrinking.
        decay = config.optimizer.weight_decay if weight.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(weight)
    # Where all that learns is solved for there is one group without weights: torch refuses none.
    parameters = [
        {"params": weights, "lr": rate, "base": rate, "weight_decay": decay}
        for (rate, decay), weights in (groups or {(lr, 0.0): []}).items()
    ]
    if config.optimizer.algorithm == "adamw":
        return torch.optim.AdamW(parameters)
    return torch.optim.SGD(parameters, momentum=_MOMENTUM)


def learning_rate(schedule: str, step: int, *, steps_per_epoch: int, total: int) -> float:
    """Return the factor of the learning rate at a step, in (0, 1].

    Parameters
    ----------
    schedule : {"step", "onecycle", "constant"}
        "step" is the paper's: a tenth every ten epochs. "onecycle" rises for a tenth of the steps and
        falls along half a cosine.
    """
    if schedule == "step":
        return float(0.1 ** (step // steps_per_epoch // _DROP_EVERY))
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
