"""The page "Triage": the questions that find the most mistakes, one after the other, answered with a key."""

import streamlit as st

from pages.components.choice import choice
from pages.components.header import empty, header
from pages.components.promise import promise
from pages.components.tag_choice import tag_names
from pages.components.triage import triage
from pages.state import need_run, store
from tagrefine_core import workflow
from tagrefine_core.errors import ConfigError
from tagrefine_core.runs.duplicates import duplicates_of
from tagrefine_core.runs.refined import expected_of, limits_of

NAMES = {
    "missing": "missing tags",
    "wrong": "wrong tags",
    "one": "one tag at a glance",
    "untagged": "photos without tags",
    "duplicates": "one picture, other tags",
    "audit": "a blind audit",
}
BY_TAG = ("missing", "wrong", "one")
PHOTOS = 50  # of a new audit


def has_audit() -> bool:
    """Whether the run has a sheet of an audit; where not, say what one is and offer to draw it."""
    try:
        workflow.audit(store(), run.id)
    except ConfigError:
        empty(
            "How right are these tags?",
            f"{PHOTOS} photos are drawn at random, each with its tags hidden among others that it does not get. You say which fit, not knowing "
            "which is which; that tells for all photos how right and how complete the tags are.",
            button=f"Draw {PHOTOS} photos",
            on_click=draw,
        )
        return False
    return True


def draw() -> None:
    """Draw a new sheet."""
    workflow.new_audit(store(), run.id, photos=PHOTOS, precision=precision)


header(
    "What needs your eye",
    "The questions that find the most mistakes come first. Each answer is saved as you give it, stands above every run, and can be undone.",
)
collection, run = need_run()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    queue = choice("Ask about", NAMES, key="queue", default="missing", width=230)
    if queue in BY_TAG:
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
elif queue != "audit" or has_audit():
    if queue == "duplicates":
        with st.spinner(
            "Looking for pictures that are there twice; the first time takes a while …", show_time=True
        ):
            duplicates_of(run, collection)
    if queue == "audit":
        st.button("Draw a new sheet", on_click=draw, type="tertiary")
    triage(
        collection=collection.id,
        run=run.id,
        queue=queue or "missing",
        tag=tag,
        precision=precision,
        at=st.query_params.get("at"),
    )
