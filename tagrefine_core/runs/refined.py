"""What a run would change: the one place where scores become limits and changes, for commands, pages and experiments."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.files import kept_where_possible, read_array, read_arrays, write_arrays
from tagrefine_core.model.posterior import log_odds
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.refinement import PRECISION, Changes, Expectation, Limits, Prospects, centers, changes
from tagrefine_core.refinement.overruling import overruled
from tagrefine_core.refinement.verdicts import verdicts_of
from tagrefine_core.runs.run import Run

__all__ = [
    "Expected",
    "changes_at",
    "changes_of",
    "expected_of",
    "limits_of",
    "own_limits",
    "prospects_of",
    "suggested_at",
    "told_of",
    "visualness_of",
]

_BLOCK = 8192


@dataclass(frozen=True)
class Expected:
    """What limits are expected to do."""

    added: Expectation
    removed: Expectation


def told_of(run: Run, collection: Collection) -> NDArray[np.bool_]:
    """Return the tags that are judged, (C,): those that a picture can tell, what the curator's list says otherwise, and those with a limit.

    Raises
    ------
    RunError
        When the run has no scores.
    """
    told = _measured_or_listed(run, collection)
    told[list(own_limits(collection))] = True
    return told


def _measured_or_listed(run: Run, collection: Collection) -> NDArray[np.bool_]:
    told = visualness_of(run, collection).enough.copy()
    rules = collection.store.tag_rules(collection.id)
    for column, tag in enumerate(collection.vocabulary):
        if tag in rules:
            told[column] = rules[tag] == "judge"
    return told


def own_limits(collection: Collection) -> dict[int, float]:
    """Return the limits in force that people set for single tags, by column; a tag that is to be left alone has none."""
    limits, rules = collection.store.tag_limits(collection.id), collection.store.tag_rules(collection.id)
    return {
        column: limits[tag]
        for column, tag in enumerate(collection.vocabulary)
        if tag in limits and rules.get(tag) != "leave"
    }


@lru_cache(maxsize=4)
def visualness_of(run: Run, collection: Collection) -> Visualness:
    """Return how well a picture tells each tag, as measured when the run was trained; RunError when the run has no scores."""
    path = run.folder / "visualness.npy"
    if path.exists():
        return Visualness.of_array(read_array(path))
    # A run of an earlier TagRefine. Some kept scores alone, which hold the users' tags: too high for most tags, so that these are judged.
    keeps_logits = (run.folder / "logits.npy").exists()
    blocks = np.array_split(run.rows, -(-len(run.rows) // _BLOCK))
    return Visualness.measure(
        (
            (run.logits[block] if keeps_logits else log_odds(run.scores[block]), collection.tags[block])
            for block in blocks
        ),
        len(collection.vocabulary),
    )


def limits_of(run: Run, collection: Collection, precision: float = PRECISION) -> Limits:
    """Return from which score on tags are added, and up to which they are removed.

    A run of the annotation task removes none, and neither does one whose scores are not calibrated. A limit that people set for a tag
    stands whatever is promised, and makes no difference to other tags: theirs are found as if it were not set.

    Parameters
    ----------
    run : Run
        Finished.
    collection : Collection
        What it was trained on.
    precision : float
        Share of the changes that shall be right, in [0.5, 1).

    Raises
    ------
    RunError
        When the run has no scores.
    ConfigError
        When the precision is out of range.
    """
    rules = tuple(collection.store.tag_rules(collection.id).items())
    return _limits(run, collection, precision, rules, tuple(own_limits(collection).items()))


# The curator's list only tells one state of it from the next.
@lru_cache(maxsize=8)
def _limits(
    run: Run,
    collection: Collection,
    precision: float,
    rules: tuple[tuple[str, str], ...],
    own: tuple[tuple[int, float], ...],
) -> Limits:
    limits = prospects_of(run, collection).limits(precision, _measured_or_listed(run, collection))
    add, told = limits.add.copy(), limits.told.copy()
    for column, limit in own:
        add[column], told[column] = limit, True
    limits = replace(limits, add=add, told=told)
    if not run.counts_words:
        # Scores that do not know what the user wrote cannot overrule him, nor can those that say how likely a tag is given: a tag fits
        # at least as probably as it is given, so that they may be taken at their word where they speak for it, but not against it.
        return replace(limits, remove=np.full_like(limits.remove, -np.inf))
    return limits


def expected_of(run: Run, collection: Collection, limits: Limits) -> Expected:
    """Return how many changes limits make, and how many of them are right by the probabilities."""
    prospects = prospects_of(run, collection)
    return Expected(prospects.additions(limits), prospects.removals(limits))


def changes_of(run: Run, collection: Collection, precision: float = PRECISION) -> Changes:
    """Return what is kept, added, removed and left alone on every photo: what people said, then the run; errors as `limits_of`."""
    return changes_at(run, collection, limits_of(run, collection, precision))


def changes_at(run: Run, collection: Collection, limits: Limits) -> Changes:
    """Return the same for who has the limits already."""
    return overruled(
        suggested_at(run, collection, limits),
        verdicts_of(collection),
        run.scores,
        collection.tags,
        limits.told,
    )


@lru_cache(maxsize=4)
def suggested_at(run: Run, collection: Collection, limits: Limits) -> Changes:
    """Return what the run alone suggests at these limits."""
    return changes(run.scores, collection.tags, limits, clarity=visualness_of(run, collection).low)


@lru_cache(maxsize=4)
def prospects_of(run: Run, collection: Collection) -> Prospects:
    """Return how many changes lie at which probability, tag by tag: all scores are read once, for every precision.

    Counts are kept in the run's folder (``prospects.npz``, which may be deleted).
    """
    counts, calibration = _counted(run, collection), run.calibration
    if calibration is None:
        return Prospects.of_counts(counts)
    weight = run.config.scoring.evidence if run.counts_words else 0.0
    return Prospects.of_counts(
        counts,
        added_spread=calibration.uncertainty(centers(), calibration.unwritten(weight)),
        # The probability that a tag does not fit is as uncertain as that it fits.
        removed_spread=calibration.uncertainty(1 - centers(), calibration.written(weight)),
    )


def _counted(run: Run, collection: Collection) -> dict[str, NDArray[Any]]:
    path = run.folder / "prospects.npz"
    try:
        return read_arrays(path)
    except (OSError, ValueError):  # not made yet, or cut short
        counts = Prospects(run.scores, collection.tags).counts()
        with kept_where_possible():
            write_arrays(path, **counts)
        return counts
