"""Which tags go together: the matrix of all pairs, and the panel that tells why."""

import streamlit as st

from pages.components.choice import choice
from pages.components.matrix import matrix
from pages.components.tag_choice import tag_names
from pages.routes.arrays import array_url
from pages.tags.panel import SORTS, order, panel, similarity, wordnet
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.runs.run import Run

__all__ = ["pairs_view"]


def pairs_view(collection: Collection, run: Run | None) -> None:
    """Draw the matrix of a collection's tags; a run only tells the weight of meaning that it was trained with."""
    column = {tag: number for number, tag in enumerate(collection.vocabulary)}
    own = run.config.constraints.alpha if run else TrainConfig().constraints.alpha
    tags = tag_names(collection)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        tag = choice("Tag", tags, key="tag", default=None, placeholder="any", width=210)
        other = choice("Compared with", tags, key="other", default=None, placeholder="none", width=210)
        sort = choice("Order", SORTS, key="sort", default="clusters", width=200)
        alpha = _weight(own)
        words = f" · alpha of the current run: {own:g}" if run else ""
        st.caption(f"{len(tags):,} tags{words}", width="content")

    chosen = (column.get(tag), column.get(other))
    # Import has computed the distances; this takes time only when the cache was deleted since.
    with st.spinner("Comparing tags …", show_time=True):
        levels, peak = similarity(collection).levels(alpha)
        places = order(collection, sort)
        texts = panel(collection, alpha, *chosen)
    opening = wordnet()  # begins with the page, so that it is open when the first pair is clicked

    def pick() -> None:
        """Make the pair that was clicked the chosen one."""
        tag, other = st.session_state["matrix"]["picked"]["pair"]
        st.session_state["tag"] = collection.vocabulary[tag]
        st.session_state["other"] = None if other is None else collection.vocabulary[other]

    matrix(
        {
            "address": array_url(levels),
            "peak": peak,
            "tags": list(collection.vocabulary),
            "order": places,
            "chosen": list(chosen),
            "panel": texts,
            "about": f"{collection.name} · {len(tags):,} tags · weight of meaning {alpha:g}",
        },
        on_pick=pick,
    )

    def complete() -> None:
        """Run the page again when WordNet is open, so that the pair's meanings are told."""
        if opening.done():
            st.rerun()

    if texts["pair"] and not texts["pair"]["complete"]:
        st.fragment(complete, run_every=0.5)()


def _weight(own: float) -> float:
    """Draw the slider of alpha, at ``own`` while the address says nothing else."""

    def keep() -> None:
        st.query_params["alpha"] = f"{st.session_state['alpha']:g}"

    most = max(2.0, own)
    try:
        value = float(st.query_params.get("alpha", own))
    except ValueError:
        value = own
    # `bind` would keep the first run's weight when another run is chosen.
    st.session_state["alpha"] = value if 0 <= value <= most else own
    chosen: float = st.slider(
        "Weight of meaning (alpha)",
        0.0,
        most,
        step=0.05,
        key="alpha",
        on_change=keep,
        width=240,
        help="0: only how often photos carry both tags counts. Higher: the more counts how near WordNet puts their meanings.",
    )
    return chosen
