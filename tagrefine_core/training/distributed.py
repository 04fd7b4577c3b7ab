"""One process or several that share each batch (gloo on CPU, NCCL on CUDA)."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError

__all__ = ["World", "pick_device"]


def pick_device(name: str) -> torch.device:
    """Return the device asked for, or with ``auto`` the best there is: cuda, mps, cpu.

    Raises
    ------
    ConfigError
        When the one asked for is not on this machine.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, there in available.items() if there)
    elif not available[name]:
        there = ", ".join(device for device, yes in available.items() if yes)
        raise ConfigError(f"run.device={name} is not available on this machine; there is: {there}.")
    return torch.device(name)


@dataclass(frozen=True)
class World:
    """The processes that train together.

    Attributes
    ----------
    rank, size : int
        This process, of how many.
    device : torch.device
        Where this process computes.
    """

    rank: int
    size: int
    device: torch.device

    @classmethod
    def join(cls, device: str) -> "World":
        """Join the process group that ``torchrun`` describes in the environment; alone without one."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        chosen = pick_device(device)
        if size == 1:
            return cls(0, 1, chosen)
        if chosen.type == "cuda":
            chosen = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(chosen)
        if not dist.is_initialized():
            dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
        return cls(dist.get_rank(), size, chosen)

    @classmethod
    def alone(cls, device: str) -> "World":
        """Return the world of this process, which shares nothing."""
        return cls(0, 1, pick_device(device))

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def share(self, total: int, unit: int = 1) -> slice:
        """Return this process's part of ``total`` rows of a batch, in whole groups of ``unit``."""
        groups, rest = divmod(total // unit, self.size)
        if rest or total % unit:
            raise ConfigError(
                f"A batch of {total // unit} groups cannot be shared by {self.size} processes evenly; "
                f"choose neighbors.s and neighbors.m so that s/m is a multiple of {self.size}."
            )
        return slice(self.rank * groups * unit, (self.rank + 1) * groups * unit)

    def part(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return this process's contiguous part of any number of rows."""
        return np.array_split(rows, self.size)[self.rank]

    def gather(self, tensor: Tensor) -> Tensor:
        """Concatenate the tensors (b_r, ...) of all processes in order of rank."""
        if self.size == 1:
            return tensor
        lengths: list[int | None] = [None] * self.size
        dist.all_gather_object(lengths, len(tensor))
        longest = max(length or 0 for length in lengths)
        padded = torch.zeros((longest, *tensor.shape[1:]), dtype=tensor.dtype, device=tensor.device)
        padded[: len(tensor)] = tensor
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)])

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors, of one type, by their means over all processes."""
        # Not by DDP, which wants a gradient for every weight: a loss need not reach all of them.
        if self.size == 1 or not tensors:
            return
        together = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(together)
        together /= self.size
        means = torch.split(together, [tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def agree(self, value: str) -> str:
        """Return the first process's value in all of them."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            dist.barrier()
