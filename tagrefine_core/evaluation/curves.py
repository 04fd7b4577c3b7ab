"""Precision and recall of one label at every threshold, for plots."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.evaluation.checks import check_pair, check_values, float_scores

__all__ = ["PrecisionRecallCurve", "precision_recall_curve"]


class PrecisionRecallCurve(NamedTuple):
    """One point for each distinct score, highest score first.

    Attributes
    ----------
    precision, recall : (T,) float64 arrays
        Of the images that score at least the threshold; recall is NaN without a positive.
    thresholds : (T,) array
        The distinct scores, descending.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    thresholds: NDArray[np.floating]


def precision_recall_curve(scores: ArrayLike, truth: ArrayLike) -> PrecisionRecallCurve:
    """Precision and recall of one label column as the threshold falls.

    Parameters
    ----------
    scores : (N,) array
        Higher is more relevant; -inf allowed.
    truth : (N,) array
        1, 0, or -1 for images to leave out.

    Raises
    ------
    DataError
        As in `evaluate`.

    Examples
    --------
    >>> precision_recall_curve([3, 2, 2, 1], [1, 1, 0, 0]).recall
    array([0.5, 1. , 1. ])
    """
    column, judged = check_pair(np.asarray(scores)[..., None], np.asarray(truth)[..., None])
    check_values(column, judged, first_row=0)
    kept = judged[:, 0] != -1
    values, relevant = float_scores(column[kept, 0]), judged[kept, 0] == 1
    order = np.argsort(-values, kind="stable")
    values, relevant = values[order], relevant[order]
    if not len(values):
        return PrecisionRecallCurve(np.empty(0), np.empty(0), values)
    last = np.append(np.flatnonzero(values[1:] != values[:-1]), len(values) - 1)  # of each tie group
    found = np.cumsum(relevant)[last].astype(np.float64)
    recall = found / found[-1] if found[-1] else np.full(len(found), np.nan)
    return PrecisionRecallCurve(found / (last + 1), recall, values[last])
