"""Start a run, or go on with one."""

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.files import read_json, write_json
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.journal import StoreJournal
from tagrefine_core.runs.run import Run, new_run_id
from tagrefine_core.runs.saving import network_path, write_network, write_results
from tagrefine_core.store import Store
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.journal import WarningsOnly
from tagrefine_core.training.setup import folds, prepare, training_rows, versions
from tagrefine_core.training.trainer import Trainer

__all__ = ["train"]


def train(
    store: Store,
    collection: Collection,
    config: TrainConfig | None = None,
    *,
    resume: str | None = None,
    run_id: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a run to its end (Algorithm 2) and leave scores, features and trace in its folder.

    Parameters
    ----------
    store : Store
    collection : Collection
    config : TrainConfig or None
        Settings of a new run.
    resume : str or None
        A run to go on with instead, from its last checkpoint, with its own settings.
    run_id : str or None
        Id of a new run, where it is known already; else it is drawn here.
    progress : Progress
        May raise Cancelled; the run then is ``cancelled`` and can be resumed.

    Returns
    -------
    Run

    Raises
    ------
    RunError
        When the run to resume is finished, of another collection, or of data that has changed since.
    """
    world_device = config.device if config is not None else "auto"
    if resume is not None:
        config = _resumable(store, collection, resume)
        world_device = config.device
    if config is None:
        raise RunError("A new run needs settings; give a preset, or a run to resume.")
    world = World.join(world_device)
    if not world.first:
        progress = silent
    run_id = resume or world.agree(run_id or new_run_id())
    if world.first:
        if resume is None:
            store.create_run(
                run_id,
                collection.id,
                config=config.model_dump(),
                seed=config.seed,
                data_hash=collection.data_hash,
                versions=versions(),
            )
        else:
            store.set_run_state(
                run_id, "running"
            )  # why it had stopped is of no interest any more; warnings come again
    world.wait()
    run = Run.open(store, run_id)
    run.folder.mkdir(parents=True, exist_ok=True)
    state, message = "failed", ""
    try:
        rows = training_rows(collection.n, config)
        held_out = folds(len(rows), config)
        networks = [
            _train_network(run, collection, config, world, number, part, progress)
            for number, part in enumerate(held_out)
        ]
        write_results(
            networks,
            held_out,
            rows,
            collection.tags,
            config,
            world,
            folder=run.folder,
            progress=progress,
        )
        state, message = "finished", store.run(run_id).message
    except (Cancelled, KeyboardInterrupt):
        state, message = "cancelled", "Cancelled; it can be resumed."
        raise
    except Exception as error:
        message = str(error) or type(error).__name__
        raise
    finally:
        if world.first:
            store.set_run_state(run_id, state, message)
    return Run.open(store, run_id)


def _train_network(
    run: Run,
    collection: Collection,
    config: TrainConfig,
    world: World,
    number: int,
    held_out: NDArray[np.int64],
    progress: Progress,
) -> Forward:
    """Train one of the run's networks, the first in the run's own folder and under everybody's eyes."""
    setup, recorded = prepare(run.store.home, collection, config, world.device, progress, held_out=held_out)
    if world.first and number == 0:
        _check_same(run, recorded)
    journal = StoreJournal(run.store, run.id)
    folder = run.folder if number == 0 else run.folder / f"network{number}"
    title = f", network {number + 1} of {config.folds}" if config.folds > 1 else ""
    trainer = Trainer(
        config,
        setup,
        world,
        folder=folder,
        journal=journal if number == 0 else WarningsOnly(journal),
        progress=lambda stage, done, total: progress(stage + title, done, total),
    )
    folder.mkdir(parents=True, exist_ok=True)
    world.wait()
    # Without a checkpoint there is nothing to go on from: it starts anew.
    trainer.train(resume=trainer.checkpoint_path.exists())
    if world.first:
        write_network(trainer.network, network_path(run.folder, number))
    return trainer.forward


def _resumable(store: Store, collection: Collection, run_id: str) -> TrainConfig:
    run = Run.open(store, run_id)
    if run.record.collection != collection.name:
        raise RunError(
            f"Run {run_id} is of collection {run.record.collection!r}, not of {collection.name!r}."
        )
    if run.record.state == "finished":
        raise RunError(f"Run {run_id} is finished; there is nothing to resume. Start a new run.")
    if run.record.data_hash != collection.data_hash:
        raise RunError(
            f"Collection {collection.name!r} was imported anew since run {run_id} began, with other photos or tags. "
            f"Start a new run."
        )
    return run.config


def _check_same(run: Run, recorded: dict[str, str]) -> None:
    """Record what the run was built from; resumed, it has to be built from the same."""
    path = run.folder / "setup.json"
    if path.exists() and (before := read_json(path)) != recorded:
        changed = ", ".join(key for key in recorded if before.get(key) != recorded[key])
        raise RunError(f"Run {run.id} cannot be resumed: {changed} changed since it began. Start a new run.")
    write_json(path, recorded)
