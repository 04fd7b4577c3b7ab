"""How many of a run's suggestions are right, from a curator's verdicts on some of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from tagrefine_core.errors import DataError

__all__ = ["Estimate", "estimate", "estimate_from", "estimate_of_tag"]

_STRATA = 20  # of equal width in probability
_PRIOR = 4.0  # answers that the run's own probabilities are worth in a stratum
_NORMAL = 1.959964  # 95 %

# Of one tag: how far the log-odds of its probabilities are off, as a standard deviation; by the 14 labels of the slice.
_SHIFT = 1.3
_SHIFTS = np.linspace(-5, 5, 101)
_BINS = 256
_EDGE = 1e-3


@dataclass(frozen=True)
class Estimate:
    """The share of suggestions that are right.

    Attributes
    ----------
    suggestions, answered : int
        How many there are, and how many of them have a verdict (unsure ones do not count).
    right, low, high : float
        The share that is right with its 95 % interval, in [0, 1]; nan where there is no suggestion.
    """

    suggestions: int
    answered: int
    right: float
    low: float
    high: float


def estimate(probabilities: NDArray[np.floating], verdicts: NDArray[np.integer]) -> Estimate:
    """Estimate how many suggestions are right, also among those that nobody was asked about.

    Those that are asked about are not drawn at random: the surest come first. So they speak only for suggestions of about the same
    probability (poststratification; Cochran, Sampling Techniques, 1977, 5A.9). In each stratum the run's own probability counts as a few
    answers (a Beta prior), so that one without answers stands at what the run believes; its interval is then wide. What has a verdict is known.

    Parameters
    ----------
    probabilities : (n,) array
        That a suggestion is right, in [0, 1].
    verdicts : int (n,)
        1 right, -1 wrong, 0 not asked or unsure.

    Raises
    ------
    DataError
        If the lengths differ, or a probability is out of range.
    """
    _check(probabilities, verdicts)
    if len(probabilities) == 0:
        return Estimate(0, 0, float("nan"), float("nan"), float("nan"))
    stratum = np.minimum((probabilities * _STRATA).astype(int), _STRATA - 1)
    believed = np.bincount(stratum, probabilities, _STRATA)
    size = np.bincount(stratum, minlength=_STRATA).astype(float)
    right = np.bincount(stratum, verdicts == 1, _STRATA)
    answered = np.bincount(stratum, verdicts != 0, _STRATA)
    share, low, high = _of_strata(size, believed, right, answered)
    return Estimate(len(probabilities), int(answered.sum()), float(share), float(low), float(high))


def estimate_of_tag(probabilities: NDArray[np.floating], verdicts: NDArray[np.integer]) -> Estimate:
    """Estimate how many suggestions of one tag are right; parameters and errors as those of `estimate`.

    What is wrong with the probabilities of one tag is wrong with all of them: annotators mean something else by it than users do. So the
    answers speak for all of its suggestions: the log-odds of all are off by one number, which is likelier to be small (a normal prior)
    and is learned from the answers.
    """
    if not len(probabilities):
        return estimate(probabilities, verdicts)
    _check(probabilities, verdicts)
    place = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    size, believed, right, answered = (
        np.bincount(place, weights, _BINS)
        for weights in (np.ones(len(place)), probabilities, verdicts == 1, verdicts != 0)
    )
    share, low, high = estimate_from(size, believed, right, answered)
    return Estimate(len(probabilities), int(answered.sum()), float(share[0]), float(low[0]), float(high[0]))


def estimate_from(
    size: NDArray[Any],
    believed: NDArray[Any],
    right: NDArray[Any],
    answered: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Estimate at every limit how many of the suggestions of a tag from there on are right, as `estimate_of_tag` does.

    Parameters
    ----------
    size, right, answered : (K,) array
        Suggestions with a probability from k / K to below (k + 1) / K: how many, how many of them were found right, have a verdict.
    believed : float (K,)
        Sum of their probabilities.

    Returns
    -------
    right, low, high : float64 (K,)
        As `Estimate`, of all suggestions from k / K on; nan where there is none.
    """
    share = np.divide(believed, size, out=np.full(len(size), 0.5), where=size > 0)
    fits = expit(logit(np.clip(share, _EDGE, 1 - _EDGE))[:, None] + _SHIFTS)  # (K, shifts)
    likely = right @ np.log(fits) + (answered - right) @ np.log1p(-fits) - (_SHIFTS / _SHIFT) ** 2 / 2
    weights = np.exp(likely - likely.max())
    weights /= weights.sum()
    left = (size - answered)[:, None]
    of_shift, chance = (
        np.cumsum(part[::-1], axis=0)[::-1] for part in (left * fits, left * fits * (1 - fits))
    )
    open_ = of_shift @ weights
    variance = chance @ weights + of_shift**2 @ weights - open_**2
    known, n, wrong = (np.cumsum(part[::-1])[::-1] for part in (right, size, answered - right))
    return _shares(known, wrong, n, known + open_, variance)


def _of_strata(size: Any, believed: Any, right: Any, answered: Any) -> tuple[Any, Any, Any]:
    """Return the share that is right with its interval, from sums over each stratum, (..., strata)."""
    prior = _PRIOR * believed / np.maximum(size, 1)
    mean = (prior + right) / (_PRIOR + answered)
    spread = mean * (1 - mean) / (_PRIOR + answered + 1)
    # Of those that are open, each is right or wrong by chance, and all depend on the same mean, which is uncertain.
    left = size - answered
    total = (right + left * mean).sum(axis=-1)
    variance = (left**2 * spread + left * (mean * (1 - mean) - spread)).sum(axis=-1)
    known, wrong, n = (np.sum(part, axis=-1) for part in (right, answered - right, size))
    return _shares(known, wrong, n, total, variance)


def _shares(known: Any, wrong: Any, n: Any, total: Any, variance: Any) -> tuple[Any, Any, Any]:
    """Return the share that is right with its interval; what is known to be right or wrong bounds it."""
    error = _NORMAL * np.sqrt(np.maximum(variance, 0))
    low, high = np.maximum(known, total - error), np.minimum(n - wrong, total + error)
    shown = np.where(n > 0, n, np.nan)
    return total / shown, low / shown, high / shown


def _check(probabilities: NDArray[np.floating], verdicts: NDArray[np.integer]) -> None:
    if probabilities.shape != verdicts.shape:
        raise DataError(f"{len(probabilities)} probabilities come with {len(verdicts)} verdicts.")
    if len(probabilities) and (probabilities.min() < 0 or probabilities.max() > 1):
        raise DataError("Probabilities must be in [0, 1].")
