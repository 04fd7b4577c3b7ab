"""Exact search in blocks: a fast pass, and a proof that it lost nothing.

The fast pass multiplies float32 blocks and keeps a few rows more than asked for. The distances of
these survivors are computed exactly. Every row that was dropped is at least as far as the last
survivor's fast distance minus the rounding bound; where the k-th exact distance is not below that
(many duplicates, ties, lengths that drown the differences), the query is searched again in float64
for every row that might still win or tie. The result is that of comparing all pairs in float64.

Who only counts votes can do with the fast pass alone: most of the time goes into the exact distances.
"""

import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError, DataError, TagRefineWarning
from tagrefine_core.neighbors.geometry import Geometry, Rows, require_finite

__all__ = ["BlockSearch", "usable_device"]

_MAX_QUERIES = 2048  # rows of a query block: enough for matrix products at full speed
_MARGIN = 32  # survivors kept beyond k, at least
_SERIAL_ENTRIES = 2**15  # entries compared at once: torch handles no more than that on one thread
_GPU_ENTRIES = 2**25
_PAIRS = 2**16  # doubtful pairs whose queries are gathered at once
_SLACK = 1e-9  # relative, far above the rounding of exact distances


def usable_device(name: str) -> torch.device:
    """Return the torch device, or raise ConfigError if neighbors cannot be searched on it."""
    kind = name.split(":")[0]
    if kind not in ("cpu", "cuda"):
        raise ConfigError(f"Neighbors are searched on 'cpu' or 'cuda' (float64 is needed), not {name!r}.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            f"device {name!r} was asked for, but this machine has no usable CUDA GPU; use 'cpu'."
        )
    return torch.device(name)


