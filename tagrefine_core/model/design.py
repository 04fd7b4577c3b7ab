"""What least squares asks of features alone, whatever is regressed on them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Design", "Moments"]

_BLOCK = 4096
_JUDGED = 4096  # photos that ridges are chosen on


@dataclass(frozen=True, eq=False)
class Moments:
    """How many photos, the sum of their features (d,) and of the products of these (d, d), about `Design.center`; float64."""

    photos: int
    total: Tensor
    products: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean feature (d,)."""
        return self.total / max(1, self.photos)

    @property
    def gram(self) -> Tensor:
        """The products about the mean (d, d)."""
        return self.products - torch.outer(self.total, self.mean)

    def without(self, part: "Moments") -> "Moments":
        """Return the moments of the others."""
        return Moments(self.photos - part.photos, self.total - part.total, self.products - part.products)


class Design:
    """Features of the photos learned from, and what of them is the same for all that is regressed on them.

    A statistician's design matrix: the costly part of a regression, its Gram matrix and the eigenvectors of that, can be shared by tags,
    tags with those that they imply, and however many of each.

    Parameters
    ----------
    features : float32 Tensor (n, d)
    seed : int
        Of the sample of photos that judges ridges.

    Attributes
    ----------
    center : float64 Tensor (d,)
        The mean feature; what moments are about.
    moments : Moments
        Of all photos.
    values : float64 Tensor (d,)
        Eigenvalues of ``moments.gram``, at least 0.
    vectors : float64 Tensor (d, d)
        Its eigenvectors, as columns.
    sample : int64 (B,)
        The photos that judge, ascending.
    rotated : float32 Tensor (B, d)
        Their centered features along the eigenvectors: what judges may be rounded, what solves for weights may not.
    """

    def __init__(self, features: Tensor, seed: int) -> None:
        if features.device.type == "mps":  # which has no float64
            features = features.cpu()
        self._features = features
        self.center = features.double().mean(dim=0)
        self.moments = self.moments_of(np.arange(len(features)))
        values, self.vectors = torch.linalg.eigh(self.moments.gram)
        self.values = values.clamp(min=0)
        self.sample = np.sort(np.random.default_rng((seed, 7)).permutation(len(features))[:_JUDGED])
        self.rotated = (self.centered(self.sample) @ self.vectors).float()

    def __len__(self) -> int:
        return len(self._features)

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return self.center.device

    def centered(self, photos: NDArray[np.int64]) -> Tensor:
        """Return features of some photos about the center, float64 (B, d)."""
        return self._features[torch.from_numpy(photos)].double() - self.center

    def blocks(self, photos: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Yield some of the photos and their features about the center, float64, until all have come."""
        for start in range(0, len(photos), _BLOCK):
            block = photos[start : start + _BLOCK]
            yield block, self.centered(block)

    def moments_of(self, photos: NDArray[np.int64]) -> Moments:
        """Return the moments of some photos."""
        total = torch.zeros_like(self.center)
        products = torch.zeros(len(total), len(total), dtype=total.dtype, device=total.device)
        for _, centered in self.blocks(photos):
            total += centered.sum(dim=0)
            products.addmm_(centered.T, centered)
        return Moments(len(photos), total, products)
