"""The page "Triage": the questions that find the most mistakes, one after the other, answered with a key."""

import streamlit as st

from pages.components.choice import choice
from pages.components.header import empty, header
from pages.components.promise import promise
from pages.components.tag_choice import tag_names
from pages.components.triage import triage
from pages.state import need_run
from tagrefine_core.runs.refined import expected_of, limits_of

NAMES = {
    "missing": "missing tags",
    "wrong": "wrong tags",
    "one": "one tag at a glance",
    "untagged": "photos without tags",
}


header(
    "What needs your eye",
    "The questions that find the most mistakes come first. Each answer is saved as you give it, stands above every run, and can be undone.",
)
collection, run = need_run()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    queue = choice("Ask about", NAMES, key="queue", default="missing", width=230)
    if queue != "untagged":
        expected = expected_of(run, collection, limits_of(run, collection))
        tags = tag_names(collection, expected.added.count, expected.removed.count)
        tag = choice("Tag", tags, key="tag", default=None, placeholder="all", width=220)
    else:
        tag = None
    with st.container(width=360):
        precision = promise("changes")
if queue == "one" and tag is None:
    empty(
        "Which tag?",
        "Choose a tag above; thirty photos are shown at once, and you click those that it does not fit.",
    )
else:
    triage(
        collection=collection.id,
        run=run.id,
        queue=queue or "missing",
        tag=tag,
        precision=precision,
        at=st.query_params.get("at"),
    )
