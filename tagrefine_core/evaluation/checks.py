"""What scores and ground truth must look like before anything is computed from them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import DataError

__all__ = ["check_pair", "check_values", "float_scores"]


def check_pair(scores: ArrayLike, truth: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return both as arrays of one 2-D shape, memory-mapped ones still on disk.

    Raises
    ------
    DataError
        If they are not 2-D, differ in shape or are not numeric.
    """
    scores, truth = np.asarray(scores), np.asarray(truth)
    for name, array in (("scores", scores), ("truth", truth)):
        if array.ndim != 2:
            raise DataError(f"{name} must be 2-D (images, labels), got shape {array.shape}.")
        if array.dtype.kind not in "biuf":
            raise DataError(f"{name} must be numbers, got dtype {array.dtype}.")
    if scores.shape != truth.shape:
        raise DataError(
            f"scores {scores.shape} and truth {truth.shape} differ in shape; "
            "both need one row per image and one column per label."
        )
    return scores, truth


def float_scores(scores: NDArray[Any]) -> NDArray[Any]:
    """Return a block as float32 or float64, whichever holds its values without loss."""
    return np.asarray(scores, dtype=np.result_type(scores.dtype, np.float32))


def check_values(scores: NDArray[Any], truth: NDArray[Any], *, first_row: int) -> None:
    """Raise DataError where a score is NaN or +inf or a truth value is none of 1, 0, -1.

    Parameters
    ----------
    scores, truth : (B, L) arrays
        A block of rows.
    first_row : int
        The row of the whole array that the block starts at, for the message.
    """
    if scores.dtype.kind == "f":
        # NaN < inf is false as well, so this one comparison finds both.
        wrong = ~(scores < np.inf)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(
                f"scores[{first_row + row}, {column}] is {scores[row, column]}; scores must be finite, "
                "or -inf where a method gives none."
            )
    wrong = (truth != 0) & (truth != 1) & (truth != -1)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise DataError(
            f"truth[{first_row + row}, {column}] is {truth[row, column]}; "
            "truth must be 1 (relevant), 0 (not relevant) or -1 (not judged)."
        )
