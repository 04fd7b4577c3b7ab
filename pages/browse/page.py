"""The page "Browse": the user's tags against the refined ones, photo by photo."""

from urllib.parse import quote

import streamlit as st

from pages.browse.balance import balance
from pages.browse.dropped import drop_in
from pages.browse.exporting import to_export
from pages.browse.view import view
from pages.components.gallery import gallery
from pages.components.header import header
from pages.components.promise import promise
from pages.components.text import plain
from pages.components.uploads import LARGEST, TYPES
from pages.opening import answers_mark
from pages.state import need_run, store
from tagrefine_core.errors import ImageError


def keep(collection_id: int) -> None:
    """Keep a filter by name, or forget it."""
    kept = st.session_state["gallery"]["filter"]
    store().save_filter(collection_id, kept["name"], kept["query"])


header(
    "What changed",
    "The tags people gave their photos, beside the tags that fit: green is added, red is removed, plain is kept. Faint ones were never "
    "learned; they stay.",
)
collection, run = need_run()
left, right, drop = st.columns([1, 1.25, 0.85], gap="medium", vertical_alignment="center")
with left:
    precision = promise("changes")
with st.spinner("Comparing tags …", show_time=True):
    of = view(run.id, precision)
with right, st.container(key="balance"):
    st.caption(
        balance(
            of.changes,
            of.expected,
            calibrated=run.calibration is not None,
            judged=int(of.limits.told.sum()),
            tags=len(collection.vocabulary),
        )
    )
dropped = ""
with drop:
    beside = st.container(horizontal=True, horizontal_alignment="right", gap="small")
with beside:
    to_export(of)
with beside, st.popover("Find by a photo", width="content"):
    file = st.file_uploader(
        f"Drop in a photo of at most {LARGEST} MB to see those like it. It stays on this machine and is forgotten afterwards.",
        type=list(TYPES),
        max_upload_size=LARGEST,
        key="dropped",
    )
    if file is not None:
        try:
            with st.spinner("Looking at your photo"):
                dropped = drop_in(run, collection.data_hash, file.getvalue())
        except ImageError as error:
            st.error(plain(f"This file {error}."))
gallery(
    collection=collection.id,
    run=run.id,
    address=f"/photos/{quote(run.id, safe='')}",
    precision=precision,
    # Verdicts make no other answer: the gallery hears of each, and what one looks through must not be put in another order meanwhile.
    version=answers_mark(collection, run),
    total=collection.n,
    asked=st.query_params.to_dict(),
    saved=[{"name": name, "query": query} for name, query in store().saved_filters(collection.id).items()],
    dropped=dropped,
    on_keep=lambda: keep(collection.id),
)
