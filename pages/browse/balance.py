"""How many photos and tags change, and how many of the changes are expected to be right."""

from math import isnan

from tagrefine_core.refinement import Changes, Expectation
from tagrefine_core.runs.refined import Expected

__all__ = ["balance"]


def balance(changes: Changes, expected: Expected, *, calibrated: bool, judged: int, tags: int) -> str:
    """Tell it in three short lines of markdown.

    Parameters
    ----------
    changes : Changes
    expected : Expected
        Of the limits that the changes come from.
    calibrated : bool
        Whether scores are probabilities; else nothing can be expected.
    judged : int
        Tags that a picture was measured to tell; where nothing changes, the reader asks how many.
    tags : int
        All that were learned.
    """
    photos, added, removed = changes.changed, changes.added.nnz, changes.removed.nnz
    parts = [
        f"**{photos:,}** {'photo changes' if photos == 1 else 'photos change'}",
        f"**{added:,}** {'tag' if added == 1 else 'tags'} added{_right(expected.added) if calibrated else ''}",
        f"**{removed:,}** {'tag' if removed == 1 else 'tags'} removed{_right(expected.removed) if calibrated else ''}",
    ]
    if not judged:
        parts.append("No tag is judged: these are too few photos to show which tags a picture can tell.")
    elif not photos:
        parts.append(
            f"{judged:,} of {tags:,} tags {'is' if judged == 1 else 'are'} judged; of the others these photos are too few to show "
            "whether a picture can tell them, or show that it cannot."
        )
    if not calibrated:
        parts.append(
            "How many are right is not known: the scores of this run are no probabilities (scoring.calibrated)."
        )
    return "  \n".join(parts)


def _right(expected: Expectation) -> str:
    if isnan(expected.precision):
        return ""
    low, high = expected.interval
    return f" · {100 * expected.precision:.0f} % expected right ({100 * low:.0f} to {100 * high:.0f})"
