"""The training process of the paper (Algorithm 2), from phi0 to a network whose neighbors agree."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled
from tagrefine_core.model.design import Design
from tagrefine_core.model.least_squares import LinearLayer, least_squares
from tagrefine_core.model.losses import logistic
from tagrefine_core.model.network import Network
from tagrefine_core.progress import Progress
from tagrefine_core.training.checkpoint import Checkpoint
from tagrefine_core.training.descent import Descent
from tagrefine_core.training.distributed import World
from tagrefine_core.training.epochs import Epochs
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.journal import Journal
from tagrefine_core.training.neighborhood import Neighborhood
from tagrefine_core.training.objective import Objective
from tagrefine_core.training.schedule import trainable
from tagrefine_core.training.tracing import Tracing
from tagrefine_core.training.training_set import TrainingSet

__all__ = ["Trainer"]

_STAGES = {"phi0": 1, "constraints": 2}
_TITLES = {"phi0": "Learning from the users' tags", "constraints": "Training with neighbors"}


class Trainer:
    """One network trained: stage 1 (phi0), stage 2 (constraints over dynamic neighbors).

    Parameters
    ----------
    config : TrainConfig
    network : Network
        Ends up trained.
    training_set : TrainingSet
    world : World
        The processes that share each batch.
    parts : sequence of int64 arrays
        Training photos that the closed form leaves out in turn; by default none.
    folder : Path
        Where candidates and checkpoint go; with a checkpoint there, training goes on from it.
    trace : Path or None
        The file of the neighbor trace; None: nobody asks for neighbors.
    journal : Journal
        Where epochs and warnings go (of the first process).
    progress : Progress
        Called after every step; may raise Cancelled, upon which a checkpoint is written.

    Attributes
    ----------
    solved : list of LinearLayer
        Without each of the parts; the last, of all photos. Empty where nothing is solved for.
    """

    def __init__(
        self,
        config: TrainConfig,
        network: Network,
        training_set: TrainingSet,
        world: World,
        *,
        parts: Sequence[NDArray[np.int64]] = (),
        folder: Path,
        trace: Path | None,
        journal: Journal,
        progress: Progress,
    ) -> None:
        self.config, self.network, self.training_set, self.world = config, network, training_set, world
        self.parts, self.folder, self.progress = parts, folder, progress
        self.n = len(training_set.rows)
        self.steps_per_epoch = config.steps_per_epoch(self.n)
        network.classifier.requires_grad_(not config.exact)
        self.forward = Forward(network, training_set, config, world)
        self.neighborhood = Neighborhood(
            config, self.forward, world, images=self.n, path=folder / "candidates.npy"
        )
        self.objective = Objective(config, training_set, self.forward, world)
        self.descent = Descent(config, network, world, steps_per_epoch=self.steps_per_epoch)
        self.average = self.descent.average
        self.epochs = Epochs(config, self.forward, self.average, world, journal, self.objective.weights)
        self.tracing: Tracing | None = None
        if trace is not None and config.run.trace:
            self.tracing = Tracing(
                config, self.forward, self.average, self.neighborhood, world, path=trace, folder=folder
            )
        self.solved: list[LinearLayer] = []
        self.stage, self.step = "phi0", 0
        self.resumed: Checkpoint | None = None
        self.saved, self.patience = time.monotonic(), config.run.checkpoint_seconds

    def train(self) -> None:
        """Run Algorithm 2 from the start, or from the last checkpoint, to the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world.wait()
        if self.checkpoint_path.exists():
            self._restore()
        elif self.tracing is not None:
            self.tracing.begin(self.stage, self.progress)
        try:
            if self.stage == "phi0":
                if self.config.exact:
                    self._solve(1.0)
                else:
                    self.learn_phi0()
                self._begin("constraints")
            if self.stage == "constraints":
                self._learn_constraints()
                self._begin("done")
        except Cancelled:
            self._write_checkpoint()
            raise
        self.average.apply()
        if self.tracing is not None:
            self.tracing.save()
        if self.config.scoring.closed_form:
            self._solve(self.config.scoring.closed_form)
        self.network.classifier.requires_grad_()

    def _solve(self, share: float) -> None:
        """Average the last layer with its closed form on what it reads; beside that, solve for it without each of the parts."""
        if not self.solved or not self.config.exact:  # where it is solved for alone, what is read never moves
            design = self.training_set.design
            if design is None:
                design = Design(self.forward.of_all(self.forward.represented), self.config.seed)
            self.progress("Solving for the last layer", 0, 1)
            self.solved = least_squares(
                design,
                self.training_set.targets,
                parts=self.parts if len(self.parts) > 1 else (),
                prototype=self.config.scoring.prototype,
            )
        last, found = self.network.classifier, self.solved[-1]
        with torch.no_grad():
            last.weight.lerp_(found.weight.to(self.world.device), share)
            last.bias.lerp_(found.bias.to(self.world.device), share)

    # Stage 1 (Algorithm 2, line 1)

    def learn_phi0(self) -> None:
        """Train on the users' tags alone."""
        steps = self.steps_per_epoch
        epochs = self.config.epochs("phi0", steps)
        while self.step < steps * epochs:
            epoch, place = divmod(self.step, steps)
            order = np.random.default_rng((self.config.seed, _STAGES["phi0"], epoch)).permutation(self.n)
            s = min(self.config.neighbors.s, self.n - self.n % self.world.size)
            rows = np.resize(order, steps * s)[place * s : (place + 1) * s][self.world.share(s)]
            logits, _ = self.forward_step(rows, s)
            self.update({"logistic": logistic(logits, self.forward.targets(rows))}, {"logistic": 1.0})
            self._after_step(epochs)
        if epochs:
            self.average.apply()

    # Stage 2 (Algorithm 2, lines 2 to 5)

    def _learn_constraints(self) -> None:
        steps = self.steps_per_epoch
        epochs = self.config.epochs("constraints", steps)
        total = steps * epochs
        if not total:
            return  # nobody asks for neighbors
        self.start_constraints()
        while self.step < total:
            self.neighborhood.refresh(self.step, steps)
            batch = self.neighborhood.select(self.neighborhood.anchors(self.step))
            rows = batch.rows.reshape(-1)
            logits, features = self.forward_step(rows, len(rows) * self.world.size)
            losses = self.objective.losses(logits, features, batch, self.neighborhood.sigma)
            self.update(losses, self.objective.weights)
            self.neighborhood.overwrite(rows, features)
            self._after_step(epochs)

    def start_constraints(self) -> None:
        """Find the neighbors under phi0, or go on with a checkpoint's."""
        state, self.resumed = self.resumed, None
        self.stage = "constraints"
        if self.step == 0:
            self.descent.begin(self.stage)
            self.neighborhood.find(self.progress)
        elif state is not None:
            self.neighborhood.restore(state.bank, state.sigma)

    # One step

    def forward_step(self, rows: NDArray[np.int64], total: int) -> tuple[Tensor, Tensor]:
        """Return logits and features of this process's rows of a batch of ``total``, with this step's random draws."""
        return self.forward.training(rows, total, _mix(self.config.seed, _STAGES[self.stage], self.step))

    def update(self, losses: dict[str, Tensor], weights: dict[str, float]) -> None:
        """Move the weights one step down the weighted sum of the losses."""
        loss = self.descent.move(self.step, losses, weights)
        self.epochs.add({**losses, "loss": loss}, self.step, self.steps_per_epoch)

    def _after_step(self, epochs: int) -> None:
        self.step += 1
        steps = self.steps_per_epoch
        if self.step % steps == 0:
            self.epochs.end(self.stage, self.step, steps, self.descent.lr)
        if self.tracing is not None:
            self.tracing.after(self.stage, self.step, steps * epochs)
        if time.monotonic() - self.saved > self.patience:
            self._write_checkpoint()
        self.progress(_TITLES[self.stage], self.step, steps * epochs)

    # Checkpoints

    @property
    def checkpoint_path(self) -> Path:
        """Where the checkpoint is written."""
        return self.folder / "checkpoint.pt"

    def _begin(self, stage: str) -> None:
        self.stage, self.step = stage, 0
        self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        began = time.monotonic()
        bank = self.neighborhood.bank if self.stage == "constraints" else None
        if self.world.first:
            Checkpoint(
                stage=self.stage,
                step=self.step,
                weights={name: weight.detach() for name, weight in trainable(self.network).items()},
                average=self.average.weights,
                updates=self.average.updates,
                optimizer=self.descent.optimizer.state_dict(),
                bank=bank.features if bank is not None else None,
                sigma=self.neighborhood.sigma,
                sums=self.epochs.sums,
                points=self.epochs.points,
                reference=self.epochs.reference,
                trace=self.tracing.recorder.state() if self.tracing is not None else {},
            ).save(self.checkpoint_path)
        self.saved = time.monotonic()
        # A bank of gigabytes takes long to write: never more than a twentieth of the time.
        self.patience = max(self.config.run.checkpoint_seconds, 20.0 * (self.saved - began))

    def _restore(self) -> None:
        state = self.resumed = Checkpoint.load(self.checkpoint_path, self.world.device)
        self.stage, self.step = state.stage, state.step
        with torch.no_grad():
            for name, weight in trainable(self.network).items():
                weight.copy_(state.weights[name])
        self.descent.restore(state.stage, state.optimizer, state.average, state.updates)
        self.epochs.sums, self.epochs.points = state.sums, state.points
        self.epochs.reference = state.reference
        if self.tracing is not None:
            self.tracing.restore(state.trace)
        if self.config.exact and self.stage == "constraints":
            self._solve(1.0)


def _mix(seed: int, stage: int, step: int) -> int:
    """Return a seed that is a function of all three."""
    return int(np.random.SeedSequence((seed, stage, step)).generate_state(1)[0])
