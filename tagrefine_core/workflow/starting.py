"""Begin jobs under the rules, and begin them again."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tagrefine_core import jobs
from tagrefine_core.jobs import TRAINS, live_jobs, recording
from tagrefine_core.jobs.process import leads
from tagrefine_core.progress import Progress
from tagrefine_core.runs.run import new_run_id
from tagrefine_core.store import JobRecord, Store
from tagrefine_core.workflow.rules import check

__all__ = ["Work", "again", "as_job", "record_job", "start_job"]

_READS = ("refine", "map", "export")  # commands that are about a run


@dataclass(frozen=True)
class Work:
    """What a job is asked to do; the fields are those of `tagrefine_core.store.JobRecord`.

    Attributes
    ----------
    run_id : str or None
        The run that ``refine``, ``map`` and ``export`` read. Those that train have theirs by ``options["resume"]``, or get a new one.
    """

    command: str
    collection: str
    options: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None


def record_job(store: Store, work: Work) -> int:
    """Record a job that is about to begin, with the run or the table that it makes; return its number.

    The rules are asked in the transaction that records it: of two who begin the same at once, one is refused.

    Raises
    ------
    JobError
        When a live job stands in its way.
    """
    resumed = work.options.get("resume")
    makes_run = work.command in TRAINS and (work.command != "import" or work.options.get("train"))
    run_id = work.run_id or resumed or (new_run_id() if makes_run else None)
    return store.create_job(
        work.command,
        work.collection,
        work.options,
        run_id=run_id,
        table_id=_table_of(store, work) if work.command == "benchmark" else None,
        check=lambda: check(store, work.command, work.collection, run_id=resumed),
    )


def start_job(store: Store, work: Work) -> int:
    """Record a job and do its work in the background; return its number, for `tagrefine_core.jobs.watch`.

    Raises
    ------
    JobError
        When a live job stands in its way, or no process can be made.
    """
    job_id = record_job(store, work)
    jobs.start(store, job_id)
    return job_id


@contextmanager
def as_job(store: Store, work: Work, progress: Progress) -> Iterator[tuple[Progress, str | None]]:
    """Let work that was called from Python be seen as a job, so that nobody takes it for interrupted.

    Yields
    ------
    progress : Progress
        To pass on.
    run_id : str or None
        Of the run that the job makes; None where a job of this process, or the first of ``torchrun``, does the work already.
    """
    if not leads() or any(job.pid == os.getpid() for job in live_jobs(store)):
        yield progress, None
        return
    with recording(store, record_job(store, work)) as recorder:

        def both(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            recorder(stage, done, total)

        yield both, recorder.job.run_id


def again(store: Store, job: JobRecord) -> Work | None:
    """Return what it means to do a job again, None when it cannot be done.

    A run that was interrupted or cancelled is resumed; else the command is given once more, with the same options.
    Those of a job that an older TagRefine recorded are not known, and a resumed run may have been deleted since.
    """
    if job.command in TRAINS and job.run_id is not None:
        run = next((run for run in jobs.run_states(store, job.collection) if run.id == job.run_id), None)
        if (
            run is not None
            and run.state in ("interrupted", "cancelled")
            and run.data_hash == store.collection(run.collection).data_hash
        ):
            return Work("train", run.collection, {"resume": run.id})
        if run is None and job.options is not None and "resume" in job.options:
            return None
    if job.options is None:
        return None
    return Work(job.command, job.collection, job.options, job.run_id if job.command in _READS else None)


def _table_of(store: Store, work: Work) -> str:
    from tagrefine_core.experiments.table import table_id  # loads scikit-learn

    return table_id(store.collection(work.collection).data_hash, work.options)
