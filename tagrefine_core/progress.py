"""How long tasks say how far they are, and learn that they should stop."""

import time
from typing import Protocol

__all__ = ["Estimate", "Progress", "Stopwatch", "silent"]


class Progress(Protocol):
    """Called often by a long task. Raises `tagrefine_core.errors.Cancelled` to stop it.

    Parameters
    ----------
    stage : str
        What is being done, in words for a user ("Extracting features").
    done, total : int
        Steps done, of how many; ``total`` may be 0 while it is unknown.
    """

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell how far the task is."""
        ...


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


class Estimate:
    """Seconds left of one stage, from its own speed so far."""

    def __init__(self) -> None:
        self._stage = ""
        self._start = 0.0
        self._first = 0

    def seconds_left(self, stage: str, done: int, total: int) -> float | None:
        """Return the expected seconds left, or None before there is anything to measure."""
        now = time.monotonic()
        if stage != self._stage or done < self._first:
            self._stage, self._start, self._first = stage, now, done
        if done <= self._first or total <= 0:
            return None
        return (now - self._start) / (done - self._first) * max(0, total - done)


class Stopwatch:
    """Progress that passes on what it hears and adds up what each stage took.

    Parameters
    ----------
    progress : Progress
        Who is told.

    Attributes
    ----------
    stages : dict of str to (float, int)
        Seconds of each stage, and how much was done in it.
    """

    def __init__(self, progress: Progress) -> None:
        self.stages: dict[str, tuple[float, int]] = {}
        self._progress = progress
        self._stage, self._before, self._heard = "", 0, time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell how far the task is; what passed since the last call belongs to the stage that ends or goes on."""
        now = time.monotonic()
        if stage != self._stage or done < self._before:
            self._add(self._stage or stage, now, 0)
            self._stage, self._before = stage, done
        else:
            self._add(stage, now, done - self._before)
            self._before = done
        self._progress(stage, done, total)

    def stop(self) -> None:
        """Give what passed since the last call to the stage that was heard of last."""
        self._add(self._stage, time.monotonic(), 0)

    def _add(self, stage: str, now: float, done: int) -> None:
        seconds, before = self.stages.get(stage, (0.0, 0))
        self.stages[stage] = (seconds + now - self._heard, before + done)
        self._heard = now
