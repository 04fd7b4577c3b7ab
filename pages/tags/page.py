"""The page "Tags": what a run does with every tag, and which tags are alike, by use and by meaning."""

import streamlit as st

from pages.components.choice import choice
from pages.components.header import header
from pages.state import current_run, need_collection
from pages.tags.merges import merges_view
from pages.tags.pairs import pairs_view
from pages.tags.table import table_view

VIEWS = {
    "table": (
        "Tags",
        "Tag by tag",
        "How often people wrote a tag, what would change, and whether a picture can tell.",
    ),
    "merges": (
        "Names",
        "Names of one tag",
        "People write one thing under several names. Say which are one, and the next training knows.",
    ),
    "pairs": (
        "Pairs",
        "Which tags go together",
        "Every cell compares two tags: the stronger its color, the more often photos carry both and the nearer their meanings.",
    ),
}

# An address that says something of pairs means them.
if "view" not in st.session_state and {"other", "sort", "alpha"} & set(st.query_params):
    st.query_params.setdefault("view", "pairs")
view = st.session_state.get("view", st.query_params.get("view"))
with st.container(horizontal=True, vertical_alignment="bottom"):
    with st.container(key="title"):
        header(*VIEWS.get(str(view), VIEWS["table"])[1:])
    tools = st.container(horizontal=True, width="content")
collection, run = need_collection(), current_run()
with tools:
    own = st.container(width=300)
    view = choice(
        "View",
        {name: label for name, (label, *_) in VIEWS.items()},
        key="view",
        default="table",
        draw=st.segmented_control,
        required=True,
        label_visibility="collapsed",
    )
if view == "pairs":
    pairs_view(collection, run)
elif view == "merges":
    merges_view(collection, run)
else:
    table_view(collection, run, tools=own)
