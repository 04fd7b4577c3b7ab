"""The page "Tags": which tags are alike, by use and by meaning."""

import streamlit as st

from pages.components.choice import choice
from pages.components.header import header
from pages.components.matrix import matrix
from pages.routes.arrays import array_url
from pages.state import need_collection
from pages.tags.panel import SORTS, order, panel, similarity, wordnet

header(
    "Which tags go together",
    "Every cell compares two tags: the stronger its color, the more often photos carry both and the nearer their meanings.",
)
collection = need_collection()
column = {tag: number for number, tag in enumerate(collection.vocabulary)}


def pick() -> None:
    """Make the pair that was clicked the chosen one."""
    tag, other = st.session_state["matrix"]["picked"]["pair"]
    st.session_state["tag"] = collection.vocabulary[tag]
    st.session_state["other"] = None if other is None else collection.vocabulary[other]


tags = {tag: tag for tag in collection.vocabulary}
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    tag = choice("Tag", tags, key="tag", default=None, placeholder="any", width=210)
    other = choice("Compared with", tags, key="other", default=None, placeholder="none", width=210)
    sort = choice("Order", SORTS, key="sort", default="clusters", width=200)
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

chosen = (column.get(tag), column.get(other))
# Import has computed the distances; this takes time only when the cache was deleted since.
with st.spinner("Comparing tags …", show_time=True):
    levels, peak = similarity(collection).levels(alpha)
    places = order(collection, sort)
    texts = panel(collection, alpha, *chosen)
opening = wordnet()  # begins with the page, so that it is open when the first pair is clicked
matrix(
    {
        "address": array_url(levels),
        "peak": peak,
        "tags": list(tags),
        "order": places,
        "chosen": list(chosen),
        "panel": texts,
    },
    on_pick=pick,
)


def complete() -> None:
    """Run the page again when WordNet is open, so that the pair's meanings are told."""
    if opening.done():
        st.rerun()


if texts["pair"] and not texts["pair"]["complete"]:
    st.fragment(complete, run_every=0.5)()
