"""Why a photo gets a tag, keeps it or loses it: what the decision rests on, in plain sentences."""

from collections.abc import Callable
from math import isfinite
from typing import Literal

from pages.components.percent import percent
from tagrefine_core.model.visualness import ENOUGH
from tagrefine_core.runs.evidence import Evidence

__all__ = ["State", "reason"]

State = Literal["added", "kept", "removed", "untold", "absent"]

_MOST_DIGITS = 9


def reason(tag: str, state: State, of: Evidence) -> str:
    """Tell what the decision about a tag rests on.

    Parameters
    ----------
    tag : str
        A tag of the vocabulary.
    state : {"added", "kept", "removed", "untold", "absent"}
        As in `tagrefine_core.refinement.photo.PhotoTag`.
    of : Evidence
    """
    limit = of.remove if of.written else of.add
    score, mark = _apart(of.score, limit) if of.told and isfinite(limit) else (percent(of.score), "")
    subject = (
        f"“{tag}” fits with a probability of" if of.calibrated else f"The network finds “{tag}” likely to"
    )
    sentences = [f"{subject} {score}.", _decision(state, of, mark), _users_word(of)]
    if of.told:
        sentences.append(
            f"Your list says: always judge it ({_visualness(of)})."
            if of.rule == "judge"
            else f"A picture can tell this tag ({_visualness(of)})."
        )
    return " ".join(sentences)


def _decision(state: State, of: Evidence, mark: str) -> str:
    match state:
        case "added":
            return f"At this promise it is added from {mark} on."
        case "removed":
            return f"At this promise what the user wrote is removed at {mark} and below."
        case "kept" if mark:
            return f"At this promise what the user wrote stays above {mark}."
        case "kept":
            return "At this promise it is never removed."
        case "absent" if mark:
            return f"At this promise it would be added from {mark} on."
        case "absent" if of.told:
            return "At this promise it is never added."
    return f"{_untold(of)}, so it {'stays as the user wrote it' if of.written else 'is never added'}."


def _untold(of: Evidence) -> str:
    if of.rule == "leave":
        return "Your list says: always leave it alone"
    least, needed = _apart(of.low, ENOUGH, _decimal)
    if of.high < ENOUGH:
        return f"A picture cannot tell this tag ({_visualness(of)})"
    return f"It is not certain that a picture can tell this tag ({_visualness(of, least)}; {needed} has to be beyond doubt)"


def _visualness(of: Evidence, low: str = "") -> str:
    return f"visualness {_decimal(of.visualness)}, {low or _decimal(of.low)} to {_decimal(of.high)}"


def _users_word(of: Evidence) -> str:
    """Tell what the user's tags say, and how far that moved the score."""
    if of.picture is None:
        counts = ", which this run does not count" if of.written else ""
        return f"The user {'wrote' if of.written else 'did not write'} it{counts}."
    alone = percent(of.picture)
    if of.implied_by is not None:
        return f"By pictures alone it would be {alone}; the user did not write it, but “{of.implied_by}”, which implies it."
    weighs = (
        "changes little" if alone == percent(of.score) else f"speaks {'for' if of.written else 'against'} it"
    )
    return f"By pictures alone it would be {alone}; that the user {'wrote' if of.written else 'did not write'} it {weighs}."


def _decimal(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}"


def _apart(value: float, limit: float, tell: Callable[[float, int], str] = percent) -> tuple[str, str]:
    """Return both in words, with so many digits that what differs does not look equal."""
    least = 2 if tell is _decimal else 0
    told = [(tell(value, digits), tell(limit, digits)) for digits in range(least, _MOST_DIGITS)]
    return next((pair for pair in told if pair[0] != pair[1]), told[0])
