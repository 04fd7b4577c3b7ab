"""Distances computed twice: fast in coordinates made for matrix products, then exactly.

Both metrics become squared Euclidean distances between "coordinates":

- euclidean: the features minus a common center, scaled so that the longest has length about 1. The
  center takes away the large common offset in which float32 products would drown.
- cosine: the features at unit length, where |u - v|^2 = 2 (1 - cos). A zero vector becomes a unit
  vector along an axis of its own, which yields the toolbox's rule by itself: two zero vectors are at
  distance 0, a zero vector is at distance 1 from any other.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError, DataError

__all__ = ["METRICS", "Geometry", "Rows", "require_finite"]

METRICS = ("euclidean", "cosine")
_CENTER_SAMPLE = 1024
_NEARLY_PARALLEL = 1e-3  # a cosine distance at which 1 - cos still has twelve digits


class Rows:
    """Feature rows as tensors; a memory-mapped array stays on disk, on a GPU all rows are resident.

    Parameters
    ----------
    array : (N, d) array
        float16, float32 or float64; integers and booleans are converted.
    name : str
        What to call it in errors.
    device : torch.device
        Where tensors go.

    Raises
    ------
    DataError
        If it is not a 2-D array of numbers with at least one column.
    """

    def __init__(self, array: ArrayLike, name: str, device: torch.device) -> None:
        features = np.asarray(array)
        if features.ndim != 2 or not features.shape[1]:
            raise DataError(f"{name} must be 2-D (images, feature dimensions), got shape {features.shape}.")
        if features.dtype.kind in "biu":
            features = features.astype(np.float64)
        if features.dtype not in (np.float16, np.float32, np.float64):
            raise DataError(f"{name} must be float16, float32 or float64, got dtype {features.dtype}.")
        self.name = name
        self.shape = features.shape
        self._array: NDArray[Any] | None = features
        self._resident: Tensor | None = None
        if device.type != "cpu":
            self._resident, self._array = torch.from_numpy(np.array(features)).to(device), None

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, index: slice | Tensor) -> Tensor:
        """Return the rows of a slice (not to be written to) or a copy of those in an int64 tensor."""
        if self._resident is not None:
            return self._resident[index]
        assert self._array is not None
        if isinstance(index, Tensor):
            return torch.from_numpy(np.take(self._array, index.numpy(), axis=0))
        return torch.from_numpy(np.array(self._array[index]))


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How features of one base become coordinates, and how far rounding may be off.

    Attributes
    ----------
    metric : {"euclidean", "cosine"}
    center : (d,) float64 tensor
        Subtracted from the features (euclidean only).
    scale : float
        Power of two that the features are multiplied by (euclidean only).
    radius : float
        Length of the longest coordinates in the base.
    """

    metric: str
    center: Tensor
    scale: float
    radius: float

    @classmethod
    def of(cls, base: Rows, metric: str, block_rows: int) -> "Geometry":
        """Look through the base once, in blocks, and fit the geometry to it.

        Raises
        ------
        ConfigError
            If the metric is unknown.
        DataError
            If a feature is NaN or infinite.
        """
        if metric not in METRICS:
            raise ConfigError(f"metric {metric!r} is unknown; choose one of {', '.join(METRICS)}.")
        step = max(1, len(base) // _CENTER_SAMPLE)
        center = base[slice(0, None, step)].double().mean(dim=0)
        plain = cls(metric="euclidean", center=center, scale=1.0, radius=1.0)
        longest = 0.0
        for start in range(0, len(base), block_rows):
            block = base[slice(start, start + block_rows)]
            require_finite(block, base.name, start)
            if metric == "euclidean":
                longest = max(longest, float(plain.coordinates(block, torch.float64).norm(dim=1).max()))
        if metric == "cosine":
            return cls(metric=metric, center=center, scale=1.0, radius=1.0)
        # A power of two scales without rounding and keeps squares inside the range of float32.
        scale = 2.0 ** -math.frexp(longest)[1] if longest else 1.0
        return cls(metric=metric, center=center, scale=scale, radius=longest * scale)

    def coordinates(self, rows: Tensor, dtype: torch.dtype) -> Tensor:
        """Return (n, d) features as (n, d) or, for cosine, (n, d + 1) coordinates of ``dtype``."""
        # float64 features keep their digits until the center is off.
        wide = rows.to(torch.float64 if rows.dtype == torch.float64 else dtype)
        if self.metric == "euclidean":
            offset = torch.sub(wide, self.center.to(wide.dtype), out=None if wide is rows else wide)
            return offset.mul_(self.scale).to(dtype)
        length = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)[:, None]
        is_zero = length == 0
        unit = wide / torch.where(is_zero, 1.0, length).to(wide.dtype)
        return torch.cat((unit, is_zero.to(wide.dtype)), dim=1).to(dtype)

    def distances(self, query: Tensor, rows: Tensor) -> Tensor:
        """Exact float64 distances (Q, K) of features (Q, 1, d) from features (Q, K, d).

        Every distance depends on its two rows alone, so duplicates of a row are exactly tied.
        """
        # By way of float32, since the direct conversion from float16 is several times slower.
        query, rows = query.double(), (rows.float() if rows.dtype == torch.float16 else rows).double()
        if self.metric == "euclidean":
            lengths: Tensor = torch.linalg.vector_norm(rows.sub_(query), dim=-1)
            return lengths
        # Only the one query is brought to unit length: dividing the products is cheaper than dividing all rows.
        unit, lengths = _unit(query), torch.linalg.vector_norm(rows, dim=-1)
        is_zero = lengths == 0
        distances: Tensor = 1 - (rows * unit).sum(dim=-1) / torch.where(is_zero, 1.0, lengths)
        distances[is_zero & ~unit.any(dim=-1)] = 0
        # 1 - cos is exactly 1 for orthogonal vectors and for a zero vector, but it loses its digits between
        # nearly parallel vectors, where |u - v|^2 / 2 keeps them.
        near = distances < _NEARLY_PARALLEL
        if near.any():
            apart = _unit(rows[near]) - unit.expand_as(rows)[near]
            distances[near] = apart.square_().sum(dim=-1).div_(2)
        return distances

    def squared(self, distances: Tensor) -> Tensor:
        """Return distances as squared distances between coordinates."""
        return (distances * self.scale).square() if self.metric == "euclidean" else distances * 2

    def from_squared(self, squares: Tensor) -> Tensor:
        """Return squared distances between coordinates as distances."""
        return squares.sqrt() / self.scale if self.metric == "euclidean" else squares / 2

    def rounding(self, lengths: Tensor, dimensions: int, dtype: torch.dtype) -> Tensor:
        """Bound the error of squared distances from products of coordinates in ``dtype``.

        Parameters
        ----------
        lengths : (Q,) float64 tensor
            Lengths of the queries' coordinates.
        dimensions : int
            Terms of each product.

        Returns
        -------
        (Q,) float64 tensor

        Notes
        -----
        With unit roundoff u, a product of n terms summed in any order is off by at most
        n u |q| |b| <= (n u / 4) (|q| + |b|)^2 (Higham, "Accuracy and Stability of Numerical
        Algorithms", 2002, section 3.1), and twice the product enters. The constant 16 covers the
        rounding of the coordinates, of their lengths and of the final sum.
        """
        unit_roundoff = torch.finfo(dtype).eps / 2
        return unit_roundoff * (0.51 * dimensions + 16) * (lengths + self.radius).square()

    def usual_rounding(self, lengths: Tensor) -> Tensor:
        """Return what float32 squared distances (Q,) are off by as a rule, where `rounding` says what is possible.

        Errors of n terms add up like a random walk, sqrt(n) u (Higham and Mary, SIAM J. Sci. Comput. 41(5), 2019), and each
        term is only 1/sqrt(n) of the product of lengths, so that n drops out.
        """
        return torch.finfo(torch.float32).eps * 2 * (lengths + self.radius).square()


def _unit(rows: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return rows / torch.where(length == 0, 1.0, length)


def require_finite(block: Tensor, name: str, first_row: int) -> None:
    """Raise DataError where a feature is NaN or infinite."""
    finite = torch.isfinite(block)
    if not finite.all():
        row, column = (~finite).nonzero()[0].tolist()
        raise DataError(
            f"{name}[{first_row + row}, {column}] is {block[row, column].item()}; features must be finite. "
            "Extract the features of this image again."
        )
