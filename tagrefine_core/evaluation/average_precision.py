"""Average precision of many rankings at once, with a stated rule for tied scores."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import ConfigError
from tagrefine_core.evaluation.checks import check_pair, check_values, float_scores

__all__ = ["AP_VARIANTS", "average_precision", "check_variant", "rank_rows"]

AP_VARIANTS = ("expected", "stable", "pessimistic")


def average_precision(
    scores: ArrayLike, truth: ArrayLike, *, variant: str = "expected"
) -> NDArray[np.float64]:
    """Average precision of every row's ranking, best score first.

    Parameters
    ----------
    scores : (R, n) array
        Higher is better; -inf is a legal, tied lowest score.
    truth : (R, n) array
        1 relevant, 0 not relevant, -1 not judged (left out of the ranking).
    variant : {"expected", "stable", "pessimistic"}
        What happens among tied scores: the mean over all their orders; the given column order (as a
        stable sort leaves it, the survey toolbox's rule); irrelevant columns first.

    Returns
    -------
    (R,) float64 array
        In [0, 1]; NaN for a row without a relevant column.

    Raises
    ------
    ConfigError
        If the variant is unknown.
    DataError
        If the shapes differ, a score is NaN or +inf, or a truth value is not 1, 0 or -1.

    Notes
    -----
    For a tie group of n columns, r of them relevant, preceded by c columns of which R_c are relevant,
    the expected contribution is ``sum_{j=1..n} (r/n) (R_c + 1 + (j-1)(r-1)/(n-1)) / (c+j)``: a
    relevant column is at place j of the group with chance r/n, and (j-1)(r-1)/(n-1) others are
    expected before it. The sum over groups is divided by the number of relevant columns.

    Examples
    --------
    >>> average_precision([[0.9, 0.5, 0.5, 0.1]], [[0, 1, 0, 1]]).round(7)
    array([0.4583333])
    """
    scores, truth = check_pair(scores, truth)
    check_variant(variant)
    scores = float_scores(scores)
    check_values(scores, truth, first_row=0)
    return rank_rows(scores, truth, variant)


def check_variant(variant: str) -> None:
    """Raise ConfigError unless the tie rule is known."""
    if variant not in AP_VARIANTS:
        raise ConfigError(f"ap_variant {variant!r} is unknown; choose one of {', '.join(AP_VARIANTS)}.")


def rank_rows(scores: NDArray[Any], truth: NDArray[Any], variant: str) -> NDArray[np.float64]:
    """Average precision of checked rows; see `average_precision`."""
    rows, columns = scores.shape
    relevant_count = np.count_nonzero(truth == 1, axis=1)
    result = np.full(rows, np.nan)
    if not relevant_count.any():
        return result
    # Sorting puts NaN behind everything, +inf included: the place for what was not judged.
    keys = np.negative(scores, dtype=scores.dtype)
    keys[truth == -1] = np.nan
    relevant = truth == 1
    if variant == "expected":
        order = np.argsort(keys, axis=1)
    elif variant == "stable":
        order = np.argsort(keys, axis=1, kind="stable")
    else:
        order = np.lexsort((relevant, keys), axis=1)
    relevant = np.take_along_axis(relevant, order, axis=1)
    if variant == "expected":
        keys = np.take_along_axis(keys, order, axis=1)
        is_start = np.ones((rows, columns), dtype=bool)
        np.not_equal(keys[:, 1:], keys[:, :-1], out=is_start[:, 1:])
        starts = np.flatnonzero(is_start)
    else:
        starts = np.arange(rows * columns)  # the order is settled, so nothing is tied any more
    before = np.concatenate(([0], np.cumsum(relevant, dtype=np.int64)))  # relevant before a flat place
    ends = np.append(starts[1:], rows * columns)
    group_relevant = before[ends] - before[starts]
    # Groups without a relevant column add nothing: with 1 label in 14 most groups go away here.
    counted = group_relevant > 0
    starts, ends, r = starts[counted], ends[counted], group_relevant[counted]
    row = starts // columns
    n = ends - starts
    c = starts - row * columns
    relevant_before = before[starts] - before[row * columns]
    per_step = np.divide(r - 1, n - 1, out=np.zeros(len(n)), where=n > 1)

    group = np.repeat(np.arange(len(n)), n)
    j = np.arange(len(group)) - np.repeat(np.cumsum(n) - n, n)  # 0-based place inside the group
    precision = (relevant_before[group] + 1 + j * per_step[group]) / (c[group] + j + 1)
    total = np.bincount(row[group], weights=(r / n)[group] * precision, minlength=rows)
    np.divide(total, relevant_count, out=result, where=relevant_count > 0)
    return result
