"""A square matrix of similarities on a canvas: zoom, pan, hover, select; thousands of tags a side."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import script, styles

__all__ = ["matrix"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "tagrefine_matrix",
    html='<div class="root"></div>',
    css=styles(_HERE, "matrix.css"),
    js=script(_HERE, "panel.js", "matrix.js"),
)


def matrix(data: dict[str, Any], *, on_pick: Callable[[], None]) -> None:
    """Draw the matrix and the panel beside it; ``st.session_state["matrix"]["picked"]`` holds the pair clicked.

    Parameters
    ----------
    data : dict
        ``address`` of the uint8 (C, C) matrix in vocabulary order, ``peak`` (similarity of 255), ``tags``,
        ``order`` (column at each place), ``chosen`` (columns), ``panel`` (see `pages.tags.panel`), ``about`` (stands on a saved picture).
    on_pick : callable
        Called when a cell or a row of the panel is clicked.
    """
    _component(key="matrix", data=data, default={"picked": None}, on_picked_change=on_pick)
