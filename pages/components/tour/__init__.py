"""A tour: a photo's story in steps, one idea each, filling the window so that the back row can read it."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import DECIDING, script, styles

__all__ = ["tour"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "tagrefine_tour",
    html='<div class="root"></div>',
    css=styles(_HERE, "tour.css", base=["wall.css"]),
    js=script(_HERE, "tour.js", base=DECIDING),
)


def tour(data: dict[str, Any], *, step: int) -> None:
    """Draw the tour. It keeps its step in the address by itself, and leads to Triage or to Browse at its end.

    Parameters
    ----------
    data : dict
        As `pages.tour.tale.tale` tells it.
    step : int
        Where to begin, from 1.
    """
    _component(key="tour", data={**data, "step": step})
