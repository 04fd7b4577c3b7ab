"""Bootstrap over photos: the measures of many resamples at once, equal to measuring each resample."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.evaluation import average_precision
from tagrefine_core.evaluation.resampling import copies, interval

__all__ = ["MEASURES", "copies", "interval", "over_repeats", "resampled"]

MEASURES = ("miap", "miap_labelled", "map", "micro_auc", "macro_auc")
"""The measures of a comparison, in the order of the columns of `resampled`."""

_CHUNK_BYTES = 2**26


def resampled(
    scores: NDArray[np.float32], truth: NDArray[np.int8], counts: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Measure every resample of the photos, ties in expectation as in `tagrefine_core.evaluation.evaluate`.

    Scores are sorted once; a resample only changes how many photos stand in each group of tied scores.

    Parameters
    ----------
    scores : (V, L) float32 array
        Finite or -inf.
    truth : (V, L) int8 array
        1, 0, or -1 for not judged.
    counts : (V, B) uint8 array
        How often each photo is in each of B resamples.

    Returns
    -------
    (B, 5) float64 array
        `MEASURES` of every resample; NaN where undefined.
    """
    images, labels = scores.shape
    image_ap = average_precision(scores, truth)
    judged, labelled = (truth != -1).any(axis=1), ~np.isnan(image_ap)
    by_image = np.stack([np.nan_to_num(image_ap), judged, labelled]).astype(np.float64)
    harmonic = np.concatenate(([0.0], np.cumsum(1.0 / np.arange(1, int(counts.sum(axis=0).max()) + 1))))
    columns = [_Ranking(scores[:, label], truth[:, label], np.arange(images)) for label in range(labels)]
    pooled = _Ranking(scores.ravel(), truth.ravel(), np.repeat(np.arange(images), labels))
    found = np.full((counts.shape[1], len(MEASURES)), np.nan)
    step = max(1, _CHUNK_BYTES // (4 * scores.size))
    for start in range(0, counts.shape[1], step):
        chunk = np.ascontiguousarray(counts[:, start : start + step])
        total, n_judged, n_labelled = by_image @ chunk.astype(np.float64)
        groups = [column.groups(chunk) for column in columns]
        micro = pooled.groups(chunk)
        values = (
            _ratio(total, n_judged),
            _ratio(total, n_labelled),
            _mean([_average_precision(group, harmonic) for group in groups if group]),
            _mean([_auc(micro)] if micro else []),
            _mean([_auc(group) for group in groups if group]),
        )
        for column, value in enumerate(values):
            found[start : start + step, column] = value
    return found


def over_repeats(draws: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Average over repeats that are themselves drawn anew for every resample of the photos.

    An interval of the result is over photos and repeats; of a single repeat it can only be over photos.

    Parameters
    ----------
    draws : (R, B, K) float64 array
        What each of R repeats measures on B resamples.
    seed : int

    Returns
    -------
    (B, K) float64 array
    """
    repeats, resamples, _ = draws.shape
    chosen = np.random.default_rng((seed, 11)).integers(repeats, size=(repeats, resamples))
    mean: NDArray[np.float64] = draws[chosen, np.arange(resamples)].mean(axis=0)
    return mean


class _Ranking:
    """One ranking, best first, cut at the groups of tied scores that hold something relevant."""

    def __init__(self, scores: NDArray[np.float32], truth: NDArray[np.int8], rows: NDArray[np.int64]) -> None:
        kept = truth != -1
        scores, relevant, rows = scores[kept], truth[kept] == 1, rows[kept]
        order = np.argsort(-scores, kind="stable")
        scores, relevant, self.rows = scores[order], relevant[order], rows[order]
        self.relevant_rows = self.rows[relevant]
        if not len(self.relevant_rows):
            return
        first = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))
        positives = np.add.reduceat(relevant.astype(np.int64), first)
        starts, ends = first[positives > 0], np.append(first[1:], len(scores))[positives > 0]
        self.cuts = np.unique(np.concatenate(([0], starts, ends)))
        self.starts, self.ends = np.searchsorted(self.cuts, starts), np.searchsorted(self.cuts, ends)
        self.cuts = self.cuts[self.cuts < len(scores)]
        self.relevant_cuts = np.concatenate(([0], np.cumsum(positives[positives > 0])[:-1]))

    def groups(self, counts: NDArray[np.uint8]) -> tuple[NDArray[np.float64], ...] | None:
        """Return n, r (G, B) of every group, then items and relevant ones before it, then both totals (B,)."""
        if not len(self.relevant_rows):
            return None
        before = _running(counts, self.rows, self.cuts)
        relevant = _running(counts, self.relevant_rows, self.relevant_cuts)
        start = before[self.starts]
        return (
            before[self.ends] - start,
            np.diff(relevant, axis=0),
            start,
            relevant[:-1],
            before[-1],
            relevant[-1],
        )


def _running(
    counts: NDArray[np.uint8], rows: NDArray[np.int64], cuts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how many photos stand before each cut, and in all: (cuts + 1, B)."""
    parts = np.zeros((len(cuts) + 1, counts.shape[1]))
    np.cumsum(np.add.reduceat(counts[rows].astype(np.int32), cuts, axis=0), axis=0, out=parts[1:])
    return parts


def _average_precision(
    groups: tuple[NDArray[np.float64], ...], harmonic: NDArray[np.float64]
) -> NDArray[np.float64]:
    n, r, before, relevant_before, _, relevant = groups
    # sum_{j=1..n} 1 / (c+j), and sum_{j=1..n} (j-1) / (c+j) = n - (c+1) times the former.
    inverse = harmonic[(before + n).astype(np.int64)] - harmonic[before.astype(np.int64)]
    slope = np.divide(r - 1, n - 1, out=np.zeros_like(n), where=n > 1)
    share = np.divide(r, n, out=np.zeros_like(n), where=n > 0)
    parts = share * ((relevant_before + 1) * inverse + slope * (n - (before + 1) * inverse))
    return _ratio(parts.sum(axis=0), relevant)


def _auc(groups: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    n, r, before, relevant_before, total, relevant = groups
    negatives = total - relevant
    wins = r * (negatives - (before - relevant_before) - (n - r) / 2)
    return _ratio(wins.sum(axis=0), relevant * negatives)


def _mean(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average over labels, in every resample those that are defined there."""
    if not values:
        return np.full(1, np.nan)
    table = np.stack(values)
    known = ~np.isnan(table)
    return _ratio(np.where(known, table, 0.0).sum(axis=0), known.sum(axis=0))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(
        part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0
    )
    return ratio
