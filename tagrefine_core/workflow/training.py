"""Train on a collection, and take a run away."""

import shutil
from typing import Any

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.jobs.process import leads
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.settings import settings_that_differ, write_settings
from tagrefine_core.store import Store
from tagrefine_core.workflow.outcomes import evaluate_run, evaluate_user_tags
from tagrefine_core.workflow.rules import check
from tagrefine_core.workflow.starting import Work, as_job

__all__ = ["delete_run", "train_collection"]


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
    if collection.truth is not None and leads():
        evaluate_run(store, run.id)
        evaluate_user_tags(store, name)
    return Run.open(store, run.id)


def _options(config: TrainConfig) -> dict[str, Any]:
    """Return what the command ``train`` would have to be told."""
    settings = write_settings(settings_that_differ(config))
    return {"preset": config.preset, "task": config.task, "seed": config.seed, "settings": settings}


def delete_run(store: Store, run_id: str) -> None:
    """Delete a run with its scores and checkpoint.

    Raises
    ------
    RunError
        When there is no such run.
    JobError
        While a live job trains it or writes its refined tags.
    """
    check(store, "delete run", store.run(run_id).collection, run_id=run_id)
    store.delete_run(run_id)
    shutil.rmtree(run_folder(store.home, run_id), ignore_errors=True)
