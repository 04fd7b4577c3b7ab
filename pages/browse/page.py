"""The page "Browse": the user's tags against the refined ones, photo by photo."""

from urllib.parse import urlencode

import numpy as np
import streamlit as st

from pages.browse.source import STRICTNESS, found, source
from pages.components.gallery import gallery
from pages.components.header import empty, header
from pages.components.text import plain
from pages.state import current_collection, current_run
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.query import PhotoQuery

KINDS = {
    "any": "any",
    "changed": "added or removed",
    "added": "added",
    "removed": "removed",
    "kept": "kept",
    "unchanged": "nothing changed",
    "untagged": "no user tags",
}
ORDERS = {"change": "most changed", "score": "highest score", "file": "file name"}


def opened() -> int | None:
    """Return the row of the open photo, from the address."""
    row = st.query_params.get("photo", "")
    return int(row) if row.isdecimal() else None


def remember() -> None:
    """Put the photo that the gallery has opened into the address, so that a link shows it."""
    row = st.session_state["gallery"]["opened"]
    if row is None:
        st.query_params.pop("photo", None)
    else:
        st.query_params["photo"] = str(row)


header("What changed", "The tags people gave their photos, beside what the trained model makes of them. Green is added, red is removed, plain is kept.")
collection, run = current_collection(), current_run()
if collection is None:
    empty("No photos yet", "Import a collection, or let TagRefine make its demo.", button="Go to Collection", page="collection/page.py")
    st.stop()
if run is None:
    empty("Nothing to compare yet", "Train a model on these photos; then its changes appear here.", button="Go to Train", page="train/page.py")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    text = st.text_input("Search", key="search", bind="query-params", placeholder='flower and not macro, or "im27"', icon=None)
    area = st.container(width=200)
    kind = st.selectbox("Change", list(KINDS), key="kind", bind="query-params", format_func=KINDS.__getitem__, width=170)
    order = st.selectbox("Sort", list(ORDERS), key="order", bind="query-params", format_func=ORDERS.__getitem__, width=160)
    strictness = st.slider("Strictness", 0.0, 1.0, STRICTNESS, 0.05, key="strictness", bind="query-params", width=170, help="Left: more tags change. Right: only changes the model is surest of.")
of = source(run.id, strictness)
counts = of.changes.counts_by_tag()
