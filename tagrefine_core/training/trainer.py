"""The training process of the paper (Algorithm 2), from phi0 to refined scores."""

import contextlib
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.files import create_array, read_array, write_array, write_file
from tagrefine_core.model.batches import Bank, Batch, anchors_of_step, select_batch
from tagrefine_core.model.losses import (
    logistic,
    semantic_dependency,
    user_error_sparsity,
    visual_consistency,
    visual_similarity,
)
from tagrefine_core.neighbors import candidate_sets
from tagrefine_core.progress import Progress
from tagrefine_core.store import EpochRecord, Store
from tagrefine_core.training.checkpoint import Checkpoint
from tagrefine_core.training.distributed import World
from tagrefine_core.training.monitors import monitors, warning_after_phi0, warning_of_epoch
from tagrefine_core.training.recorder import TraceRecorder, trace_queries
from tagrefine_core.training.run import run_folder
from tagrefine_core.training.schedule import Average, learning_rate, trainable
from tagrefine_core.training.setup import Setup

__all__ = ["Trainer"]

_FORWARD = 256  # images forwarded at once without a gradient
_WATCHED = 1000  # training images that the monitors look at
_STAGES = {"phi0": 1, "constraints": 2}
_TITLES = {"phi0": "Learning from the users' tags", "constraints": "Training with neighbors"}


