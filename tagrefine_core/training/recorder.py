"""Records who the neighbors of the training photos are while a network learns (the paper's Fig. 4)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.files import write_arrays
from tagrefine_core.neighbors.among import nearest_among

__all__ = ["MOST_PHOTOS", "TraceRecorder", "changed", "moments", "spaced"]

MOST_PHOTOS = 20_000
"""Training photos up to which all are recorded; of more, a sample of so many."""

_KEPT = 12  # moments that a finished trace holds


class TraceRecorder:
    """The nearest photos of each recorded photo, at moments from the untrained backbone to the end.

    Nothing of it enters training, and nothing of the ground truth enters it: which photos are worth a look is asked when they are shown.

    Parameters
    ----------
    rows : int64 (n,)
        The training photos, by rows of the collection, which the file speaks of.
    neighbors : int
        k, kept of each photo; fewer where there are not as many others.
    seed : int
        Of the sample where there are more than `MOST_PHOTOS`.

    Attributes
    ----------
    photos : int64 (Q,)
        The recorded photos, numbered 0 to n-1, ascending.
    """

    def __init__(self, rows: NDArray[np.int64], *, neighbors: int, seed: int) -> None:
        self.rows = rows
        self.photos: NDArray[np.int64] = np.arange(len(rows), dtype=np.int64)
        if len(rows) > MOST_PHOTOS:
            chosen = np.random.default_rng((seed, 2)).permutation(len(rows))[:MOST_PHOTOS]
            self.photos = np.sort(chosen).astype(np.int64)
        self.k = min(neighbors, len(rows) - 1)
        self.taken: list[tuple[str, int]] = []
        self.found: list[NDArray[np.int32]] = []

    def take(self, stage: str, step: int, features: Tensor, candidates: NDArray[np.int32]) -> None:
        """Record who is nearest now.

        Parameters
        ----------
        stage : str
            "frozen" for what the backbone says before anything is learned, else the stage of training.
        step : int
            How many of its steps are done.
        features : Tensor (n, d)
            As they are now.
        candidates : int32 (n, M)
            Among whom. Of frozen features, 512 candidates found in centered ones held all of the seven nearest of 7,696 photos.
        """
        among = np.asarray(candidates[self.photos])
        self.taken.append((stage, step))
        self.found.append(nearest_among(features, self.photos, among, self.k)[0])

    def save(self, path: Path) -> None:
        """Write the moments that differ: ``photos`` (Q,), ``stages`` and ``steps`` (T,), ``neighbors`` (T, Q, k)."""
        kept = spaced([changed(a, b) for a, b in zip(self.found, self.found[1:], strict=False)], _KEPT)
        write_arrays(
            path,
            photos=self.rows[self.photos],
            stages=np.array([self.taken[moment][0] for moment in kept]),
            steps=np.array([self.taken[moment][1] for moment in kept], dtype=np.int64),
            neighbors=self.rows[np.stack([self.found[moment] for moment in kept])].astype(np.int32),
        )

    def state(self) -> dict[str, Tensor]:
        """Return what a checkpoint keeps."""
        return {
            f"{number:02d} {stage} {step}": torch.from_numpy(found)
            for number, ((stage, step), found) in enumerate(zip(self.taken, self.found, strict=True))
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        for name in sorted(state):
            _, stage, step = name.split()
            self.taken.append((stage, int(step)))
            self.found.append(state[name].cpu().numpy())


def changed(before: NDArray[np.int32], after: NDArray[np.int32]) -> float:
    """Return the share of the neighbors (Q, k) after that were none before, whatever their order."""
    return 1.0 - float((after[:, :, None] == before[:, None, :]).any(axis=2).mean())


def moments(steps: int, count: int) -> frozenset[int]:
    """Return after which of the ``steps`` of a stage to record: at most ``count``, closer at the start, where most changes; the last always.

    >>> sorted(moments(100, 5))
    [1, 3, 10, 32, 100]
    """
    return frozenset(np.geomspace(1, steps, count).round().astype(int).tolist()) if steps else frozenset()


def spaced(changes: list[float], most: int) -> list[int]:
    """Choose moments between which about equally much changes.

    Parameters
    ----------
    changes : list of T - 1 float
        How much changed from each of T moments to the next.
    most : int
        How many to choose at most; one more where nothing changes at the end.

    Returns
    -------
    list of int
        Ascending, the first and the last among them, and the second, which shows the features before the first step; of the others
        none after which nothing had changed.

    Examples
    --------
    >>> spaced([0.1, 0.3, 0.0, 0.3, 0.3], most=4)
    [0, 1, 2, 5]
    """
    travelled = np.concatenate([[0.0], np.cumsum(changes)])
    last = len(changes)
    wanted = np.linspace(0, travelled[-1], most - 1)  # one place is the second's
    nearest_to = np.abs(travelled[:, None] - wanted).argmin(axis=0)
    return sorted({0, min(1, last), last, *(int(moment) for moment in nearest_to)})
