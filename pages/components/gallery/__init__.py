"""A gallery of any length: lazy thumbnails with tags as chips, and a detail view beside it that says why each tag, and takes verdicts.

The page hands over an address; the photos come from there in windows as the visitor scrolls, without a
run of the page. The page learns only which photo is open.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.components.base import deciding_script, deciding_styles

__all__ = ["gallery"]

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "tagrefine_gallery",
    html='<div class="root"></div>',
    css=deciding_styles(_HERE / "gallery.css"),
    js=deciding_script(_HERE / "detail.js")
    + "".join((_HERE / name).read_text(encoding="utf-8") for name in ("reason.js", "gallery.js")),
)


def gallery(
    *,
    collection: int,
    run: str,
    address: str,
    query: str,
    version: str,
    total: int,
    opened: int | None,
    place: int | None,
    untold: bool,
    on_open: Callable[[], None],
) -> None:
    """Draw the gallery; ``st.session_state["gallery"]["opened"]`` holds the row of the photo that is open.

    Parameters
    ----------
    collection : int
        Number of the collection, which verdicts are sent to.
    run : str
        Id of the run whose evidence is shown.
    address : str
        Where the photos of a run come from; see `pages.browse.routes`.
    query : str
        Query part of the address: filter and order.
    version : str
        Changes when the same query would be answered otherwise.
    total : int
        Photos that the query finds.
    opened, place : int or None
        Row of the open photo and its place among those found.
    untold : bool
        Whether tags that a picture cannot tell are shown like ordinary ones, or only counted.
    on_open : callable
        Called when another photo is opened, or none.
    """
    _component(
        key="gallery",
        data={
            "collection": collection,
            "run": run,
            "address": address,
            "query": query,
            "version": version,
            "total": total,
            "opened": opened,
            "place": place,
            "untold": untold,
        },
        default={"opened": opened},
        on_opened_change=on_open,
    )
