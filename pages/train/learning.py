"""Learn from verdicts: one button, and afterwards what moved and what would be asked now."""

import pandas as pd
import streamlit as st

from pages.components.jobs import begin
from pages.state import current_run, store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.refinement.verdicts import verdicts_of
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow import WhatMoved

__all__ = ["learn_card"]

_TAGS = 10


def learn_card(collection: Collection, *, busy: bool) -> None:
    """Draw the card where there is something to learn from, or where the chosen run has learned; ``busy`` while none may be started."""
    run, verdicts = current_run(), verdicts_of(collection)
    if run is None:
        return
    origin = run.record.origin
    learned = origin.verdicts if origin is not None else 0
    if not verdicts.telling and not learned:
        return
    with st.container(border=True, key="learn"):
        known = origin is not None and learned > 0 and origin.step == verdicts.version
        st.markdown(f"**{_sentence(verdicts.telling, learned, known=known)}**")
        reason = _reason(run, verdicts.telling, known=known)
        st.caption(
            reason
            or "What you accepted and rejected corrects the tags you were asked about on all other photos, too. The network is "
            "not trained again, so that it takes seconds once the photos were looked at."
        )
        label = f"Learn from {_verdicts(verdicts.telling)}"
        if st.button(label, type="primary", key="learn_now", disabled=bool(reason) or busy):
            begin("train", collection.name, {"start": run.id, "with_verdicts": True})
            st.rerun()
        if origin is not None and origin.run is not None:
            try:
                found = _moved(run.record.data_hash, origin.run, run.id, verdicts.version)
            except RunError:
                st.caption("The run it started from was deleted, so that nobody can tell what moved.")
                return
            _what_moved(found)


def _sentence(given: int, learned: int, *, known: bool) -> str:
    if known:
        return f"This run has learned from {_verdicts(learned)}."
    said = (
        f"There are {_verdicts(given)} to learn from." if given else "Nobody has accepted or rejected a tag."
    )
    return f"{said} This run has learned from {_verdicts(learned)}." if learned else said


def _verdicts(count: int) -> str:
    return f"{count:,} verdict" + ("" if count == 1 else "s")


def _reason(run: Run, given: int, *, known: bool) -> str:
    """Return why this run cannot learn now; empty when it can."""
    if not given:
        return "Answer questions on Triage first."
    if known:
        return "There is nothing new to learn since."
    if not run.config.scoring.calibrated:
        return "Verdicts say whether a tag fits; the scores of this run only say how likely it is given. Choose another run above."
    if not run.current:
        return "The collection was imported anew since this run. Train once more below, then learn from your verdicts."
    return ""


@st.cache_data(max_entries=4, show_spinner="Looking what moved")
def _moved(data_hash: str, before: str, after: str, version: int) -> WhatMoved:
    return workflow.what_moved(store(), before, after)


def _what_moved(found: WhatMoved) -> None:
    if not found.photos:
        st.caption("No photo has other tags than before, but for what you decided yourself.")
        return
    tags, asked = st.columns([1, 1.2], gap="medium")
    with tags:
        st.markdown(f"**{found.photos:,} photos have other tags**")
        st.dataframe(
            pd.DataFrame(
                [(one.tag, one.before, one.gained, one.lost) for one in found.tags[:_TAGS]],
                columns=["Tag", "Photos before", "More", "Fewer"],
            ),
            hide_index=True,
            alt="Tags that are handed out on more or fewer photos than before",
        )
    with asked:
        st.markdown("**It would ask next**")
        st.dataframe(
            pd.DataFrame(
                [(one.image, one.tag, one.kind, one.probability) for one in found.questions],
                columns=["Photo", "Tag", "Probably", "Probability"],
            ),
            hide_index=True,
            column_config={"Probability": st.column_config.NumberColumn(format="%.2f")},
            alt="The first questions of this run",
        )
        st.page_link("triage/page.py", label="Answer them")
