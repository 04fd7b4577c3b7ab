"""Merges whose photos do not look alike, to keep apart."""

import html
from functools import lru_cache

import streamlit as st

from pages.components.text import chip, plain
from pages.routes.thumbnails import thumbnail_url
from pages.state import store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow import DoubtfulMerge

__all__ = ["merge_review"]


def merge_review(collection: Collection, run: Run | None) -> None:
    """Draw the merges that may be wrong, with photos of both sides and the button that keeps them apart."""
    st.header("Spellings that may be something else", anchor=False)
    if problem := st.session_state.pop("review_problem", None):
        st.warning(plain(problem))
    if run is None or not run.current:
        st.caption(
            "Whether the photos of two spellings look alike, only a run of this import can say: train first."
        )
        return
    found = _found(collection, run, store().curation.version(collection.id))
    if not found:
        st.caption(
            "The photos of all spellings that were joined look alike, as far as there are enough of them to tell."
        )
        return
    st.caption(
        "These joined a tag, but their photos look unlike the tag's other photos. What you keep apart is a tag of its own from the next import on: see Tags › Names."
    )
    for number, one in enumerate(found):
        _merge(collection, number, one)


@lru_cache(maxsize=4)
def _found(collection: Collection, run: Run, version: int) -> list[DoubtfulMerge]:
    """Return the merges to look at; the version only tells one state of what people decided from the next."""
    return workflow.doubtful_merges(collection, run)


def _merge(collection: Collection, number: int, one: DoubtfulMerge) -> None:
    with (
        st.container(border=True, key=f"doubtful_{number}"),
        st.container(horizontal=True, vertical_alignment="center", gap="medium"),
    ):
        with st.container(width=250):
            st.html(
                f'<div class="tr-chips">{chip(one.spelling)}<span>counts for</span>{chip(one.tag)}</div>'
                f'<p class="tr-about">{html.escape(one.reason)}</p>'
            )
        for name, count, rows in (
            (f"“{one.spelling}”", one.photos, one.rows),
            (f"other “{one.tag}”", one.others, one.other_rows),
        ):
            with st.container(width=300):
                st.html(_pictures(collection, name, rows))
                st.caption(f"{plain(name)} · {count:,} photos")
        st.button(
            "Keep apart",
            key=f"apart_{one.spelling}",
            help="A tag of its own from the next import on.",
            on_click=_keep_apart,
            args=(collection.name, one.spelling),
        )


def _pictures(collection: Collection, name: str, rows: tuple[int, ...]) -> str:
    pictures = "".join(
        f'<img alt="{html.escape(f"A photo of {name}")}" loading="lazy"'
        f' src="{thumbnail_url(collection.id, row, data_hash=collection.data_hash)}">'
        for row in rows
    )
    return f'<div class="tr-strip tr-three">{pictures}</div>'


def _keep_apart(collection: str, spelling: str) -> None:
    try:
        workflow.set_alias(store(), collection, spelling, spelling)
    except TagRefineError as error:
        st.session_state["review_problem"] = str(error)
