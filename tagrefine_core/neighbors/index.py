"""An index of images by cells of look-alikes: each query is compared in full with the images of the cells nearest to it.

All pairs of 200,000 photos are 40 thousand million; by cells, each photo meets some tens of thousands of others.
An inverted file (Jegou, Douze and Schmid, "Product quantization for nearest neighbor search", TPAMI 2011) without quantization: here
many photos ask at once, so that each cell is one matrix product with all that ask it.
"""

from collections.abc import Callable, Iterator
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.neighbors.best import PIECE, Best
from tagrefine_core.neighbors.points import Points

__all__ = ["EXACT", "Index"]

EXACT = 20_000
"""Images up to which all pairs are compared: cells save nothing below."""

_CELL = 256  # images in a cell, on average
_SAMPLE = 32  # images for each cell that its place is learned from
_ROUNDS = 6  # of k-means
_RECALL = 0.985  # share of the nearest that is to be found: .98 and what a sample may err
_COUNTS = (8, 20)  # of the nearest so many
_ASKED = 512  # images that tell how many have to be compared for it
_BLOCK = 8192


class Index:
    """Images that can be asked for their nearest to any query; made by `build`.

    Attributes
    ----------
    compared : int
        Images that each query is compared with, at least; N where the search is exact.
    """

    def __init__(
        self,
        points: Points,
        ids: Tensor,
        starts: Tensor,
        compared: int,
        *,
        base: tuple[Tensor, Tensor] | None = None,
        centers: Tensor | None = None,
        spread: Tensor | None = None,
    ) -> None:
        self._points, self._ids, self._starts, self.compared = points, ids, starts, compared
        self._base, self._centers, self._spread = base, centers, spread

    @classmethod
    def build(
        cls,
        features: ArrayLike,
        *,
        metric: str = "euclidean",
        seed: int = 0,
        exact: bool | None = None,
        progress: Callable[[int, int], None] | None = None,
        device: str = "cpu",
        name: str = "features",
    ) -> Self:
        """Order images into cells.

        Parameters
        ----------
        features : (N, d) array
            float16, float32 or float64; a mapped file is read in blocks. By cells a copy in float32 is kept; an exact index reads
            them again at each search.
        metric : {"euclidean", "cosine"}
        seed : int
            Of the samples that places of cells, and how many of them are asked, are learned from.
        exact : bool, optional
            Compare all pairs; by default up to `EXACT` images. Else each query is compared with so many images that of the 8 and of
            the 20 nearest to 512 sampled images 98.5 % are found.
        progress : callable, optional
            Called with (0, N) now and then; what it raises stops the building.
        device : str
            "cpu" or a GPU, whose memory has to hold the features.
        name : str
            What errors call the features.

        Raises
        ------
        DataError, ConfigError
            If a feature is not finite, there are none, or an option makes no sense.
        """
        points = Points(features, name, metric, device)
        n = len(points)
        if not n:
            raise DataError(f"{name} has 0 rows, which leaves no neighbor to find.")
        if n <= EXACT if exact is None else exact:
            starts = torch.arange(0, n + PIECE, PIECE, device=device).clamp(max=n)
            return cls(points, torch.arange(n, device=device), starts, n)

        def told() -> None:
            if progress is not None:
                progress(0, n)

        rng = np.random.default_rng((seed, 11))
        cells = max(1, n // _CELL)
        sample, _ = points.read(np.sort(rng.permutation(n)[: cells * _SAMPLE]))
        centers = sample[torch.from_numpy(rng.permutation(len(sample))[:cells]).to(device)]
        for _ in range(_ROUNDS):
            told()
            centers = _means(sample, _nearest_center(sample, centers), centers)
        del sample
        cell = torch.empty(n, dtype=torch.int64, device=device)
        for start in range(0, n, _BLOCK):
            told()
            cell[start : start + _BLOCK] = _nearest_center(
                points.read(slice(start, start + _BLOCK))[0], centers
            )
        ids = cell.argsort(stable=True)
        starts = torch.zeros(cells + 1, dtype=torch.int64, device=device)
        starts[1:] = cell.bincount(minlength=cells).cumsum(0)
        place = torch.empty_like(ids)
        place[ids] = torch.arange(n, device=device)
        base = torch.empty((n, centers.shape[1]), device=device), torch.empty(n, device=device)
        for start in range(0, n, _BLOCK):
            told()
            block, lengths = points.read(slice(start, start + _BLOCK))
            base[0][place[start : start + _BLOCK]] = block
            base[1][place[start : start + _BLOCK]] = lengths
        spread = torch.zeros(cells, device=device)
        for number, (first, last) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
            if last > first:
                centers[number] = base[0][first:last].mean(dim=0)
                spread[number] = (base[0][first:last] - centers[number]).square().sum(dim=1).mean()
        index = cls(points, ids, starts, n, base=base, centers=centers, spread=spread)
        index.compared = index._enough(np.sort(rng.permutation(n)[:_ASKED]), cell)
        return index

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        exclude: ArrayLike | None = None,
        progress: Callable[[int, int], None] | None = None,
        block_bytes: int = 2**27,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the nearest images to each query.

        Parameters
        ----------
        queries : (Q, d) array
        k : int
            From 1 to the images that there are, less one where ``exclude`` names any.
        exclude : (Q,) array of int, optional
            The image to leave out for each query, -1 for none: itself, whose exact duplicates are neighbors.
        progress : callable, optional
            Called with (queries done, Q); what it raises stops the search.
        block_bytes : int
            Working memory to stay near.

        Returns
        -------
        rows : int64 (Q, k)
            Ascending by (distance, row).
        squared : float32 (Q, k)
            Squared distances; 2 (1 - cos) with metric "cosine". Rounded to five digits: images that agree in these are tied and go by
            row. Duplicates are at 0, and so is what is nearer than .3 % of the features' length from about their mean.

        Raises
        ------
        DataError, ConfigError
            If shapes do not match, a feature is not finite or an option makes no sense.
        """
        count = len(np.asarray(queries))
        rows, squared = np.empty((count, k), dtype=np.int64), np.empty((count, k), dtype=np.float32)
        done = 0
        for places, found, far in self.blocks(queries, k, exclude=exclude, block_bytes=block_bytes):
            rows[places], squared[places] = found, far
            done += len(places)
            if progress is not None:
                progress(done, count)
        return rows, squared

    def blocks(
        self, queries: ArrayLike, k: int, *, exclude: ArrayLike | None = None, block_bytes: int = 2**27
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
        """Yield (places of queries, rows, squared) of `search` for one block of queries after another, in no order."""
        n = len(self._points)
        asking = Points(queries, "queries", self._points.metric, self._points.device, self._points.center)
        own = None if exclude is None else _checked(np.asarray(exclude), len(asking), n)
        available = n - (own is not None and bool((own >= 0).any()))
        if asking.dimensions != self._points.dimensions:
            raise DataError(
                f"queries have {asking.dimensions} dimensions but {self._points.name} has {self._points.dimensions}."
            )
        if not 1 <= k <= available or block_bytes < 1:
            raise ConfigError(
                f"k must be from 1 to the {available} neighbors that there are, and block_bytes at least 1; "
                f"got {k} and {block_bytes}."
            )
        kept = min(n, k + (own is not None))
        size = max(1, min(_BLOCK, block_bytes // (8 * (kept + 2 * PIECE) + 16 * asking.dimensions)))
        for places in self._together(asking, size):
            found, squared = self._nearest(*asking.read(places), kept)
            if own is not None:
                # The image itself, or else the last one.
                itself = found == torch.from_numpy(own[places]).to(found.device)[:, None]
                itself[:, -1] |= ~itself.any(dim=1)
                found, squared = (array[~itself].view(len(places), -1) for array in (found, squared))
            yield places, found[:, :k].cpu().numpy(), squared[:, :k].cpu().numpy()

    def _together(self, asking: Points, size: int) -> Iterator[NDArray[np.int64]]:
        """Yield blocks of queries: those of one cell together, since they ask the same cells."""
        order = np.arange(len(asking))
        if self._centers is not None:
            parts = [slice(start, start + _BLOCK) for start in range(0, len(asking), _BLOCK)]
            cells = [_nearest_center(asking.read(part)[0], self._centers).cpu().numpy() for part in parts]
            order = np.argsort(np.concatenate([order[:0], *cells]), kind="stable")
        for start in range(0, len(order), size):
            yield order[start : start + size]

    def _nearest(self, points: Tensor, lengths: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Return the rows (B, k) nearest to points in the cells that they ask, and squared distances."""
        best = Best(lengths, k)
        wanted = self._wanted(points, max(self.compared, k))
        bounds = self._starts.tolist()
        for cell in wanted.any(dim=0).nonzero().flatten().tolist():
            asking = wanted[:, cell].nonzero().flatten()
            who = points[asking]
            for first in range(bounds[cell], bounds[cell + 1], PIECE):
                last = min(first + PIECE, bounds[cell + 1])
                base, base_lengths = self._read(first, last)
                # In place, since autocast of the caller leaves that alone.
                squares = base_lengths.repeat(len(who), 1).addmm_(who, base.T, alpha=-2)
                best.see(asking, squares, self._ids[first:last])
        return best.result()

    def _wanted(self, points: Tensor, compared: int) -> Tensor:
        """Return which cells (B, cells) each query asks: the nearest that hold ``compared`` images together."""
        if self._centers is None:
            return torch.ones((len(points), len(self._starts) - 1), dtype=torch.bool, device=points.device)
        rank = self._far(points).argsort(dim=1, stable=True)
        sizes = self._starts.diff()[rank]
        return torch.zeros_like(rank, dtype=torch.bool).scatter_(
            1, rank, sizes.cumsum(dim=1) - sizes < compared
        )

    def _far(self, points: Tensor) -> Tensor:
        """Return how far cells (B, cells) are from points, up to what all cells share.

        The squared distance to an image of the cell is on average that to its center plus its spread; what counts is how near the
        nearest ones come, which are more in a wide cell: half of the spread finds most (log of 2026-11-26).
        """
        assert self._centers is not None and self._spread is not None
        return self._centers.square().sum(dim=1) + self._spread / 2 - 2 * points @ self._centers.T

    def _read(self, first: int, last: int) -> tuple[Tensor, Tensor]:
        if self._base is None:
            return self._points.read(slice(first, last))
        return self._base[0][first:last], self._base[1][first:last]

    def _enough(self, asked: NDArray[np.int64], cell: Tensor) -> int:
        """Return with how many images to compare, so that the share `_RECALL` of the nearest to some images is found."""
        points, lengths = self._points.read(asked)
        everything = Index(self._points, self._ids, self._starts, len(self._points), base=self._base)
        nearest = cell[everything._nearest(points, lengths, _COUNTS[-1] + 1)[0][:, 1:]]
        rank = self._far(points).argsort(dim=1, stable=True)
        sizes = self._starts.diff()[rank]
        before = torch.empty_like(rank).scatter_(1, rank, sizes.cumsum(dim=1) - sizes)
        needed = before.gather(1, nearest).double()
        return 1 + max(int(needed[:, :count].quantile(_RECALL, interpolation="higher")) for count in _COUNTS)


def _nearest_center(points: Tensor, centers: Tensor) -> Tensor:
    half = centers.square().sum(dim=1) / 2
    return torch.cat([(block @ centers.T - half).argmax(dim=1) for block in torch.split(points, _BLOCK)])


def _means(points: Tensor, cell: Tensor, centers: Tensor) -> Tensor:
    """Return the mean point of each cell; an empty one stays where it is."""
    count = cell.bincount(minlength=len(centers))[:, None]
    total = torch.zeros_like(centers).index_add_(0, cell, points)
    return torch.where(count > 0, total / count.clamp(min=1), centers)


def _checked(exclude: NDArray[np.integer], queries: int, n: int) -> NDArray[np.int64]:
    fits = exclude.shape == (queries,) and exclude.dtype.kind in "iu"
    if not fits or ((exclude < -1) | (exclude >= n)).any():
        got = f"got {exclude.dtype} {exclude.shape}, and there are rows 0 to {n - 1}, -1 for none"
        raise DataError(f"exclude must hold one row number per query; {got}.")
    return exclude.astype(np.int64)
