"""Features as our own closed form and neighbors see them: of unit length, less what all photos share, of unit length again."""

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
    """

    mean: NDArray[np.float64]

    @classmethod
    def of(cls, features: NDArray[Any]) -> Self:
        """Measure the mean of features (n, d), each at unit length."""
        total = np.zeros(features.shape[1])
        for rows in row_blocks(len(features), 16 * features.shape[1]):
            total += _unit(np.asarray(features[rows], np.float64)).sum(axis=0)
        return cls(total / len(features))

    def seen(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return features (N, d) as float32 at unit length, cosines of which are about what sets photos apart."""
        found = np.empty(features.shape, dtype=np.float32)
        for rows in row_blocks(len(features), 16 * features.shape[1]):
            found[rows] = _unit(_unit(np.asarray(features[rows], np.float64)) - self.mean)
        return found


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return unit
