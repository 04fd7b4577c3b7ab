"""The dialogs that bring photos in and take a collection away."""

from typing import Any

import streamlit as st

from pages.components.jobs import begin
from pages.components.text import plain
from pages.state import store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection, check_name, guess_kind
from tagrefine_core.errors import CollectionError, TagRefineError
from tagrefine_core.folders import expanded, is_there

__all__ = ["delete_dialog", "first_import", "import_dialog", "import_options", "start_demo"]

KINDS = {
    "auto": (
        "Let TagRefine find out",
        "Point to a folder of photos: the keywords of Lightroom, digiKam and others are read. Or to a table of tags, to MIRFLICKR or "
        "to NUS-WIDE.",
    ),
    "folder": (
        "A folder of photos",
        "Tags are read from the photos themselves (Lightroom, digiKam and others), from .xmp, .txt and .caption files "
        "beside them, and from Flickr's export; where there are none, the folders' names are the tags.",
    ),
    "table": (
        "Photos with a table",
        "A CSV, TSV or JSON file, or a folder with metadata.csv or metadata.jsonl: one column file_name, one column tags. COCO works too.",
    ),
    "mirflickr": ("MIRFLICKR-25K", "The folder as it is unpacked; a part of it is fine."),
    "nuswide": ("NUS-WIDE", "The folder as it is unpacked; a part of it is fine."),
}
LABELS = {
    "strict": "The 14 strict ones, as in the paper",
    "wide": "The 24 wider ones: what a photo may show",
    "all": "All 38",
}
"""Labels of MIRFLICKR; where nothing is chosen, the strict ones, or the wider where there are no others."""


def start_demo() -> None:
    """Begin to make, train and measure the demo collection."""
    begin("demo", "demo")


def first_import() -> None:
    """Draw the shortest way in, for who has no collection yet: one folder, and it is learned from."""
    with st.form("first_import", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.text_input(
            "Or your own photos: where are they on this machine?",
            placeholder="/home/me/photos",
            key="first_source",
        )
        sent = st.form_submit_button("Import and learn", key="first_go")
    if not sent:
        return
    try:
        collection, options = import_options("auto", source, "", train=True)
    except CollectionError as error:
        st.error(plain(error))
        return
    if begin("import", collection, options):
        st.rerun()
    st.error(plain(st.session_state.pop("_job_error", "The import could not be started.")))


def import_dialog() -> None:
    """Ask where the photos are and start the import; what it would replace is said before."""
    st.session_state.pop("_asked", None)
    _import_dialog()


@st.dialog("Import photos", width="medium")
def _import_dialog() -> None:
    kind = st.selectbox("What do you have?", list(KINDS), format_func=lambda kind: KINDS[kind][0])
    st.caption(KINDS[kind][1])
    with st.form("import", border=False):
        source = st.text_input(
            "Where is it on this machine?",
            placeholder="/home/me/photos",
            help="The photos stay where they are and are never changed.",
        )
        name = st.text_input("What shall the collection be called?", placeholder="the folder's own name")
        labels = None
        if kind == "mirflickr":
            labels = st.selectbox(
                "Which labels shall measure it?",
                list(LABELS),
                format_func=LABELS.get,
                index=None,
                placeholder=LABELS["strict"],
            )
        learn = st.toggle(
            "Learn from them right away",
            value=True,
            key="learn_at_once",
            help="A network learns which tags fit, by preset default. It can be cancelled; the photos stay.",
        )
        sent = st.form_submit_button("Import", type="primary")
    if sent:
        st.session_state.pop("_asked", None)
        try:
            st.session_state["_asked"] = import_options(kind, source, name, labels, train=learn)
        except CollectionError as error:
            st.error(plain(error))
    if "_asked" not in st.session_state:
        return
    collection, options = st.session_state["_asked"]
    if words := workflow.what_is_replaced(store(), collection):
        st.warning(plain(words))
        if not st.button("Replace it", key="replace"):
            return
    del st.session_state["_asked"]
    if begin("import", collection, options):
        st.rerun()
    st.error(plain(st.session_state.pop("_job_error", "The import could not be started.")))


def import_options(
    kind: str, source: str, name: str, labels: str | None = None, *, train: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return the name of the collection, and the options of the import, from what a visitor typed and chose.

    Raises
    ------
    CollectionError
        When there is no such path, its kind cannot be found out, or the name will not do.
    """
    if not source.strip():
        raise CollectionError("Name the folder of your photos first.")
    path = expanded(source.strip()).absolute()
    if not is_there(path):
        raise CollectionError(f"There is no file or folder {path}.")
    found = guess_kind(path) if kind == "auto" else kind
    if found is None:
        raise CollectionError(f"{path} does not look like photos with tags. Choose above what it is.")
    options: dict[str, Any] = {"kind": found, "source": str(path)}
    options |= ({"labels": labels} if labels else {}) | ({"train": True} if train else {})
    return check_name(name.strip() or path.stem), options


@st.dialog("Delete this collection?")
def delete_dialog(collection: Collection) -> None:
    """Delete a collection after its name was typed."""
    if refused := workflow.refusal(store(), "delete collection", collection.name):
        st.error(plain(refused))
        return
    runs = len(store().runs(collection.name))
    kept = sum(run.kept for run in store().runs(collection.name))
    st.markdown(
        f"TagRefine forgets **{plain(collection.name)}**, its {collection.n:,} rows of tags"
        f" and {runs} training {'run' if runs == 1 else 'runs'}"
        f"{f', {kept} of them kept' if kept else ''}. Your photos stay where they are."
    )
    typed = st.text_input("Type the collection's name to confirm", key="delete_name")
    if st.button("Delete for good", type="primary", key="delete_for_good", disabled=typed != collection.name):
        try:
            workflow.delete_collection(store(), collection.name)
        except TagRefineError as error:
            st.error(plain(error))
            return
        for key in ("collection", "run"):
            st.session_state.pop(key, None)
        st.rerun()
