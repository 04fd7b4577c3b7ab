"""The images nearest to an image, once and for all images."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import DataError, TagRefineWarning
from tagrefine_core.files import read_array, reserve, write_file
from tagrefine_core.neighbors.index import Index

__all__ = ["candidate_sets", "nearest"]


def nearest(
    queries: ArrayLike,
    base: ArrayLike,
    k: int,
    metric: str = "euclidean",
    *,
    exclude: ArrayLike | None = None,
    block_bytes: int = 2**27,
    device: str = "cpu",
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the ``k`` rows of ``base`` nearest to each query among all of them; for all images of a large collection see `Index`.

    Parameters
    ----------
    queries, base : (Q, d), (N, d) arrays
        Features, float16, float32 or float64; memory-mapped arrays are read in blocks.
    k : int
        Neighbors per query; more than there are is cut down with a warning.
    metric, exclude, block_bytes, device
        As in `Index`.

    Returns
    -------
    rows : (Q, k) int64 array
        Ascending by (distance, row).
    squared : (Q, k) float32 array
        Squared distances, as in `Index.search`.

    Raises
    ------
    DataError, ConfigError
        If shapes do not match, a feature is not finite, there is nothing to search, or an option makes no sense.
    """
    index = Index.build(base, metric=metric, exact=True, device=device, name="base")
    k = _as_many(k, len(np.asarray(base)) - (exclude is not None), "base")
    return index.search(queries, k, exclude=exclude, block_bytes=block_bytes)


def candidate_sets(
    features: ArrayLike,
    M: int,
    *,
    metric: str = "euclidean",
    seed: int = 0,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    block_bytes: int = 2**27,
    device: str = "cpu",
) -> NDArray[np.int32]:
    """Find every image's ``M`` nearest other images, the candidates Z of Algorithm 2, line 2.

    Parameters
    ----------
    features, metric, seed, device
        As in `Index.build`: above 20,000 images nearly all of the nearest are found.
    M : int
        Candidates per image; more than N - 1 is cut down with a warning.
    out : Path, optional
        An ``.npy`` file to write block by block; it appears only when it is complete.
    progress : callable, optional
        Called with (images done, N) after every block; what it raises stops the search.
    block_bytes : int
        Working memory to stay near.

    Returns
    -------
    (N, M) int32 array
        Ascending by (distance, row), the image itself left out; memory-mapped when ``out`` is given.
    """
    n = len(np.asarray(features))
    M = _as_many(M, n - 1, "features")
    index = Index.build(features, metric=metric, seed=seed, progress=progress, device=device)

    def fill(candidates: NDArray[np.int32]) -> NDArray[np.int32]:
        done = 0
        for places, found, _ in index.blocks(features, M, exclude=np.arange(n), block_bytes=block_bytes):
            candidates[places] = found
            done += len(places)
            if progress is not None:
                progress(done, n)
        return candidates

    def write(file: BinaryIO) -> None:
        header = {"descr": "<i4", "fortran_order": False, "shape": (n, M)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        reserve(file, start + 4 * n * M)
        fill(np.memmap(file.name, "<i4", "r+", start, (n, M)))

    if out is None:
        return fill(np.empty((n, M), dtype=np.int32))
    write_file(out, write)
    return read_array(out)


def _as_many(k: int, available: int, name: str) -> int:
    if available < 1:
        raise DataError(f"{name} has {max(0, available + 1)} rows, which leaves no neighbor to find.")
    if k > available:
        message = f"{k} neighbors were asked for but only {available} exist; all {available} are returned."
        warnings.warn(message, TagRefineWarning, stacklevel=3)
    return min(k, available)
