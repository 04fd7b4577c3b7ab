"""A comparison that was made: which one, its table with words around it, and the views of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.compare.board import OURS, beside, board, measured_rows
from pages.compare.found import follow_newest, measured_with, protocol, table_id, table_names, take_home
from pages.compare.handed_out import columns_of, handed_out, legend
from pages.compare.views import by_label, by_photo, by_time
from pages.components.choice import choice
from pages.components.text import plain
from pages.components.words import EXPLAINED, sentence, title_words
from tagrefine_core.collections import Collection

__all__ = ["VIEWS", "results"]

VIEWS = {"labels": "Label by label", "time": "Time and quality", "photos": "Two methods, same photos"}


def results(collection: Collection, tables: Sequence[Mapping[str, Any]], *, busy: bool) -> None:
    """Draw the comparison that is chosen, the newest at first.

    Parameters
    ----------
    tables : sequence of dict
        At least one, the newest first.
    busy : bool
        Whether a comparison of this collection is at work.
    """
    names = table_names(tables)
    follow_newest(next(iter(names)))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = choice("Comparison", names, key="table", default=next(iter(names)), width=460)
        table = next(table for table in tables if table_id(table) == chosen)
        if table["rows"]:
            take_home(table)
    st.markdown(f":gray[{plain(protocol(table))}]")
    st.caption(plain(measured_with(table)))
    if not table["current"]:
        st.warning(
            "The collection was imported anew since, so these numbers speak of the photos as they were."
        )
    if table["state"] != "finished":
        st.info(
            "This comparison is still at work; here is what it has measured so far."
            if busy
            else "This comparison was stopped before its end. Start it again with the same choices, and it goes on where it was."
        )
    if not table["rows"]:
        st.caption("No method has been measured yet.")
        return
    st.html(board(table))
    st.caption(plain(_legend(table)))
    if wider := table.get("wider"):
        st.header("Labels that nobody looked at while choosing settings", anchor=False)
        st.caption(plain(", ".join(wider["labels"])))
        st.html(board(beside(table)))
    if lists := handed_out(table):
        st.header("The tags handed out", anchor=False)
        st.html(lists)
        st.caption(plain(legend(table)))
    with st.expander("What the methods and the columns mean"):
        _explanations(table)
    if measured_rows(table):
        _views(collection, table)


def _legend(table: Mapping[str, Any]) -> str:
    methods = {row["method"] for row in measured_rows(table)}
    words = ["★ best of its column.", "± is the deviation over the repeats."]
    words.append(
        "Below each number: how far TagRefine is ahead (green) or behind (red) of that method on the very same photos, with"
        " the 95 % interval; gray where it may be chance."
        if OURS in methods and len(methods) > 1
        else "Below each number: its 95 % interval over photos."
    )
    if any(row["published"] for row in table["rows"]):
        words.append(
            "The italic numbers are printed in the paper, as published: measured on its own photos, features and rules for"
            " ties, so they are for orientation only."
        )
    return " ".join(words)


def _explanations(table: Mapping[str, Any]) -> None:
    for name, text in EXPLAINED.values():
        st.markdown(f"**{name}** {plain(text)} 1 is perfect.")
    for key, (name, text) in columns_of(table).items():
        group = {"added": "Added, ", "removed": "Removed, "}.get(key.split("_")[0], "")
        st.markdown(f"**{group}{name}** {plain(text)}")
    for row in [*table["rows"], *table["left_out"]]:
        reference = row.get("reference", "")
        note = " A reconstruction: the publication leaves parts open." if row.get("reconstruction") else ""
        words = plain(sentence(row["method"], reference) + note)
        st.markdown(f"**{plain(title_words(row['title']))}** {words} :gray[{plain(reference)}]")


def _views(collection: Collection, table: Mapping[str, Any]) -> None:
    view = choice(
        "Show",
        VIEWS,
        key="view",
        default="labels",
        draw=st.segmented_control,
        required=True,
        label_visibility="collapsed",
    )
    if view == "labels":
        by_label(table)
    elif view == "time":
        by_time(table)
    else:
        by_photo(collection, table)
