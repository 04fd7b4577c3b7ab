"""The page "Tags": which tags are alike, by use and by meaning."""

import streamlit as st

from pages.components.header import empty, header
from pages.components.matrix import matrix
from pages.routes.arrays import array_url
from pages.state import current_collection
from pages.tags.panel import SORTS, order, panel, similarity

header(
    "Which tags go together",
    "Every cell compares two tags: the darker, the more often photos carry both and the nearer their meanings.",
)
collection = current_collection()
if collection is None:
    empty(
        "No tags yet",
        "Import a collection, or let TagRefine make its demo.",
        button="Go to Collection",
        page="collection/page.py",
    )
    st.stop()
column = {tag: number for number, tag in enumerate(collection.vocabulary)}


def pick() -> None:
    """Make the pair that was clicked the chosen one."""
    tag, other = st.session_state["matrix"]["picked"]["pair"]
    st.session_state["tag"] = collection.vocabulary[tag]
    st.session_state["other"] = None if other is None else collection.vocabulary[other]


tags = list(collection.vocabulary)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    tag = st.selectbox("Tag", tags, index=None, placeholder="any", key="tag", bind="query-params", width=210)
    other = st.selectbox(
        "Compared with", tags, index=None, placeholder="none", key="other", bind="query-params", width=210
    )
    sort = st.selectbox(
        "Order", list(SORTS), format_func=SORTS.__getitem__, key="sort", bind="query-params", width=200
    )
    alpha = st.slider(
        "Weight of meaning (alpha)",
        0.0,
        2.0,
        0.5,
        0.05,
        key="alpha",
        bind="query-params",
        width=240,
        help="0: only how often photos carry both tags counts. Higher: the more counts how near WordNet puts their meanings.",
    )
    st.caption(f"{len(tags):,} tags", width="content")

with st.spinner("Comparing all tags …", show_time=True):
    alike = similarity(collection)
    levels, peak = alike.levels(alpha)
chosen = (column.get(tag), column.get(other))
matrix(
    {
        "address": array_url(levels),
        "peak": peak,
        "tags": tags,
        "order": order(collection, sort),
        "chosen": list(chosen),
        "panel": panel(collection, alpha, *chosen),
    },
    on_pick=pick,
)
