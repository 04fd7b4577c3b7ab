"""The page "Neighbors": the paper's Fig. 4 for photos of a run, played from before it learned to the end."""

import streamlit as st

from pages.components.choice import choice
from pages.components.header import empty, header
from pages.components.player import player
from pages.components.setting_words import told
from pages.neighbors.story import story
from pages.state import need_run
from tagrefine_core.errors import RunError

_BEFORE = (
    "The photos that a network takes as most alike to the one on the left, from before it learned to the end."
)


def remember() -> None:
    """Put the chosen photo into the address, so that a link shows it."""
    st.query_params["query"] = str(st.session_state["player"]["chosen"])


top = st.empty()
with top.container():
    header("Neighbors", _BEFORE)
collection, run = need_run()
try:
    _ = run.trace
except RunError as error:
    empty("There are no neighbors to show", told(str(error)), button="Go to Train", page="train/page.py")
    st.stop()
judges = {"labels": "the rarest true label", "refined": "refined tags"}
if collection.truth is None:
    by = "refined"
    st.markdown(
        "Judged by this run's own refined tags, which lean on these neighbors: these photos have no true labels."
    )
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
wanted = int(chosen) if chosen.isdecimal() and len(chosen) < 10 else -1
tale = story(collection, run, by, wanted)
with top.container():
    header(tale["title"], " ".join([_BEFORE, *map(told, tale["notes"])]))
if tale["queries"]:
    player(tale, chosen=wanted, on_choose=remember)
else:
    empty("No photo can be judged", tale["about"], button="Go to Tags", page="tags/page.py")
