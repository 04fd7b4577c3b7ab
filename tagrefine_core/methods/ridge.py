"""Ridge regression of the users' tags on features: our closed form, alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.centered import Centered
from tagrefine_core.model.design import Design
from tagrefine_core.model.least_squares import least_squares

__all__ = ["Ridge"]


@dataclass(kw_only=True, eq=False, repr=False)
class Ridge(Method):
    """Ridge regression in closed form, each tag with the ridge of the least error on photos left out (PRESS).

    Features are taken to a power, at unit length and centered. It is the last layer of our own method, with nothing before and
    nothing after it (`tagrefine_core.model.least_squares`).

    Parameters
    ----------
    power : float, default 0.6
        Of features, in (0, 1]; 1: as they are.
    prototype : float, default 0.25
        Share of the mean feature of each tag's photos, in [0, 1].
    seed : int, default 0
        Of the sample of photos that judges the ridges.

    Attributes
    ----------
    layer_ : LinearLayer
    """

    name: ClassVar[str] = "ridge"
    title: ClassVar[str] = "Ridge"
    reference: ClassVar[str] = (
        "Hoerl and Kennard, Ridge Regression, Technometrics 12(1), 1970; ridges by Allen, Technometrics 16(1), 1974"
    )
    weighted = True
    scale = "logit"

    power: float = 0.6
    prototype: float = 0.25
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: the features again, the normal equations, the scores."""
        squares = 3 * dimensions**2 + 3 * tags * dimensions + 4096 * (dimensions + 5 * tags)
        return images * (4 * dimensions + 8 * tags) + 8 * squares + 2**27

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(0, "seed")
        if not 0 < self.power <= 1:
            raise ConfigError(f"power must be above 0 and at most 1; got {self.power}.")
        if not 0 <= self.prototype <= 1:
            raise ConfigError(f"prototype must be from 0 to 1; got {self.prototype}.")
        self.centered_ = Centered.of(features, power=self.power)
        design = Design(torch.from_numpy(self.centered_.seen(features)), self.seed)
        (self.layer_,) = least_squares(design, tags, prototype=self.prototype)

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        weight, bias = self.layer_.weight.numpy(), self.layer_.bias.numpy()
        scores = np.empty((len(features), self.tags_.shape[1]), dtype=np.float32)
        for rows in row_blocks(len(features), 16 * features.shape[1]):
            scores[rows] = self.centered_.seen(features[rows]) @ weight.T + bias
        return scores
