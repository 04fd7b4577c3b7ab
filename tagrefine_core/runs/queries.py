"""Which recorded photos are worth a look: those whose neighborhoods got better, stayed as they were, and got worse."""

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.runs.trace import Neighborhoods

__all__ = ["GROUPS", "group_of", "queries_of"]

GROUPS = ("better", "same", "worse")


def group_of(found: Neighborhoods, place: int) -> str | None:
    """Return the group of a recorded photo; None where it is not judged."""
    return next((group for group in GROUPS if getattr(found, group)[place]), None)


def queries_of(found: Neighborhoods, group: str, *, most: int, seed: int = 0) -> NDArray[np.int64]:
    """Choose photos of a group, spread over labels.

    Parameters
    ----------
    group : {"better", "same", "worse"}
    most : int
    seed : int
        Who comes first of those alike.

    Returns
    -------
    int64 (at most ``most``,)
        Places among the recorded photos: of each rarest label the photo whose share of relevant neighbors changed most (in "same", the one
        most of whose neighbors are others than at first), then of each the second, and so on.
    """
    places = np.flatnonzero(getattr(found, group))
    first, last = found.trace.neighbors[0][places], found.trace.neighbors[-1][places]
    moved = np.abs(found.last - found.first)[places]
    entered = (last[:, :, None] != first[:, None, :]).all(axis=2).mean(axis=1)
    label = found.judge.rarest(found.trace.photos[places])
    lot = np.random.default_rng((seed, 9)).random(len(places))
    order = np.lexsort((lot, -entered, -moved))
    # The how-manieth of its label each is, in this order.
    by_label = order[np.argsort(label[order], kind="stable")]
    starts = np.searchsorted(label[by_label], label[by_label])
    turn = np.empty(len(places), dtype=np.int64)
    turn[by_label] = np.arange(len(places)) - starts
    chosen: NDArray[np.int64] = places[order[np.argsort(turn[order], kind="stable")][:most]]
    return chosen
