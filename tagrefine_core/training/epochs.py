"""The end of each epoch: what is written of it, and when it says that training goes wrong."""

import time

import numpy as np
import torch
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.store import EpochRecord
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.journal import Journal
from tagrefine_core.training.monitors import monitors, warning_after_phi0, warning_of_epoch
from tagrefine_core.training.schedule import Average

__all__ = ["Epochs"]

_WATCHED = 1000  # training images that the monitors look at


class Epochs:
    """Adds up the losses of an epoch, looks at the network when it ends, and tells the journal.

    Parameters
    ----------
    config : TrainConfig
    forward : Forward
        The network.
    average : Average
        Its weights as they would stay.
    world : World
    journal : Journal
        Where epochs and warnings go (of the first process).
    weights : dict of float
        Of the terms of stage 2.

    Attributes
    ----------
    sums : dict of float
        Losses added up since the epoch began.
    reference : dict of float
        What was seen at the end of phi0, which later epochs are compared with.
    """

    def __init__(
        self,
        config: TrainConfig,
        forward: Forward,
        average: Average,
        world: World,
        journal: Journal,
        weights: dict[str, float],
    ) -> None:
        self.config, self.forward, self.average = config, forward, average
        self.world, self.journal, self.weights = world, journal, weights
        self.n = len(forward.training_set.rows)
        self.sums: dict[str, float] = {}
        self.reference: dict[str, float] = {}
        self.seen: dict[str, float | None] = {}
        self.began = time.monotonic()

    def add(self, losses: dict[str, Tensor]) -> None:
        """Add the losses of a step."""
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())

    def end(self, stage: str, step: int, steps: int, lr: float) -> None:
        """Write down the epoch of ``steps`` steps that is over after ``step`` of the stage."""
        epoch, seconds = step // steps, time.monotonic() - self.began
        means = torch.tensor([list(self.sums.values())], dtype=torch.float64) / steps
        means = self.world.gather(means.to(self.world.device)).mean(dim=0)
        values: dict[str, float | None] = dict(zip(self.sums, means.tolist(), strict=True))
        values["seconds"] = seconds
        values["images_per_second"] = steps * min(self.config.neighbors.s, self.n) / max(seconds, 1e-9)
        values["lr"] = lr
        # Of a last layer that is solved for, what it reads and what reads it never move.
        if not self.seen or not self.config.exact:
            self.seen = self._watch()
        values.update(self.seen)
        last_of_phi0 = stage == "phi0" and epoch == self.config.phi0.epochs
        if last_of_phi0:
            self.reference = {name: value for name, value in values.items() if isinstance(value, float)}
        if self.world.first:
            self.journal.write_epoch(EpochRecord(stage, epoch, step, values))
            if last_of_phi0:
                self.journal.warn(self._warning_of_phi0(values))
            elif stage == "constraints":
                # Said as long as it holds: training may recover, and what was said of phi0 stays true.
                collapsed = warning_of_epoch(values, self.reference)
                self.journal.warn(collapsed or self._warning_of_phi0(dict(self.reference)))
        self.sums, self.began = {}, time.monotonic()

    def _warning_of_phi0(self, values: dict[str, float | None]) -> str | None:
        if "q50" not in values:
            return None
        return warning_after_phi0(values, eta=self.weights["logistic"], lambda2=self.weights["err"])

    def _watch(self) -> dict[str, float | None]:
        """Return the monitors, of a fixed sample of training photos and the photos watched with ground truth."""
        watched = self.forward.training_set.watched
        judged = np.zeros(0, dtype=np.int64) if watched is None else watched.rows[:_WATCHED]
        sample = np.sort(np.random.default_rng((self.config.seed, 3)).permutation(self.n)[:_WATCHED])
        rows = np.concatenate([judged, sample])
        with self.average.in_place():
            probabilities = self.forward.probabilities(rows)
        return monitors(
            probabilities.cpu(),
            self.forward.user_tags(rows).cpu(),
            label_columns=None if watched is None else watched.label_columns,
            truth=None if watched is None else watched.truth[: len(judged)],
            seed=self.config.seed,
        )
