"""What benchmarks measure alike: the most memory so far, and how long a piece of work takes."""

import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


def peak() -> float:
    """Return the most memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do a piece of work, print how long it took, and return what it returns."""
    start, processor = time.perf_counter(), time.process_time()
    answer = work()
    print(
        f"{time.perf_counter() - start:8.3f} s ({time.process_time() - processor:.3f} of a processor)  {what}; "
        f"peak {peak():.2f} GB, load {os.getloadavg()[0]:.0f}",
        flush=True,
    )
    return answer
