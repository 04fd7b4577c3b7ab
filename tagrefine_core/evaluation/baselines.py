"""What needs no learning: the expectation of random scores, and the user tags as scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError

__all__ = ["random_average_precision", "random_miap", "user_tag_scores"]


def random_average_precision(n: ArrayLike, relevant: ArrayLike) -> NDArray[np.float64]:
    """Return the expected AP of n items in uniformly random order, ``H_n/n + (R-1)(n-H_n)/(n(n-1))``.

    Parameters
    ----------
    n, relevant : arrays of int that broadcast
        Items, and how many of them are relevant.

    Returns
    -------
    float64 array
        NaN where nothing is relevant.

    Examples
    --------
    >>> random_average_precision(14, [1, 2]).round(6)
    array([0.232254, 0.291312])
    """
    n, relevant = np.broadcast_arrays(np.asarray(n, dtype=np.int64), np.asarray(relevant, dtype=np.int64))
    harmonic = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, n.max(initial=0) + 1))))[n]
    many = np.maximum(n, 1)
    slope = np.divide(many - harmonic, many * (many - 1), out=np.zeros(n.shape), where=many > 1)
    return np.where(relevant > 0, harmonic / many + (relevant - 1) * slope, np.nan)


def random_miap(truth: ArrayLike) -> float:
    """Return the expected MiAP of random scores on this ground truth: the floor for any method.

    Parameters
    ----------
    truth : (N, L) array
        1 relevant, 0 not relevant, -1 not judged.

    Returns
    -------
    float
        Images without a relevant label count as 0; NaN without any judged image.
    """
    truth = np.asarray(truth)
    judged, relevant = np.count_nonzero(truth != -1, axis=1), np.count_nonzero(truth == 1, axis=1)
    expected = random_average_precision(judged, relevant)[judged > 0]
    return float(np.nan_to_num(expected).mean()) if len(expected) else float("nan")


def user_tag_scores(
    tag_positions: Any, *, option: str = "binary", columns: Sequence[int] | NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """Scores of the raw user tags, the row "UserTags" of the paper's refinement tables.

    Parameters
    ----------
    tag_positions : (N, C) scipy sparse matrix of int
        1-based place of the tag in the user's own list; nothing stored where the user gave no tag.
    option : {"binary", "position"}
        1 for a given tag, or 1 / (1 + place), so that a tag named earlier counts more.
    columns : sequence of int, optional
        Columns to score, normally those of the labels; all C by default.

    Returns
    -------
    (N, L) float32 array
        In [0, 1], 0 for a tag that was not given.

    Raises
    ------
    ConfigError
        If the option is unknown.
    DataError
        If a stored place is below 1 or an image has a tag twice.
    """
    if option not in ("binary", "position"):
        raise ConfigError(f"User tags can be scored as 'binary' or 'position', not {option!r}.")
    positions = sparse.csr_matrix(tag_positions, copy=True)
    stored = positions.nnz
    positions.sum_duplicates()
    if positions.nnz < stored:
        raise DataError(
            f"{stored - positions.nnz} tags are stored twice for one image; keep the first place."
        )
    if columns is not None:
        positions = positions[:, np.asarray(columns, dtype=np.int64)]
    if positions.nnz and positions.data.min() < 1:
        raise DataError(f"Places in the user's list start at 1, found {positions.data.min()}.")
    values = 1.0 / (1.0 + positions.data) if option == "position" else np.ones(positions.nnz)
    positions = sparse.csr_matrix(
        (values.astype(np.float32), positions.indices, positions.indptr), positions.shape
    )
    return np.asarray(positions.toarray())
