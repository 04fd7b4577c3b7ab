"""The images nearest to an image, by all pairs in float64, a block of pairs at a time.

Time grows with the square of the collection: 200,000 photos want an index (faiss), which comes later.
"""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError, DataError, TagRefineWarning
from tagrefine_core.files import read_array, write_file

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
        Row of ``base`` to leave out for each query: the image itself, whose exact duplicates are neighbors.
    block_bytes : int
        Working memory to stay near.
    device : str
        "cpu", or "cuda"/"cuda:1"... where the base has to fit in the GPU's memory.

    Returns
    -------
    indices : (Q, k) int64 array
        Rows of ``base``, ascending by (distance, row).
    distances : (Q, k) float64 array

    Raises
    ------
    DataError, ConfigError
        If shapes do not match, a feature is not finite, there is nothing to search, or an option makes no sense.

    Notes
    -----
    Squared distances are ``|q|^2 + |b|^2 - 2 q.b`` in float64, seen from about the mean of the base, rounded to eight
    digits. Rows that agree in these are tied and go by row, however many they are; of rows equally far but not alike,
    one pair in a million may be set apart by a last digit. Duplicates are at distance 0, and so is what float64 cannot
    tell apart for sure: with d = 1,280 under 6e-7 of the features' length from that mean, in cosine under 2e-13.
    """
    rows, among = _rows(queries, "queries", device), _rows(base, "base", device)
    left_out = None if exclude is None else np.asarray(exclude)
    indices, distances = zip(*_search(rows, among, k, metric, left_out, block_bytes, "base"), strict=True)
    return np.concatenate(indices), np.concatenate(distances)


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
    features, metric, block_bytes, device
        As in `nearest`.
    M : int
        Candidates per image; more than N - 1 is cut down with a warning.
    out : Path, optional
        An ``.npy`` file to write block by block; it appears only when it is complete.
    progress : callable, optional
        Called with (images done, N) after every block; what it raises stops the search.

    Returns
    -------
    (N, M) int32 array
        Ascending by (distance, row), the image itself left out; memory-mapped when ``out`` is given.
    """
    rows = _rows(features, "features", device)
    n = len(rows)

    def found_blocks() -> Iterator[NDArray[np.int32]]:
        done = 0
        for found, _ in _search(rows, rows, M, metric, np.arange(n), block_bytes, "features"):
            yield found.astype("<i4")
            done += len(found)
            if progress is not None:
                progress(done, n)

    def write(file: BinaryIO) -> None:
        header = {"descr": "<i4", "fortran_order": False, "shape": (n, min(M, n - 1))}
        np.lib.format.write_array_header_1_0(file, header)
        file.writelines(found.tobytes() for found in found_blocks())

    if out is None:
        return np.concatenate(list(found_blocks()))
    write_file(out, write)
    return read_array(out)


