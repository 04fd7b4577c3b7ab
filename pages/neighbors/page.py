"""The page "Neighbors": the paper's Fig. 4 for any traced photo, played over the iterations."""

import streamlit as st

from pages.components.header import empty, header
from pages.components.player import player
from pages.neighbors.story import story
from pages.state import current_collection, current_run


def remember() -> None:
    """Put the chosen photo into the address, so that a link shows it."""
    st.query_params["query"] = str(st.session_state["player"]["chosen"])


header(
    "A neighborhood learns",
    "The photos that the network takes as most alike to the one on the left, from before the training with "
    "neighbors to its end. Green frames with a check share something with it, red ones with a cross do not.",
)
collection, run = current_collection(), current_run()
if collection is None:
    empty(
        "No photos yet",
        "Import a collection, or let TagRefine make its demo.",
        button="Go to Collection",
        page="collection/page.py",
    )
    st.stop()
if run is None:
    empty(
        "No neighbors to watch yet",
        "Train a model on these photos; it notes the neighbors of some of them while it learns.",
        button="Go to Train",
        page="train/page.py",
    )
    st.stop()

judges = {"labels": "shares a true label", "refined": "shares a refined tag"}
if collection.truth is None:
    by = "refined"
    st.caption("A neighbor counts as relevant when it shares a refined tag: this collection has no true labels.")
else:
    by = st.segmented_control(
        "A neighbor is relevant when it",
        list(judges),
        default="labels",
        required=True,
        format_func=judges.__getitem__,
        key="by",
        bind="query-params",
    )
chosen = st.query_params.get("query", "")
player(
    story(collection, run, by),
    chosen=int(chosen) if chosen.isdecimal() else -1,
    on_choose=remember,
)
