"""Features as points in float32 whose squared distance is the one asked for, read a block at a time."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError, DataError

__all__ = ["Points"]


class Points:
    """Rows of an array, which may be a mapped file, as points.

    Parameters
    ----------
    features : (N, d) array
        float16, float32 or float64.
    name : str
        What errors call it.
    metric : {"euclidean", "cosine"}
        With "cosine" points have unit length, |u - v|^2 = 2 (1 - cos); zero vectors share a direction of their own.
    device : str
        "cpu" or a GPU ("cuda", "cuda:1", ...).
    center : Tensor (d,), optional
        What distances are seen from, since small differences of large numbers drown; with "cosine" there is none.

    Raises
    ------
    ConfigError, DataError
        When an option makes no sense, or these are no features.
    """

    def __init__(
        self, features: ArrayLike, name: str, metric: str, device: str, center: Tensor | None = None
    ) -> None:
        if metric not in ("euclidean", "cosine"):
            raise ConfigError(f"metric {metric!r} is unknown; choose one of euclidean, cosine.")
        if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
            raise ConfigError(f"Neighbors are searched on 'cpu' or a usable GPU ('cuda'), not {device!r}.")
        rows = np.asarray(features)
        if rows.ndim != 2 or not rows.shape[1]:
            raise DataError(f"{name} must be 2-D (images, feature dimensions), got shape {rows.shape}.")
        rows = rows.astype(np.float64) if rows.dtype.kind in "biu" else rows
        if rows.dtype not in (np.float16, np.float32, np.float64):
            raise DataError(f"{name} must be float16, float32 or float64, got dtype {rows.dtype}.")
        self.features, self.name, self.metric, self.device = rows, name, metric, device
        self.center = center
        if center is None and metric == "euclidean" and len(rows):
            # Zero where not finite: `read` names the culprit.
            self.center = (
                self._wide(slice(0, None, max(1, len(rows) // 1024))).mean(dim=0).nan_to_num(0, 0, 0)
            )

    def __len__(self) -> int:
        return len(self.features)

    @property
    def dimensions(self) -> int:
        """Return d."""
        return int(self.features.shape[1])

    def read(self, rows: slice | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return some points, float32 (B, d or d + 1), and their squared lengths (B,)."""
        points = self._wide(rows)
        points = (points if self.center is None else points - self.center).float()
        squares = torch.linalg.vector_norm(points, dim=1).square()
        if not torch.isfinite(squares).all():
            place = int((~torch.isfinite(squares)).nonzero()[0])
            row = int(np.arange(len(self))[rows][place])
            column = int(points[place].abs().argmax())  # NaN counts as largest
            strange = f"{self.name}[{row}, {column}] is {self.features[row, column].item()}"
            raise DataError(
                f"{strange}; features must be finite, and below 1e19. Extract the features of this image again."
            )
        if self.metric == "cosine":
            zero = (squares == 0).float()[:, None]
            points = torch.cat((points / (squares.sqrt()[:, None] + zero), zero), dim=1)
            squares = torch.ones_like(squares)
        return points, squares

    def _wide(self, rows: slice | NDArray[np.int64]) -> Tensor:
        block: Any = self.features[rows]
        return torch.from_numpy(
            np.array(block, dtype=np.float64 if block.dtype == np.float64 else np.float32)
        ).to(self.device)
