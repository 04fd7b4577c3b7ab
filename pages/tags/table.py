"""Tag by tag: the table of all tags, and beside it the one that is open."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.plainly import plainly
from pages.components.promise import promise
from pages.components.tag_table import tag_table
from pages.state import store
from pages.tags.words import decision
from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError
from tagrefine_core.model.visualness import ENOUGH
from tagrefine_core.refinement import PRECISION
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.summaries import TagSummary, summaries_of
from tagrefine_core.workflow import TagRule, tag_rules

__all__ = ["columns", "measured_row", "table_view", "written_row"]


def table_view(collection: Collection, run: Run | None, *, tools: DeltaGenerator) -> None:
    """Draw the table and the tag that is open; without a run of these photos only what people wrote.

    ``tools`` is where the choice of the target precision is drawn.
    """
    precision = PRECISION
    if run is None:
        _hint(
            "Nothing has been learned from these photos yet. Train once, and the table says what would change."
        )
    elif not run.current:
        _hint(
            "This run is of an earlier state of the collection. Train again, and the table says what would change."
        )
        run = None
    else:
        with tools:
            precision = promise("changes")
        _sort_photos(run)
    _table(collection, run, precision)


@st.fragment  # which tag is open and how they are sorted matter to nothing else on the page
@plainly
def _table(collection: Collection, run: Run | None, precision: float) -> None:
    with st.spinner("Comparing tags …", show_time=True):
        summaries = None if run is None else summaries_of(run, collection, precision)
    rows = columns(collection, summaries, tag_rules(store(), collection.name))
    chosen = st.query_params.get("tag")
    tag_table(
        rows,
        collection=collection.id,
        name=collection.name,
        run=None if run is None else run.id,
        precision=precision,
        version=store().curation.version(collection.id),
        enough=ENOUGH,
        chosen=chosen if chosen in rows["tag"] else None,
        order=st.query_params.get("by", ""),
        first="given" if summaries is None else "changes",
        on_choose=_choose,
        on_order=_sort,
    )


@lru_cache(maxsize=8)
def _sort_photos(run: Run) -> None:
    """Begin to sort the photos of every tag, which takes seconds where there are many, before somebody opens one."""

    def sort() -> None:
        with suppress(TagRefineError):  # who opens a tag is told
            levels_of(run)

    threading.Thread(target=sort, name="levels", daemon=True).start()


def columns(
    collection: Collection, summaries: list[TagSummary] | None, rules: list[TagRule]
) -> dict[str, list[Any]]:
    """Return the table as `pages.components.tag_table` takes it: all tags, then those that only the curator's list knows."""
    said = {one.tag: one.rule for one in rules}
    if summaries is None:
        given = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary)).tolist()
        rows = [
            written_row(tag, count, said.get(tag))
            for tag, count in zip(collection.vocabulary, given, strict=True)
        ]
    else:
        rows = [measured_row(one) for one in summaries]
    rows += [
        _row(one.tag, gone=True, decision=decision(None, one.rule, gone=True), rule=one.rule)
        for one in rules
        if not one.known
    ]
    return {name: [row[name] for row in rows] for name in _row("")}


def written_row(tag: str, given: int, rule: str | None) -> dict[str, Any]:
    """Return the row of a tag where nothing has been learned."""
    return _row(tag, given=given, decision=decision(None, rule), rule=rule)


def measured_row(one: TagSummary) -> dict[str, Any]:
    """Return the row of a tag."""
    return _row(
        one.tag,
        given=one.given,
        added=one.added,
        removed=one.removed,
        kept=one.kept,
        seen=_rounded(one.visualness),
        seen_low=_rounded(one.visualness_low),
        seen_high=_rounded(one.visualness_high),
        right=_rounded(one.expected_precision),
        right_low=_rounded(one.expected_low),
        right_high=_rounded(one.expected_high),
        decision=decision(one.told, one.rule, limit=one.limit),
        told=one.told,
        rule=one.rule,
        limit=one.limit,
    )


def _row(tag: str, **known: Any) -> dict[str, Any]:
    counts: Mapping[str, Any] = dict.fromkeys(("given", "added", "removed", "kept"))
    shares: Mapping[str, Any] = dict.fromkeys(
        f"{name}{end}" for name in ("seen", "right") for end in ("", "_low", "_high")
    )
    return {
        "tag": tag,
        **counts,
        **shares,
        "decision": "",
        "told": False,
        "gone": False,
        "rule": None,
        "limit": None,
        **known,
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _hint(sentence: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(sentence, width="content")
        st.page_link("train/page.py", label="Go to Train")


def _choose() -> None:
    """Put the tag that was clicked into the address."""
    st.query_params["tag"] = st.session_state["tag_table"]["chosen"]


def _sort() -> None:
    """Put the order that was clicked into the address."""
    if order := st.session_state["tag_table"]["order"]:
        st.query_params["by"] = order
    else:
        st.query_params.pop("by", None)
