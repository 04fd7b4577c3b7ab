"""Support vector machines, one a tag, that can be averaged: their kernels and their probabilities."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial.distance import pdist, squareform
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.svm import SVC, LinearSVC

__all__ = ["IntersectionKernel", "Kernel", "LinearKernel", "TagModels", "platt", "unit_rows"]

_BINS = 50


class Kernel(Protocol):
    """A kernel whose decision function is linear in an encoding of the features, so that machines can be averaged."""

    def encode(self, features: NDArray[Any]) -> Any:
        """Return (n, D) dense or sparse vectors of (n, d) features."""
        ...

    def train(self, features: NDArray[Any], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the (D,) weights of a machine; a weighted encoding is the decision, above 0 for the tag."""
        ...


class LinearKernel:
    """A linear machine without bias, with squared hinge loss, C = 1 and both classes weighing the same.

    It is solved in the primal: deterministic, and without a seed.
    """

    def encode(self, features: NDArray[Any]) -> Any:
        """Return the features as they are."""
        return features

    def train(self, features: NDArray[Any], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the weights (d,)."""
        machine = LinearSVC(dual=False, fit_intercept=False, class_weight="balanced")
        weights: NDArray[np.float64] = machine.fit(features, positive).coef_[0]
        return weights


class IntersectionKernel:
    """The histogram intersection ``sum_d min(x_d, y_d)`` with a table of 50 bins a dimension (Maji et al. 2008).

    The decision function is a sum of functions of one dimension each; between 50 points from the smallest to the
    largest training value they are taken as straight lines. An encoding holds the weights of the two points
    beside each value, and values outside are moved to the nearest point.

    Parameters
    ----------
    low, high : (d,) arrays of float
        Smallest and largest training values, not negative.
    """

    def __init__(self, low: NDArray[Any], high: NDArray[Any]) -> None:
        self.low = low.astype(np.float64)
        step = (high.astype(np.float64) - self.low) / (_BINS - 1)
        self.step = np.where(step > 0, step, 1.0)

    def encode(self, features: NDArray[Any]) -> Any:
        """Return a (n, 50 d) csr matrix of float32 whose rows sum to d."""
        images, dimensions = features.shape
        place = np.clip((features - self.low) / self.step, 0, _BINS - 1)
        left = np.minimum(place.astype(np.int64), _BINS - 2)
        columns = np.stack((left, left + 1), axis=2) + (np.arange(dimensions) * _BINS)[:, None]
        share = (place - left).astype(np.float32)
        weights = np.stack((1 - share, share), axis=2)
        ends = np.arange(images + 1) * 2 * dimensions
        return csr_matrix((weights.ravel(), columns.ravel(), ends), (images, dimensions * _BINS))

    def train(self, features: NDArray[Any], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the table (50 d,) of a machine with hinge loss, C = 1 and both classes weighing the same."""
        machine = SVC(kernel="precomputed", class_weight="balanced").fit(self.gram(features), positive)
        support = features[machine.support_].astype(np.float64)
        table = np.empty((features.shape[1], _BINS))
        for bin_ in range(_BINS):
            table[:, bin_] = machine.dual_coef_[0] @ np.minimum(support, self.low + bin_ * self.step)
        # The weights of an encoding sum to d, so that an equal share in each dimension amounts to the bias.
        table += machine.intercept_[0] / features.shape[1]
        return table.ravel()

    @staticmethod
    def gram(features: NDArray[Any]) -> NDArray[np.float64]:
        """Return the exact kernel (n, n) between the rows of features, as ``(|x| + |y| - |x - y|) / 2`` in L1."""
        wide = features.astype(np.float64)
        sums = wide.sum(axis=1)
        kernel: NDArray[np.float64] = (sums[:, None] + sums - squareform(pdist(wide, "cityblock"))) / 2
        return kernel


@dataclass(kw_only=True)
class TagModels:
    """Machines and sigmoids of several tags, filled in one by one.

    Parameters
    ----------
    priors : (L,) float64 array
        Share of the images that carry each tag: the probability of a tag that gets no machine.
    dimensions : int
        Of the encoding.
    """

    priors: NDArray[np.float64]
    dimensions: int
    weights: NDArray[np.float32] = field(init=False)
    slopes: NDArray[np.float64] = field(init=False)
    offsets: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = np.zeros((self.dimensions, len(self.priors)), dtype=np.float32)
        self.slopes = np.zeros(len(self.priors))
        self.offsets = logit(self.priors)

    def put(self, place: int, weights: NDArray[np.float64], sigmoid: tuple[float, float]) -> None:
        """Store the machine of a tag with its sigmoid."""
        self.weights[:, place] = weights
        self.slopes[place], self.offsets[place] = sigmoid

    def probabilities(self, encoded: Any) -> NDArray[np.float32]:
        """Return (n, L) probabilities of (n, D) encoded features."""
        decisions = np.asarray(encoded @ self.weights)
        probabilities: NDArray[np.float64] = expit(self.slopes * decisions + self.offsets)
        return probabilities.astype(np.float32)


def platt(decisions: NDArray[Any], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit the sigmoid of Platt (1999) that turns decisions into probabilities.

    Each of the P positives counts as positive with weight ``(P + 1)/(P + 2)``, each of the M negatives with
    ``1/(M + 2)``, and as negative with what remains; so the fit is finite also where decisions separate the two.

    Parameters
    ----------
    decisions : (n,) array of float
    positive : (n,) array of bool

    Returns
    -------
    slope, offset : float
        The probability is ``1 / (1 + exp(-(slope decision + offset)))``.
    """
    count = int(positive.sum())
    weight = np.where(positive, (count + 1) / (count + 2), 1 / (len(positive) - count + 2))
    scale = float(np.std(decisions))
    if scale <= 1e-6 * np.abs(decisions).max():  # duplicates of one image, up to rounding
        return 0.0, float(logit(weight.mean()))
    regression = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-7)
    regression.fit(
        np.tile(decisions / scale, 2)[:, None],
        np.repeat([True, False], len(decisions)),
        sample_weight=np.concatenate((weight, 1 - weight)),
    )
    return float(regression.coef_[0, 0]) / scale, float(regression.intercept_[0])


def unit_rows(features: NDArray[Any], rows: NDArray[Any] | slice) -> NDArray[np.float32]:
    """Return some rows of features at unit length; rows of zeros stay so."""
    unit: NDArray[np.float32] = normalize(np.asarray(features[rows], dtype=np.float32))
    return unit
