"""Progress of a list of trials as one stage, so that the estimate of the time left is of the whole list."""

from tagrefine_core.progress import Progress

__all__ = ["Steps"]


class Steps:
    """A progress for what each trial reports: its own stages are not shown, but it can still be cancelled.

    Parameters
    ----------
    progress : Progress
        What is told how many trials are done.
    stage : str
        What all of it is called.
    done, total : int
        Trials known from before, of how many.
    """

    def __init__(self, progress: Progress, stage: str, *, done: int, total: int) -> None:
        self._progress, self._stage = progress, stage
        self._done, self._total = done, total
        self("", 0, 0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell how far the list is; what is given is of one trial."""
        self._progress(self._stage, min(self._done, self._total), self._total)

    def step(self, count: int = 1) -> None:
        """Count trials as done."""
        self._done += count
        self("", 0, 0)
