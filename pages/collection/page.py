"""Collection: choose, import, look over and delete a set of photos."""

import streamlit as st

from pages.collection.importing import delete_dialog, import_dialog, start_demo
from pages.collection.overview import cleaning, import_report, numbers, photo_strip, tag_charts
from pages.components.header import empty, header
from pages.components.jobs import job_cards
from pages.state import current_collection, store

collection = current_collection()
if collection is None:
    header(
        "Welcome to TagRefine",
        "It learns from photos with careless tags which tags are right, and mends them.",
    )
    if not job_cards("demo", "import"):
        empty(
            "There are no photos yet",
            "Try the demo: 1,400 drawn pictures with careless tags, trained on this machine in about three minutes.",
            button="Make the demo collection",
            on_click=start_demo,
        )
        with st.container(horizontal_alignment="center"):
            if st.button("Import my own photos", key="import"):
                import_dialog()
    st.stop()

with st.container(horizontal=True, vertical_alignment="top"):
    with st.container():
        header(collection.name, "The photos, the tags people gave them, and how those tags were cleaned up.")
    with st.container(horizontal=True, horizontal_alignment="right", width="content"):
        if st.button("Import photos", key="import"):
            import_dialog()
        if all(record.kind != "demo" for record in store().collections()):
            st.button("Make the demo", key="demo", on_click=start_demo)
        if st.button("Delete", key="delete", type="tertiary"):
            delete_dialog(collection)

job_cards("demo", "import")
photo_strip(collection)
numbers(collection)
overview, cleaned, report = st.tabs(
    ["Tags", "What was cleaned", f"Import report ({len(collection.issues):,})"]
)
with overview:
    tag_charts(collection)
with cleaned:
    cleaning(collection)
with report:
    import_report(collection)
