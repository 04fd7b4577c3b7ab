"""Neighbors over the moments of a training, played: a row of framed photos a moment, and the curve of all photos.

Everything is in the browser once it is drawn: playing, sliding and choosing another photo ask nobody.
The page learns only which photo is chosen.
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
    css=styles(_HERE, "player.css", "wall.css", base=["wall.css"]),
    js=script(_HERE, "curve.js", "tale.js", "saving.js", "player.js"),
)


def player(data: dict[str, Any], *, chosen: int, on_choose: Callable[[], None]) -> None:
    """Draw the player; ``st.session_state["player"]["chosen"]`` holds the row of the chosen photo.

    Parameters
    ----------
    data : dict
        As `pages.neighbors.story.story` tells it.
    chosen : int
        Row of the photo to begin with.
    on_choose : callable
        Called when another photo is chosen.
    """
    _component(
        key="player", data={**data, "chosen": chosen}, default={"chosen": chosen}, on_chosen_change=on_choose
    )
