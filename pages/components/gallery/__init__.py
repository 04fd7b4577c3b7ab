"""A gallery of any length: what is looked for, lazy thumbnails with tags as chips, and a detail view that says why each tag, and takes verdicts.

The page hands over an address; the photos come from there in windows as the visitor searches and scrolls, without a
run of the page. What is looked for is in the browser's address, where the gallery puts it itself.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st

from pages.components.base import DECIDING, script, styles

__all__ = ["NAMES", "gallery"]

NAMES = ("search", "tag", "kind", "order", "like", "seed", "selection", "untold", "photo")
"""What the gallery keeps in the browser's address; its ``address.js`` has the same."""

_HERE = Path(__file__).parent
_SCRIPTS = (
    "address.js",
    "editing.js",
    "decisions.js",
    "selection.js",
    "detail.js",
    "reason.js",
    "finder.js",
    "lightbox.js",
    "card.js",
    "gallery.js",
)
_component = st.components.v2.component(
    "tagrefine_gallery",
    html='<div class="root"></div>',
    css=styles(_HERE, "gallery.css", "finder.css", "editing.css", base=["reasons.css"]),
    js=script(_HERE, *_SCRIPTS, base=DECIDING),
)


def gallery(
    *,
    collection: int,
    run: str,
    address: str,
    precision: float,
    version: str,
    total: int,
    asked: Mapping[str, str],
    saved: Sequence[Mapping[str, str]],
    dropped: str,
    on_keep: Callable[[], None],
) -> None:
    """Draw the gallery; ``st.session_state["gallery"]`` holds ``filter``, one to keep: ``name`` and ``query``, or None to forget it.

    Parameters
    ----------
    collection : int
        Number of the collection, which verdicts are sent to.
    run : str
        Id of the run whose evidence is shown.
    address : str
        Where the photos of a run come from; see `pages.browse.routes`.
    precision : float
        Share of the changes that shall be right.
    version : str
        Changes when the same query would be answered otherwise.
    total : int
        All photos of the collection.
    asked : mapping of str to str
        What is looked for at first, by `NAMES`; from then on the gallery itself follows the browser's address.
    saved : sequence of {"name", "query"}
        Filters that are kept.
    dropped : str
        Name of the photo that was dropped in, to look for photos like it; "" for none.
    on_keep : callable
        Called when a filter is to be kept or forgotten.
    """
    _component(
        key="gallery",
        data={
            "collection": collection,
            "run": run,
            "address": address,
            "precision": precision,
            "version": version,
            "total": total,
            "state": {name: asked[name] for name in NAMES if name in asked},
            "saved": [dict(one) for one in saved],
            "dropped": dropped,
        },
        on_filter_change=on_keep,
    )
