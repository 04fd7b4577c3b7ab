"""The way from Browse to Export, with the photos that are on screen."""

import streamlit as st

from pages.browse.routes import photo_query
from pages.browse.view import View, found
from tagrefine_core.collections import keep_selection
from tagrefine_core.errors import TagRefineError

__all__ = ["to_export"]


def to_export(of: View) -> None:
    """Draw the button that takes the photos of the current search to Export; all photos where nothing is searched."""
    if not st.button(
        "Export these", key="to_export", help="Take the tags of the photos on screen to where they live."
    ):
        return
    asked = st.query_params.to_dict()
    address = {"collection": of.collection.name, "run": of.run.record.id, "look": "1"}
    if precision := asked.get("precision"):
        address["precision"] = precision
    try:
        rows = found(of, photo_query(asked), asked.get("selection", "")).rows
        if not len(rows):
            st.toast("There are no photos on screen to export.")
            return
    except TagRefineError:
        st.toast("This search cannot be read, so there is nothing to export.")
        return
    if len(rows) < of.collection.n:
        address["photos"] = keep_selection(of.collection, rows)
    st.switch_page("export/page.py", query_params=address)
