"""What a run does with every tag of its collection, as a table."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.refinement import PRECISION
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run

__all__ = ["TagSummary", "summaries_of", "summary_of"]


@dataclass(frozen=True)
class TagSummary:
    """What a run does with one tag, and how well a picture tells it.

    Attributes
    ----------
    tag : str
    given, added, removed, kept : int
        Photos whose user gave it; on which it is added, removed, kept.
    visualness, visualness_low, visualness_high : float
        How well a picture tells it, in [0, 1], with an 80 % interval.
    expected_precision, expected_low, expected_high : float or None
        Share of the additions that is right by the probabilities, with an 80 % interval; None without additions, and where the
        scores of the run are no probabilities.
    told : bool
        Whether it is judged at all.
    rule : str or None
        What the curator's list says: "judge" or "leave".
    limit : float or None
        From which probability on people said that it is added; None where the promise says so.
    """

    tag: str
    given: int
    added: int
    removed: int
    kept: int
    visualness: float
    visualness_low: float
    visualness_high: float
    expected_precision: float | None
    expected_low: float | None
    expected_high: float | None
    told: bool
    rule: str | None
    limit: float | None


def summaries_of(run: Run, collection: Collection, precision: float = PRECISION) -> list[TagSummary]:
    """Return what a run does with every tag, in column order; errors as `tagrefine_core.runs.refined.limits_of`."""
    given = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    return _summaries(run, collection, precision, range(len(collection.vocabulary)), given)


def summary_of(run: Run, collection: Collection, column: int, precision: float = PRECISION) -> TagSummary:
    """Return the same for one tag."""
    given = np.zeros(len(collection.vocabulary), dtype=np.int64)
    given[column] = int((collection.tags.indices == column).sum())
    return _summaries(run, collection, precision, [column], given)[0]


def _summaries(
    run: Run, collection: Collection, precision: float, columns: Iterable[int], given: NDArray[np.int64]
) -> list[TagSummary]:
    limits = refined.limits_of(run, collection, precision)
    expected = refined.expected_of(run, collection, limits)
    visualness = refined.visualness_of(run, collection)
    rules, own = collection.store.tag_rules(collection.id), refined.own_limits(collection)
    right, known = expected.added.by_tag, run.calibration is not None
    found = []
    for column in columns:
        tag = collection.vocabulary[column]
        added, removed = int(expected.added.count[column]), int(expected.removed.count[column])
        told = bool(limits.told[column])
        low, high = expected.added.interval_of(column) if added and known else (None, None)
        found.append(
            TagSummary(
                tag=tag,
                given=int(given[column]),
                added=added,
                removed=removed,
                kept=int(given[column]) - removed if told else 0,
                visualness=float(visualness.value[column]),
                visualness_low=float(visualness.low[column]),
                visualness_high=float(visualness.high[column]),
                expected_precision=float(right[column]) if added and known else None,
                expected_low=low,
                expected_high=high,
                told=told,
                rule=rules.get(tag),
                limit=own.get(column),
            )
        )
    return found
