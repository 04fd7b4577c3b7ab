"""Area under the ROC curve by counting pairs: exact in integers, ties count one half."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["auc", "doubled_wins"]


def doubled_wins(positives: NDArray[Any], negatives: NDArray[Any]) -> int:
    """Return twice the Mann-Whitney count of pairs that a positive wins, ties counting one half.

    Parameters
    ----------
    positives, negatives : (P,), (Q,) arrays
        Scores, both sorted ascending.
    """
    # The shorter side is looked up in the longer one; sorted look-ups stay in the cache.
    if len(positives) <= len(negatives):
        below = np.searchsorted(negatives, positives, side="left").sum(dtype=np.int64)
        not_above = np.searchsorted(negatives, positives, side="right").sum(dtype=np.int64)
        return int(below) + int(not_above)
    not_below = np.searchsorted(positives, negatives, side="left").sum(dtype=np.int64)
    above = np.searchsorted(positives, negatives, side="right").sum(dtype=np.int64)
    return 2 * len(positives) * len(negatives) - int(not_below) - int(above)


def auc(scores: NDArray[Any], truth: NDArray[Any]) -> float:
    """P(s+ > s-) + P(s+ = s-) / 2 of one label; NaN where one of the two classes is empty.

    Parameters
    ----------
    scores, truth : (N,) arrays
        As in `tagrefine_core.evaluation.evaluate`; images with truth -1 are left out.
    """
    positives, negatives = np.sort(scores[truth == 1]), np.sort(scores[truth == 0])
    if not len(positives) or not len(negatives):
        return float("nan")
    return doubled_wins(positives, negatives) / (2 * len(positives) * len(negatives))
