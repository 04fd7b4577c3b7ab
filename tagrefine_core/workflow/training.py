"""Train on a collection; name a run, keep it, take it away."""

import shutil
from typing import Any

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError, DiskFull, RunError
from tagrefine_core.jobs.process import leads
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.evidence import keep_relations
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.refined import prospects_of
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.settings import settings_that_differ, write_settings
from tagrefine_core.store import RunRecord, Store, keep_copy
from tagrefine_core.workflow.intervals import ranking_intervals
from tagrefine_core.workflow.outcomes import evaluate_run, evaluate_user_tags
from tagrefine_core.workflow.rules import check
from tagrefine_core.workflow.starting import Work, as_job

__all__ = ["best_run", "delete_run", "name_run", "train_collection"]

_TITLE = 60  # characters: it stands in a chooser


def train_collection(
    store: Store,
    name: str,
    config: TrainConfig | None = None,
    *,
    start: str | None = None,
    with_verdicts: bool = False,
    resume: str | None = None,
    run_id: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train on a collection, or go on with a run, and measure the result where there is ground truth.

    Parameters are those of `tagrefine_core.runs.launch.train`.

    Raises
    ------
    CollectionError, RunError
        When there is no such collection, or the run cannot be resumed.
    JobError
        While a live job imports the collection or trains on it.
    """
    check(store, "train", name, run_id=resume)
    from tagrefine_core.runs.launch import train  # loads PyTorch, which takes seconds

    collection = Collection.open(store, name)
    began = {"resume": resume, "start": start, "with_verdicts": with_verdicts}
    options = {name: value for name, value in began.items() if value}
    work = Work("train", name, options | ({} if config is None else _options(config)))
    with as_job(store, work, progress) as (seen, new):
        run = train(
            store,
            collection,
            config,
            start=start,
            with_verdicts=with_verdicts,
            resume=resume,
            run_id=run_id or new,
            progress=seen,
        )
        if leads():
            # Now, while the scores are at hand: who looks at them need not wait for it.
            levels_of(run, progress=seen)
            prospects_of(run, collection)
            keep_relations(run, collection)
    if collection.truth is not None and leads():
        evaluate_run(store, run.id)
        evaluate_user_tags(store, name)
        ranking_intervals(store, run.id)
    if leads():
        keep_copy(store)
    return Run.open(store, run.id)


def _options(config: TrainConfig) -> dict[str, Any]:
    """Return what the command ``train`` would have to be told."""
    settings = write_settings(settings_that_differ(config))
    return {"preset": config.preset, "task": config.task, "seed": config.seed, "settings": settings}


def name_run(
    store: Store,
    run_id: str,
    *,
    title: str | None = None,
    note: str | None = None,
    kept: bool | None = None,
) -> RunRecord:
    """Give a run a title and a note, and keep it or no longer; what is None stays as it was.

    Parameters
    ----------
    title : str, optional
        At most sixty characters, on one line; empty to take it back.
    note : str, optional
    kept : bool, optional
        A kept run is not deleted, unless with its collection.

    Raises
    ------
    RunError
        When there is no such run.
    ConfigError
        When the title is too long.
    """
    store.run(run_id)
    if title is not None and len(title := " ".join(title.split())) > _TITLE:
        raise ConfigError(
            f"A title has at most {_TITLE} characters, and this one has {len(title)}; put the rest into the note."
        )
    given: dict[str, str | bool | None] = {
        "title": title,
        "note": note if note is None else note.strip(),
        "kept": kept,
    }
    values = {name: value for name, value in given.items() if value is not None}
    if values:
        store.describe_run(run_id, **values)
    return store.run(run_id)


def best_run(store: Store, collection: str) -> RunRecord | None:
    """Return the finished run with the highest mAP, of equals the newest; None where nothing was measured.

    Only runs of the collection as it is now count, and of both tasks those of refinement where there are any: annotation is
    measured on other photos.
    """
    data_hash = store.collection(collection).data_hash
    measured = [
        (run, float(value))
        for run in store.runs(collection)
        if run.state == "finished"
        and run.data_hash == data_hash
        and (value := (run.metrics or {}).get("map")) is not None
    ]
    refining = [pair for pair in measured if pair[0].config.get("task") == "refinement"]
    return max(refining or measured, key=lambda pair: pair[1], default=(None, 0.0))[0]


def delete_run(store: Store, run_id: str) -> None:
    """Delete a run with its scores and checkpoint.

    Raises
    ------
    RunError
        When there is no such run, or it is kept.
    JobError
        While a live job trains it or writes its refined tags.
    """
    record = store.run(run_id)
    if record.kept:
        raise RunError(
            f"Run {run_id} is kept{f' ({record.title})' if record.title else ''}. Say first that it need not be: "
            f"name {run_id} --no-keep, or “Keep this run” on the Train page."
        )
    check(store, "delete run", record.collection, run_id=run_id)
    try:
        store.delete_run(run_id)
    except DiskFull:  # what goes anyway makes room for saying so
        shutil.rmtree(run_folder(store.home, run_id), ignore_errors=True)
        store.delete_run(run_id)
    shutil.rmtree(run_folder(store.home, run_id), ignore_errors=True)
    keep_copy(store)
