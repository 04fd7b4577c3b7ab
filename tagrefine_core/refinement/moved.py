"""Where two runs hand out other tags."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import DataError
from tagrefine_core.refinement.changes import Changes, handed_out

__all__ = ["Moved", "moved"]


@dataclass(frozen=True, eq=False)
class Moved:
    """What the second of two runs does otherwise.

    Attributes
    ----------
    before : int64 (C,)
        Photos that the first hands each tag out on.
    gained, lost : int64 (C,)
        Photos on which only the second does, and only the first.
    rows : int64 (K,)
        Photos with other tags than before, those with the most first.
    """

    before: NDArray[np.int64]
    gained: NDArray[np.int64]
    lost: NDArray[np.int64]
    rows: NDArray[np.int64]


def moved(first: Changes, second: Changes) -> Moved:
    """Compare the tags handed out (kept, added and left alone) photo by photo; DataError when the runs differ in shape."""
    if first.shape != second.shape:
        raise DataError(
            f"Only runs on the same photos and tags compare; got {first.shape} and {second.shape}."
        )
    before, after = handed_out(first), handed_out(second)
    both = before.multiply(after).tocsr()
    lost, gained = before - both, after - both
    differ = _by_row(lost) + _by_row(gained)
    order = np.argsort(-differ, kind="stable")
    return Moved(_by_tag(before), _by_tag(gained), _by_tag(lost), order[: np.count_nonzero(differ)])


def _by_tag(matrix: sparse.csr_matrix) -> NDArray[np.int64]:
    return np.asarray(matrix.sum(axis=0), dtype=np.int64).reshape(-1)


def _by_row(matrix: sparse.csr_matrix) -> NDArray[np.int64]:
    return np.asarray(matrix.sum(axis=1), dtype=np.int64).reshape(-1)
