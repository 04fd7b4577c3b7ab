"""What is done with a tag, in plain words."""

__all__ = ["RULES", "decision", "sentence"]

RULES = {"measure": "As measured", "judge": "Always judge", "leave": "Always leave alone"}
"""What the curator can say about a tag, and how the buttons call it."""

_SAID = {"leave": "you said: leave alone", "judge": "you said: always judge"}


def decision(told: bool | None, rule: str | None, *, gone: bool = False) -> str:
    """Tell in the table what is done with a tag.

    Parameters
    ----------
    told : bool or None
        Whether it is judged; None without a run.
    rule : {"leave", "judge"} or None
        What the curator said.
    gone : bool
        Whether it is no tag of the collection any more.

    >>> decision(False, None), decision(False, "leave"), decision(None, None)
    ('a picture cannot tell', 'you said: leave alone', '')
    """
    if rule is not None:
        return _SAID[rule] + (", no tag now" if gone else "")
    return "" if told is None else "judged" if told else "a picture cannot tell"


def sentence(told: bool, rule: str | None, seen: tuple[float, float, float], enough: float) -> str:
    """Tell beside the table why a tag is judged or left alone.

    Parameters
    ----------
    told : bool
        Whether it is judged.
    rule : {"leave", "judge"} or None
        What the curator said.
    seen : (float, float, float)
        How well a picture tells it, and the lower and upper end of the interval, in [0, 1].
    enough : float
        What the lower end has to reach.
    """
    value, low, high = seen
    measured = f"{value:.2f} of 1, likely {low:.2f} to {high:.2f}"
    can = low >= enough
    short = f"{measured}; the lower end would have to reach {enough:g}"
    if rule == "leave":
        also = f"though a picture can tell it ({measured})" if can else "and a picture cannot tell it either"
        return f"You said: leave alone. It is neither added nor removed, {also}."
    if rule == "judge":
        return "You said: always judge" + (
            f". A picture can tell it, too ({measured})."
            if can
            else f", though a picture cannot tell it ({short})."
        )
    if told:
        return f"A picture can tell this tag ({measured})."
    return f"A picture cannot tell this tag ({short}), so it is neither added nor removed."
