"""Collection: choose, import, look over and delete a set of photos."""

import streamlit as st

from pages.collection.importing import delete_dialog, first_import, import_dialog, start_demo
from pages.collection.onward import onward
from pages.collection.overview import cleaning, import_report, numbers, photo_strip, tag_charts
from pages.collection.review import merge_review
from pages.components.header import empty, header
from pages.components.jobs import job_cards
from pages.state import current_collection, current_run, store

STEPS = {
    "1 · Careless tags": "People write “canon”, “me”, “sunst”. Most photos lack tags that anybody would see in them.",
    "2 · A network learns": "It looks at each photo, at its look-alikes and at which tags go together.",
    "3 · Refined tags": "Each photo gets the tags that fit, and you see what was added and what was removed.",
}


def welcome() -> None:
    """Draw the first screen of an empty home."""
    header(
        "Welcome to TagRefine",
        "It looks at your photos and the tags that people gave them, and says which tags are right, which are wrong, and which are missing.",
    )
    if not job_cards("demo", "import"):
        empty(
            "There are no photos yet",
            "Try the demo: 1,200 drawn pictures with careless tags, trained on this machine in a few minutes.",
            button="Make the demo collection",
            on_click=start_demo,
        )
        with st.container(border=True, key="card_own"):
            first_import()
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(
                    "Keywords of Lightroom, digiKam and others are read, .xmp and .txt files, tables. The photos are only read."
                )
                if st.button("More choices", key="import", type="tertiary"):
                    import_dialog()
    for (title, sentence), column in zip(STEPS.items(), st.columns(3), strict=True):
        with column, st.container(border=True, key=f"card_{title[0]}", height="stretch"):
            st.markdown(f"**{title}**  \n:gray[{sentence}]")


collection = current_collection()
if collection is None:
    welcome()
    st.stop()

with st.container(horizontal=True, vertical_alignment="center"):
    with st.container():
        header(collection.name, "The photos, the tags people gave them, and how those tags were cleaned up.")
    with st.container(horizontal=True, horizontal_alignment="right", width="content"):
        if st.button("Import photos", key="import"):
            import_dialog()
        if all(record.kind != "demo" for record in store().collections()):
            st.button("Make the demo", key="demo", on_click=start_demo)
        if st.button("Export tags", key="to_export"):
            st.switch_page("export/page.py", query_params={"collection": collection.name, "look": "1"})
        if st.button("Delete", key="delete", type="tertiary"):
            delete_dialog(collection)

job_cards("demo", "import")
onward(collection)
photo_strip(collection)
numbers(collection)
overview, cleaned, report = st.tabs(
    ["Tags", "What was cleaned", f"Import report ({len(collection.issues):,})"]
)
with overview:
    tag_charts(collection)
with cleaned:
    cleaning(collection)
    merge_review(collection, current_run())
with report:
    import_report(collection)