@dataclass(frozen=True, kw_only=True)
class BlockSearch:
    """A base of features made ready to be searched.

    Attributes
    ----------
    base : Rows
    geometry : Geometry
    k : int
        Neighbors to return.
    n_kept : int
        Survivors of the fast pass.
    query_rows, base_rows : int
        Sizes of the blocks.
    device : torch.device
    exact : bool
        False keeps what the fast pass found, as it found it.
    """

    base: Rows
    geometry: Geometry
    k: int
    n_kept: int
    query_rows: int
    base_rows: int
    device: torch.device
    exact: bool

    @classmethod
    def prepare(
        cls,
        base: Rows,
        k: int,
        metric: str,
        *,
        excluding: bool,
        block_bytes: int,
        device: torch.device,
        exact: bool = True,
    ) -> "BlockSearch":
        """Check the request against the base and size the blocks; see `nearest` for the parameters."""
        if k < 1:
            raise ConfigError(f"k must be at least 1, got {k}.")
        if block_bytes < 1:
            raise ConfigError(f"block_bytes must be positive, got {block_bytes}.")
        available = len(base) - excluding
        if available < 1:
            raise DataError(f"{base.name} has {len(base)} rows, which leaves no neighbor to find.")
        if k > available:
            warnings.warn(
                f"{k} neighbors were asked for but only {available} exist; all {available} are returned.",
                TagRefineWarning,
                stacklevel=3,
            )
            k = available
        n_kept = min(len(base), k + max(_MARGIN, k // 16))
        row_bytes = 20 * base.shape[1]  # features, and coordinates of two precisions
        query_rows = max(1, min(_MAX_QUERIES, block_bytes // 4 // (row_bytes + 32 * n_kept)))
        base_rows = max(1, min(len(base), block_bytes // 2 // (row_bytes + 4 * query_rows)))
        geometry = Geometry.of(base, metric, base_rows)
        return cls(
            base=base,
            geometry=geometry,
            k=k,
            n_kept=n_kept,
            query_rows=query_rows,
            base_rows=base_rows,
            device=device,
            exact=exact,
        )

    def blocks(
        self, queries: Rows, exclude: Tensor | None
    ) -> Iterator[tuple[slice, NDArray[np.int64], NDArray[np.float64]]]:
        """Yield (rows of the queries, their neighbors, the distances) block by block."""
        for start in range(0, len(queries), self.query_rows):
            rows = slice(start, min(start + self.query_rows, len(queries)))
            left_out = None if exclude is None else exclude[rows].to(self.device)
            with _full_precision(self.device):
                block = queries[rows]
                require_finite(block, queries.name, start)
                found, distances = self._search(block, left_out)
            yield rows, found.cpu().numpy(), distances.cpu().numpy()

    def _search(self, queries: Tensor, exclude: Tensor | None) -> tuple[Tensor, Tensor]:
        coordinates = self.geometry.coordinates(queries, torch.float32)
        survivors, values = self._fast_pass(coordinates, exclude)
        survivors, order = survivors.sort(dim=1)
        values = values.gather(1, order).double()
        lengths = torch.linalg.vector_norm(coordinates, dim=1, dtype=torch.float64)
        if not self.exact:
            rounding = self.geometry.usual_rounding(lengths)
            values, order = _ascending(values, rounding)
            squares = (values[:, : self.k] + lengths.square()[:, None]).clamp_(min=0)
            return survivors.gather(1, order[:, : self.k]), self.geometry.from_squared(squares)
        dropped_beyond = self._bound(values, lengths, coordinates.shape[1])
        distances = self._exact(queries, survivors)
        if exclude is not None:
            distances[survivors == exclude[:, None]] = torch.inf
        # Survivors ascend by row, so a stable sort by distance leaves ties in row order.
        distances, order = distances.sort(dim=1, stable=True)
        found, distances = survivors.gather(1, order)[:, : self.k].clone(), distances[:, : self.k].clone()

        reach = self.geometry.squared(distances[:, -1]) * (1 + _SLACK)
        doubtful = (reach >= dropped_beyond).nonzero()[:, 0]
        # Pairs that tie can be as many as all pairs of a block: fewer queries at once.
        step = max(1, self.query_rows // 8)
        for start in range(0, len(doubtful), step):
            some = doubtful[start : start + step]
            left_out = None if exclude is None else exclude[some]
            found[some], distances[some] = self._float64_pass(queries[some], left_out, reach[some])
        return found, distances

    def _products(self, coordinates: Tensor, exclude: Tensor | None) -> Iterator[tuple[int, Tensor]]:
        """Yield (first row, |b|^2 - 2 q.b) of each base block, infinite where a row is left out."""
        for start in range(0, len(self.base), self.base_rows):
            rows = self.base[slice(start, start + self.base_rows)]
            block = self.geometry.coordinates(rows, coordinates.dtype)
            squares = torch.linalg.vector_norm(block, dim=1, dtype=torch.float64).square().to(block.dtype)
            products = torch.addmm(squares.expand(len(coordinates), -1), coordinates, block.T, alpha=-2)
            if exclude is not None:
                inside = ((exclude >= start) & (exclude < start + len(block))).nonzero()[:, 0]
                products[inside, exclude[inside] - start] = torch.inf
            yield start, products

    def _fast_pass(self, coordinates: Tensor, exclude: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return (Q, n_kept) rows of the smallest products, and the products, in no order."""
        values = torch.empty((len(coordinates), 0), device=self.device)
        survivors = torch.empty((len(coordinates), 0), dtype=torch.int64, device=self.device)
        for start, products in self._products(coordinates, exclude):
            best, place = products.topk(
                min(self.n_kept, products.shape[1]), dim=1, largest=False, sorted=False
            )
            values, survivors = torch.cat((values, best), 1), torch.cat((survivors, place + start), 1)
            if values.shape[1] > self.n_kept:
                values, place = values.topk(self.n_kept, dim=1, largest=False, sorted=False)
                survivors = survivors.gather(1, place)
        return survivors, values

    def _bound(self, values: Tensor, lengths: Tensor, dimensions: int) -> Tensor:
        """Return what the squared distance (Q,) of every row is at least that the fast pass has dropped."""
        if self.n_kept == len(self.base):
            return torch.full((len(values),), torch.inf, dtype=torch.float64, device=self.device)
        rounding = self.geometry.rounding(lengths, dimensions, torch.float32)
        return values.max(dim=1).values + lengths.square() - rounding

    def _exact(self, queries: Tensor, rows: Tensor) -> Tensor:
        """Exact distances (Q, K) of each query from its own rows (Q, K) of the base."""
        distances = torch.empty(rows.shape, dtype=torch.float64, device=self.device)
        on_gpu = self.device.type != "cpu"
        at_once = max(1, (_GPU_ENTRIES if on_gpu else _SERIAL_ENTRIES) // self.base.shape[1])

        def compare(here: slice) -> None:
            query = queries[here, None].double()
            for start in range(0, rows.shape[1], at_once):
                there = slice(start, start + at_once)
                distances[here, there] = self.geometry.distances(query, self.base[rows[here, there]])

        step = max(1, at_once // max(1, rows.shape[1]))
        parts = [slice(start, start + step) for start in range(0, len(rows), step)]
        # Threads of our own: torch's would meet at a barrier after each of these many small
        # operations, and wait there for one another on a machine that has other things to do.
        with ThreadPoolExecutor(1 if on_gpu else torch.get_num_threads()) as pool:
            deque(pool.map(compare, parts), maxlen=0)  # raises what a thread raised
        return distances

    def _float64_pass(self, queries: Tensor, exclude: Tensor | None, reach: Tensor) -> tuple[Tensor, Tensor]:
        """Search again among all rows whose squared distance may be within ``reach`` (Q,)."""
        n, k = len(queries), self.k
        coordinates = self.geometry.coordinates(queries, torch.float64)
        lengths = torch.linalg.vector_norm(coordinates, dim=1)
        limit = (
            reach + self.geometry.rounding(lengths, coordinates.shape[1], torch.float64) - lengths.square()
        )
        found = np.full((n, k), len(self.base))
        distances = np.full((n, k), np.inf)
        for start, products in self._products(coordinates, exclude):
            pairs = (products <= limit[:, None]).nonzero()
            if not len(pairs):
                continue
            owner, row = pairs[:, 0], pairs[:, 1] + start
            distance = torch.cat(
                [
                    self._exact(queries[owner[here]], row[here, None])[:, 0]
                    for here in (slice(i, i + _PAIRS) for i in range(0, len(row), _PAIRS))
                ]
            )
            owners = np.concatenate((np.repeat(np.arange(n), k), owner.cpu().numpy()))
            rows = np.concatenate((found.ravel(), row.cpu().numpy()))
            far = np.concatenate((distances.ravel(), distance.cpu().numpy()))
            order = np.lexsort((rows, far, owners))
            first = np.searchsorted(owners[order], np.arange(n))
            best = order[first[:, None] + np.arange(k)]
            found, distances = rows[best], far[best]
            # Rows come in ascending order: after k duplicates no later row can enter.
            limit[torch.from_numpy(distances[:, -1] == 0).to(self.device)] = -torch.inf
            if bool(torch.isneginf(limit).all()):
                break
        return torch.from_numpy(found).to(self.device), torch.from_numpy(distances).to(self.device)


def _ascending(values: Tensor, rounding: Tensor) -> tuple[Tensor, Tensor]:
    """Sort (Q, K) values; their places are ascending where no more than rounding (Q,) sets values apart."""
    ascending, order = values.sort(dim=1)
    apart = ascending.diff(dim=1, prepend=ascending[:, :1]) > rounding[:, None]
    group = torch.empty_like(order).scatter_(1, order, apart.cumsum(dim=1))
    return ascending, group.argsort(dim=1, stable=True)


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """Keep a caller's autocast and TF32 settings out: the rounding bound assumes true float32."""
    previous = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(previous)
