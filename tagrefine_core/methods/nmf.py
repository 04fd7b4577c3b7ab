"""Non-negative factors of the tag matrix, the images' factors tied to their features by a linear map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, UnsupportedTask
from tagrefine_core.methods.factorization import FactorMethod, UnitFeatures, factorize

__all__ = ["NMF"]


@dataclass(kw_only=True, eq=False, repr=False)
class NMF(FactorMethod):
    """Factor tags into ``U V``, with images' factors U near ``X W``, all of them non-negative.

    ``J = 1/2 ||T - U V||^2 + alpha/2 ||U - X W||^2 + beta/2 (||U||^2 + ||V||^2 + ||W||^2)``, plus
    ``gamma_images/2 tr(U' L_I U) + gamma_tags/2 tr(V L_T V')``, by multiplicative updates, under which J
    never rises. A reconstruction: the paper compares with the equivalent of weakly-supervised deep
    non-negative low-rank factors on fixed features, whose objective was not to be had in full.

    Images of fit get ``U V``; other images with tags get updates of their U with V and W fixed; images
    without tags ``X W V``. Features count at unit length; where some are negative, their negative parts
    become dimensions of their own.

    Parameters
    ----------
    rank : int
        Factors; cut to the smaller of images and tags.
    alpha : float
        Tie to the features; at 0 the method cannot annotate.
    beta : float
        Weight of small factors, a bound of the nuclear norm.
    gamma_images, gamma_tags : float
        Weights of smoothness over similar images and over similar tags.
    k : int
        Neighbors in the image graph.
    iterations, tolerance
        Updates at most, and the relative fall of J to stop at.
    seed : int
        Of the first factors.
    vocabulary : sequence of str, optional
        Names of the tags, for WordNet's share of the tag graph.

    Attributes
    ----------
    U_, V_, W_ : (N, r), (r, C), (d, r) float64 arrays
        W has 2 d rows where features are negative.
    objective_ : list of float
        J after each round of updates.
    """

    name = "nmf"
    title = "NMF"
    reference = "After Li and Tang: Weakly-supervised deep non-negative low-rank model, AAAI 2017"

    rank: int = 64
    alpha: float = 1.0
    beta: float = 0.1
    gamma_images: float = 0.0
    gamma_tags: float = 0.0
    k: int = 20
    iterations: int = 300
    tolerance: float = 1e-5
    seed: int = 0
    vocabulary: Sequence[str] | None = None

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return the bytes of the factors and their updates, of X'X and of the scores."""
        graph = 80 * self.k * bool(self.gamma_images)
        return images * (48 * self.rank + graph + 4 * tags) + 8 * (4 * dimensions**2 + 3 * tags**2) + 2**28

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if self.rank < 1 or self.iterations < 1 or self.k < 1:
            raise ConfigError("rank, iterations and k must be at least 1.")
        self._check_at_least(0, "alpha", "beta", "gamma_images", "gamma_tags", "tolerance")
        self._view = UnitFeatures.of(features)
        image_links, tag_links = self._links(features, tags)
        found = factorize(
            tags,
            self._view,
            features,
            rank=self.rank,
            alpha=self.alpha,
            beta=self.beta,
            image_links=image_links,
            tag_links=tag_links,
            iterations=self.iterations,
            tolerance=self.tolerance,
            seed=self.seed,
            progress=lambda done, total: self.progress("Factoring tags", done, total),
        )
        self.U_, self.V_, self.W_, self.objective_ = found.U, found.V, found.W, found.objective

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        if tags is None and not self.alpha:
            raise UnsupportedTask(
                "NMF with alpha = 0 does not learn from features; give alpha above 0 to annotate."
            )
        return super()._score(features, tags, own=own)

    def _factors_by_features(self, features: NDArray[Any]) -> NDArray[Any]:
        return self._view.times(features, self.W_)
