"""Neighbors over the iterations, played: a row of framed photos an iteration, and the curve of all queries.

Everything is in the browser once it is drawn: playing, sliding and choosing another query ask nobody.
The page learns only which query is chosen.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import script, styles

__all__ = ["player"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "tagrefine_player",
    html='<div class="root"></div>',
    css=styles(_HERE / "player.css"),
    js=script(_HERE / "curve.js") + (_HERE / "player.js").read_text(encoding="utf-8"),
)


def player(data: dict[str, Any], *, chosen: int, on_choose: Callable[[], None]) -> None:
    """Draw the player; ``st.session_state["player"]["chosen"]`` holds the row of the chosen query.

    Parameters
    ----------
    data : dict
        As `pages.neighbors.story.story` tells it.
    chosen : int
        Row of the query to begin with.
    on_choose : callable
        Called when another query is chosen.
    """
    _component(
        key="player", data={**data, "chosen": chosen}, default={"chosen": chosen}, on_chosen_change=on_choose
    )
