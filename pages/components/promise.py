"""The promise that decides what changes: a target precision from "few and sure" to "many", in words and in the address."""

from fractions import Fraction

import streamlit as st

from pages.components.choice import choice, remembered, told
from tagrefine_core.refinement import PRECISION

__all__ = ["in_words", "promise"]

_OFFERED = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)


def in_words(precision: float) -> str:
    """Tell a share as a person would count it.

    >>> in_words(0.75)
    '3 of 4'
    """
    share = Fraction(str(precision))
    return f"{share.numerator} of {share.denominator}"


def promise(what: str, *, key: str = "precision") -> float:
    """Draw the slider and return the target precision; the address remembers it as ``precision``.

    Parameters
    ----------
    what : str
        What is promised to be right, such as "changes".
    key : str
        Of the widget, and in the address.
    """
    offered = {_name(value): value for value in _OFFERED}
    # A link may ask for another one, such as 0.99.
    asked = _asked(remembered(key))
    if asked is not None:
        offered[_name(asked)] = asked
        st.session_state[key] = _name(asked)
        told(key)
    names = sorted(offered, key=offered.__getitem__, reverse=True)
    with st.container(key="promise", gap=None):
        chosen = choice(
            "How sure they have to be",
            {name: f"at least {in_words(offered[name])} {what} right" for name in names},
            key=key,
            default=_name(PRECISION),
            draw=st.select_slider,
            label_visibility="collapsed",
        )
        st.html('<div class="tr-ends"><span>few and sure</span><span>many</span></div>')
    return offered[str(chosen)]


def _name(precision: float) -> str:
    return f"{precision:.2f}".rstrip("0")


def _asked(text: str | None) -> float | None:
    """Read a precision of an address, to a hundredth; None where there is none."""
    try:
        value = round(float(text or "nan"), 2)
    except ValueError:
        return None
    return value if 0.5 <= value < 1 else None
