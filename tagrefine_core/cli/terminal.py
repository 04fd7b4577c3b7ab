"""Progress on standard error: a bar on a terminal, else a plain line every few seconds."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from tagrefine_core.progress import Estimate

__all__ = ["Bar", "Lines", "duration", "progress_display"]


def duration(seconds: float) -> str:
    """Say a time in words: ``"40 s"``, ``"3 min"``, ``"2 h 05 min"``."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def _amount(done: int, total: int, seconds_left: float | None) -> str:
    if not total:
        return f"{done:,}" if done else ""
    left = "" if seconds_left is None else f", {duration(seconds_left)} left"
    return f"{done:,} of {total:,}{left}"


class Bar:
    """A bar that is gone when the work is done."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None
        self._estimate = Estimate()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw how far the task is."""
        if self._task is None:
            self._task = self._progress.add_task(stage, amount="")
        self._progress.update(
            self._task,
            description=stage,
            completed=done,
            total=total or None,
            amount=_amount(done, total, self._estimate.seconds_left(stage, done, total)),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()


class Lines:
    """A line when a stage begins, then one every few seconds.

    Parameters
    ----------
    interval : float
        Seconds between lines of one stage.
    """

    def __init__(self, interval: float = 5.0) -> None:
        self._interval = interval
        self._stage = ""
        self._due = 0.0
        self._estimate = Estimate()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Print how far the task is, when it is time to."""
        now = time.monotonic()
        seconds_left = self._estimate.seconds_left(stage, done, total)
        if stage == self._stage and now < self._due:
            return
        self._stage, self._due = stage, now + self._interval
        amount = _amount(done, total, seconds_left)
        print(f"{stage}: {amount}" if amount else stage, file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to tidy up."""


def progress_display() -> Bar | Lines:
    """Return the display that suits standard error."""
    return Bar() if sys.stderr.isatty() else Lines()
