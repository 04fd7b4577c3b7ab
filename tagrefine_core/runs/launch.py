"""Start a run, or go on with one."""

from contextlib import nullcontext

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.features.memory import kept_memory
from tagrefine_core.files import read_json, write_json
from tagrefine_core.progress import Progress, Stopwatch, silent
from tagrefine_core.runs.journal import StoreJournal
from tagrefine_core.runs.learning import (
    keep_verdicts,
    learn,
    origin_of,
    startable,
    taken_over,
    verdicts_to_learn,
)
from tagrefine_core.runs.material import material, versions
from tagrefine_core.runs.run import Run, new_run_id, run_folder
from tagrefine_core.runs.saving import save_results, work_folder
from tagrefine_core.store import Store
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fit import fit

__all__ = ["train"]


def train(
    store: Store,
    collection: Collection,
    config: TrainConfig | None = None,
    *,
    start: str | None = None,
    with_verdicts: bool = False,
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
    start : str or None
        A finished run to start from instead: its model is taken as it was before any verdict, with its settings, and not trained again.
    with_verdicts : bool
        Learn from the verdicts that are in force now.
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
        When the run to resume is finished, of another collection, or of data that has changed since; when there is no run to start
        from, or no verdict, or the settings cannot learn from any.
    """
    if resume is not None:
        config = _resumable(store, collection, resume)
    elif start is not None:
        config = startable(store, collection, start).config
    if config is None:
        raise RunError("A new run needs settings; give a preset, or a run to resume.")
    world = World.join(config.run.device)
    if not world.first:
        progress = silent
    run_id = resume or world.agree(run_id or new_run_id())
    if world.first:
        if resume is None:
            verdicts = verdicts_to_learn(collection, config) if with_verdicts else None
            store.create_run(
                run_id,
                collection.id,
                config=config.model_dump(),
                seed=config.seed,
                data_hash=collection.data_hash,
                versions=versions(),
                origin=origin_of(start, verdicts),
            )
            if verdicts is not None:
                keep_verdicts(run_folder(store.home, run_id), verdicts)
        else:
            # Why it had stopped is of no interest any more; warnings come again.
            store.set_run_state(run_id, "running")
    world.wait()
    progress = watch = Stopwatch(progress)
    run = Run.open(store, run_id)
    run.folder.mkdir(parents=True, exist_ok=True)
    state, message = "failed", ""
    try:
        given = material(store.home, collection, config, world.device, progress)
        if world.first:
            _check_same(run, given.recorded)
            work_folder(run.folder).mkdir(parents=True, exist_ok=True)
        world.wait()
        # Pictures pass a network at every step; features are small, and their memory may go back.
        with kept_memory() if config.network.finetune != "head" else nullcontext():
            if run.record.origin is not None and run.record.origin.run is not None:
                fitted = taken_over(run, given, world) if world.first else None
            else:
                fitted = fit(
                    given.inputs,
                    collection.tags,
                    config,
                    vocabulary=collection.vocabulary,
                    rows=given.rows,
                    trunk=given.trunk,
                    watched=given.watched,
                    world=world,
                    folder=work_folder(run.folder),
                    trace=run.folder / "trace.npz",
                    journal=StoreJournal(store, run_id),
                    progress=progress,
                )
        if fitted is not None and world.first:
            learn(run, fitted, given, collection, progress)
            save_results(fitted, collection.tags, folder=run.folder, progress=progress)
            watch.stop()
            # Of one that was stopped, what it took before is not known.
            stages = watch.stages if resume is None else {}
            write_json(run.folder / "seconds.json", {"photos": collection.n, "stages": stages})
        world.wait()
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
    path = run.folder / "material.json"
    if path.exists() and (before := read_json(path)) != recorded:
        changed = ", ".join(key for key in recorded if before.get(key) != recorded[key])
        raise RunError(f"Run {run.id} cannot be resumed: {changed} changed since it began. Start a new run.")
    write_json(path, recorded)
