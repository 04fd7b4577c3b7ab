"""Why a photo gets a tag or loses one, in one plain sentence."""

from math import isfinite

from tagrefine_core.refinement.photo import PhotoTag

__all__ = ["reason"]


def reason(tag: PhotoTag, limit: float, implied_by: str | None = None) -> str:
    """Tell the score of a tag against its limit.

    Parameters
    ----------
    tag : PhotoTag
        A tag of the vocabulary.
    limit : float
        Score that a tag of this state has to pass: to be added, or as the user's own, to stay; infinite
        for a tag that is left alone.
    implied_by : str, optional
        The user's tag that speaks for this one by what it means.
    """
    score = f"The picture scores {_number(tag.score or 0.0)} for “{tag.tag}”"
    meaning = f" The user's “{implied_by}” implies it." if implied_by else ""
    if not isfinite(limit):
        return (
            f"{score}, but too few photos carry this tag, or the scores do not tell them apart, to change it."
        )
    match tag.state:
        case "added":
            return f"{score}; from {_number(limit)} on it is added. The user did not write it.{meaning}"
        case "removed":
            return f"{score}; the user's own tag is removed at {_number(limit)} and below."
        case "kept":
            return f"{score}; the user wrote it, and above {_number(limit)} it stays."
        case _:
            return f"{score}; from {_number(limit)} on it would be added.{meaning}"


def _number(score: float) -> str:
    return f"{score:.2f}" if score >= 0.1 else f"{score:.3f}"
