"""How many of a run's suggestions are right, from a curator's verdicts on some of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import DataError

__all__ = ["Estimate", "estimate", "estimate_from"]

_STRATA = 20  # of equal width in probability
_PRIOR = 4.0  # answers that the run's own probabilities are worth in a stratum
_NORMAL = 1.959964  # 95 %


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
    if probabilities.shape != verdicts.shape:
        raise DataError(f"{len(probabilities)} probabilities come with {len(verdicts)} verdicts.")
    if len(probabilities) == 0:
        return Estimate(0, 0, float("nan"), float("nan"), float("nan"))
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise DataError("Probabilities must be in [0, 1].")
    stratum = np.minimum((probabilities * _STRATA).astype(int), _STRATA - 1)
    believed = np.bincount(stratum, probabilities, _STRATA)
    size = np.bincount(stratum, minlength=_STRATA).astype(float)
    right = np.bincount(stratum, verdicts == 1, _STRATA)
    answered = np.bincount(stratum, verdicts != 0, _STRATA)
    share, low, high = _of_strata(size, believed, right, answered)
    return Estimate(len(probabilities), int(answered.sum()), float(share), float(low), float(high))


def estimate_from(
    size: NDArray[np.integer],
    believed: NDArray[np.floating],
    right: NDArray[np.integer],
    answered: NDArray[np.integer],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Estimate at every limit how many of the suggestions from there on are right.

    Parameters
    ----------
    size, right, answered : int (K,)
        Suggestions with a probability from k / K to below (k + 1) / K: how many, how many of them were found right, have a verdict.
    believed : float (K,)
        Sum of their probabilities.

    Returns
    -------
    right, low, high : float64 (K,)
        As `Estimate`, of all suggestions from k / K on; nan where there is none.
    """
    k = len(size)
    stratum = np.arange(k) * _STRATA // k
    # Row k of each: the strata of what lies at limit k and above.
    above = np.arange(k)[:, None] <= np.arange(k)
    of = stratum == np.arange(_STRATA)[:, None]
    return _of_strata(*((above * values) @ of.T for values in (size, believed, right, answered)))


def _of_strata(size: Any, believed: Any, right: Any, answered: Any) -> tuple[Any, Any, Any]:
    """Return the share that is right with its interval, from sums over each stratum, (..., strata)."""
    prior = _PRIOR * believed / np.maximum(size, 1)
    mean = (prior + right) / (_PRIOR + answered)
    spread = mean * (1 - mean) / (_PRIOR + answered + 1)
    # Of those that are open, each is right or wrong by chance, and all depend on the same mean, which is uncertain.
    left = size - answered
    total = (right + left * mean).sum(axis=-1)
    variance = (left**2 * spread + left * (mean * (1 - mean) - spread)).sum(axis=-1)
    n, error = np.sum(size, axis=-1), _NORMAL * np.sqrt(np.maximum(variance, 0))
    low = np.maximum(np.sum(right, axis=-1), total - error)
    high = np.minimum(n - np.sum(answered - right, axis=-1), total + error)
    shown = np.where(n > 0, n, np.nan)
    return total / shown, low / shown, high / shown
