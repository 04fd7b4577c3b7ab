"""The nearest to one image while somebody waits: float16 features are read where they lie, and no copy of them is kept."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import ConfigError, DataError

__all__ = ["distances_to", "nearest_to"]

_BLOCK_BYTES = (
    2**24
)  # of the float32 copy of some images; smaller ones make threads wait for Python's lock more often


def distances_to(query: ArrayLike, base: ArrayLike) -> NDArray[np.float32]:
    """Return the squared Euclidean distance of every row of ``base`` to one point.

    Parameters
    ----------
    query : (d,) array
    base : (N, d) array
        float16, float32 or float64; a mapped file is read once, front to back.

    Returns
    -------
    float32 (N,)
        Exactly 0 for the point itself and for its duplicates: differences are squared, not expanded.

    Raises
    ------
    DataError
        If shapes do not match, or a feature is not finite.

    Notes
    -----
    200,000 images of 256 dimensions take 70 ms on two cores, .14 s where two other programs keep them busy (`benchmarks.neighbors --task
    one`). PyTorch takes 20 ms, but .25 s where the cores are busy, since its threads wait for each other at every step, and two seconds
    the first time.
    """
    rows, point = np.asarray(base), np.asarray(query)
    if rows.ndim != 2 or point.shape != rows.shape[1:]:
        raise DataError(f"query must be (d,) and base (N, d), got shapes {point.shape} and {rows.shape}.")
    center = np.asarray(point, dtype=np.float32)
    found = np.empty(len(rows), dtype=np.float32)

    size = max(1, _BLOCK_BYTES // (4 * max(1, len(center))))

    def measure(start: int) -> None:
        away = rows[start : start + size].astype(np.float32)
        away -= center
        np.einsum("ij,ij->i", away, away, out=found[start : start + size])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(measure, range(0, len(rows), size)))
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0])
        raise DataError(
            f"The features of image {row}, or of the one asked for, are not finite. Extract them again."
        )
    return found


def nearest_to(
    query: ArrayLike, base: ArrayLike, k: int, *, exclude: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the ``k`` rows of ``base`` nearest to one point.

    Parameters
    ----------
    query, base
        As in `distances_to`.
    k : int
        All that there are when there are fewer.
    exclude : int, optional
        A row to leave out: the image itself, whose exact duplicates are neighbors.

    Returns
    -------
    rows : int64 (k,)
        Ascending by (distance, row).
    squared : float32 (k,)

    Raises
    ------
    DataError
        As `distances_to`.
    ConfigError
        If ``k`` is not positive.
    """
    if k < 1:
        raise ConfigError(f"k must be at least 1, got {k}.")
    squared = distances_to(query, base)
    if exclude is not None:
        squared[exclude] = np.inf
    k = min(k, len(squared) - (exclude is not None))
    if k < 1:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    # Those tied with the last one go by row, too.
    farthest = np.partition(squared, k - 1)[k - 1]
    near = np.flatnonzero(squared <= farthest)
    rows = near[np.argsort(squared[near], kind="stable")][:k]
    return rows.astype(np.int64), squared[rows]
