"""The training process of the paper (Algorithm 2), from phi0 to refined scores."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.files import read_array
from tagrefine_core.model.batches import Batch
from tagrefine_core.model.least_squares import LinearLayer, least_squares
from tagrefine_core.model.losses import (
    logistic,
    neighborhood,
    semantic_dependency,
    user_error_sparsity,
    visual_consistency,
    visual_similarity,
)
from tagrefine_core.model.network import Network
from tagrefine_core.neighbors import candidate_sets
from tagrefine_core.progress import Progress
from tagrefine_core.store import EpochRecord
from tagrefine_core.training.checkpoint import Checkpoint
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.journal import Journal
from tagrefine_core.training.monitors import monitors, warning_after_phi0, warning_of_epoch
from tagrefine_core.training.neighborhood import Neighborhood
from tagrefine_core.training.recorder import TraceRecorder, moments
from tagrefine_core.training.schedule import (
    Average,
    learning_rate,
    make_optimizer,
    steps_per_epoch,
    trainable,
)
from tagrefine_core.training.training_set import TrainingSet

__all__ = ["Trainer"]

_WATCHED = 1000  # training images that the monitors look at
_STAGES = {"phi0": 1, "constraints": 2}
# Moments of a stage at which neighbors are recorded: on a frozen trunk they cost little, through a trunk each is a pass over all photos.
_MOMENTS, _MOMENTS_OF_TRUNK = 7, 3
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
        self.parts = parts
        self.folder, self.journal, self.progress = folder, journal, progress
        self.trace_path = trace if config.run.trace else None
        self.n = len(training_set.rows)
        self.steps_per_epoch = steps_per_epoch(config, self.n)
        network.classifier.requires_grad_(not config.exact)
        self.forward = Forward(network, training_set, config, world)
        self.neighborhood = Neighborhood(
            config, self.forward, world, images=self.n, path=folder / "candidates.npy"
        )
        self.average = Average(network, config.optimizer.average)
        self.optimizer = make_optimizer(config, "phi0", network)
        self.trace: TraceRecorder | None = None
        self.solved: list[LinearLayer] = []  # without each of the parts; the last, of all photos
        self.xi = None if training_set.xi is None else torch.from_numpy(training_set.xi).to(world.device)
        self.stage, self.step = "phi0", 0
        self.sums: dict[str, float] = {}
        self.reference: dict[str, float] = {}
        self.saved = self.began = time.monotonic()
        self.patience = config.run.checkpoint_seconds
        self.resumed: Checkpoint | None = None

    @property
    def checkpoint_path(self) -> Path:
        """Where the checkpoint is written."""
        return self.folder / "checkpoint.pt"

    def train(self) -> None:
        """Run Algorithm 2 from the start, or from the last checkpoint, to the end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world.wait()
        if self.checkpoint_path.exists():
            self._restore()
        if self.trace_path is not None:
            self._begin_trace()
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
        if self.trace is not None and self.trace_path is not None and self.world.first:
            self.trace.save(self.trace_path)
        if self.config.scoring.closed_form:
            self._solve(self.config.scoring.closed_form)
        self.network.classifier.requires_grad_()

    def _solve(self, share: float) -> None:
        """Average the last layer with its closed form on what it reads; beside that, solve for it without each of the parts."""
        if not self.solved or not self.config.exact:  # where they are exact, what is read never moves
            read, targets = self.forward.of_all(self.forward.represented), self.training_set.targets
            self.progress("Solving for the last layer", 0, 1)
            self.solved = least_squares(
                read,
                targets,
                parts=self.parts if len(self.parts) > 1 else (),
                prototype=self.config.scoring.prototype,
                seed=self.config.seed,
            )
        last = self.network.classifier
        with torch.no_grad():
            last.weight.lerp_(self.solved[-1].weight, share)
            last.bias.lerp_(self.solved[-1].bias, share)

    # Stage 1 (Algorithm 2, line 1)

    def learn_phi0(self) -> None:
        """Train on the users' tags alone."""
        steps, epochs = self.steps_per_epoch, self.config.phi0.epochs
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
        epochs, steps = self.config.constraints.epochs, self.steps_per_epoch
        total = steps * epochs
        if not total:
            return  # nobody asks for neighbors
        self.start_constraints()
        while self.step < total:
            self.neighborhood.refresh(self.step, steps)
            batch = self.neighborhood.select(self.neighborhood.anchors(self.step))
            rows = batch.rows.reshape(-1)
            logits, features = self.forward_step(rows, len(rows) * self.world.size)
            self.update(self.losses(logits, features, batch), self.weights)
            self.neighborhood.overwrite(rows, features)
            self._after_step(epochs)

    @property
    def weights(self) -> dict[str, float]:
        """The weights of eq. 1, and of the neighborhood and anchor terms; a last layer that is solved for has no gradient."""
        of = self.config.constraints
        if self.config.exact:
            return {"vis": 0.0, "nbr": of.lambda_nbr, "sem": 0.0, "err": 0.0, "logistic": 0.0}
        return {
            "vis": of.lambda_vis,
            "nbr": of.lambda_nbr,
            "sem": of.lambda1,
            "err": of.lambda2,
            "logistic": of.eta,
        }

    def losses(self, logits: Tensor, features: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of eq. 1, the neighborhood term and the anchor, of those that have a weight."""
        reduction, weights = self.config.constraints.reduction, self.weights
        # A literal term sums over the whole batch, of which this process sees one part of world.size.
        parts = self.world.size if reduction == "literal" else 1
        losses = {}
        if weights["nbr"]:
            losses["nbr"] = self._neighborhood(features, batch)
        if self.config.exact:
            return losses
        probabilities = torch.sigmoid(logits)
        tags = self.forward.user_tags(batch.rows.reshape(-1))
        if weights["vis"]:
            groups = probabilities.reshape(*batch.rows.shape, -1)
            gamma = visual_similarity(batch.squared_distances, self.neighborhood.sigma)
            losses["vis"] = visual_consistency(groups, gamma)
        if weights["sem"] and self.xi is not None:
            sem = semantic_dependency(probabilities, self.xi, reduction=reduction)
            losses["sem"] = sem * parts
        if weights["err"]:
            losses["err"] = user_error_sparsity(probabilities, tags, reduction=reduction) * parts
        if weights["logistic"]:
            losses["logistic"] = logistic(logits, self.forward.targets(batch.rows.reshape(-1)))
        return losses

    def _neighborhood(self, features: Tensor, batch: Batch) -> Tensor:
        """Return L_nbr of the whole batch, as every process sees it; the gradient is that of this process's photos."""
        assert self.training_set.agreement is not None
        rows = batch.rows.reshape(-1)
        every = self.world.gather(torch.from_numpy(rows).to(features.device))
        gathered = self.world.gather(features.detach()).to(features.dtype)
        mine = self.world.share(len(every))
        together = torch.cat([gathered[: mine.start], features, gathered[mine.stop :]])
        tags = self.forward.dense(self.training_set.agreement[every.cpu().numpy()])
        loss = neighborhood(together, tags, every)
        # The mean of gradients over processes has to be their sum; the loss itself is the same in all.
        return loss + (self.world.size - 1) * (loss - loss.detach())

    def start_constraints(self) -> None:
        """Find the neighbors under phi0, or go on with a checkpoint's."""
        state, self.resumed = self.resumed, None
        self.stage = "constraints"
        if self.step == 0:
            self.optimizer = make_optimizer(self.config, self.stage, self.network)
            self.neighborhood.find(self.progress)
        elif state is not None:
            self.neighborhood.restore(state.bank, state.sigma)

    # The neighbor trace

    def _begin_trace(self) -> None:
        """Record who is near in the frozen features and before the first step, or go on with a checkpoint's trace."""
        settings = self.config.neighbors
        self.trace = TraceRecorder(self.training_set.rows, neighbors=settings.m - 1, seed=self.config.seed)
        # Where nothing learns before stage 2, its candidates are the trace's: they hold the seven nearest of uncentered features.
        shared = self.config.exact and self.config.constraints.epochs > 0
        path = self.neighborhood.path if shared else self.folder / "trace.npy"
        if self.resumed is not None:
            self.trace.load(self.resumed.trace)
            self.trace_candidates = read_array(path)
            return
        frozen = self.forward.of_all(self.forward.given)
        if shared:
            self.neighborhood.find_candidates(self.progress)
        elif self.world.first:
            candidate_sets(frozen.cpu().numpy(), min(settings.M, self.n - 1), out=path)
        if self.world.first:
            self.trace_candidates = read_array(path)
            self.trace.take("frozen", 0, frozen, self.trace_candidates)
        self.world.wait()
        self._record()

    def _record(self) -> None:
        """Record who is near by the weights that would stay if training ended now."""
        with self.average.in_place():
            features = self.forward.of_all(self.forward.features)
        if self.trace is not None and self.world.first:
            self.trace.take(self.stage, self.step, features, self.trace_candidates)

    # One step

    def forward_step(self, rows: NDArray[np.int64], total: int) -> tuple[Tensor, Tensor]:
        """Return logits and features of this process's rows of a batch of ``total``, with this step's random draws."""
        return self.forward.training(rows, total, _mix(self.config.seed, _STAGES[self.stage], self.step))

    def update(self, losses: dict[str, Tensor], weights: dict[str, float]) -> None:
        """Move the weights one step down the weighted sum of the losses."""
        steps, of_stage = self.steps_per_epoch, self._stage_settings
        factor = learning_rate(
            self.config.optimizer.schedule,
            self.step,
            steps_per_epoch=steps,
            total=steps * of_stage.epochs,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        loss = sum(
            (weights[name] * value for name, value in losses.items()),
            start=torch.zeros(()).to(self.world.device),
        )
        if not torch.isfinite(loss):
            raise RunError(
                f"The loss is not a number after {self.step} steps of stage {self.stage!r}. Lower its lr "
                f"(it is {of_stage.lr:g}) or the weight of the term that grew: "
                + ", ".join(f"{name}={value.item():.3g}" for name, value in losses.items())
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        gradients = (weight.grad for weight in trainable(self.network).values())
        self.world.average([gradient for gradient in gradients if gradient is not None])
        self.optimizer.step()
        self.average.update()
        for name, value in {**losses, "loss": loss}.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())

    def _after_step(self, epochs: int) -> None:
        self.step += 1
        steps = self.steps_per_epoch
        if self.step % steps == 0:
            self._end_epoch(self.step // steps, steps)
        count = _MOMENTS if self.network.trunk is None else _MOMENTS_OF_TRUNK
        if self.trace is not None and self.step in moments(steps * epochs, count):
            self._record()
        if time.monotonic() - self.saved > self.patience:
            self._write_checkpoint()
        self.progress(_TITLES[self.stage], self.step, steps * epochs)

    def _end_epoch(self, epoch: int, steps: int) -> None:
        seconds = time.monotonic() - self.began
        means = torch.tensor([list(self.sums.values())], dtype=torch.float64) / steps
        means = self.world.gather(means.to(self.world.device)).mean(dim=0)
        values: dict[str, float | None] = dict(zip(self.sums, means.tolist(), strict=True))
        values["seconds"] = seconds
        values["images_per_second"] = steps * min(self.config.neighbors.s, self.n) / max(seconds, 1e-9)
        values["lr"] = float(self.optimizer.param_groups[-1]["lr"])
        values.update(self._watch())
        last_of_phi0 = self.stage == "phi0" and epoch == self.config.phi0.epochs
        if last_of_phi0:
            self.reference = {name: value for name, value in values.items() if isinstance(value, float)}
        if self.world.first:
            self.journal.write_epoch(EpochRecord(self.stage, epoch, self.step, values))
            if last_of_phi0:
                self.journal.warn(self._warning_of_phi0(values))
            elif self.stage == "constraints":
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
        watched = self.training_set.watched
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

    # Checkpoints

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
                optimizer=self.optimizer.state_dict(),
                bank=bank.features if bank is not None else None,
                sigma=self.neighborhood.sigma,
                sums=self.sums,
                reference=self.reference,
                trace=self.trace.state() if self.trace is not None else {},
            ).save(self.checkpoint_path)
        self.saved = time.monotonic()
        # A bank of gigabytes takes long to write: never more than a twentieth of the time.
        self.patience = max(self.config.run.checkpoint_seconds, 20.0 * (self.saved - began))

    def _restore(self) -> None:
        state = Checkpoint.load(self.checkpoint_path, self.world.device)
        self.stage, self.step = state.stage, state.step
        with torch.no_grad():
            for name, weight in trainable(self.network).items():
                weight.copy_(state.weights[name])
        self.average.load(state.average, state.updates)
        self.optimizer = make_optimizer(self.config, self.stage, self.network)
        self.optimizer.load_state_dict(state.optimizer)
        self.sums, self.reference = state.sums, state.reference
        self.resumed = state
        if self.config.exact and self.stage == "constraints":
            self._solve(1.0)

    @property
    def _stage_settings(self) -> Any:
        return self.config.phi0 if self.stage == "phi0" else self.config.constraints


def _mix(seed: int, stage: int, step: int) -> int:
    """Return a seed that is a function of all three."""
    return int(np.random.SeedSequence((seed, stage, step)).generate_state(1)[0])
