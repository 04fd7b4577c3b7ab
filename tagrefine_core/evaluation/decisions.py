"""How right the tags are that are handed out: additions, removals and whole lists against the truth, with intervals over photos.

Four choices of photos and tags are compared with what should have been chosen:

- **added**: tags that the user did not give and that are handed out; of those that fit and were not given;
- **removed**: tags that the user gave and that are not handed out; of those that were given and do not fit;
- **final**: the tags handed out; of those that fit;
- **user**: the tags that the user gave; of those that fit.

Of each, precision is the share of the chosen that should have been, recall the share of what should have been chosen that was, and
F1 their harmonic mean. **Micro** counts all labels together, **macro** is the mean over the labels where it is defined. Pairs of photo
and label that nobody judged are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.evaluation.resampling import copies, interval, means, sums

__all__ = [
    "DRAWS",
    "LEVEL",
    "Agreement",
    "Amounts",
    "Decisions",
    "Interval",
    "amounts",
    "evaluate_decisions",
    "resampled_decisions",
]

DRAWS = 400
"""Resamples of the photos."""

LEVEL = 0.8
"""Of the intervals, as of all that the decision expects."""


Interval = tuple[float, float] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement:
    """How one choice of photos and tags agrees with what should have been chosen.

    Attributes
    ----------
    hits, chosen, wanted : int64 (L,)
        By label: chosen rightly; chosen; what should have been chosen.
    intervals : mapping of str to (low, high) or None
        Of every measure, by its name; None where it is undefined.
    """

    hits: NDArray[np.int64]
    chosen: NDArray[np.int64]
    wanted: NDArray[np.int64]
    intervals: Mapping[str, Interval]

    @property
    def precision(self) -> float:
        """Share of the chosen that should have been; NaN when nothing was chosen."""
        return self._micro("precision")

    @property
    def recall(self) -> float:
        """Share of what should have been chosen that was; NaN when there was nothing."""
        return self._micro("recall")

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 where one is undefined and there was something, NaN where there was nothing at all."""
        return self._micro("f1")

    @property
    def macro_precision(self) -> float:
        """Mean over the labels where it is defined."""
        return float(_mean(self.by_tag("precision")))

    @property
    def macro_recall(self) -> float:
        """Mean over the labels where it is defined."""
        return float(_mean(self.by_tag("recall")))

    @property
    def macro_f1(self) -> float:
        """Mean over the labels where it is defined."""
        return float(_mean(self.by_tag("f1")))

    def by_tag(self, measure: str) -> NDArray[np.float64]:
        """Return "precision", "recall" or "f1" of every label, (L,), NaN where undefined."""
        return _measures(self.hits, self.chosen, self.wanted)[measure]

    def _micro(self, measure: str) -> float:
        return float(_measures(self.hits.sum(), self.chosen.sum(), self.wanted.sum())[measure])


@dataclass(frozen=True, eq=False, kw_only=True)
class Decisions:
    """How right additions, removals, the tags handed out and the users' own are; see the module.

    Attributes
    ----------
    added, removed, final, user : Agreement
    labels : tuple of str or None
        Names of the L columns.
    """

    added: Agreement
    removed: Agreement
    final: Agreement
    user: Agreement
    labels: tuple[str, ...] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Amounts:
    """How much is changed on photos, by all tags.

    Attributes
    ----------
    photos, added, removed : int
        How many photos, additions and removals.
    by_additions : int64 (K,)
        On how many photos 0, 1, 2, ... tags are added.
    untouched : float
        Share of photos on which nothing is added or removed; NaN without photos.
    added_interval, removed_interval, untouched_interval : (low, high) or None
        Of the changes a photo, and of the share.
    """

    photos: int
    added: int
    removed: int
    by_additions: NDArray[np.int64]
    untouched: float
    added_interval: Interval
    removed_interval: Interval
    untouched_interval: Interval

    @property
    def added_per_photo(self) -> float:
        """Additions a photo; NaN without photos."""
        return float(_ratio(self.added, self.photos))

    @property
    def removed_per_photo(self) -> float:
        """Removals a photo; NaN without photos."""
        return float(_ratio(self.removed, self.photos))

    @property
    def most_common(self) -> tuple[int, float]:
        """The number of additions that most photos get (the lowest of several), and their share of the photos."""
        if not self.photos:
            return 0, float("nan")
        number = int(np.argmax(self.by_additions))
        return number, float(self.by_additions[number] / self.photos)


