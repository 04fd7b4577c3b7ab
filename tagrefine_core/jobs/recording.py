"""What a long command does to be seen from elsewhere: a row with its process, progress, end and result."""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from tagrefine_core.errors import Cancelled, JobError, TagRefineError
from tagrefine_core.jobs import process
from tagrefine_core.progress import Estimate
from tagrefine_core.store import JobRecord, Store

__all__ = [
    "JOB_VARIABLE",
    "LIVE",
    "TRAINS",
    "Recorder",
    "is_live",
    "live_jobs",
    "log_file",
    "recording",
    "stop_file",
]

JOB_VARIABLE = "TAGREFINE_JOB"
"""Environment variable through which `start` hands its job to the process that does the work."""

LIVE = ("starting", "running")
"""States of a job that has not ended."""

TRAINS = ("train", "demo")
"""Kinds of job that make a run."""

_INTERVAL = 0.25  # seconds between writes to the database
_PATIENCE = 60.0  # seconds in which a new job has to get a process


class Recorder:
    """The progress callable of a job: writes it to the store and raises `Cancelled` when asked to stop.

    Attributes
    ----------
    id : int
        The job.
    run_id : str or None
        The run that it trains, once there is one.
    result : dict or None
        Set it before the block ends: what the command answers, stored with the job.
    signal : signal.Signals or None
        The signal that asked to stop.
    """

    def __init__(self, store: Store, job: JobRecord, run_id: str | None = None) -> None:
        self.id = job.id
        self.run_id = run_id
        self.result: dict[str, Any] | None = None
        self.signal: signal.Signals | None = None
        self._store, self._job = store, job
        self._stop_file = stop_file(store.home, job.id)
        self._estimate = Estimate()
        self._stage = ""
        self._due = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell how far the task is; at most four calls a second and new stages reach the store."""
        if self.signal:
            raise Cancelled(f"Stopped by {self.signal.name}.")
        now = time.monotonic()
        seconds_left = self._estimate.seconds_left(stage, done, total)
        if now < self._due and stage == self._stage:
            return
        self._due, self._stage = now + _INTERVAL, stage
        if self._stop_file.exists():
            raise Cancelled("Stopped on request.")
        # A busy database may miss one report of progress, but must not end hours of work.
        with suppress(sqlite3.OperationalError):
            self._find_run()
            self._store.update_job(
                self.id,
                state="running",
                stage=stage,
                done=done,
                total=total,
                seconds_left=seconds_left,
            )

    def _find_run(self) -> None:
        # One job of a kind and collection lives at a time, so a running run that is newer is this job's.
        if self.run_id is None and self._job.kind in TRAINS and self._job.collection:
            for run in self._store.runs(self._job.collection):
                if run.state == "running" and run.created >= self._job.created:
                    self.run_id = run.id
                    self._store.update_job(self.id, run_id=run.id)
                    return

    def end(self, state: str, message: str = "") -> None:
        """Write the last state; called by `recording`."""
        self._stop_file.unlink(missing_ok=True)
        known = {} if self.run_id is None else {"run_id": self.run_id}
        self._store.update_job(
            self.id, state=state, message=message, seconds_left=None, result=self.result, **known
        )


@contextmanager
def recording(
    store: Store, kind: str, collection: str, arguments: Sequence[str] = (), *, run_id: str | None = None
) -> Iterator[Recorder]:
    """Record the work of the block as a job of this process.

    A process that `tagrefine_core.jobs.start` made takes over the job it was made for. SIGINT, SIGTERM and
    `tagrefine_core.jobs.cancel` make the next call of the recorder raise `Cancelled`; a second SIGINT interrupts
    at once. However the block ends, the row tells.

    Parameters
    ----------
    kind, collection : str
        The command, and the collection (else the run) that it works on; only one job of both may live.
    arguments : sequence of str
        The command line.
    run_id : str, optional
        The run that is resumed.

    Yields
    ------
    Recorder
        The progress callable.

    Raises
    ------
    JobError
        When such a job is live already, or the one to take over was cancelled.
    """
    job = _own_job(store, kind, collection, arguments)
    recorder = Recorder(store, job, run_id)
    pid, started = process.identity()
    store.update_job(job.id, state="running", pid=pid, pid_started=started, run_id=run_id)
    try:
        with _signals(recorder):
            yield recorder
    except (Cancelled, KeyboardInterrupt):
        recorder.end("cancelled", "Stopped on request.")
        raise
    except BaseException as error:
        if recorder.signal and isinstance(error, Exception):
            # The helper processes of a job get the signal too; that one of them died of it is no failure.
            recorder.end("cancelled", "Stopped on request.")
            raise Cancelled(f"Stopped by {recorder.signal.name}.") from error
        known = isinstance(error, TagRefineError)
        recorder.end("failed", str(error) if known else f"{type(error).__name__}: {error}")
        raise
    recorder.end("finished")


def live_jobs(store: Store) -> Iterator[JobRecord]:
    """Yield the jobs that are live; the store is read when the first is asked for."""
    for job in store.jobs(limit=1000):
        if is_live(job):
            yield job


def is_live(job: JobRecord) -> bool:
    """Tell whether a job has not ended: its process is there, or is only about to start."""
    if job.state not in LIVE:
        return False
    if job.pid is None or job.pid_started is None:
        return time.time() - datetime.fromisoformat(job.created).timestamp() < _PATIENCE
    return process.is_alive(job.pid, job.pid_started)


def stop_file(home: Path, job_id: int) -> Path:
    """Return the file that asks a job to stop by being there; its age tells how long ago that was."""
    return home / "jobs" / f"{job_id}.stop"


def log_file(home: Path, job_id: int) -> Path:
    """Return the file that takes what a background job prints."""
    return home / "jobs" / f"{job_id}.log"


def _own_job(store: Store, kind: str, collection: str, arguments: Sequence[str]) -> JobRecord:
    # Taken out of the environment, so that no process below this one takes the job over once more.
    given = os.environ.pop(JOB_VARIABLE, None)
    if given is None:
        return store.job(store.create_job(kind, collection, arguments, (job.id for job in live_jobs(store))))
    job = store.job(int(given))
    if job.state != "starting":
        raise JobError(f"Job {job.id} was {job.state} before it started.")
    os.nice(5)  # the app that asked for the work stays quick
    return job


@contextmanager
def _signals(recorder: Recorder) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        recorder.signal = signal.Signals(number)
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if sys.stderr.isatty():  # not by print, which must not be entered twice
                os.write(2, b"\nStopping at the next safe point; Ctrl-C again stops at once.\n")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
