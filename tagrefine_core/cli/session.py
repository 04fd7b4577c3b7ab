"""What all commands share: the home, how to answer, and how long work is recorded and shown."""

import json as json_format
import math
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any

import typer

from tagrefine_core.cli.options import options_of
from tagrefine_core.errors import Cancelled, DiskFull, ReadOnly
from tagrefine_core.folders import expanded, home_folder, is_there
from tagrefine_core.jobs import recording
from tagrefine_core.jobs.process import leads
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store
from tagrefine_core.workflow import Work, again, record_job

__all__ = ["Job", "Json", "Session", "Stopped"]

# Commands that keep every result as a file of its own, so that they go on where they were stopped.
_KEEP = ("ablate", "benchmark", "noise", "reproduce", "tune")

# Commands that read the home and write where they are told.
_WRITE_ELSEWHERE = ("export", "refine")

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document; progress goes to standard error.")
]


class Stopped(Exception):
    """Work was stopped by the user; the text says how to go on.

    Parameters
    ----------
    message : str
        One line.
    number : int
        The signal that did it.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.signal = number


class Job:
    """Long work of one command.

    Attributes
    ----------
    progress : Progress
        To pass on.
    run_id, table_id : str or None
        The run or the table that it makes; None in all but the first process of ``torchrun``.
    result : dict or None
        Set it to what the command answers.
    """

    def __init__(self, progress: Progress, *, run_id: str | None = None, table_id: str | None = None) -> None:
        self.progress = progress
        self.run_id, self.table_id = run_id, table_id
        self.result: dict[str, Any] | None = None


class Session:
    """One call of the command line.

    Parameters
    ----------
    home : str, optional
        The option ``--home`` as it was given.
    json : bool
        Whether the answer is a JSON document.

    Attributes
    ----------
    job_id : int or None
        The recorded job whose work this call does; by default `job` records one.
    """

    def __init__(self, home: str | None, *, json: bool) -> None:
        self.home = home
        self.job_id: int | None = None
        self._json = json
        self._output = sys.stdout
        # Under torchrun every process runs the command, and the first speaks for all.
        self.first = leads()

    @classmethod
    def of(cls, context: typer.Context, json: bool = False) -> "Session":
        """Return the session of a command, which may have been given ``--json`` too."""
        session: Session = context.obj
        session._json |= json
        if session._json:
            sys.stdout = sys.stderr  # a library that prints must not spoil the document; `main` sets it back
        return session

    @cached_property
    def store(self) -> Store:
        """The store of the home folder; one that ``--home`` names and that is not there is made, and said."""
        new = self.home is not None and not is_there(expanded(self.home))
        store = Store(home_folder(self.home))
        if new:
            self.note(f"There was no folder {store.home}; it is a new, empty home now.")
        return store

    def note(self, sentence: str) -> None:
        """Tell people something beside the answer, on standard error."""
        if self.first:
            line = "".join(c if c.isprintable() else "?" for c in sentence)
            print(f"Note: {line}", file=sys.stderr, flush=True)

    def command(self, *arguments: str) -> str:
        """Return a command line of this home that a user can paste."""
        home = ("--home", self.home) if self.home else ()
        return shlex.join(("python", "-m", "tagrefine_core", *home, *arguments))

    def answer(self, document: Any, text: str) -> None:
        """Print the JSON document, or the text for people."""
        if not self.first:
            return
        if self._json:
            text = json_format.dumps(_plain(document), allow_nan=False)
        print(text, file=self._output, flush=True)

    @contextmanager
    def display(self) -> Iterator[Progress]:
        """Show the progress of work that is not worth a job."""
        from tagrefine_core.cli.terminal import progress_display

        if self.first:
            with progress_display() as display:
                yield display
        else:
            yield silent

    @contextmanager
    def job(self, context: typer.Context, collection: str, *, run_id: str | None = None) -> Iterator[Job]:
        """Record long work as a job and show its progress.

        Parameters
        ----------
        context : typer.Context
            Of the command.
        collection : str
            What it works on.
        run_id : str, optional
            The run that it reads.

        Raises
        ------
        JobError
            When a live job stands in its way.
        Stopped
            When the user stopped it.
        """
        if not self.first:
            yield Job(silent)
            return
        job_id, recorder = self.job_id, None
        if job_id is None:
            asked = Work(str(context.command.name), collection, options_of(context), run_id)
            try:
                job_id = record_job(self.store, asked)
            except (DiskFull, ReadOnly):
                if asked.command not in _WRITE_ELSEWHERE:
                    raise
                with self.display() as display:  # a home that takes no record can be read all the same
                    yield Job(display)
                return
        try:
            with recording(self.store, job_id) as recorder, self.display() as display:

                def progress(stage: str, done: int, total: int) -> None:
                    display(stage, done, total)
                    recorder(stage, done, total)

                job = Job(progress, run_id=recorder.job.run_id, table_id=recorder.job.table_id)
                yield job
                if job.result is not None:
                    recorder.result = _plain(job.result)
        except (Cancelled, KeyboardInterrupt) as error:
            number = signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM
            if recorder is not None and recorder.signal is not None:
                number = recorder.signal
            raise Stopped(self._advice(job_id), number) from error

    def _advice(self, job_id: int) -> str:
        """Say in one line how to go on with a job that was stopped."""
        work = again(self.store, self.store.job(job_id))
        if work is not None and (run := work.options.get("resume")):
            return f"Stopped. Go on with: {self.command('train', work.collection, '--resume', run)}"
        kept = work is not None and work.command in _KEEP
        return f"Stopped. Run the same command again to {'go on' if kept else 'start over'}."


def _plain(value: Any) -> Any:
    """Make a value of JSON's own types; what is not a finite number becomes None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # numbers and arrays of NumPy
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
