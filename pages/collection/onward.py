"""Where to go once something has been learned: the tour first, then what changed, then the questions."""

import streamlit as st

from pages.state import current_run
from tagrefine_core.collections import Collection

__all__ = ["onward"]


def onward(collection: Collection) -> None:
    """Say that refined tags are there and lead on; draw nothing while no run has finished."""
    run = current_run()
    if run is None:
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
