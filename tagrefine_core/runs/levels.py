"""A run's scores tag by tag, coarse enough to lie on disk a second time: which photos are how likely to carry one tag, without delay.

``scores.npy`` lies photo by photo: to read one tag of 200,000 photos is to read 2.4 GB. Limits lie at multiples of 1 / 256
(`tagrefine_core.refinement.decision`), so a byte says all that a limit asks of a score.
"""

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.files import create_array, read_array
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
    path = _path(run)
    scores = run.scores
    with _lock:  # two who ask at once make it once
        if not path.exists():
            n, c = scores.shape
            unfinished = path.with_name(".levels-unfinished.npy")
            made = create_array(unfinished, (c, n), np.uint8)
            size = max(1, _BLOCK_BYTES // (4 * max(1, c)))
            for start in range(0, n, size):
                block = np.minimum(scores[start : start + size] * np.float32(BINS), BINS - 1)
                made[:, start : start + len(block)] = block.astype(np.uint8).T
                progress("Sorting photos by tag", min(n, start + size), n)
            made.flush()
            del made
            unfinished.replace(path)
    levels: NDArray[np.uint8] = read_array(path)
    return levels


def known_levels(run: Run) -> NDArray[np.uint8] | None:
    """Return what `levels_of` has made; None where it has not, which takes seconds where there are many photos."""
    return levels_of(run) if _path(run).exists() else None


def _path(run: Run) -> Path:
    return run.folder / "levels.npy"
