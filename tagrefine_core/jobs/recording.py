"""What a long command does to be seen from elsewhere: a row with its process, progress, end and result."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from tagrefine_core.errors import Cancelled, DiskFull, HomeError, JobError, TagRefineError
from tagrefine_core.jobs import process
from tagrefine_core.progress import Estimate
from tagrefine_core.store import JobRecord, Store

__all__ = [
    "LIVE",
    "TRAINS",
    "Recorder",
    "is_live",
    "live_jobs",
    "log_file",
    "recording",
    "stop_file",
]

LIVE = ("starting", "running")
"""States of a job that has not ended."""

TRAINS = ("train", "demo", "import")
"""Commands whose job makes a run, or goes on with one; an import only where it is asked to, which its ``run_id`` tells."""

_INTERVAL = 0.25  # seconds between writes to the database
_PATIENCE = 60.0  # seconds in which a new job has to get a process


class Recorder:
    """The progress callable of a job: writes it to the store and raises `Cancelled` when asked to stop.

    Attributes
    ----------
    job : JobRecord
        As it was when its work began.
    result : dict or None
        Set it before the block ends: what the command answers, stored with the job.
    signal : signal.Signals or None
        The signal that asked to stop.
    """

    def __init__(self, store: Store, job: JobRecord) -> None:
        self.job = job
        self.result: dict[str, Any] | None = None
        self.signal: signal.Signals | None = None
        self._store = store
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
        # A busy database, or one without room, may miss one report of progress, but must not end hours of work.
        with suppress(HomeError):
            self._store.update_job(
                self.job.id,
                state="running",
                stage=stage,
                done=done,
                total=total,
                seconds_left=seconds_left,
            )

    def end(self, state: str, message: str = "") -> None:
        """Write the last state; called by `recording`."""
        self._stop_file.unlink(missing_ok=True)
        self._store.update_job(
            self.job.id, state=state, message=message, seconds_left=None, result=self.result
        )


@contextmanager
def recording(store: Store, job_id: int) -> Iterator[Recorder]:
    """Do the work of a recorded job in the block, in this process.

    SIGINT, SIGTERM and `tagrefine_core.jobs.cancel` make the next call of the recorder raise `Cancelled`; a second
    SIGINT interrupts at once. However the block ends, the row tells.

    Yields
    ------
    Recorder
        The progress callable.

    Raises
    ------
    JobError
        When the job was begun, or cancelled, already.
    """
    job = store.job(job_id)
    if job.state != "starting":
        raise JobError(f"Job {job_id} is {job.state} already, so it cannot begin.")
    recorder = Recorder(store, job)
    pid, started = process.identity()
    store.update_job(job_id, state="running", pid=pid, pid_started=started)
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
        with suppress(DiskFull):  # that there is no room for the end, either, would hide what happened
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
