"""The page "Map": all photos in a plane, look-alikes near each other, before learning and after."""

from urllib.parse import quote, urlencode

import streamlit as st

from pages.components.header import duration, empty, header
from pages.components.jobs import begin, job_cards
from pages.components.map import photo_map
from pages.components.promise import promise
from pages.map.view import arrays_of
from pages.opening import answers_mark
from pages.routes.thumbnails import thumbnail_url
from pages.state import need_run
from tagrefine_core.errors import RunError
from tagrefine_core.refinement import PRECISION
from tagrefine_core.runs.map import has_map

KEPT = ("colour", "tag", "when", "selection")  # what the component keeps in the address


def seconds(photos: int) -> float:
    """Return about how long a map takes, by what was measured on two cores."""
    return 30 + photos / 200


above, promised = st.columns([2.2, 1], gap="medium")
with above:
    header(
        "Map",
        "Every point is a photo; photos that look alike to the network lie together. Switch to before learning to see what it has moved.",
    )
collection, run = need_run()
if not run.current:
    empty(
        "This run is of an earlier import",
        "Photos or tags have changed since. Train again to see the photos there are now.",
        button="Go to Train",
        page="train/page.py",
    )
    st.stop()
working = job_cards("map")
try:
    shown = arrays_of(run, collection)
except RunError:
    if not working:
        empty(
            "The map of this run cannot be read" if has_map(run) else "This run has no map yet",
            f"Drawing it takes about {duration(seconds(collection.n))}, once; the app stays usable meanwhile.",
            button="Draw the map",
            on_click=lambda: begin("map", collection.name, run_id=run.id),
        )
    st.stop()
if shown["maps"]["frozen"] is None:
    st.caption("The network as it was before learning is not kept, so this is the map after learning alone.")
with promised:
    precision = promise("changes")
# Browse would take its own default out of the address, and Back would lead to that.
promised_here = {} if precision == PRECISION else {"precision": precision}
photo_map(
    {
        **shown,
        "count": collection.n,
        "address": f"/maps/{quote(run.id, safe='')}",
        "precision": precision,
        "run": run.id,
        "collection": collection.id,
        "version": f"{precision} {answers_mark(collection, run)}",
        "tags": list(collection.vocabulary),
        "picture": thumbnail_url(collection.id, 0, size=128, data_hash=collection.data_hash).replace(
            "/0?", "/{row}?"
        ),
        "browse": "/browse?" + urlencode({"collection": collection.name, "run": run.id} | promised_here),
        "shown": {name: st.query_params.get(name) for name in KEPT},
    }
)
