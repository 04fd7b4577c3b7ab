"""WDNL and WDMF: factors of the tag matrix, the images' factors tied to their features by a deep network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.factor_network import SCORED_AT_ONCE, FactorNetwork, column_norms, unit_rows
from tagrefine_core.methods.factorization import FactorMethod, initial_factors, update_images, update_tags

__all__ = ["WDMF", "WDNL"]

_BATCH = 256


@dataclass(kw_only=True, eq=False, repr=False)
class WDNL(FactorMethod):
    """Weakly-supervised deep non-negative low-rank model, reconstructed: NMF with a network in place of W.

    ``1/2 ||T - U V||^2 + alpha/2 ||U - g(X)||^2 + beta/2 (||U||^2 + ||V||^2)``, where g is a network of three
    layers. The objective of the publication was not to be had in full; this follows its abstract. Rounds of
    multiplicative updates of U and V (the first one from the tags alone) take turns with epochs of Adam on
    ``||U - g(X)||^2``. Images are scored as in `NMF`.

    Parameters
    ----------
    rank : int
        Factors; cut to the smaller of images and tags.
    alpha : float
        Tie between factors and network, above 0.
    beta : float
        Weight of small factors.
    hidden : (int, int)
        Widths of the first two layers.
    rounds, updates, epochs : int
        Rounds, and in each one the updates of factors and the epochs of the network.
    learning_rate : float
    seed : int
        Of the factors, the network and its batches.

    Attributes
    ----------
    U_, V_ : (N, r), (r, C) float64 arrays
    network_ : FactorNetwork
    losses_ : list of float
        Mean loss of the network in each epoch.
    """

    name = "wdnl"
    title = "WDNL"
    reference = "Li and Tang: Weakly-supervised deep non-negative low-rank model, AAAI 2017"
    ranks = (32, 64, 128)

    rank: int = 64
    alpha: float = 1.0
    beta: float = 0.1
    hidden: tuple[int, int] = (512, 256)
    rounds: int = 10
    updates: int = 20
    epochs: int = 3
    learning_rate: float = 1e-3
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of the factors, their updates, the scores, and the network with Adam's moments."""
        weights = dimensions * self.hidden[0] + self.hidden[0] * self.hidden[1] + self.hidden[1] * self.rank
        batch = SCORED_AT_ONCE * (dimensions + sum(self.hidden))
        return images * (56 * self.rank + 4 * tags) + 16 * weights + 16 * batch + 2**27

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        for parameter in ("rank", "rounds", "updates", "epochs", "alpha", "learning_rate"):
            if not getattr(self, parameter) > 0:
                raise ConfigError(f"{parameter} must be above 0; got {getattr(self, parameter)}.")
        if not self.beta >= 0 or len(self.hidden) != 2 or min(self.hidden) < 1:
            raise ConfigError("beta must be at least 0, and hidden two widths of at least 1.")
        T = tags.astype(np.float64)
        U, V = initial_factors(T, self.rank, self.seed)
        image_links, tag_links = self._links(features, tags)
        self.network_ = FactorNetwork(features.shape[1], self.hidden, U.shape[1], float(U.mean()), self.seed)
        adam = torch.optim.Adam(self.network_.parameters(), lr=self.learning_rate)
        rng = np.random.default_rng(self.seed)
        target, tie = np.zeros_like(U), 0.0  # a network that has not learned yet has no say
        self.losses_ = []
        for turn in range(self.rounds):
            for _ in range(self.updates):
                V = update_tags(T, U, V, self.beta, tag_links)
                U = update_images(T, U, V, target, tie, self.beta, image_links)
            for epoch in range(self.epochs):
                self.progress(
                    "Learning factors from features", turn * self.epochs + epoch, self.rounds * self.epochs
                )
                self.losses_.append(self._epoch(adam, features, U, rng))
            target, tie = self.network_.factors(features), self.alpha
        self.U_, self.V_ = U, V

    def _factors_by_features(self, features: NDArray[Any]) -> NDArray[np.float64]:
        return self.network_.factors(features)

    def _epoch(
        self, adam: torch.optim.Optimizer, features: NDArray[Any], U: NDArray[Any], rng: np.random.Generator
    ) -> float:
        total = 0.0
        order = rng.permutation(len(features))
        for start in range(0, len(order), _BATCH):
            rows = np.sort(order[start : start + _BATCH])  # sorted, so that a file is read forward
            wanted = torch.from_numpy(U[rows] / self.network_.scale).float()
            loss = (self.network_(unit_rows(features[rows])) - wanted).square().mean() + self._penalty()
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += float(loss.detach()) * len(rows)
        return total / len(order)

    def _penalty(self) -> Tensor | float:
        """Return what is added to the network's loss."""
        return 0.0


@dataclass(kw_only=True, eq=False, repr=False)
class WDMF(WDNL):
    """Weakly-supervised deep matrix factorization, reconstructed: WDNL with graphs and a sparse first layer.

    Adds ``gamma_images/2 tr(U' L_I U) + gamma_tags/2 tr(V L_T V')`` to the factors, and to the network's loss
    ``sparsity`` times the mean norm of the first layer's weights by input dimension (l2,1), which drops
    dimensions that say nothing.

    Parameters
    ----------
    gamma_images, gamma_tags, sparsity : float
        Weights, at least 0.
    k : int
        Neighbors in the image graph.
    vocabulary : sequence of str, optional
        Names of the tags, for WordNet's share of the tag graph.
    rank, alpha, beta, hidden, rounds, updates, epochs, learning_rate, seed
        As in `WDNL`.
    """

    name = "wdmf"
    title = "WDMF"
    reference = (
        "Li and Tang: Weakly supervised deep matrix factorization for social image understanding, TIP 2017"
    )

    gamma_images: float = 0.1
    gamma_tags: float = 0.1
    sparsity: float = 1e-3
    k: int = 20
    vocabulary: Sequence[str] | None = None

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of WDNL and of the two graphs."""
        return super().peak_bytes(images, tags, dimensions) + 80 * images * self.k + 32 * tags**2

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if not min(self.gamma_images, self.gamma_tags, self.sparsity) >= 0 or self.k < 1:
            raise ConfigError("gamma_images, gamma_tags and sparsity must be at least 0, and k at least 1.")
        super()._fit(features, tags, users)

    def _penalty(self) -> Tensor | float:
        return self.sparsity * column_norms(self.network_.first.weight).mean()
