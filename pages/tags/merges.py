"""Which names are one tag: proposals, what was said of names, and the import that it takes effect with."""

import math
from functools import lru_cache

import streamlit as st

from pages.components.choice import choice
from pages.components.jobs import begin, job_cards
from pages.components.tag_choice import tag_names
from pages.components.text import chip, plain
from pages.state import store
from pages.tags.panel import wordnet
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError
from tagrefine_core.runs.run import Run
from tagrefine_core.tags import MergeProposal
from tagrefine_core.workflow import Alias

__all__ = ["merges_view"]

_SHOWN = 20


def merges_view(collection: Collection, run: Run | None) -> None:
    """Draw what was said of names, and what may be said of others."""
    if problem := st.session_state.pop("merge_problem", None):
        st.warning(plain(problem))
    left, right = st.columns([1.7, 1], gap="medium")
    with right:
        _said(collection)
        _own(collection)
    with left:
        _proposals(collection, run if run is not None and run.current else None)


def _proposals(collection: Collection, run: Run | None) -> None:
    st.header("Are these one and the same?", anchor=False)
    version = store().curation.version(collection.id)
    with st.spinner("Looking for names of one thing …", show_time=True):
        found = _found(collection, run, version)
    if run is None:
        st.caption(
            "Told by names and use alone. Whose photos look alike, only a run of this import can say: train again to see more."
        )
    if not found:
        st.caption("No two tags look like one any more." if run else "By these no two tags look like one.")
        return
    shown = st.session_state.get("proposals", _SHOWN)
    for one in found[:shown]:
        _proposal(collection, one)
    if len(found) > shown:
        st.button(
            f"Show more of {len(found)}",
            type="tertiary",
            on_click=lambda: st.session_state.update(proposals=shown + _SHOWN),
        )


@lru_cache(maxsize=2)
def _found(collection: Collection, run: Run | None, version: int) -> list[MergeProposal]:
    """Return proposals; the version only tells one state of what people decided from the next."""
    return workflow.merge_proposals(collection, run, wordnet().result())


def _proposal(collection: Collection, one: MergeProposal) -> None:
    rare, common = collection.vocabulary[one.tag], collection.vocabulary[one.into]
    with (
        st.container(border=True, key=f"pair_{one.tag}_{one.into}"),
        st.container(horizontal=True, vertical_alignment="center", gap="small"),
    ):
        with st.container():
            st.html(
                f'<div class="tr-chips">{chip(rare)}<span>is</span>{chip(common)}</div><p class="tr-about">{_why(one)}</p>'
            )
        for label, name, tag in ((f"Merge into {common}", rare, common), (f"Into {rare}", common, rare)):
            st.button(
                plain(label),
                key=f"merge_{one.tag}_{one.into}_{tag == common}",
                type="secondary" if tag == common else "tertiary",
                on_click=_say,
                args=(collection.name, name, tag),
            )
        st.button(
            "No",
            key=f"apart_{one.tag}_{one.into}",
            help="They are not the same; do not ask again.",
            on_click=workflow.keep_apart,
            args=(store(), collection.name, [rare, common]),
        )


def _why(one: MergeProposal) -> str:
    """Tell what speaks for a pair, in a line."""
    parts = []
    if one.meaning:
        parts.append("one meaning in WordNet" if one.meaning == 1 else "share a meaning in WordNet")
    if one.spelling >= 0.75:
        parts.append("spelled alike")
    if one.together:
        parts.append(f"both written on {one.together:,} {'photo' if one.together == 1 else 'photos'}")
    if not math.isnan(one.look) and one.look >= 0.3:
        parts.append(f"photos look alike ({one.look:.2f})")
    return " · ".join(parts)


def _said(collection: Collection) -> None:
    st.header("What you said of names", anchor=False)
    said = workflow.aliases(store(), collection.name)
    if not said:
        st.caption("Nothing yet. What you say here holds for every import from the next one on.")
        return
    waiting = sum(one.waits for one in said)
    for one in said:
        _alias(collection, one)
    if not waiting:
        st.caption("All of it is in effect.")
        return
    names = "1 name waits" if waiting == 1 else f"{waiting:,} names wait"
    st.info(
        f"{names} for the next import. Importing the photos once more makes other tags of them, so runs have to be trained again."
    )
    if not job_cards("import"):
        st.button("Import again now", key="again", on_click=_again, args=(collection.name,))


def _alias(collection: Collection, one: Alias) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        tells = "is left out" if not one.tag else "is itself again" if one.tag == one.name else "counts for"
        target = chip(one.tag) if one.tag and one.tag != one.name else ""
        waits = "<small>waits</small>" if one.waits else ""
        st.html(f'<div class="tr-chips">{chip(one.name)}<span>{tells}</span>{target}{waits}</div>')
        if one.name in store().tag_aliases(collection.id):
            st.button(
                "Take back",
                key=f"back_{one.name}",
                type="tertiary",
                on_click=_say,
                args=(collection.name, one.name, None),
            )


def _own(collection: Collection) -> None:
    """Draw the form to merge, rename, leave out or split."""
    st.header("Rename, merge, split", anchor=False)
    tag = choice("Tag", tag_names(collection), key="tag", default=None, placeholder="choose a tag")
    if tag is None:
        return
    with st.form("rename", border=False):
        to = st.text_input("counts for", placeholder="a tag, or a new name; empty leaves it out", key="to")
        if st.form_submit_button("Save"):
            _say(collection.name, tag, to)
            st.rerun()
    others = [one.raw for one in collection.tag_records if tag in one.tags and one.raw != tag]
    if others:
        spelling = st.selectbox("A spelling that is not it", others, index=None, key="spelling")
        if spelling and st.button(plain(f"Split “{spelling}” off"), key="split"):
            _say(collection.name, spelling, spelling)
            st.rerun()


def _say(collection: str, name: str, tag: str | None) -> None:
    try:
        workflow.set_alias(store(), collection, name, tag)
    except TagRefineError as error:
        st.session_state["merge_problem"] = str(error)


def _again(collection: str) -> None:
    try:
        work = workflow.import_again(store(), collection)
    except TagRefineError as error:
        st.session_state["merge_problem"] = str(error)
        return
    begin(work.command, work.collection, work.options)
