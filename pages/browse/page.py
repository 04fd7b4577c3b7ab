"""The page "Browse": the user's tags against the refined ones, photo by photo."""

from urllib.parse import quote, urlencode

import numpy as np
import streamlit as st

from pages.browse.routes import photo_query
from pages.browse.view import found, view
from pages.components.choice import choice
from pages.components.gallery import gallery
from pages.components.header import empty, header
from pages.components.text import plain
from pages.state import need_run
from tagrefine_core.errors import ConfigError
from tagrefine_core.runs.refined import STRICTNESS

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


header(
    "What changed",
    "The tags people gave their photos, beside what the trained model makes of them: green is added, red is "
    "removed, plain is kept.",
)
collection, run = need_run()
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    search = st.text_input(
        "Search", key="search", bind="query-params", placeholder='flower and not macro, or "im27"'
    )
    tag_place = st.container(width=190)
    kind = choice("Change", KINDS, key="kind", default="any", width=165)
    order = choice("Sort", ORDERS, key="order", default="change", width=150)
    strictness = st.slider(
        "Strictness",
        0.0,
        1.0,
        STRICTNESS,
        0.05,
        key="strictness",
        bind="query-params",
        width=150,
        help="To the left more tags change, to the right only those that the model is surest of.",
    )
with st.spinner("Comparing tags …", show_time=True):
    of = view(run.id, strictness)
counts = of.changes.counts_by_tag()
names = {
    tag: f"{tag}  +{counts.added[column]:,} -{counts.removed[column]:,}"
    for column, tag in sorted(enumerate(collection.vocabulary), key=lambda pair: pair[1].lower())
}
with tag_place:
    tag = choice("Tag", names, key="tag", default=None, placeholder="any")
values = {"search": search, "tag": tag or "", "kind": kind, "order": order}
try:
    answer = found(of, photo_query(values))
except ConfigError as error:
    st.warning(plain(error))
    st.stop()

st.markdown(f"**{len(answer.rows):,}** of {collection.n:,} photos")
for word, alike in answer.unknown.items():
    hint = f" Did you mean {' or '.join(alike)}?" if alike else ""
    st.warning(plain(f"No tag, spelling or file name has “{word}”.{hint}"))
if len(answer.rows):
    row = opened()
    place = np.flatnonzero(answer.rows == row)
    gallery(
        address=f"/photos/{quote(run.id, safe='')}",
        query=urlencode({**values, "strictness": strictness}),
        total=len(answer.rows),
        opened=row,
        place=int(place[0]) if len(place) else None,
        on_open=remember,
    )
else:
    empty("No photo matches", "Choose another tag or kind of change, or clear the search.")
