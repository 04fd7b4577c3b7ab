"""The images nearest to an image, in bounded memory: exact with ties by row, or as fast as float32 allows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import DataError
from tagrefine_core.files import read_array, write_file
from tagrefine_core.neighbors.block_search import BlockSearch, usable_device
from tagrefine_core.neighbors.geometry import Rows

__all__ = ["candidate_sets", "nearest"]


def nearest(
    queries: ArrayLike,
    base: ArrayLike,
    k: int,
    metric: str = "euclidean",
    *,
    exclude: ArrayLike | None = None,
    block_bytes: int = 2**28,
    device: str = "cpu",
    exact: bool = True,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the ``k`` rows of ``base`` nearest to each query.

    Parameters
    ----------
    queries, base : (Q, d), (N, d) arrays
        Features, float16, float32 or float64; memory-mapped arrays are read in blocks.
    k : int
        Neighbors per query; more than there are is cut down with a warning.
    metric : {"euclidean", "cosine"}
        Cosine is 1 - cos, with 0 between two zero vectors and 1 between a zero vector and any other.
    exclude : (Q,) array of int, optional
        Row of ``base`` to leave out for each query: an image is not its own neighbor. By row and not
        by distance, since exact duplicates of an image are neighbors.
    block_bytes : int
        Working memory to stay near.
    device : str
        "cpu", or "cuda"/"cuda:1"... where the base has to fit in the GPU's memory; the same neighbors
        up to rounding.
    exact : bool
        False compares in float32 and no further, which is several times faster: distances are good to about 1e-6 of
        the features' squared length, and rows that differ by no more than that count as tied. Enough where many
        neighbors vote.

    Returns
    -------
    indices : (Q, k) int64 array
        Rows of ``base``, ascending by (distance, row).
    distances : (Q, k) float64 array

    Raises
    ------
    DataError
        If shapes do not match, a feature is not finite, or there is nothing to search.
    ConfigError
        If ``k`` is below 1, the metric or device unknown or the block size not positive.

    Examples
    --------
    >>> indices, distances = nearest([[0.0]], [[3.0], [1.0], [-1.0]], 2)
    >>> indices.tolist(), distances.tolist()
    ([[1, 2]], [[1.0, 1.0]])
    """
    where = usable_device(device)
    search = BlockSearch.prepare(
        Rows(base, "base", where),
        k,
        metric,
        excluding=exclude is not None,
        block_bytes=block_bytes,
        device=where,
        exact=exact,
    )
    rows = Rows(queries, "queries", where)
    if rows.shape[1] != search.base.shape[1]:
        raise DataError(f"queries have {rows.shape[1]} dimensions but base has {search.base.shape[1]}.")
    indices = np.empty((len(rows), search.k), dtype=np.int64)
    distances = np.empty((len(rows), search.k), dtype=np.float64)
    left_out = None if exclude is None else _checked_exclude(exclude, len(rows), len(search.base))
    for block, found, far in search.blocks(rows, left_out):
        indices[block], distances[block] = found, far
    return indices, distances


def candidate_sets(
    features: ArrayLike,
    M: int,
    *,
    metric: str = "euclidean",
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    block_bytes: int = 2**28,
    device: str = "cpu",
) -> NDArray[np.int32]:
    """Find every image's ``M`` nearest other images, the candidates Z of Algorithm 2, line 2.

    Parameters
    ----------
    features : (N, d) array
        As in `nearest`.
    M : int
        Candidates per image; more than N - 1 is cut down with a warning.
    metric, block_bytes, device
        As in `nearest`.
    out : Path, optional
        An ``.npy`` file to write block by block; it appears only when it is complete.
    progress : callable, optional
        Called with (images done, N) after every block; what it raises stops the search.

    Returns
    -------
    (N, M) int32 array
        Ascending by (distance, row), the image itself left out; memory-mapped when ``out`` is given.

    Raises
    ------
    DataError, ConfigError
        As in `nearest`.
    """
    where = usable_device(device)
    rows = Rows(features, "features", where)
    search = BlockSearch.prepare(rows, M, metric, excluding=True, block_bytes=block_bytes, device=where)
    n = len(rows)

    def found_blocks() -> Iterator[NDArray[np.int32]]:
        for block, found, _ in search.blocks(rows, torch.arange(n)):
            yield found.astype(np.int32)
            if progress is not None:
                progress(block.stop, n)

    if out is None:
        return np.concatenate(list(found_blocks()))
    header = {"descr": "<i4", "fortran_order": False, "shape": (n, search.k)}

    def write(file: BinaryIO) -> None:
        np.lib.format.write_array_header_1_0(file, header)
        for found in found_blocks():
            file.write(found.astype("<i4", copy=False).tobytes())

    write_file(out, write)
    return read_array(out)


def _checked_exclude(exclude: ArrayLike, n_queries: int, n_base: int) -> torch.Tensor:
    rows = np.asarray(exclude)
    if rows.shape != (n_queries,) or rows.dtype.kind not in "iu":
        raise DataError(
            f"exclude must hold one row number per query, shape ({n_queries},), "
            f"got shape {rows.shape} and dtype {rows.dtype}."
        )
    if n_queries and not (rows.min() >= 0 and rows.max() < n_base):
        raise DataError(
            f"exclude names rows {rows.min()} to {rows.max()}, but base has rows 0 to {n_base - 1}."
        )
    return torch.from_numpy(rows.astype(np.int64))
