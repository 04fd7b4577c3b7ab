"""Checkpoints: whole or absent, and complete enough that a resumed run ends bit-identical on the CPU.

All randomness of training is a function of (seed, stage, step), so no generator states have to be kept: the place in
the schedule is the state of the sampler and of the generators.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tagrefine_core.errors import RunError
from tagrefine_core.files import write_file

__all__ = ["Checkpoint"]


@dataclass
class Checkpoint:
    """Everything that training needs to go on.

    Attributes
    ----------
    stage : str
        "phi0", "constraints" or "done".
    step : int
        Steps of this stage done; schedule, sampler and random draws follow from it.
    weights, average : dict of Tensor
        Trained weights, and their moving average after ``updates`` updates.
    optimizer : dict
        State of the optimizer (momentum).
    bank : Tensor or None
        Stored features (n, d) of the neighbor refresh.
    sigma : float
        Bandwidth of gamma (eq. 2).
    sums : dict of float
        Losses added up since the epoch began.
    points : list of (int, dict of float)
        The sums at some steps of the epoch.
    reference : dict of float
        Monitors of phi0 that later epochs are compared with.
    trace : dict of Tensor
        The neighbor trace so far.
    """

    stage: str
    step: int
    weights: dict[str, Tensor]
    average: dict[str, Tensor]
    updates: int
    optimizer: dict[str, Any]
    bank: Tensor | None = None
    sigma: float = 1.0
    sums: dict[str, float] = field(default_factory=dict)
    points: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    reference: dict[str, float] = field(default_factory=dict)
    trace: dict[str, Tensor] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the checkpoint atomically."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        write_file(path, lambda file: torch.save(values, file))

    @classmethod
    def load(cls, path: Path, device: torch.device) -> "Checkpoint":
        """Read a checkpoint; nothing is unpickled but tensors and plain values.

        Raises
        ------
        RunError
            When there is none or it cannot be read.
        """
        if not path.exists():
            raise RunError(
                f"There is no checkpoint {path}; the run stopped before its first. Start a new run."
            )
        try:
            return cls(**torch.load(path, map_location=device, weights_only=True))
        except Exception as error:
            raise RunError(f"The checkpoint {path} cannot be read ({error}). Start a new run.") from error
