"""Why a photo gets a tag, keeps it or loses it: what speaks for it and against it, in plain sentences."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from pages.components.percent import percent
from tagrefine_core.model.visualness import ENOUGH
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE
from tagrefine_core.runs.evidence import Evidence

__all__ = ["Decision", "State", "reason"]

State = Literal["added", "kept", "removed", "untold", "absent"]

_MOST_DIGITS = 9
_LITTLE = 0.05  # log-odds that are shown as 0.0
_MEANS = {"synonym": "the same", "kind": "a kind of it", "part": "a part of it", None: "which implies it"}
_SAID = {
    ACCEPT: "A person said that it fits, which counts above all else",
    REJECT: "A person said that it does not fit, which counts above all else",
    UNSURE: "A person was not sure, so that it is left as the user wrote it",
}


@dataclass(frozen=True)
class Decision:
    """What becomes of a tag of a photo, and by which rule.

    Attributes
    ----------
    state : {"added", "kept", "removed", "untold", "absent"}
        As in `tagrefine_core.refinement.photo.PhotoTag`.
    verdict : int
        What a person said of it (`tagrefine_core.refinement.verdicts`), which stands above all else; 0 where nobody did.
    limit : float
        From which score on it is added, or up to which it is removed; infinite where never.
    told : bool
        Whether the tag is judged.
    rule : str or None
        What the curator's list says: "judge" or "leave".
    visualness : float
        How well a picture tells the tag: the upper end of its interval.
    """

    state: State
    verdict: int
    limit: float
    told: bool
    rule: str | None
    visualness: float


def reason(tag: str, of: Evidence, decision: Decision) -> str:
    """Tell what speaks for a tag of a photo, what speaks against it, and what becomes of it.

    Parameters
    ----------
    tag : str
        A tag of the vocabulary.
    of : Evidence
    decision : Decision
    """
    if decision.verdict:
        return f"{_speaks(tag, of)} {_SAID[decision.verdict]}."
    sentences = [_speaks(tag, of), _becomes(of, decision)]
    if decision.told and decision.rule == "judge":
        sentences.append("Your list says to judge it.")
    return " ".join(sentences)


def _speaks(tag: str, of: Evidence) -> str:
    by = {
        "the picture": of.parts.picture,
        "its look-alikes": of.parts.neighbors,
        f"“{of.implied_by}” ({_MEANS[of.relation]})": of.parts.tags,
        "the user's word" if of.written else "that the user did not write it": of.parts.user,
    }
    strongest = sorted(by, key=lambda name: -abs(by[name]))
    favor = [name for name in strongest if by[name] >= _LITTLE]
    against = [name for name in strongest if by[name] <= -_LITTLE]
    if not favor and not against:
        return f"Nothing speaks for or against “{tag}”."
    said = [f"{_listed(favor)} for “{tag}”"] if favor else []
    if against:
        said.append(f"{_listed(against)} against {'it' if favor else f'“{tag}”'}")
    sentence = "; ".join(said)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last} speak" if first else f"{last} speaks"


def _becomes(of: Evidence, decision: Decision) -> str:
    state = decision.state
    if not decision.told:
        stays = "it stays as the user wrote it" if of.written else "it is never added"
        return f"{_untold(decision)}, so {stays}."
    if not isfinite(decision.limit):
        return f"At this promise it is never {'removed' if of.written else 'added'}."
    score, mark = _apart(of.score, decision.limit)
    match state:
        case "added":
            return f"It is added, since {score} reaches the limit of {mark}."
        case "removed":
            return f"It is removed, since {score} is not above the limit of {mark}."
        case "kept":
            return f"It stays, since {score} is above the limit of {mark}."
    return f"It is not added, since {score} is below the limit of {mark}."


def _untold(decision: Decision) -> str:
    if decision.rule == "leave":
        return "Your list says to leave it alone"
    if decision.visualness < ENOUGH:
        return "A picture cannot tell this tag"
    return "It is not certain that a picture can tell this tag"


def _apart(value: float, limit: float) -> tuple[str, str]:
    """Return both in percent, with so many digits that what differs does not look equal."""
    told = [(percent(value, digits), percent(limit, digits)) for digits in range(_MOST_DIGITS)]
    return next((pair for pair in told if pair[0] != pair[1]), told[0])
