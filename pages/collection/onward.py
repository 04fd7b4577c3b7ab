"""Where to go from here: first to learn; then the tour, what changed, and the questions."""

import streamlit as st

from pages.components.header import between
from pages.components.jobs import begin
from pages.components.text import plain
from pages.state import current_run, store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.settings import train_config

__all__ = ["onward"]


def onward(collection: Collection) -> None:
    """Lead on: to a run while none has finished, else to the refined tags."""
    run = current_run()
    if run is None:
        _learn(collection)
        return
    address = {"collection": collection.name, "run": run.id}
    with st.container(border=True, key="onward", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**Refined tags are there for {collection.n:,} photos.** See how one of them got its tags, in eight steps."
        )
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            if st.button("Take the tour", type="primary", key="tour"):
                st.switch_page("tour/page.py", query_params=address)
            if st.button("What changed", key="to_browse"):
                st.switch_page("browse/page.py", query_params=address)
            if st.button("Answer its questions", key="to_triage"):
                st.switch_page("triage/page.py", query_params=address)


def _learn(collection: Collection) -> None:
    """Offer to start a run as it is best begun; nothing while none may be started."""
    if workflow.refusal(store(), "train", collection.name):
        return
    time = workflow.expected_time(store(), collection, train_config("default"))
    little = workflow.too_little(collection)
    with st.container(border=True, key="onward", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**The tags of {collection.n:,} photos are here.** Next a network learns which of them fit:"
            f" {between(time.low, time.high)}."
        )
        if little:
            st.markdown(f":gray[{plain(little)}]")
        with st.container(horizontal=True, horizontal_alignment="right", width="content"):
            if st.button("Start training", type="primary", key="learn"):
                begin("train", collection.name, {"preset": "default"})
                st.switch_page("train/page.py")
            if st.button("Other ways", key="to_train"):
                st.switch_page("train/page.py", query_params={"collection": collection.name})
