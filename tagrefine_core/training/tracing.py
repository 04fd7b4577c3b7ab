"""When the neighbor trace looks at a network that learns, and among whom (the paper's Fig. 4)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.files import read_array
from tagrefine_core.neighbors.search import candidate_sets
from tagrefine_core.progress import Progress
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.neighborhood import Neighborhood
from tagrefine_core.training.recorder import TraceRecorder, moments
from tagrefine_core.training.schedule import Average

__all__ = ["Tracing"]

# Moments of a stage at which neighbors are recorded: on a frozen trunk they cost little, through a trunk each is a pass over all photos.
_MOMENTS, _MOMENTS_OF_TRUNK = 7, 3


class Tracing:
    """Shows a `TraceRecorder` the features of a network at moments of its training.

    Parameters
    ----------
    config : TrainConfig
    forward : Forward
        The network.
    average : Average
        Its weights as they would stay.
    neighborhood : Neighborhood
        Its candidates are the trace's where nothing learns before stage 2.
    world : World
    path : Path
        The file of the trace.
    folder : Path
        Where the trace's own candidates go.
    """

    def __init__(
        self,
        config: TrainConfig,
        forward: Forward,
        average: Average,
        neighborhood: Neighborhood,
        world: World,
        *,
        path: Path,
        folder: Path,
    ) -> None:
        self.forward, self.average, self.neighborhood, self.world = forward, average, neighborhood, world
        self.path, self.n = path, len(forward.training_set.rows)
        self.recorder = TraceRecorder(
            forward.training_set.rows, neighbors=config.neighbors.m - 1, seed=config.seed
        )
        self.most = min(config.neighbors.M, self.n - 1)
        # Where nothing learns before stage 2, its candidates are the trace's: they hold the seven nearest of uncentered features.
        self.shared = config.exact and config.constraints.epochs > 0
        self.path_of_candidates = neighborhood.path if self.shared else folder / "trace.npy"
        self.candidates: NDArray[np.int32] = np.zeros((0, 0), dtype=np.int32)

    def begin(self, stage: str, progress: Progress) -> None:
        """Record who is near in the frozen features and before the first step; candidates are sought, which may take long."""
        frozen = self.forward.of_all(self.forward.given)
        if self.shared:
            self.neighborhood.find_candidates(progress)
        elif self.world.first:
            candidate_sets(
                frozen.cpu().numpy(),
                self.most,
                out=self.path_of_candidates,
                progress=lambda done, total: progress("Finding neighbors", done, total),
                device="cuda" if self.world.device.type == "cuda" else "cpu",
            )
        if self.world.first:
            self.candidates = read_array(self.path_of_candidates)
            self.recorder.take("frozen", 0, frozen, self.candidates)
        self.world.wait()
        self._record(stage, 0)

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on with a checkpoint's trace."""
        self.recorder.load(state)
        self.candidates = read_array(self.path_of_candidates)

    def after(self, stage: str, step: int, total: int) -> None:
        """Record who is near, where this step of the stage's ``total`` is one of its moments."""
        count = _MOMENTS if self.forward.network.trunk is None else _MOMENTS_OF_TRUNK
        if step in moments(total, count):
            self._record(stage, step)

    def save(self) -> None:
        """Write the file (the first process does)."""
        if self.world.first:
            self.recorder.save(self.path)

    def _record(self, stage: str, step: int) -> None:
        """Record who is near by the weights that would stay if training ended now."""
        with self.average.in_place():
            features = self.forward.of_all(self.forward.features)
        if self.world.first:
            self.recorder.take(stage, step, features, self.candidates)
