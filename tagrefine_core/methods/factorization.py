"""Non-negative factors of a matrix, tied to features: the updates, and the features as they need them."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.graphs import neighbor_graph, tag_graph

__all__ = [
    "FactorMethod",
    "Factors",
    "UnitFeatures",
    "factor_product",
    "factorize",
    "fold_in",
    "initial_factors",
    "update_images",
    "update_tags",
]

Floats = NDArray[np.float64]

_TINY = 1e-12  # in denominators
_OTHER_STEPS = 50  # updates of images that were not there in fit


class FactorMethod(Method):
    """What methods share whose scores are the product of factors of images and of tags.

    Images of fit have their own factors; others with tags get updates that start from what the features say, and
    images without tags are what the features say.

    Attributes
    ----------
    U_, V_ : (N, r), (r, C) float64 arrays
    """

    reconstruction = True
    weighted = True
    ranks: ClassVar[tuple[int, ...]] = (32, 64, 128, 256)

    alpha: float
    beta: float
    gamma_images: float = 0.0
    gamma_tags: float = 0.0
    k: int
    vocabulary: Sequence[str] | None
    U_: Floats
    V_: Floats

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return ranks and weights."""
        ranks = [rank for rank in cls.ranks if 8 * rank <= images] or [max(1, images // 8)]
        return {"rank": ranks, "alpha": [0.1, 1.0, 10.0], "beta": [0.01, 0.1, 1.0]}

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        if own and tags is not None and not (tags != self.tags_).nnz:
            return factor_product(self.U_, self.V_)
        factors = self._factors_by_features(features)
        if tags is not None:
            factors = fold_in(tags, self.V_, factors, self.alpha, self.beta)
        return factor_product(factors, self.V_)

    @abstractmethod
    def _factors_by_features(self, features: NDArray[Any]) -> Floats:
        """Return the (N, r) factors that features alone say."""

    def _links(self, features: NDArray[Any], tags: csr_matrix) -> tuple[Any, Any]:
        """Return the graphs of images and tags, times their weights; None where the weight is 0."""
        of_images = of_tags = None
        if self.gamma_images:
            of_images = self.gamma_images * neighbor_graph(*self._neighbors(features, self.k, own=True))
        if self.gamma_tags:
            of_tags = self.gamma_tags * tag_graph(tags, self.vocabulary)
        return of_images, of_tags


@dataclass(frozen=True)
class UnitFeatures:
    """Features as non-negative rows of unit length, never copied whole.

    Attributes
    ----------
    split : bool
        Negative parts are dimensions of their own.
    """

    split: bool

    @classmethod
    def of(cls, features: NDArray[Any]) -> "UnitFeatures":
        """Look whether any feature is negative."""
        blocks = row_blocks(len(features), 8 * features.shape[1])
        return cls(split=any(bool((features[rows] < 0).any()) for rows in blocks))

    def width(self, features: NDArray[Any]) -> int:
        """Return how many dimensions they have so, d or 2 d."""
        return int(features.shape[1]) * (2 if self.split else 1)

    def rows(self, features: NDArray[Any]) -> Floats:
        """Return a block, (B, d) or (B, 2 d); rows of zeros stay."""
        block = np.asarray(features, np.float64)
        if self.split:
            block = np.hstack((np.maximum(block, 0.0), np.maximum(-block, 0.0)))
        block = np.maximum(block, 0.0)
        lengths = np.linalg.norm(block, axis=1, keepdims=True)
        unit: Floats = block / np.where(lengths > 0, lengths, 1.0)
        return unit

    def times(self, features: NDArray[Any], W: Floats) -> Floats:
        """Return ``X W``, (N, r)."""
        product = np.empty((len(features), W.shape[1]))
        for rows in self._blocks(features):
            product[rows] = self.rows(features[rows]) @ W
        return product

    def transposed_times(self, features: NDArray[Any], U: Floats) -> Floats:
        """Return ``X' U``, (d, r)."""
        product = np.zeros((self.width(features), U.shape[1]))
        for rows in self._blocks(features):
            product += self.rows(features[rows]).T @ U[rows]
        return product

    def gram(self, features: NDArray[Any]) -> Floats:
        """Return ``X' X``, (d, d)."""
        product = np.zeros((self.width(features),) * 2)
        for rows in self._blocks(features):
            block = self.rows(features[rows])
            product += block.T @ block
        return product

    def _blocks(self, features: NDArray[Any]) -> list[slice]:
        return row_blocks(len(features), 48 * features.shape[1])


@dataclass(frozen=True)
class Factors:
    """What `factorize` finds.

    Attributes
    ----------
    U, V, W : float64 (N, r), (r, C), (d, r)
        Not negative.
    objective : list of float
        J after each round of updates.
    """

    U: Floats
    V: Floats
    W: Floats
    objective: list[float]


def factorize(
    tags: Any,
    view: UnitFeatures,
    features: NDArray[Any],
    *,
    rank: int,
    alpha: float,
    beta: float,
    image_links: Any = None,
    tag_links: Any = None,
    iterations: int = 300,
    tolerance: float = 1e-5,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Factors:
    """Minimize J of `NMF` by multiplicative updates (Lee and Seung 2001; with graphs: Cai et al. 2011).

    Parameters
    ----------
    tags : (N, C) array or sparse matrix of float
        Not negative.
    view, features
        How features are read, and (N, d) of them.
    rank, alpha, beta, iterations, tolerance, seed
        As in `NMF`.
    image_links, tag_links : (N, N), (C, C) symmetric matrices, optional
        Similarities times their gamma.
    progress : callable, optional
        Called with (round, ``iterations``).
    """
    T = csr_matrix(tags, dtype=np.float64)
    U, V = initial_factors(T, rank, seed)
    W = np.full((view.width(features), U.shape[1]), V.mean() if V.size else 0.0)
    gram = view.gram(features) if alpha else np.zeros((0, 0))
    target = np.zeros_like(U)
    objective: list[float] = []
    for done in range(1, iterations + 1):
        if progress is not None:
            progress(done, iterations)
        V = update_tags(T, U, V, beta, tag_links)
        if alpha:
            W = W * (alpha * view.transposed_times(features, U)) / (alpha * (gram @ W) + beta * W + _TINY)
            target = view.times(features, W)
        U = update_images(T, U, V, target, alpha, beta, image_links)
        fit = 0.5 * (
            float(T.data @ T.data) - 2 * float((U * (T @ V.T)).sum()) + float(((U.T @ U) * (V @ V.T)).sum())
        )
        tied = alpha / 2 * float(((U - target) ** 2).sum())
        small = beta / 2 * float((U**2).sum() + (V**2).sum() + (W**2).sum() * bool(alpha))
        objective.append(fit + tied + small + _roughness(U, image_links) + _roughness(V.T, tag_links))
        if len(objective) > 1 and objective[-2] - objective[-1] <= tolerance * abs(objective[-2]):
            break
    return Factors(U=U, V=V, W=W, objective=objective)


def initial_factors(T: csr_matrix, rank: int, seed: int) -> tuple[Floats, Floats]:
    """Return U drawn from (0, 1) and a constant V, both of a size that gives ``U V`` the scale of T.

    Only U is random: a constant V, updated first, makes the result independent of the order of tags.

    Returns
    -------
    U, V : (N, r), (r, C) float64 arrays
        r is ``rank``, cut to the smaller of N and C.
    """
    images, tags = T.shape
    rank = min(rank, images, tags)
    scale = np.sqrt(T.sum() / (images * tags) / rank)
    return np.random.default_rng(seed).random((images, rank)) * scale, np.full((rank, tags), scale)


def update_images(
    T: csr_matrix, U: Floats, V: Floats, target: Floats, alpha: float, beta: float, links: Any = None
) -> Floats:
    """Return U after one update towards the tags and the target ``X W``."""
    above, below = T @ V.T + alpha * target, U @ (V @ V.T) + (alpha + beta) * U
    if links is not None:
        above, below = above + links @ U, below + _degrees(links)[:, None] * U
    updated: Floats = U * above / (below + _TINY)
    return updated


def update_tags(T: csr_matrix, U: Floats, V: Floats, beta: float, links: Any = None) -> Floats:
    """Return V after one update."""
    above, below = (T.T @ U).T, (U.T @ U) @ V + beta * V
    if links is not None:
        above, below = above + V @ links, below + V * _degrees(links)
    updated: Floats = V * above / (below + _TINY)
    return updated


def factor_product(U: Floats, V: Floats) -> NDArray[np.float32]:
    """Return ``U V`` as float32 (N, C), block by block."""
    product = np.empty((len(U), V.shape[1]), np.float32)
    for rows in row_blocks(len(U), 8 * V.shape[1]):
        product[rows] = U[rows] @ V
    return product


def fold_in(tags: csr_matrix, V: Floats, target: Floats, alpha: float, beta: float) -> Floats:
    """Return U of images that were not there in fit: updates with V fixed, each row on its own.

    Parameters
    ----------
    tags : (N, C) csr matrix of 0 and 1
    V : (r, C) float64 array
    target : (N, r) float64 array
        What the features say.
    alpha, beta : float
        As in `NMF`.

    Returns
    -------
    (N, r) float64 array
    """
    T = tags.astype(np.float64)
    U = np.full(target.shape, 1.0 / max(1, target.shape[1]))
    for _ in range(_OTHER_STEPS):
        U = update_images(T, U, V, target, alpha, beta)
    return U


def _degrees(links: Any) -> Floats:
    return np.asarray(links.sum(axis=1), np.float64).ravel()


def _roughness(factors: Floats, links: Any) -> float:
    """Return ``1/2 tr(F' L F)`` of (n, r) factors."""
    if links is None:
        return 0.0
    return 0.5 * float((_degrees(links)[:, None] * factors**2).sum() - (factors * (links @ factors)).sum())
