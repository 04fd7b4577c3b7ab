"""Work on many files at once, in order, with progress and a way to stop."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tagrefine_core.progress import Progress

__all__ = ["in_threads"]

T = TypeVar("T")
R = TypeVar("R")

_BLOCK = 16  # files by task: enough that handing tasks out costs nothing


def in_threads(
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    stage: str,
    progress: Progress,
    workers: int | None = None,
) -> list[R]:
    """Apply ``function`` to every item and return the results in order.

    Threads are enough: reading files and Pillow's decoders let other threads run.

    Parameters
    ----------
    stage : str
        What is being done, in words for a user.
    progress : Progress
        Called from this thread after each block; what it raises stops the work that has not begun.
    workers : int, optional
        Number of threads; by default one for each core, 8 at most.
    """

    def run(start: int) -> list[R]:
        return [function(item) for item in items[start : start + _BLOCK]]

    results: list[R] = []
    progress(stage, 0, len(items))
    with ThreadPoolExecutor(workers or min(8, os.cpu_count() or 1)) as pool:
        try:
            for part in pool.map(run, range(0, len(items), _BLOCK)):
                results += part
                progress(stage, len(results), len(items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results
