"""Work on parts of an array by one thread for each core, in order."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

__all__ = ["ahead"]

T = TypeVar("T")
R = TypeVar("R")

_starting = threading.Lock()


def ahead(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield ``function`` of every item in their order, worked out a few items ahead.

    Threads are enough: Pillow's decoders and PyTorch's operators let other threads run. As many work as PyTorch would use
    within one operator, and within each of them operators use one: nobody waits for the slowest part of every operator, and
    results do not depend on the number of cores.
    """
    waiting: deque[Future[R]] = deque()
    pool, workers = _pool()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _pool() -> tuple[ThreadPoolExecutor, int]:
    """Start the threads, all of them at once: PyTorch's count of threads is of each thread, but also what new ones begin with."""
    with _starting:
        workers = torch.get_num_threads()
        pool = ThreadPoolExecutor(workers, initializer=_alone)
        together = threading.Barrier(workers)
        list(pool.map(lambda _: together.wait(), range(workers)))
        torch.set_num_threads(workers)
    return pool, workers


def _alone() -> None:
    torch.get_num_threads()  # a thread's first question sets its count to that of all
    torch.set_num_threads(1)