def _search(
    queries: Any, base: Any, k: int, metric: str, exclude: NDArray[Any] | None, block_bytes: int, name: str
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Check the request and yield (neighbors, distances) of one block of queries after another."""
    n, width, available = len(base), base.shape[1], len(base) - (exclude is not None)
    if k < 1 or block_bytes < 1:
        raise ConfigError(f"k and block_bytes must be at least 1, got {k} and {block_bytes}.")
    if metric not in ("euclidean", "cosine"):
        raise ConfigError(f"metric {metric!r} is unknown; choose one of euclidean, cosine.")
    if available < 1:
        raise DataError(f"{name} has {n} rows, which leaves no neighbor to find.")
    if queries.shape[1] != width:
        raise DataError(f"queries have {queries.shape[1]} dimensions but base has {width}.")
    if exclude is not None:
        fits = exclude.shape == (len(queries),) and exclude.dtype.kind in "iu"
        if not fits or ((exclude < 0) | (exclude >= n)).any():
            got = f"got {exclude.dtype} {exclude.shape}, and base has rows 0 to {n - 1}"
            raise DataError(f"exclude must hold one row number per query; {got}.")
    if k > available:
        message = f"{k} neighbors were asked for but only {available} exist; all {available} are returned."
        warnings.warn(message, TagRefineWarning, stacklevel=3)
    # 2048 queries are enough for products at full speed.
    query_rows = max(1, min(2048, block_bytes // 4 // (16 * width + 32 * min(k, n))))
    base_rows = max(1, block_bytes // 2 // 16 // (width + query_rows))
    center = None
    if metric == "euclidean":
        # Small differences of large numbers would drown. Zero where not finite: `_points` names the culprit.
        center = _wide(base[:: max(1, n // 1024)]).mean(dim=0).nan_to_num(0, 0, 0)
    # Bits of non-negative floats ascend like their values. The last ones give way to the row, so that keys are
    # ordered by (distance, row), all differ, and the k least of them say everything. 28 bits are left to the distance.
    row_bits = max(24, n.bit_length())
    row_mask, distance_mask = 2**row_bits - 1, 2**63 - 2**row_bits
    for start in range(0, max(1, len(queries)), query_rows):
        points, lengths = _points(queries, start, query_rows, center, "queries" if name == "base" else name)
        own = None if exclude is None else torch.from_numpy(exclude[start:][:query_rows].astype(np.int64))
        best = torch.empty((len(points), 0), dtype=torch.int64, device=points.device)
        for first in range(0, n, base_rows):
            block, block_lengths = _points(base, first, base_rows, center, name)
            squares = (lengths[:, None] + block_lengths).addmm_(points, block.T, alpha=-2).clamp_(min=0)
            if own is not None:
                inside = (own >= first) & (own < first + len(block))
                squares[inside, own[inside] - first] = torch.inf
            keys = squares.view(torch.int64).add_(2 ** (row_bits - 1)).bitwise_and_(distance_mask)
            keys |= torch.arange(first, first + len(block), device=keys.device)
            best = torch.cat((best, keys), dim=1)
            best = best.topk(min(k, available, best.shape[1]), dim=1, largest=False, sorted=False).values
        best = best.sort(dim=1).values
        squares = (best & distance_mask).view(torch.float64)
        distances = squares / 2 if metric == "cosine" else squares.sqrt()
        yield (best & row_mask).cpu().numpy(), distances.cpu().numpy()


def _rows(array: ArrayLike, name: str, device: str) -> Any:
    """Return features to take slices from: as they are, so that a mapped file stays on disk, or on the GPU."""
    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        raise ConfigError(f"Neighbors are searched on 'cpu' or a usable GPU ('cuda'), not {device!r}.")
    features = np.asarray(array)
    if features.ndim != 2 or not features.shape[1]:
        raise DataError(f"{name} must be 2-D (images, feature dimensions), got shape {features.shape}.")
    features = features.astype(np.float64) if features.dtype.kind in "biu" else features
    if features.dtype not in (np.float16, np.float32, np.float64):
        raise DataError(f"{name} must be float16, float32 or float64, got dtype {features.dtype}.")
    return features if device == "cpu" else torch.from_numpy(np.array(features)).to(device)


def _wide(block: Any) -> Tensor:
    return (block if isinstance(block, Tensor) else torch.from_numpy(np.array(block))).double()


def _points(rows: Any, start: int, count: int, center: Tensor | None, name: str) -> tuple[Tensor, Tensor]:
    """Return features seen from ``center``, or else (cosine) at unit length, and their squared lengths.

    Of unit vectors |u - v|^2 = 2 (1 - cos). A zero vector becomes one along an axis of its own.
    """
    points = _wide(rows[start : start + count])
    points = points if center is None else points - center
    squares = torch.linalg.vector_norm(points, dim=1).square()
    if not torch.isfinite(squares).all():
        row = int((~torch.isfinite(squares)).nonzero()[0])
        column = int(points[row].abs().argmax())  # NaN counts as largest
        strange = f"{name}[{start + row}, {column}] is {rows[start + row, column].item()}"
        raise DataError(f"{strange}; features must be finite. Extract the features of this image again.")
    if center is None:
        zero = (squares == 0).double()[:, None]
        points = torch.cat((points / (squares.sqrt()[:, None] + zero), zero), dim=1)
        squares = torch.ones_like(squares)
    # Less what rounding may add over d terms, so that duplicates come out negative and are cut to 0.
    return points, squares * (1 - (points.shape[1] + 8) * 2.0**-53)
