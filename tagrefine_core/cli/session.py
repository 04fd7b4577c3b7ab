"""What all commands share: the home, how to answer, and how long work is recorded and shown."""

import json as json_format
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any

import typer

from tagrefine_core.config import home_folder
from tagrefine_core.errors import Cancelled
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = ["Json", "Session", "Stopped", "Task"]

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


class Task:
    """Long work of one command.

    Attributes
    ----------
    progress : Progress
        To pass on.
    result : dict or None
        Set it to what the command answers.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.result: dict[str, Any] | None = None


class Session:
    """One call of the command line.

    Parameters
    ----------
    home : str, optional
        The option ``--home`` as it was given.
    json : bool
        Whether the answer is a JSON document.
    arguments : sequence of str
        The whole command line.
    """

    def __init__(self, home: str | None, *, json: bool, arguments: Sequence[str]) -> None:
        self.home = home
        self._json = json
        self._arguments = arguments
        self._output = sys.stdout
        # Under torchrun every process runs the command, and the first speaks for all.
        self.first = os.environ.get("RANK", "0") == "0"

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
        """The store of the home folder."""
        return Store(home_folder(self.home))

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
    def task(
        self,
        kind: str,
        collection: str,
        *,
        run_id: str | None = None,
        resume: Callable[[str], Sequence[str]] | None = None,
    ) -> Iterator[Task]:
        """Record long work as a job and show its progress.

        Parameters
        ----------
        kind, collection, run_id
            As in `tagrefine_core.jobs.recording`.
        resume : callable, optional
            From the id of the run that was trained to the arguments that resume it.

        Raises
        ------
        Stopped
            When the user stopped it.
        """
        if not self.first:
            yield Task(silent)
            return
        from tagrefine_core.jobs import Recorder, recording

        recorder: Recorder | None = None
        # From the command on, which is what `tagrefine_core.jobs.start` takes to do it again.
        arguments = [word for word in self._arguments[self._arguments.index(kind) :] if word != "--json"]
        try:
            with recording(self.store, kind, collection, arguments, run_id=run_id) as recorder:
                with self.display() as display:

                    def progress(stage: str, done: int, total: int) -> None:
                        display(stage, done, total)
                        recorder(stage, done, total)

                    task = Task(progress)
                    yield task
                if task.result is not None:
                    recorder.result = _plain(task.result)
                    recorder.run_id = task.result.get("run", recorder.run_id)
        except (Cancelled, KeyboardInterrupt) as error:
            number = signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM
            if recorder is not None:
                number, run_id = recorder.signal or number, recorder.run_id
            raise Stopped(self._advice(run_id, resume), number) from error

    def _advice(self, run_id: str | None, resume: Callable[[str], Sequence[str]] | None) -> str:
        if run_id and resume:
            return f"Stopped. Go on with: {self.command(*resume(run_id))}"
        return "Stopped. Run the same command again to start over."


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
