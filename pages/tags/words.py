"""What is done with a tag, in plain words."""

__all__ = ["decision", "sentence"]

_SAID = {"leave": "leave alone", "judge": "always judge"}


def decision(told: bool | None, rule: str | None, *, limit: float | None = None, gone: bool = False) -> str:
    """Tell in the table what is done with a tag.

    Parameters
    ----------
    told : bool or None
        Whether it is judged; None without a run.
    rule : {"leave", "judge"} or None
        What the curator said.
    limit : float or None
        From which probability on the curator said that it is added.
    gone : bool
        Whether it is no tag of the collection any more.

    >>> decision(False, None), decision(False, "leave"), decision(None, None)
    ('a picture cannot tell', 'you said: leave alone', '')
    """
    if limit is not None and rule != "leave":
        return f"you said: from {limit:.2f} on"
    if rule is not None:
        return ("no tag now; " if gone else "you said: ") + _SAID[rule]
    return "" if told is None else "judged" if told else "a picture cannot tell"


def sentence(
    told: bool,
    rule: str | None,
    seen: tuple[float, float, float],
    enough: float,
    *,
    limit: float | None = None,
) -> str:
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
    limit : float or None
        From which probability on the curator said that it is added.
    """
    value, low, high = seen
    measured = f"{value:.2f} of 1, likely {low:.2f} to {high:.2f}"
    can = low >= enough
    short = f"{measured}; the lower end would have to reach {enough:g}"
    if rule == "leave":
        also = f"though a picture can tell it ({measured})" if can else "and a picture cannot tell it either"
        return f"You said: leave alone. It is neither added nor removed, {also}."
    if limit is not None:
        also = "A picture can tell it" if can else "It was not measured that a picture can tell it"
        return f"You said: added from {limit:.2f} on, whatever is promised. {also} ({measured})."
    if rule == "judge":
        return "You said: always judge" + (
            f". A picture can tell it, too ({measured})."
            if can
            else f", though a picture cannot tell it ({short})."
        )
    if told:
        return f"A picture can tell this tag ({measured})."
    return f"A picture cannot tell this tag ({short}), so it is neither added nor removed."
