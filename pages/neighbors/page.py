"""The page "Neighbors": the paper's Fig. 4 for any traced photo, played over the iterations."""

import streamlit as st

from pages.components.choice import choice
from pages.components.header import header
from pages.components.player import player
from pages.neighbors.story import story
from pages.state import need_run


def remember() -> None:
    """Put the chosen photo into the address, so that a link shows it."""
    st.query_params["query"] = str(st.session_state["player"]["chosen"])


header(
    "A neighborhood learns",
    "The photos that the network takes as most alike to the one on the left, while it trains. "
    "Green frames with a check are relevant, red ones with a cross are not.",
)
collection, run = need_run()
judges = {"labels": "a true label", "refined": "a refined tag"}
if collection.truth is None:
    by = "refined"
    st.markdown("A neighbor is relevant when it shares a refined tag: these photos have no true labels.")
else:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("A neighbor is relevant when it shares", width="content")
        by = choice(
            "What a relevant neighbor shares",
            judges,
            key="by",
            default="labels",
            draw=st.segmented_control,
            required=True,
            label_visibility="collapsed",
        )
chosen = st.query_params.get("query", "")
player(
    story(collection, run, by),
    chosen=int(chosen) if chosen.isdecimal() else -1,
    on_choose=remember,
)