class Trainer:
    """One run: stage 1 (phi0), stage 2 (constraints over dynamic neighbors), final scores.

    Parameters
    ----------
    store : Store
        Where epochs are recorded (by the first process).
    run_id : str
    collection : Collection
    config : TrainConfig
    setup : Setup
        What to train on.
    world : World
        The processes that share each batch.
    progress : Progress
        Called after every step; may raise Cancelled, upon which a checkpoint is written.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        collection: Collection,
        config: TrainConfig,
        setup: Setup,
        world: World,
        progress: Progress,
    ) -> None:
        self.store, self.run_id, self.collection = store, run_id, collection
        self.config, self.setup, self.world, self.progress = config, setup, world, progress
        self.folder = run_folder(store.home, run_id)
        self.n = len(setup.rows)
        self.network = setup.network
        self.model: nn.Module = self.network
        if world.size > 1:
            self.model = DistributedDataParallel(self.network)
        self.average = Average(self.network, config.average)
        self.candidates: NDArray[np.int32] = np.zeros((self.n, 0), dtype=np.int32)
        self.bank: Bank | None = None
        self.trace: TraceRecorder | None = None
        self.traced: dict[str, Tensor] = {}
        self.sigma = 1.0
        self.stage, self.step = "phi0", 0
        self.sums: dict[str, float] = {}
        self.reference: dict[str, float] = {}
        self.saved = self.began = time.monotonic()
        self.patience = config.checkpoint_seconds
        self._start_optimizer()

    def train(self, *, resume: bool = False) -> None:
        """Run Algorithm 2 from the start, or from the last checkpoint, to the end."""
        if resume:
            self._restore()
        try:
            if self.stage == "phi0":
                self._phi0()
                self._save(stage="constraints")
            if self.stage == "constraints":
                self._constraints()
                self._save(stage="done")
        except Cancelled:
            self._write_checkpoint()
            raise
        self._finish()

    # Stage 1 (Algorithm 2, line 1)

    def _phi0(self) -> None:
        steps = self._steps_per_epoch("phi0")
        while self.step < steps * self.config.epochs_phi0:
            epoch, place = divmod(self.step, steps)
            order = np.random.default_rng((self.config.seed, _STAGES["phi0"], epoch)).permutation(self.n)
            s = min(self.config.s, self.n - self.n % self.world.size)
            rows = np.resize(order, steps * s)[place * s : (place + 1) * s][self.world.share(s)]
            logits, _ = self._forward_training(rows, s)
            self._update({"logistic": logistic(logits, self._tags(rows))}, {"logistic": 1.0})
            self._after_step(steps, self.config.epochs_phi0)
        if self.config.epochs_phi0:
            self.average.apply()

    # Stage 2 (Algorithm 2, lines 2 to 5)

    def _constraints(self) -> None:
        config, steps = self.config, self._steps_per_epoch("constraints")
        total = steps * config.epochs
        self._start_neighbors(total)
        groups = config.s // config.m
        share = self.world.share(groups)
        weights = {
            "vis": config.lambda_vis,
            "sem": config.lambda1,
            "err": config.lambda2,
            "logistic": config.eta,
        }
        while self.step < total:
            self._refresh_bank(steps)
            anchors = anchors_of_step(self.step, anchors=groups, images=self.n, seed=config.seed)[share]
            batch = self._select(anchors)
            rows = batch.rows.reshape(-1)
            logits, features = self._forward_training(rows, config.s)
            self._update(self._losses(logits, batch, weights), weights)
            self._overwrite_bank(rows, features)
            self._after_step(steps, config.epochs)
            if self.trace is not None:
                self.trace.take(self.step, self._features)

    def _losses(self, logits: Tensor, batch: Batch, weights: dict[str, float]) -> dict[str, Tensor]:
        """Return the terms of eq. 1, and the anchor, that have a weight."""
        config = self.config
        probabilities = torch.sigmoid(logits)
        tags = self._tags(batch.rows.reshape(-1))
        # A literal term sums over the whole batch, of which this process sees one part of world.size.
        parts = self.world.size if config.reduction == "literal" else 1
        losses = {}
        if weights["vis"]:
            squared = batch.squared_distances
            sigma = self.sigma if config.sigma != "batch" else _median(self.world.gather(squared))
            groups = probabilities.reshape(*batch.rows.shape, -1)
            losses["vis"] = visual_consistency(groups, visual_similarity(squared, sigma))
        if weights["sem"] and self.setup.xi is not None:
            sem = semantic_dependency(probabilities, self.setup.xi, reduction=config.reduction)
            losses["sem"] = sem * parts
        if weights["err"]:
            losses["err"] = user_error_sparsity(probabilities, tags, reduction=config.reduction) * parts
        if weights["logistic"]:
            losses["logistic"] = logistic(logits, tags)
        return losses

    def _select(self, anchors: NDArray[np.int64], mode: str | None = None) -> Batch:
        return select_batch(
            anchors,
            np.asarray(self.candidates[anchors]),
            m=self.config.m,
            mode=mode or self.config.refresh,
            forward=self._features,
            bank=self.bank,
            shortlist=self.config.shortlist,
        )

    def _start_neighbors(self, total: int) -> None:
        """Find the candidates under phi0 (line 2), fill the bank, measure sigma, take the first trace."""
        path = self.folder / "candidates.npy"
        fresh = self.step == 0
        if fresh:
            self._start_optimizer()
            features = self._all_features()
            self.bank = Bank(features)
            if self.world.first:
                candidate_sets(
                    features.cpu().numpy(),
                    min(self.config.M, self.n - 1),
                    out=path,
                    progress=lambda done, total: self.progress("Finding neighbors", done, total),
                    device="cuda" if self.world.device.type == "cuda" else "cpu",
                )
            self.world.wait()
        self.candidates = read_array(path)
        if fresh:
            self.sigma = self._measure_sigma("static", anchors=4096)
        if self.config.refresh == "exact":
            self.bank = None
        queries = trace_queries(np.diff(self.setup.tags.indptr), self.config.trace_queries, self.config.seed)
        self.trace = TraceRecorder(
            self.folder if self.world.first else None,
            queries=queries,
            candidates=self.candidates,
            rows=self.setup.rows,
            points=self.config.trace_points,
            total=total,
            keep=self.config.trace_neighbors,
        )
        self.trace.load(self.traced)
        self.trace.take(self.step, self._features)

    def _measure_sigma(self, mode: str, *, anchors: int) -> float:
        """Return the median squared distance between anchors and their m-1 nearest candidates."""
        chosen = np.random.default_rng((self.config.seed, 4)).permutation(self.n)[:anchors]
        blocks = np.array_split(chosen, -(-len(chosen) // 32))  # 32 x M x d floats at once
        return _median(torch.cat([self._select(block, mode).squared_distances for block in blocks]))

    def _refresh_bank(self, steps: int) -> None:
        if self.step == 0:
            return
        if (
            self.config.refresh in ("bank", "shortlist")
            and self.step % (self.config.bank_every or steps) == 0
        ):
            self.bank = Bank(self._all_features())
        if self.config.sigma == "epoch" and self.step % steps == 0:
            self.sigma = self._measure_sigma(self.config.refresh, anchors=256)

    def _overwrite_bank(self, rows: NDArray[np.int64], features: Tensor) -> None:
        if self.bank is None or self.config.refresh not in ("bank", "shortlist"):
            return
        if self.network.trunk is not None:
            # Cropped pictures and dropout inside the trunk would put features of something else into the bank.
            features = self._features(rows)
        everyone = self.world.gather(torch.from_numpy(rows).to(features.device))
        self.bank.write(everyone.cpu().numpy(), self.world.gather(features.detach()))

    # One step

    def _forward_training(self, rows: NDArray[np.int64], total: int) -> tuple[Tensor, Tensor]:
        seed = _mix(self.config.seed, _STAGES[self.stage], self.step)
        start = self.world.rank * len(rows)
        self.network.train()
        self.network.set_step(seed, start=start, total=total)
        inputs = self.setup.inputs.read_augmented(self.setup.rows[rows], seed=seed, start=start, total=total)
        with self._autocast():
            logits, features = self.model(inputs)
        return logits, features

    def _update(self, losses: dict[str, Tensor], weights: dict[str, float]) -> None:
        config, steps = self.config, self._steps_per_epoch(self.stage)
        epochs = config.epochs_phi0 if self.stage == "phi0" else config.epochs
        factor = learning_rate(
            config.schedule, self.step, steps_per_epoch=steps, total=steps * epochs, drop_every=config.lr_step
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        loss = sum(
            (weights[name] * value for name, value in losses.items()),
            start=torch.zeros(()).to(self.world.device),
        )
        if not torch.isfinite(loss):
            raise RunError(
                f"The loss is not a number after {self.step} steps of stage {self.stage!r}. Lower lr "
                f"(it is {config.lr:g}) or the weight of the term that grew: "
                + ", ".join(f"{name}={value.item():.3g}" for name, value in losses.items())
            )
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.average.update()
        for name, value in {**losses, "loss": loss}.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())

    def _after_step(self, steps: int, epochs: int) -> None:
        self.step += 1
        if self.step % steps == 0:
            self._end_epoch(self.step // steps, steps)
        if time.monotonic() - self.saved > self.patience:
            self._write_checkpoint()
        self.progress(_TITLES[self.stage], self.step, steps * epochs)

    def _end_epoch(self, epoch: int, steps: int) -> None:
        seconds = time.monotonic() - self.began
        means = torch.tensor([list(self.sums.values())], dtype=torch.float64) / steps
        means = self.world.gather(means.to(self.world.device)).mean(dim=0)
        values: dict[str, float | None] = dict(zip(self.sums, means.tolist(), strict=True))
        values["seconds"] = seconds
        values["images_per_second"] = steps * self.config.s / max(seconds, 1e-9)
        values["lr"] = float(self.optimizer.param_groups[-1]["lr"])
        values.update(self._watch())
        last_of_phi0 = self.stage == "phi0" and epoch == self.config.epochs_phi0
        if last_of_phi0:
            self.reference = {name: value for name, value in values.items() if isinstance(value, float)}
        if self.world.first:
            self.store.write_epoch(self.run_id, EpochRecord(self.stage, epoch, self.step, values))
            warning = (
                warning_after_phi0(values, eta=self.config.eta, lambda2=self.config.lambda2)
                if last_of_phi0
                else warning_of_epoch(values, self.reference)
                if self.stage == "constraints"
                else None
            )
            if warning:
                self.store.set_run_state(self.run_id, "running", warning)
        self.sums, self.began = {}, time.monotonic()

    def _watch(self) -> dict[str, float | None]:
        """Return the monitors, of a fixed sample of training photos and the photos watched with ground truth."""
        judged = self.setup.judged[:_WATCHED]
        sample = np.sort(np.random.default_rng((self.config.seed, 3)).permutation(self.n)[:_WATCHED])
        rows = np.concatenate([judged, sample])
        with self.average.in_place():
            probabilities = self._probabilities(rows)
        truth = None
        if self.collection.truth is not None:
            truth = np.asarray(self.collection.truth[self.setup.rows[judged]])
        return monitors(
            probabilities.cpu(),
            self._tags(rows).cpu(),
            label_columns=self.collection.label_columns,
            truth=truth,
            judged=slice(0, len(judged)),
            seed=self.config.seed,
        )

    # The network without a gradient

    def _features(self, rows: NDArray[np.int64]) -> Tensor:
        """Return features (B, d) of training rows, as in use: no dropout, no crops."""
        self.network.eval()
        parts = []
        with torch.no_grad(), self._autocast():
            for start in range(0, len(rows), _FORWARD):
                inputs = self.setup.inputs.read(self.setup.rows[rows[start : start + _FORWARD]])
                parts.append(self.network.features(inputs))
        return torch.cat(parts)

    def _all_features(self) -> Tensor:
        return self.world.gather(self._features(self.world.part(np.arange(self.n, dtype=np.int64))))

    def _probabilities(self, rows: NDArray[np.int64]) -> Tensor:
        features = self._features(rows)
        with torch.no_grad():
            return torch.sigmoid(self.network.classifier(features).float())

    def _tags(self, rows: NDArray[np.int64]) -> Tensor:
        dense = self.setup.tags[rows].toarray().astype(np.float32)
        return torch.from_numpy(dense).to(self.world.device)

    # The end

    def _finish(self) -> None:
        """Write refined scores and features of all photos, and the network that annotates new ones."""
        self.average.apply()
        self.network.eval()
        dimensions, tags = self.network.classifier.in_features, self.network.classifier.out_features
        if self.world.first:
            create_array(self._part("scores"), (self.collection.n, tags), np.float32)
            create_array(self._part("features"), (self.collection.n, dimensions), np.float16)
        self.world.wait()
        scores = np.load(self._part("scores"), mmap_mode="r+")
        stored = np.load(self._part("features"), mmap_mode="r+")
        mine = self.world.part(np.arange(self.collection.n, dtype=np.int64))
        for start in range(0, len(mine), _FORWARD):
            rows = mine[start : start + _FORWARD]
            with torch.no_grad(), self._autocast():
                features = self.network.features(self.setup.inputs.read(rows))
                logits = self.network.classifier(features).float()
            scores[rows] = torch.sigmoid(logits).cpu().numpy()
            stored[rows] = features.cpu().numpy().astype(np.float16)
            self.progress("Refining tags", start + len(rows), len(mine))
        scores.flush()
        stored.flush()
        self.world.wait()
        if self.world.first:
            weights = {name: weight.detach().cpu() for name, weight in trainable(self.network).items()}
            write_file(self.folder / "network.pt", lambda file: torch.save(weights, file))
            write_array(self.folder / "rows.npy", self.setup.rows)
            for name in ("features", "scores"):
                self._part(name).replace(self.folder / f"{name}.npy")
        self.world.wait()

    def _part(self, name: str) -> Path:
        return self.folder / f".{name}.part.npy"

    # Checkpoints

    def _save(self, *, stage: str) -> None:
        self.stage, self.step = stage, 0
        self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        began = time.monotonic()
        if self.world.first:
            Checkpoint(
                stage=self.stage,
                step=self.step,
                weights={name: weight.detach() for name, weight in trainable(self.network).items()},
                average=self.average.weights,
                updates=self.average.updates,
                optimizer=self.optimizer.state_dict(),
                bank=self.bank.features if self.bank is not None and self.stage == "constraints" else None,
                sigma=self.sigma,
                sums=self.sums,
                reference=self.reference,
                trace=self.trace.state() if self.trace is not None else self.traced,
            ).save(self.folder / "checkpoint.pt")
        self.saved = time.monotonic()
        # A bank of gigabytes takes long to write: never more than a twentieth of the time.
        self.patience = max(self.config.checkpoint_seconds, 20.0 * (self.saved - began))

    def _restore(self) -> None:
        state = Checkpoint.load(self.folder / "checkpoint.pt", self.world.device)
        with torch.no_grad():
            for name, weight in trainable(self.network).items():
                weight.copy_(state.weights[name])
        self.average.load(state.average, state.updates)
        self.optimizer.load_state_dict(state.optimizer)
        self.bank = None if state.bank is None else Bank(state.bank.float())
        self.stage, self.step, self.sigma = state.stage, state.step, state.sigma
        self.sums, self.reference = state.sums, state.reference
        self.traced = state.trace

    # Small things

    def _start_optimizer(self) -> None:
        config = self.config
        base = config.lr_phi0 if self.stage == "phi0" and config.lr_phi0 is not None else config.lr
        groups: dict[tuple[float, float], list[Tensor]] = {}
        for name, weight in trainable(self.network).items():
            rate = base * (config.lr_backbone if name.startswith("trunk.") else 1.0)
            # Biases and normalization have nothing to gain from shrinking.
            decay = config.weight_decay if weight.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(weight)
        parameters = [
            {"params": weights, "lr": rate, "base": rate, "weight_decay": decay}
            for (rate, decay), weights in groups.items()
        ]
        self.optimizer: torch.optim.Optimizer = (
            torch.optim.AdamW(parameters, betas=(config.momentum, 0.999))
            if config.optimizer == "adamw"
            else torch.optim.SGD(parameters, momentum=config.momentum)
        )

    def _steps_per_epoch(self, stage: str) -> int:
        config = self.config
        whole, rest = divmod(self.n, min(config.s, self.n))
        steps = whole + (1 if rest and config.last_group == "wrap" else 0)
        if stage == "constraints" and config.epoch == "anchors":
            groups = config.s // config.m
            whole, rest = divmod(self.n, groups)
            steps = whole + (1 if rest and config.last_group == "wrap" else 0)
        return max(1, steps)

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        """Bfloat16 where the hardware gains from it: CUDA devices that have it, or where asked for."""
        device = self.world.device.type
        wanted = self.config.precision == "bfloat16" or (
            self.config.precision == "auto" and device == "cuda" and torch.cuda.is_bf16_supported()
        )
        return torch.autocast(device, dtype=torch.bfloat16) if wanted else contextlib.nullcontext()


def _median(squared: Tensor) -> float:
    """Return the median of squared distances, 1 when all are 0."""
    return float(squared.median()) or 1.0


def _mix(seed: int, stage: int, step: int) -> int:
    """Return a seed that is a function of all three."""
    return int(np.random.SeedSequence((seed, stage, step)).generate_state(1)[0])
