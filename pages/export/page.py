"""The page "Export": what an export would change, photo by photo, then the button that does it, and the way back."""

import streamlit as st

from pages.components.header import header
from pages.components.jobs import begin, job_cards, live_jobs
from pages.components.promise import promise
from pages.components.text import plain
from pages.export.asking import asked
from pages.export.telling import latest, tell_plan, tell_written, way_back
from pages.state import current_run, need_collection, store
from tagrefine_core.collections import selected_rows
from tagrefine_core.errors import CollectionError

header(
    "Export",
    "Takes the tags to where your photos live. First you see what would change; nothing is written before you say so.",
)
collection = need_collection()
run = current_run()
selection = st.query_params.get("photos", "")
if selection:
    try:
        count = len(selected_rows(collection, selection))
    except CollectionError:
        st.warning("The photos that were chosen are not known any more. Choose them again on Browse.")
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count:,}** of {collection.n:,} photos, as they were on Browse.", width="content")
        if st.button("Take all photos", type="tertiary", key="all_photos"):
            del st.query_params["photos"]
            st.rerun()
else:
    st.markdown(f"All **{collection.n:,}** photos of {plain(collection.name)}.")
left, right = st.columns([1.6, 1], gap="large")
with left:
    options = asked(collection)
with right:
    if run is None:
        st.caption("Nothing has been learned from these photos yet: only what people decided changes tags.")
    else:
        st.markdown(":gray[How sure a change has to be]")
        options |= {"precision": promise("changes")}
if selection:
    options |= {"selection": selection}
run_id = None if run is None else run.id


def ask(*, write: bool) -> None:
    begin("export", collection.name, options | ({} if write else {"dry_run": True}), run_id=run_id)


working = bool(live_jobs(("export",)))
found = None if working else latest(store(), collection.name, run_id, options)
ready = bool(options.get("in_place") or options.get("out"))
if st.query_params.pop("look", "") and ready and not working and found is None:
    ask(write=False)  # who comes to export wants to see the difference
    st.rerun()
st.button(
    "Show what would change",
    type="primary" if found is None else "secondary",
    key="show",
    on_click=ask,
    kwargs={"write": False},
    disabled=not ready,
    help=None if ready else "Name a folder first.",
)
job_cards("export")
if found is not None and found.result is not None:
    if (found.options or {}).get("dry_run"):
        tell_plan(found.result, on_write=lambda: ask(write=True))
    else:
        tell_written(found.result)
if not working:
    way_back(store(), collection)
