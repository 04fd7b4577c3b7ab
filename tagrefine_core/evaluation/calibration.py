"""Whether probabilities mean what they say: of pairs of photo and label that score .7, seven of ten should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import DataError
from tagrefine_core.evaluation.checks import check_pair, check_values, float_scores

__all__ = ["Reliability", "reliability"]

_BINS = 15
_BLOCK = 2**16


@dataclass(frozen=True, eq=False)
class Reliability:
    """The reliability diagram of all labels together, and how far it is from the diagonal.

    Attributes
    ----------
    count : int64 (B,)
        Judged pairs by probability, in B equal bins of [0, 1].
    probability : float64 (B,)
        Their mean probability; NaN in an empty bin.
    relevant : float64 (B,)
        Share of them that is relevant; NaN in an empty bin.
    by_label : float64 (L,)
        Expected calibration error of each label alone, NaN where nothing is judged.
    """

    count: NDArray[np.int64]
    probability: NDArray[np.float64]
    relevant: NDArray[np.float64]
    by_label: NDArray[np.float64]

    @property
    def pooled(self) -> float:
        """Expected calibration error of all pairs: the mean distance of both over the bins, by count; NaN without pairs."""
        if not (total := self.count.sum()):
            return float("nan")
        filled = self.count > 0
        distance = np.abs(self.probability - self.relevant)[filled]
        return float((self.count[filled] * distance).sum() / total)

    @property
    def mean(self) -> float:
        """Mean of the labels' own calibration errors: what is too high for one does not make up for what is too low for another."""
        defined = self.by_label[~np.isnan(self.by_label)]
        return float(defined.mean()) if len(defined) else float("nan")


def reliability(scores: ArrayLike, truth: ArrayLike, *, bins: int = _BINS) -> Reliability:
    """Compare probabilities with the truth (Naeini, Cooper and Hauskrecht, AAAI 2015).

    Parameters
    ----------
    scores : (N, L) array
        Probabilities in [0, 1]; a memory-mapped array is read in blocks.
    truth : (N, L) array
        1 relevant, 0 not relevant, -1 not judged (left out).
    bins : int
        B; a bin holds its lower end, the last one also 1.

    Raises
    ------
    DataError
        If shapes differ, a score is NaN or outside [0, 1], or a truth value is not 1, 0 or -1.

    Examples
    --------
    >>> found = reliability([[0.1], [0.1], [0.9], [0.9]], [[0], [0], [1], [0]], bins=2)
    >>> found.count.tolist(), found.relevant.tolist(), round(found.pooled, 3)
    ([2, 2], [0.0, 0.5], 0.25)
    """
    scores, truth = check_pair(scores, truth)
    labels = scores.shape[1]
    count, right = (np.zeros(labels * bins, dtype=np.int64) for _ in range(2))
    total = np.zeros(labels * bins)
    for start in range(0, len(scores), _BLOCK):
        block, judged = (
            float_scores(scores[start : start + _BLOCK]),
            np.asarray(truth[start : start + _BLOCK]),
        )
        check_values(block, judged, first_row=start)
        if block.size and not (block.min() >= 0 and block.max() <= 1):
            raise DataError(
                f"scores are from {block.min()} to {block.max()}; only probabilities in [0, 1] can be calibrated."
            )
        row, label = np.nonzero(judged != -1)
        probability = block[row, label].astype(np.float64)
        place = label * bins + np.minimum((probability * bins).astype(np.int64), bins - 1)
        count += np.bincount(place, minlength=labels * bins)
        right += np.bincount(place[judged[row, label] == 1], minlength=labels * bins)
        total += np.bincount(place, weights=probability, minlength=labels * bins)
    by_bin = [part.reshape(labels, bins) for part in (count, total, right)]
    counts, totals, rights = by_bin
    judged_pairs = counts.sum(axis=1)
    by_label = np.divide(
        np.abs(totals - rights).sum(axis=1), judged_pairs, out=np.full(labels, np.nan), where=judged_pairs > 0
    )
    pooled, means, shares = (part.sum(axis=0) for part in by_bin)
    filled = pooled > 0
    return Reliability(
        count=pooled,
        probability=np.divide(means, pooled, out=np.full(bins, np.nan), where=filled),
        relevant=np.divide(shares, pooled, out=np.full(bins, np.nan), where=filled),
        by_label=by_label,
    )
