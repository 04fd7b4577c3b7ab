"""Who may do what while which job lives."""

import os
from collections.abc import Iterator

from tagrefine_core.errors import JobError
from tagrefine_core.jobs import TRAINS, live_jobs
from tagrefine_core.jobs.process import leads
from tagrefine_core.store import JobRecord, Store

__all__ = ["check", "refusal"]

_IMPORTS = ("import", "demo")
# What replaces or takes away the photos and tags that everything else on the collection reads.
_ALONE = (*_IMPORTS, "delete collection")

_DOES = {
    "ablate": "takes the model apart on {}",
    "benchmark": "compares methods on {}",
    "demo": "makes {} and trains on it",
    "export": "writes the tags of {}",
    "import": "imports {}",
    "map": "draws a map of {}",
    "noise": "spoils tags of {}",
    "refine": "writes the refined tags of {}",
    "reproduce": "does the paper's experiments on {}",
    "setup": "gets WordNet",
    "train": "trains on {}",
    "tune": "searches settings on {}",
}


def refusal(store: Store, action: str, collection: str, *, run_id: str | None = None) -> str | None:
    """Return why something may not be done now, or None when it may.

    ======================================  =======================================================
    action                                  refused while a live job
    ======================================  =======================================================
    import, demo, delete collection         works on the collection in any way
    delete run                              trains the run, writes its refined tags, draws its map, or does the
                                            paper's experiments on its collection, for which it picks a run
    train                                   imports the collection, or trains on it
    benchmark, ablate, tune, noise,         imports the collection, or does the same
    reproduce, map
    refine                                  imports the collection
    export                                  imports the collection, or does the same
    setup                                   does the same
    ======================================  =======================================================

    A job of this process does not stand in its own way, and of the processes of ``torchrun`` only the first is asked.

    Parameters
    ----------
    action : str
        A command, ``"delete collection"`` or ``"delete run"``.
    collection : str
        What it is done to; for runs the collection that they are of.
    run_id : str, optional
        The run that is resumed or deleted.

    Returns
    -------
    str or None
        Which job it is, and what to do.
    """
    job = next(_in_the_way(store, action, collection, run_id), None)
    if job is None:
        return None
    does = _DOES.get(job.command, "works on {}").format(repr(job.collection))
    return f"Job {job.id} {does}. Wait for it, or cancel it."


def check(store: Store, action: str, collection: str, *, run_id: str | None = None) -> None:
    """Raise JobError with the `refusal` when there is one; parameters are as there."""
    if reason := refusal(store, action, collection, run_id=run_id):
        raise JobError(reason)


def _in_the_way(store: Store, action: str, collection: str, run_id: str | None) -> Iterator[JobRecord]:
    if not leads():
        return
    for job in live_jobs(store):
        if job.pid != os.getpid() and _excludes(job, action, collection, run_id):
            yield job


def _excludes(job: JobRecord, action: str, collection: str, run_id: str | None) -> bool:
    if run_id is not None and job.run_id == run_id and action in ("train", "delete run"):
        return True
    if job.collection != collection:
        return False
    if action in _ALONE:
        return True
    if action == "delete run":
        return job.command == "reproduce"
    if action == "train":
        return job.command in (*_IMPORTS, *TRAINS, "reproduce")
    return job.command in _IMPORTS or (job.command == action and action != "refine")
