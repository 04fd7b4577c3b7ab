"""Robust PCA: the tag matrix as low rank plus sparse errors, smooth over similar images and tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import Method, distances
from tagrefine_core.methods.graphs import image_graph, laplacian, tag_graph
from tagrefine_core.methods.low_rank import Separation, separate
from tagrefine_core.methods.neighbor_likelihood import propagate
from tagrefine_core.neighbors.search import nearest

__all__ = ["RPCA"]


@dataclass(kw_only=True, eq=False, repr=False)
class RPCA(Method):
    """Separate the tags ``D = A + E`` into a low-rank ``A``, the refined tags, and sparse errors ``E``.

    Accelerated proximal gradients lower ``mu (||A||_* + lambda1 ||E||_1) + 1/2 ||D - A - E||^2
    + mu lambda2 / 2 [tr(A' L_I A) + tr(A L_T A')]``, mu falling by 10 % a step. The fall freezes the solution
    before the optimum, so the number of steps belongs to the method. Other images than those of fit are
    scored by solving again with their rows appended.

    Parameters
    ----------
    data : {"propagated", "raw"}
        D: each image's tags averaged with those of its neighbors, or as they are.
    lambda1 : float
        Price of errors. They vanish from 1 on, A vanishes below ``1 / ||D||_2``: what is useful lies between.
    lambda2 : float
        Weight of smoothness over images and tags.
    k_propagate, k_graph : int or None
        Neighbors for ``D`` and for the image graph; None: a tenth of a tag's mean number of images; one in a
        thousand images.
    decay : {"d", "d2"}
        Neighbors weigh ``exp(-d / s)`` or ``exp(-d^2 / s)``, s the squared median distance. The first is that
        of Li et al. (2016); it all but cuts the links where distances are far below 1, the second does not.
    metric : {"cosine", "euclidean"}
    iterations, tolerance, mu, continuation
        Steps at most, the relative residual to stop at, the first mu and its factor a step.
    vocabulary : sequence of str, optional
        Names of the tags, for WordNet's share of the tag graph.

    Attributes
    ----------
    refined_ : (N, C) float32 array
        A of the images of fit.
    iterations_ : int
    """

    name = "rpca"
    title = "RPCA"
    reference = (
        "Zhu, Yan, Ma: Image tag refinement towards low-rank, content-tag prior and error sparsity, MM 2010"
    )
    annotates = False
    weighted = True

    data: Literal["propagated", "raw"] = "propagated"
    lambda1: float = 0.5
    lambda2: float = 0.25
    k_propagate: int | None = None
    k_graph: int | None = None
    decay: Literal["d", "d2"] = "d"
    metric: str = "cosine"
    iterations: int = 50
    tolerance: float = 1e-4
    mu: float = 1.0
    continuation: float = 0.9
    vocabulary: Sequence[str] | None = None

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return prices of errors from about ``1 / ||D||_2`` to 1, and smoothness from none to strong."""
        lowest = min(0.5, 4 / np.sqrt(max(1, images)))
        return {
            "lambda1": [round(float(value), 4) for value in np.geomspace(lowest, 0.9, 5)],
            "lambda2": [0.0, 2**-6, 2**-4, 2**-2, 1.0],
        }

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of the five (N, C) float32 matrices of a step and of the (C, C) ones."""
        neighbors = max(self.k_propagate or 64, self.k_graph or images // 1000)
        return images * (20 * tags + 48 * neighbors) + 48 * tags**2 + 2**28

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if self.data not in ("propagated", "raw") or self.decay not in ("d", "d2"):
            raise ConfigError(
                f"data is 'propagated' or 'raw' and decay 'd' or 'd2'; got {self.data!r} and {self.decay!r}."
            )
        self._check_at_least(1, "k_propagate", "k_graph", "iterations")
        solved = self._solve(features, tags)
        self.refined_, self.iterations_ = solved.A, solved.iterations

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        assert tags is not None
        if own and not (tags != self.tags_).nnz:
            return self.refined_.copy()
        if own:
            return self._solve(features, tags).A
        together = np.concatenate((np.asarray(self.features_), features))
        return self._solve(together, vstack((self.tags_, tags), format="csr")).A[-len(features) :]

    def _solve(self, features: NDArray[Any], tags: csr_matrix) -> Separation:
        images = len(features)
        k_graph = min(self.k_graph or max(1, images // 1000), images - 1)
        k_propagate = 0
        if self.data == "propagated":
            k_propagate = min(self.k_propagate or max(1, int(0.1 * tags.nnz / tags.shape[1])), images - 1)
        found, far = np.empty((images, 0), np.int64), np.empty((images, 0))
        if max(k_graph, k_propagate):
            every = np.arange(images)
            found, squared = nearest(
                features, features, max(k_graph, k_propagate), self.metric, exclude=every
            )
            far = distances(squared, self.metric)
        data = tags.astype(np.float64)
        if self.data == "propagated":
            weights = np.hstack((np.ones((images, 1)), self._weights(far[:, :k_propagate])))
            around = np.hstack((np.arange(images)[:, None], found[:, :k_propagate]))
            data = propagate(around, weights / weights.sum(axis=1, keepdims=True), data)
        L_I = L_T = None
        if self.lambda2:
            L_I = laplacian(image_graph(found[:, :k_graph], self._weights(far[:, :k_graph])))
            L_T = laplacian(tag_graph(tags, self.vocabulary))
        return separate(
            data,
            lambda1=self.lambda1,
            lambda2=self.lambda2,
            L_I=L_I,
            L_T=L_T,
            iterations=self.iterations,
            tolerance=self.tolerance,
            mu=self.mu,
            continuation=self.continuation,
            progress=lambda done, total: self.progress("Separating tags from errors", done, total),
        )

    def _weights(self, far: NDArray[np.float64]) -> NDArray[np.float64]:
        squared_median = float(np.median(far)) ** 2 if far.size else 0.0
        return np.exp(-(far if self.decay == "d" else far**2) / (squared_median or 1.0))
