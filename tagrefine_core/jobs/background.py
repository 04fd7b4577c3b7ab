"""Start, watch and cancel work in processes that outlive the app."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import tagrefine_core
from tagrefine_core.errors import DiskFull, JobError, ReadOnly
from tagrefine_core.files import writing
from tagrefine_core.jobs import process
from tagrefine_core.jobs.recording import LIVE, TRAINS, is_live, log_file, stop_file
from tagrefine_core.store import JobRecord, RunRecord, Store
from tagrefine_core.store.records import JobState

__all__ = ["cancel", "jobs", "run_states", "start", "tail", "watch"]

_PROGRAM = (sys.executable, "-m", "tagrefine_core")
_TAIL = 65_536  # bytes of a log that `tail` reads


def start(store: Store, job_id: int) -> None:
    """Do the work of a recorded job in the background, by ``python -m tagrefine_core --home HOME work JOB``.

    The process leads a session of its own, so it lives on when the app ends. What the job is asked to do it reads from
    the database: nothing that a user wrote goes through a command line.

    Raises
    ------
    JobError
        When no process can be made.
    """
    log = log_file(store.home, job_id)
    package = str(Path(tagrefine_core.__file__).parents[1])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    try:
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as output:
            child = subprocess.Popen(
                [*_PROGRAM, "--home", str(store.home), "work", str(job_id)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            )
    except OSError as error:
        store.update_job(job_id, state="failed", message=str(error))
        raise JobError(f"Job {job_id} cannot be started: {error}.") from error
    try:
        pid, started = process.identity(child.pid)
        store.update_job(job_id, pid=pid, pid_started=started)
    finally:
        # Waiting for a child is what keeps it from staying a zombie.
        threading.Thread(target=child.wait, name=f"job {job_id}", daemon=True).start()


def jobs(store: Store, limit: int = 50) -> list[JobRecord]:
    """Return the latest jobs, the newest first; one whose process is gone is interrupted, here and in the store."""
    return [_settle(store, job) for job in store.jobs(limit)]


def watch(store: Store, job_id: int) -> JobRecord:
    """Return a job as it is now; JobError when there is none."""
    return _settle(store, store.job(job_id))


def cancel(store: Store, job_id: int, *, grace: float = 10.0) -> JobRecord:
    """Ask a job to stop at its next safe point; asked again after ``grace`` seconds, kill it.

    Returns
    -------
    JobRecord
        The job as it is right after; one that has ended already stays as it is.
    """
    job = watch(store, job_id)
    if job.state not in LIVE:
        return job
    if job.pid is None or job.pid_started is None:
        store.update_job(job_id, state="cancelled", message="Stopped before it started.")
        return store.job(job_id)
    request = stop_file(store.home, job_id)
    if not request.exists():
        with writing(request):
            request.parent.mkdir(exist_ok=True)
            request.touch()
    patient = time.time() - request.stat().st_mtime < grace
    process.send(job.pid, job.pid_started, signal.SIGTERM if patient else signal.SIGKILL)
    return watch(store, job_id)


def tail(store: Store, job_id: int, lines: int = 20) -> str:
    """Return the last lines that a background job printed; empty for a job of a terminal."""
    try:
        with log_file(store.home, job_id).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def run_states(store: Store, collection: str | None = None) -> list[RunRecord]:
    """Return the runs, the newest first; one that no live job trains is interrupted, here and in the store."""
    runs = store.runs(collection)
    # The runs are read before the jobs: a run that was seen had its job then already.
    live = [job for job in jobs(store, limit=1000) if job.state in LIVE]
    for number, run in enumerate(runs):
        if run.state == "running" and not any(_trains(job, run) for job in live):
            # Its job may have ended in good order since.
            run = store.run(run.id)
            if run.state == "running":
                run = replace(run, state="interrupted", message="Its process ended before the run did.")
                with suppress(DiskFull, ReadOnly):  # it can be told all the same
                    store.set_run_state(run.id, run.state, run.message)
            runs[number] = run
    return runs


def _trains(job: JobRecord, run: RunRecord) -> bool:
    # Which run `reproduce` trains shows when it gets there: a new one, or one of its collection that was stopped.
    return (job.command in TRAINS and job.run_id == run.id) or (
        job.command == "reproduce" and job.collection == run.collection
    )


def _settle(store: Store, job: JobRecord) -> JobRecord:
    if job.state not in LIVE or is_live(job):
        return job
    job = store.job(job.id)  # the process may have written its end just before it went
    if job.state not in LIVE or is_live(job):
        return job
    request = stop_file(store.home, job.id)
    state: JobState
    if request.exists():
        state, message = "cancelled", "Stopped on request."
    elif job.state == "starting":
        state, message = "failed", tail(store, job.id, 1) or "Its process ended before the work began."
    else:
        state, message = "interrupted", "Its process ended before the work did."
    try:
        store.update_job(job.id, state=state, message=message, seconds_left=None)
    except (DiskFull, ReadOnly):  # it can be told all the same
        return replace(job, state=state, message=message, seconds_left=None)
    request.unlink(missing_ok=True)
    return store.job(job.id)
