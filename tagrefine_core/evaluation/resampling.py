"""Bootstrap over photos: how often each photo is in each resample, and intervals of what was measured on all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["copies", "interval", "means", "sums"]

_DRAWS_AT_ONCE = 64


def copies(images: int, draws: int, seed: int) -> NDArray[np.uint8]:
    """Draw resamples of photos with replacement.

    Returns
    -------
    (images, draws) uint8 array
        How often each photo is in each resample; a column sums to ``images``.
    """
    generator = np.random.default_rng((seed, 2))
    found = np.empty((images, draws), dtype=np.uint8)
    for draw in range(draws):
        found[:, draw] = np.bincount(generator.integers(images, size=images), minlength=images)
    return found


def sums(values: NDArray[Any] | sparse.csr_matrix, counts: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the sum over photos in every resample, (..., B); ``values`` (..., N) are of photos, ``counts`` (N, B) from `copies`."""
    parts = [
        values.astype(np.float32) @ counts[:, start : start + _DRAWS_AT_ONCE].astype(np.float32)
        for start in range(0, counts.shape[1], _DRAWS_AT_ONCE)
    ]
    return np.concatenate([np.empty((*values.shape[:-1], 0)), *parts], axis=-1)


def means(values: NDArray[Any], counts: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mean over photos in every resample; as `sums`."""
    return np.asarray(sums(values, counts) / np.maximum(counts.sum(axis=0, dtype=np.int64), 1))


def interval(values: NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float] | None:
    """Return the percentile interval of bootstrap values (B,), or None when none is defined."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
