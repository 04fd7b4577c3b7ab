"""A run's scores tag by tag, coarse enough to lie on disk a second time: which photos are how likely to carry one tag, without delay.

``scores.npy`` lies photo by photo: to read one tag of 200,000 photos is to read 2.4 GB. Limits lie at multiples of 1 / 256
(`tagrefine_core.refinement.decision`), so a byte says all that a limit asks of a score.
"""

import tempfile
import threading
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import DamagedFile, DiskFull, ReadOnly
from tagrefine_core.files import create_array, read_array, reserve
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement import BINS
from tagrefine_core.runs.run import Run

__all__ = ["known_levels", "levels_of"]

_BLOCK_BYTES = 2**26
_lock = threading.Lock()


def levels_of(run: Run, *, progress: Progress = silent) -> NDArray[np.uint8]:
    """Return for every tag how likely it fits each photo, in steps of 1 / 256.

    Made at the end of a training, or when first asked for (``levels.npy`` in the run's folder, which may be deleted), then read
    where it lies.

    Returns
    -------
    (C, N) uint8 array, memory-mapped
        ``floor(256 * score)``, at most 255: a score reaches the limit ``k / 256`` where its level is at least ``k``.

    Raises
    ------
    RunError
        When the run has no scores.
    """
    with _lock:  # two who ask at once make it once
        if (levels := known_levels(run)) is not None:
            return levels
        path = _path(run)
        unfinished = path.with_name(".levels-unfinished.npy")
        try:
            made = create_array(unfinished, run.scores.shape[::-1], np.uint8)
        except (DiskFull, ReadOnly):
            return _beside(run)
        _fill(made, run, progress)
        made.flush()
        del made
        unfinished.replace(path)
        return read_array(path)


def known_levels(run: Run) -> NDArray[np.uint8] | None:
    """Return what `levels_of` has made; None where it has not, which takes seconds where there are many photos."""
    try:
        levels = read_array(_path(run))
    except (FileNotFoundError, DamagedFile):
        return None
    return levels if levels.shape == run.scores.shape[::-1] else None


def _fill(levels: NDArray[np.uint8], run: Run, progress: Progress) -> None:
    c, n = levels.shape
    size = max(1, _BLOCK_BYTES // (4 * max(1, c)))
    for start in range(0, n, size):
        block = np.minimum(run.scores[start : start + size] * np.float32(BINS), BINS - 1)
        levels[:, start : start + len(block)] = block.astype(np.uint8).T
        progress("Sorting photos by tag", min(n, start + size), n)


@lru_cache(maxsize=2)
def _beside(run: Run) -> NDArray[np.uint8]:
    """Return levels in a temporary file of this process: the run's folder takes none."""
    with tempfile.TemporaryFile() as file:
        shape = run.scores.shape[::-1]
        reserve(file, shape[0] * shape[1])
        levels = np.memmap(file, np.uint8, "r+", shape=shape)
    _fill(levels, run, silent)
    return levels


def _path(run: Run) -> Path:
    return run.folder / "levels.npy"
