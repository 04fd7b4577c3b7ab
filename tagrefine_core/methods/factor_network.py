"""A network of three layers from features to non-negative factors."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tagrefine_core.methods.base import row_blocks

__all__ = ["SCORED_AT_ONCE", "FactorNetwork", "column_norms", "unit_rows"]

SCORED_AT_ONCE = 4096
"""Images sent through the network at once when it does not learn."""


class FactorNetwork(nn.Module):
    """Three layers from features to non-negative factors: two with ReLU, the last one with a softplus.

    The softplus, unlike a ReLU, always passes a gradient, so no factor is lost when it starts negative.

    Parameters
    ----------
    dimensions : int
        Of the features; at unit length they come in.
    hidden : (int, int)
    rank : int
    scale : float
        Size of the factors; the network's outputs are factors divided by it.
    seed : int
    """

    def __init__(self, dimensions: int, hidden: tuple[int, int], rank: int, scale: float, seed: int) -> None:
        super().__init__()
        self.scale = scale or 1.0
        generator = torch.Generator().manual_seed(seed)
        widths = (dimensions, *hidden, rank)
        self.first, self.second, self.last = (
            _layer(width, next_width, generator) for width, next_width in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, r) factors of (B, d) rows, in units of ``scale``."""
        hidden = torch.relu(self.second(torch.relu(self.first(x))))
        factors: Tensor = nn.functional.softplus(self.last(hidden))
        return factors

    def factors(self, features: NDArray[Any]) -> NDArray[np.float64]:
        """Return the (N, r) factors of (N, d) features."""
        with torch.no_grad():
            blocks = [
                self(unit_rows(features[rows])).double().numpy() * self.scale
                for rows in row_blocks(len(features), 1, budget=SCORED_AT_ONCE)
            ]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.last.out_features))


def column_norms(weight: Tensor) -> Tensor:
    """Return the l2 norm of each column (one input dimension); their sum is the l2,1 norm.

    A norm of 0 has gradient 0.

    Parameters
    ----------
    weight : (h, d) tensor

    Returns
    -------
    (d,) tensor

    Examples
    --------
    >>> column_norms(torch.tensor([[3.0, 0.0], [4.0, 0.0]])).tolist()
    [5.0, 0.0]
    """
    norms: Tensor = torch.linalg.vector_norm(weight, dim=0)
    return norms


def _layer(width: int, next_width: int, generator: torch.Generator) -> nn.Linear:
    # Made without weights first, since torch would draw them from its global generator.
    layer = nn.Linear(width, next_width, device="meta").to_empty(device="cpu")
    nn.init.kaiming_normal_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def unit_rows(features: NDArray[Any]) -> Tensor:
    """Return float32 rows of length sqrt(d), so that a dimension is about 1; zeros stay."""
    block = np.asarray(features, np.float64)
    lengths = np.linalg.norm(block, axis=1, keepdims=True)
    return torch.from_numpy(block / np.where(lengths > 0, lengths, 1.0) * np.sqrt(block.shape[1])).float()