def evaluate_decisions(
    given: ArrayLike,
    final: ArrayLike,
    truth: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Decisions:
    """Measure the tags handed out, and the users' own, against the truth.

    Parameters
    ----------
    given, final : (N, L) bool arrays
        Which labels the user gave, and which are handed out.
    truth : (N, L) array
        1 relevant, 0 not relevant, -1 not judged (left out of everything).
    labels : sequence of L str, optional
        Names of the columns, kept with the result.
    draws : int
        Resamples of the photos that intervals come from; without any there are no intervals.
    level, seed : float, int
        Of the intervals.

    Raises
    ------
    DataError
        If shapes differ, or a truth value is not 1, 0 or -1.
    ConfigError
        If ``draws`` is negative or ``level`` not between 0 and 1.

    Examples
    --------
    >>> found = evaluate_decisions([[1, 0], [1, 0]], [[1, 1], [0, 1]], [[1, 1], [0, 0]])
    >>> found.added.precision, found.added.recall, found.removed.precision, found.final.f1
    (0.5, 1.0, 1.0, 0.8)
    """
    given, final, truth = np.asarray(given, dtype=bool), np.asarray(final, dtype=bool), np.asarray(truth)
    if truth.ndim != 2 or given.shape != truth.shape or final.shape != truth.shape:
        raise DataError(
            f"given {given.shape}, final {final.shape} and truth {truth.shape} must have one 2-D shape (images, labels)."
        )
    if not np.isin(truth, (-1, 0, 1)).all():
        wrong = truth[~np.isin(truth, (-1, 0, 1))][0]
        raise DataError(f"truth holds {wrong}; it must be 1 (relevant), 0 (not relevant) or -1 (not judged).")
    if labels is not None and len(labels) != truth.shape[1]:
        raise DataError(f"{len(labels)} label names were given for truth with {truth.shape[1]} columns.")
    if draws < 0 or not 0 < level < 1:
        raise ConfigError(f"draws must be 0 or more and level between 0 and 1, got {draws} and {level}.")
    photos, width = truth.shape
    places = _places(given, final, truth)
    exact = _choices(np.asarray(places.sum(axis=1)).reshape(2, 2, 2, width))
    resampled = _resampled(places, copies(photos, draws if photos else 0, seed), width)
    return Decisions(
        **{
            name: Agreement(
                hits=hits.astype(np.int64),
                chosen=chosen.astype(np.int64),
                wanted=wanted.astype(np.int64),
                intervals={
                    measure: interval(values, level=level) for measure, values in resampled[name].items()
                },
            )
            for name, (hits, chosen, wanted) in exact.items()
        },
        labels=None if labels is None else tuple(labels),
    )


def resampled_decisions(
    given: NDArray[np.bool_],
    final: NDArray[np.bool_],
    truth: NDArray[np.integer[Any]],
    counts: NDArray[np.uint8],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Measure the tags handed out on resamples that are given, so that several choices can be compared on the same ones.

    Parameters
    ----------
    given, final, truth : (N, L) arrays
        As in `evaluate_decisions`.
    counts : uint8 (N, B)
        How often each photo is in each of B resamples.

    Returns
    -------
    dict of dict
        By "added", "removed", "final" and "user": "precision", "recall", "f1" and each as "macro_*", (B,), NaN where undefined.
    """
    return _resampled(_places(given, final, truth), counts, truth.shape[1])


def amounts(
    added: NDArray[np.integer[Any]],
    removed: NDArray[np.integer[Any]],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Amounts:
    """Count changes; ``added`` and ``removed`` (N,) are how many tags of all were added to each photo, and taken from it."""
    photos = len(added)
    untouched = (added == 0) & (removed == 0)
    resampled = means(np.stack([added, removed, untouched]), copies(photos, draws if photos else 0, seed))
    intervals = [interval(values, level=level) for values in resampled]
    return Amounts(
        photos=photos,
        added=int(added.sum()),
        removed=int(removed.sum()),
        by_additions=np.bincount(added, minlength=1).astype(np.int64),
        untouched=float(_ratio(untouched.sum(), photos)),
        added_interval=intervals[0],
        removed_interval=intervals[1],
        untouched_interval=intervals[2],
    )


def _places(
    given: NDArray[np.bool_], final: NDArray[np.bool_], truth: NDArray[np.integer[Any]]
) -> sparse.csr_matrix:
    """Return the state of each pair, (8 L, N): every judged one is in one of eight; the one without any of the three enters nothing."""
    state = (4 * given + 2 * final + (truth == 1)).astype(np.uint8)
    state[truth == -1] = 0
    photo, label = np.nonzero(state)
    photos, width = truth.shape
    rows = state[photo, label].astype(np.int64) * width + label
    return sparse.csr_matrix(
        (np.ones(len(photo), dtype=np.float32), (rows, photo)), shape=(8 * width, photos)
    )


def _choices(table: NDArray[Any]) -> dict[str, tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Return hits, chosen and wanted (L, ...) of every choice; ``table`` (2, 2, 2, L, ...) counts by given, final, relevant."""
    relevant = table[:, :, 1].sum(axis=(0, 1))
    return {
        "added": (table[0, 1, 1], table[0, 1].sum(axis=0), table[0, :, 1].sum(axis=0)),
        "removed": (table[1, 0, 0], table[1, 0].sum(axis=0), table[1, :, 0].sum(axis=0)),
        "final": (table[:, 1, 1].sum(axis=0), table[:, 1].sum(axis=(0, 1)), relevant),
        "user": (table[1, :, 1].sum(axis=0), table[1].sum(axis=(0, 1)), relevant),
    }


def _resampled(
    places: sparse.csr_matrix, counts: NDArray[np.uint8], width: int
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return every measure of every choice by resample, (B,); ``places`` (8 L, N) tells the state of each pair."""
    tables = sums(places, counts).reshape(2, 2, 2, width, counts.shape[1])
    found = {}
    for name, numbers in _choices(tables).items():
        by_tag = _measures(*numbers)
        macro = {f"macro_{measure}": _mean(of_labels) for measure, of_labels in by_tag.items()}
        found[name] = _measures(*(part.sum(axis=0) for part in numbers)) | macro
    return found


def _measures(hits: ArrayLike, chosen: ArrayLike, wanted: ArrayLike) -> dict[str, NDArray[np.float64]]:
    both = np.add(chosen, wanted)
    return {
        "precision": _ratio(hits, chosen),
        "recall": _ratio(hits, wanted),
        "f1": _ratio(np.multiply(2, hits), both),
    }


def _ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def _mean(by_label: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over labels (the first axis), everywhere those that are defined there."""
    known = ~np.isnan(by_label)
    return _ratio(np.where(known, by_label, 0.0).sum(axis=0), known.sum(axis=0))
