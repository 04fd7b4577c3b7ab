"""Hundreds of thousands of photos as points on a canvas: pan, zoom, colours, two maps that turn into each other, a lasso.

Where photos lie and what colour they have comes from addresses; moving about, switching maps, colours and selections run no page, and
the address of the page follows by itself.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import DECIDING, script, styles

__all__ = ["photo_map"]

_HERE = Path(__file__).parent
_SCRIPTS = (
    "legend.js",
    "bar.js",
    "geometry.js",
    "place.js",
    "flight.js",
    "points.js",
    "overlay.js",
    "chosen.js",
    "hand.js",
    "map.js",
)
_component = st.components.v2.component(
    "tagrefine_map",
    html='<div class="root"></div>',
    css=styles(_HERE, "map.css"),
    js=script(_HERE, *_SCRIPTS, base=DECIDING),
)


def photo_map(data: dict[str, Any]) -> None:
    """Draw the map.

    Parameters
    ----------
    data : dict
        ``maps`` (addresses of float32 (N, 2) by name, "learned" and "frozen", or None), ``landmarks`` (by name: [tag, x, y], the
        best first), ``notes`` (by name: what the map cannot show), ``count`` (N), ``address`` (of colours and selections, see `pages.map.routes`),
        ``precision``, ``run``, ``collection`` (its number),
        ``version`` (changes when the same address would be answered otherwise for another reason), ``tags`` (of the vocabulary),
        ``picture`` (what stands before and after the row in the address of a thumbnail), ``browse`` (address of Browse), ``shown`` (what the address says: ``colour``, ``tag``, ``when``, ``selection``).
    """
    _component(key="map", data=data)
