"""Features as our own closed form and frozen neighbors see them: of unit length, less what all photos share."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.methods.base import row_blocks

__all__ = ["Centered"]


@dataclass(frozen=True, eq=False)
class Centered:
    """The mean direction of the photos fitted on.

    Attributes
    ----------
    mean : float64 (d,)
    power : float
        Features to this power first, their sign kept (``network.power``).
    """

    mean: NDArray[np.float64]
    power: float = 1.0

    @classmethod
    def of(cls, features: NDArray[Any], *, power: float = 1.0) -> Self:
        """Measure the mean of features (n, d), each at unit length."""
        total = np.zeros(features.shape[1])
        for rows in row_blocks(len(features), 16 * features.shape[1]):
            total += _unit(_raised(features[rows], power)).sum(axis=0)
        return cls(total / len(features), power)

    def seen(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return features (N, d) as float32, each at unit length, less the mean."""
        found = np.empty(features.shape, dtype=np.float32)
        for rows in row_blocks(len(features), 16 * features.shape[1]):
            found[rows] = _unit(_raised(features[rows], self.power)) - self.mean
        return found

    def directions(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return `seen` (N, d) at unit length, cosines of which are about what sets photos apart."""
        return _unit(self.seen(features)).astype(np.float32)


def _raised(features: NDArray[Any], power: float) -> NDArray[np.float64]:
    rows = np.asarray(features, np.float64)
    return rows if power == 1 else np.asarray(np.sign(rows) * np.abs(rows) ** power)


def _unit(rows: NDArray[Any]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.asarray(rows, np.float64) / np.where(lengths > 0, lengths, 1.0)
    return unit
