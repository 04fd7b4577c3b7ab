"""One step of the weights down the losses of a batch, shared by all processes."""

from typing import Any

import torch
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import RunError
from tagrefine_core.model.network import Network
from tagrefine_core.training.distributed import World
from tagrefine_core.training.schedule import Average, learning_rate, make_optimizer, trainable

__all__ = ["Descent"]


class Descent:
    """The optimizer of the stage that training is in, its learning rate, and the moving average of the weights.

    Parameters
    ----------
    config : TrainConfig
    network : Network
        Whose weights move.
    world : World
        The processes that share each batch.
    steps_per_epoch : int

    Attributes
    ----------
    average : Average
        Of both stages.
    """

    def __init__(self, config: TrainConfig, network: Network, world: World, *, steps_per_epoch: int) -> None:
        self.config, self.network, self.world = config, network, world
        self.steps_per_epoch = steps_per_epoch
        self.average = Average(network, config.optimizer.average)
        self.begin("phi0")

    def begin(self, stage: str) -> None:
        """Start a stage, "phi0" or "constraints", with an optimizer that has seen nothing."""
        self.stage = stage
        self.of_stage: Any = self.config.phi0 if stage == "phi0" else self.config.constraints
        self.optimizer = make_optimizer(self.config, stage, self.network)

    def restore(
        self, stage: str, optimizer: dict[str, Any], average: dict[str, Tensor], updates: int
    ) -> None:
        """Go on with what a checkpoint kept."""
        self.begin(stage)
        self.optimizer.load_state_dict(optimizer)
        self.average.load(average, updates)

    @property
    def lr(self) -> float:
        """The learning rate of the last step, of the new layers."""
        return float(self.optimizer.param_groups[-1]["lr"])

    def move(self, step: int, losses: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
        """Move the weights down the weighted sum of the losses, which is returned.

        Raises
        ------
        RunError
            When the sum is not a number.
        """
        factor = learning_rate(
            self.config.optimizer.schedule,
            step,
            steps_per_epoch=self.steps_per_epoch,
            total=self.steps_per_epoch * self.config.epochs(self.stage, self.steps_per_epoch),
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        loss = sum(
            (weights[name] * value for name, value in losses.items()),
            start=torch.zeros(()).to(self.world.device),
        )
        if not torch.isfinite(loss):
            raise RunError(
                f"The loss is not a number after {step} steps of stage {self.stage!r}. Lower its lr "
                f"(it is {self.of_stage.lr:g}) or the weight of the term that grew: "
                + ", ".join(f"{name}={value.item():.3g}" for name, value in losses.items())
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        gradients = (weight.grad for weight in trainable(self.network).values())
        self.world.average([gradient for gradient in gradients if gradient is not None])
        self.optimizer.step()
        self.average.update()
        return loss
