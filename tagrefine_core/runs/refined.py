"""What a run would change: the one place where scores become limits and changes, for commands, pages and experiments."""

from functools import lru_cache

from tagrefine_core.collections import Collection
from tagrefine_core.refinement import MAX_ADDED, Changes, Thresholds, changes, thresholds
from tagrefine_core.runs.run import Run

__all__ = ["STRICTNESS", "changes_of", "limits_of"]

STRICTNESS = 0.5
"""Where nobody chose another."""


def limits_of(run: Run, collection: Collection, strictness: float = STRICTNESS) -> Thresholds:
    """Return from which score on tags are added, and up to which they are removed.

    Parameters
    ----------
    run : Run
        Finished.
    collection : Collection
        What it was trained on.
    strictness : float
        In [0, 1].

    Raises
    ------
    RunError
        When the run has no scores.
    ConfigError
        When the strictness is out of range.
    """
    return _limits(run, collection).with_strictness(strictness)


def changes_of(run: Run, collection: Collection, strictness: float = STRICTNESS) -> Changes:
    """Return what the run keeps, adds and removes on every photo; errors as `limits_of`."""
    limits = limits_of(run, collection, strictness)
    return changes(run.scores, collection.tags, limits, max_added=MAX_ADDED)


@lru_cache(maxsize=4)
def _limits(run: Run, collection: Collection) -> Thresholds:
    """Read all scores once for every strictness."""
    return thresholds(run.scores, collection.tags, strictness=STRICTNESS)
