"""The page "Browse": the user's tags against the refined ones, photo by photo."""

from urllib.parse import quote, urlencode

import numpy as np
import streamlit as st

from pages.browse.balance import balance
from pages.browse.routes import photo_query
from pages.browse.view import found, view
from pages.components.choice import choice
from pages.components.gallery import gallery
from pages.components.header import empty, header
from pages.components.promise import promise
from pages.components.tag_choice import tag_names
from pages.components.text import plain
from pages.state import need_run
from tagrefine_core.collections import selected_rows
from tagrefine_core.errors import CollectionError, ConfigError

KINDS = {
    "any": "any",
    "changed": "added or removed",
    "added": "added",
    "removed": "removed",
    "kept": "kept",
    "untold": "a picture cannot tell",
    "unchanged": "nothing changed",
    "untagged": "no user tags",
}
ORDERS = {
    "convincing": "convincing first",
    "doubtful": "most doubtful first",
    "score": "highest score",
    "file": "file name",
}


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
    "The tags people gave their photos, beside the tags that fit: green is added, red is removed, plain is kept. Faint ones were never "
    "learned; they stay.",
)
collection, run = need_run()
filters, promised = st.columns([2.2, 1], gap="medium")
with promised:
    precision = promise("changes")
with st.spinner("Comparing tags …", show_time=True):
    of = view(run.id, precision)
with promised, st.container(key="balance"):
    st.caption(
        balance(
            of.changes,
            of.expected,
            calibrated=run.calibration is not None,
            judged=int(of.limits.told.sum()),
            tags=len(collection.vocabulary),
        )
    )
counts = of.changes.counts_by_tag()
names = tag_names(collection, counts.added, counts.removed)
with filters:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        search = st.text_input(
            "Search", key="search", bind="query-params", placeholder='flower and not macro, or "im27"'
        )
        tag = choice("Tag", names, key="tag", default=None, placeholder="any", width=170)
        kind = choice("Change", KINDS, key="kind", default="any", width=165)
        order = choice("Sort", ORDERS, key="order", default="convincing", width=165)
    selection = st.query_params.get("selection", "")
    values = {"search": search, "tag": tag or "", "kind": kind, "order": order, "selection": selection}
    try:
        answer = found(of, photo_query(values), selection)
    except (ConfigError, CollectionError) as error:
        st.warning(plain(error))
        if selection:
            st.button("Show all photos", on_click=lambda: st.query_params.pop("selection", None))
        st.stop()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{len(answer.rows):,}** of {collection.n:,} photos", width="content")
        if selection:
            st.button(
                f"Only of {len(selected_rows(collection, selection)):,} selected on the map ✕",
                key="everything",
                help="Show all photos",
                on_click=lambda: st.query_params.pop("selection", None),
            )
        untold = st.toggle(
            "Show what a picture cannot tell as ordinary tags", key="untold", bind="query-params"
        )

for word, alike in answer.unknown.items():
    hint = f" Did you mean {' or '.join(alike)}?" if alike else ""
    st.warning(plain(f"No tag, spelling or file name has “{word}”.{hint}"))
if len(answer.rows):
    row = opened()
    place = np.flatnonzero(answer.rows == row)
    gallery(
        collection=collection.id,
        run=run.id,
        address=f"/photos/{quote(run.id, safe='')}",
        query=urlencode({**values, "precision": precision}),
        # After another decision of the curator's, or another training, it is another answer under the same address.
        version=f"{run.record.finished} {of.version}",
        total=len(answer.rows),
        opened=row,
        place=int(place[0]) if len(place) else None,
        untold=untold,
        on_open=remember,
    )
else:
    empty("No photo matches", "Choose another tag or kind of change, or clear the search.")
