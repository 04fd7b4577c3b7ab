"""What a picture can tell: how well photos that carry a tag are told from others by their pictures alone.

A tag is **visual** as far as its photos lie in that half of all photos which a network that has not seen their tags finds likelier:
1 where all do, 0 where as many as by chance. Half of the photos is a long way: where users write a tag on few of the photos that it
fits ("people"), its untagged photos crowd the top of the order and spoil an ROC AUC, but not the bottom half. A share of n photos has a
known interval, wide where n is 9 (a tag on more than half of the photos cannot but reach into the lower half: it is measured by how
far it could go), and that interval decides: who is to be corrected by a picture has to be shown that it can tell.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.special import betaincinv

__all__ = ["ENOUGH", "Visualness"]

ENOUGH = 0.4
"""Lower end of the interval from which on a picture can tell: seven of ten photos in the upper half, beyond doubt."""

_HOPE = 0.6  # an estimate from which on a tag of too few photos may well be one that a picture can tell
_TAIL = 0.1  # of the interval, on each side
_LOWEST, _HIGHEST, _BINS = -20.0, 12.0, 3200  # logits are ordered to a hundredth


@dataclass(frozen=True, eq=False)
class Visualness:
    """How well a picture tells each tag, float32 (C,) in [0, 1]: the estimate and an 80 % interval (Clopper and Pearson 1934)."""

    value: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @classmethod
    def measure(cls, blocks: Iterable[tuple[NDArray[Any], csr_matrix]], tags: int) -> "Visualness":
        """Measure all tags.

        Parameters
        ----------
        blocks : iterable of (logits (B, C), csr (B, C))
            Of the photos learned from: logits that have not seen the photo's own tags, and the tags given.
        tags : int
            C.
        """
        photos, carriers = np.zeros((tags, _BINS), dtype=np.int32), np.zeros((tags, _BINS), dtype=np.int32)
        offsets = np.arange(tags, dtype=np.int64) * _BINS
        for logits, given in blocks:
            scaled = (np.asarray(logits, dtype=np.float32) - _LOWEST) * (_BINS / (_HIGHEST - _LOWEST))
            place = np.clip(scaled, 0, _BINS - 1).astype(np.int64) + offsets
            own = given.tocoo()
            np.add.at(carriers.reshape(-1), place[own.row, own.col], 1)
            photos += (
                np.bincount(place.reshape(-1), minlength=tags * _BINS).reshape(tags, _BINS).astype(np.int32)
            )
        n = photos.sum(axis=1)
        # Photos of the bin that holds the median count as half below it: equal logits tell nothing.
        below = np.cumsum(photos, axis=1)
        median = np.argmax(below * 2 >= n[:, None], axis=1)
        each = np.arange(tags)
        before = np.where(median > 0, below[each, median - 1], 0)
        part = (n / 2 - before) / np.maximum(photos[each, median], 1)
        carried = np.cumsum(carriers, axis=1)
        carried_before = np.where(median > 0, carried[each, median - 1], 0)
        low_half = carried_before + part * carriers[each, median]
        total = carriers.sum(axis=1)
        share = np.divide(low_half, total, out=np.full(tags, 0.5), where=total > 0)
        worst = np.where(
            low_half < total, betaincinv(low_half + 1, np.maximum(total - low_half, 1e-9), 1 - _TAIL), 1.0
        )
        best = np.where(
            low_half > 0, betaincinv(np.maximum(low_half, 1e-9), total - low_half + 1, _TAIL), 0.0
        )
        most = np.clip((n - total) / np.maximum(total, 1), 0.05, 1)
        value, low, high = (
            np.clip((1 - 2 * np.asarray(x)) / most, 0, 1).astype(np.float32) for x in (share, worst, best)
        )
        return cls(value, low, high)

    def as_array(self) -> NDArray[np.float32]:
        """Return all three as (3, C), to be kept."""
        return np.stack([self.value, self.low, self.high])

    @classmethod
    def of_array(cls, array: NDArray[np.float32]) -> "Visualness":
        """Read what `as_array` returned."""
        return cls(*np.asarray(array))

    @property
    def unseen(self) -> NDArray[np.bool_]:
        """Whether a picture seems not to tell each tag, (C,): neither shown nor likely."""
        return np.asarray(~self.enough & (self.value < _HOPE))

    @property
    def enough(self) -> NDArray[np.bool_]:
        """Whether a picture can tell each tag, (C,)."""
        return np.asarray(self.low >= ENOUGH)
