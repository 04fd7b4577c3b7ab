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
_POINTS = 4  # of an epoch, at which its losses so far are noted


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
    points : list of (int, dict of float)
        The sums at some steps of the epoch.
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
        self.points: list[tuple[int, dict[str, float]]] = []
        self.reference: dict[str, float] = {}
        self.seen: dict[str, float | None] = {}
        self.began = time.monotonic()

    def add(self, losses: dict[str, Tensor], step: int, steps: int) -> None:
        """Add the losses of a step: so many were done before, of an epoch's so many."""
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())
        place = step % steps + 1
        if place * _POINTS // steps > (place - 1) * _POINTS // steps:
            self.points.append((place, dict(self.sums)))

    def end(self, stage: str, step: int, steps: int, lr: float) -> None:
        """Write down the epoch of ``steps`` steps that is over after ``step`` of the stage."""
        epoch, seconds = step // steps, time.monotonic() - self.began
        sums = torch.tensor([list(of.values()) for _, of in self.points], dtype=torch.float64)
        sums = self.world.gather(sums[None].to(self.world.device)).mean(dim=0)  # of all processes
        values: dict[str, float | None] = dict(zip(self.sums, (sums[-1] / steps).tolist(), strict=True))
        points = self._means(sums, first=step - steps)
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
            self.journal.write_epoch(EpochRecord(stage, epoch, step, values, points))
            if last_of_phi0:
                self.journal.warn(self._warning_of_phi0(values))
            elif stage == "constraints":
                # Said as long as it holds: training may recover, and what was said of phi0 stays true.
                collapsed = warning_of_epoch(values, self.reference)
                self.journal.warn(collapsed or self._warning_of_phi0(dict(self.reference)))
        self.sums, self.points, self.began = {}, [], time.monotonic()

    def _means(self, sums: Tensor, *, first: int) -> tuple[tuple[int, dict[str, float]], ...]:
        """Return the mean losses between one point and the next, by the step of the stage after which ``first`` steps began the epoch."""
        places = [place for place, _ in self.points]
        widths = torch.tensor(places, dtype=sums.dtype).diff(prepend=torch.zeros(1, dtype=sums.dtype))
        means = sums.cpu().diff(dim=0, prepend=torch.zeros_like(sums[:1]).cpu()) / widths[:, None]
        return tuple(
            (first + place, dict(zip(self.sums, row, strict=True)))
            for place, row in zip(places, means.tolist(), strict=True)
        )

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
