"""Runs that start from another one's model, and runs that learn from verdicts."""

import shutil
from pathlib import Path

import numpy as np

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import RunError
from tagrefine_core.files import create_array, read_json, read_sparse, write_sparse
from tagrefine_core.progress import Progress
from tagrefine_core.refinement.verdicts import Verdicts, verdicts_of
from tagrefine_core.runs.material import Material
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.saving import work_folder
from tagrefine_core.store import RunOrigin, Store
from tagrefine_core.training.curated import Unlearned, learn_verdicts
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fitted import Fitted

__all__ = [
    "keep_verdicts",
    "learn",
    "origin_of",
    "startable",
    "taken_over",
    "verdicts_to_learn",
]

_VERDICTS, _UNLEARNED = "verdicts.npz", "unlearned.npz"


def startable(store: Store, collection: Collection, run_id: str) -> Run:
    """Return a run that another may start from.

    Raises
    ------
    RunError
        When it is not finished, of another collection, or of data that has changed since.
    """
    run = Run.open(store, run_id)
    if run.record.collection != collection.name:
        raise RunError(
            f"Run {run_id} is of collection {run.record.collection!r}, not of {collection.name!r}."
        )
    if run.record.state != "finished":
        raise RunError(f"Run {run_id} is {run.record.state}, so there is no model to start from. Finish it.")
    if run.record.data_hash != collection.data_hash:
        raise RunError(
            f"Collection {collection.name!r} was imported anew since run {run_id}, with other photos or tags. "
            f"Train without --from; --with-verdicts learns from your verdicts all the same."
        )
    return run


def verdicts_to_learn(collection: Collection, config: TrainConfig) -> Verdicts:
    """Return the verdicts in force; RunError when none says anything, or a model of these settings cannot learn from any."""
    if not config.scoring.calibrated:
        raise RunError(
            "Verdicts say whether a tag fits, and with scoring.calibrated=false scores say how likely it is given. "
            "Train with scoring.calibrated=true to learn from verdicts."
        )
    verdicts = verdicts_of(collection)
    if not verdicts.telling:
        raise RunError(
            f"Nobody has accepted or rejected a tag of {collection.name!r} yet, so there is nothing to learn from. "
            f"Say whether a tag fits: verdict {collection.name!r} IMAGE TAG accept."
        )
    return verdicts


def origin_of(start: str | None, verdicts: Verdicts | None) -> RunOrigin | None:
    """Return what a run begins with besides its settings; None for nothing."""
    if start is None and verdicts is None:
        return None
    count, step = (0, 0) if verdicts is None else (verdicts.telling, verdicts.version)
    return RunOrigin(start, count, step)


def keep_verdicts(folder: Path, verdicts: Verdicts) -> None:
    """Keep with the run what it learns from, whatever is decided while it does, or before it goes on."""
    write_sparse(folder / _VERDICTS, verdicts.matrix)


def taken_over(run: Run, given: Material, world: World) -> Fitted:
    """Return the model of the run that this one starts from, as it was before any verdict, with arrays of its own.

    Raises
    ------
    RunError
        When it is gone or damaged, or looked at photos with another backbone.
    """
    assert run.record.origin is not None and run.record.origin.run is not None
    source = Run.open(run.store, run.record.origin.run)
    trunk = None if run.config.network.finetune == "head" else given.trunk
    model = Fitted.load(source.folder, trunk=trunk, device=world.device)
    if read_json(source.folder / "material.json")["weights_hash"] != given.recorded["weights_hash"]:
        raise RunError(
            f"The weights of the backbone changed since run {source.id} looked at the photos with them. Train without --from."
        )
    work = work_folder(run.folder)
    model.logits, model.features = (
        _own(source.folder / name, work / name) for name in ("logits.npy", "features.npy")
    )
    if (trace := source.folder / "trace.npz").exists():
        shutil.copyfile(trace, run.folder / "trace.npz")
    if (before := source.folder / _UNLEARNED).exists():
        Unlearned.load(before).put_back(model)
    return model


def learn(run: Run, model: Fitted, given: Material, collection: Collection, progress: Progress) -> None:
    """Let a run's model learn from the verdicts that were kept for it, if any, and keep what it was before.

    Scores are then made of ``smoothed.npy`` in the work folder, whether there was anything to learn or not.
    """
    path, shape = run.folder / _VERDICTS, model.logits.shape
    if model.smoothed is None:
        model.smooth(create_array(work_folder(run.folder) / "smoothed.npy", shape, np.float32), progress)
    if path.exists():
        tags = collection.tags if run.config.task == "refinement" else None
        before = learn_verdicts(
            model, given.inputs, read_sparse(path), tags, folder=work_folder(run.folder), progress=progress
        )
        before.save(run.folder / _UNLEARNED)


def _own(source: Path, path: Path) -> np.ndarray:
    """Return a copy of an array file that can be written."""
    shutil.copyfile(source, path)
    array: np.ndarray = np.load(path, mmap_mode="r+", allow_pickle=False)
    return array
