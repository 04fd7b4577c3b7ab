"""The tags that a run hands out, measured: the headline, additions and removals, probabilities, hidden tags."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.components.charts import chart
from pages.components.downloads import csv_text, downloads
from pages.components.percent import percent
from pages.components.promise import promise
from pages.components.setting_words import told
from pages.components.text import plain
from tagrefine_core import plots, workflow
from tagrefine_core.collections import Collection
from tagrefine_core.evaluation import Decisions, Reliability
from tagrefine_core.evaluation.decisions import Interval
from tagrefine_core.evaluation.hidden import HiddenTags
from tagrefine_core.refinement import Expectation, Limits
from tagrefine_core.runs.refined import limits_of
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow import HandedOut

__all__ = ["handed_out", "headline", "lists", "promised"]


def promised() -> float:
    """Draw the slider of the promise and return the target precision."""
    with st.container(width=360):
        return promise("changes")


def handed_out(collection: Collection, run: Run, precision: float) -> HandedOut:
    """Return what the run hands out at a precision, measured; once for each precision and list of the curator."""
    with st.spinner("Measuring the tags handed out …"):
        return _handed_out(collection, run, precision, limits_of(run, collection, precision))


# Limits are the same object as long as neither the curator's list nor a limit of a tag changes.
@lru_cache(maxsize=4)
def _handed_out(collection: Collection, run: Run, precision: float, limits: Limits) -> HandedOut:
    return workflow.handed_out_of(run, collection, precision)


def headline(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    found: Decisions | None,
    within: Mapping[str, Mapping[str, Any]],
) -> None:
    """Draw the two numbers that count: how tags are ranked, and how right the lists are that are handed out."""
    ranked, listed = st.columns(2)
    with ranked:
        _card(
            "MiAP of photos that show a checked tag",
            after.get("miap_labelled"),
            before.get("miap_labelled"),
            within.get("miap_labelled", {}).get("interval"),
            "For one photo: do the tags that fit it stand at the top of its list?",
        )
    if found is not None:
        with listed:
            _card(
                "F1 of the tags handed out",
                found.final.f1,
                found.user.f1,
                found.final.intervals["f1"],
                "Are the tags handed out those that fit: none too many, and none missing?",
            )


def lists(found: HandedOut, *, calibrated: bool) -> None:
    """Draw how right additions and removals are, tag by tag, too; whether probabilities hold; which hidden tags come back.

    Without ground truth, what the probabilities expect stands for what is measured.
    """
    decisions, amounts = found.decisions, found.amounts
    cells = st.columns(6) if decisions is not None else st.columns(4)
    if decisions is not None:
        for part, cell, name, about in (
            ("precision", 0, "Additions that are right", f"of {_count(decisions.added.chosen)} checked"),
            ("recall", 1, "Missing tags found", f"of {_count(decisions.added.wanted)} missing"),
        ):
            _share(cells[cell], name, getattr(decisions.added, part), decisions.added.intervals[part], about)
        for part, cell, name, about in (
            ("precision", 2, "Removals that are right", f"of {_count(decisions.removed.chosen)} checked"),
            ("recall", 3, "Wrong tags found", f"of {_count(decisions.removed.wanted)} wrong"),
        ):
            _share(
                cells[cell], name, getattr(decisions.removed, part), decisions.removed.intervals[part], about
            )
    else:
        for cell, name, of in (
            (0, "Additions expected to be right", found.expected.added),
            (1, "Removals expected to be right", found.expected.removed),
        ):
            _expected(cells[cell], name, of, calibrated=calibrated)
    _metric(
        cells[-2],
        "Additions a photo",
        _number(amounts.added_per_photo, ".1f"),
        f"{_number(amounts.removed_per_photo, '.2f')} removals; of all {len(found.tags):,} tags",
    )
    _share(cells[-1], "Photos left as they are", amounts.untouched, amounts.untouched_interval, "")
    st.caption(
        "In brackets: where the number would lie with other photos of the same kind, 8 times of 10."
        if decisions is not None
        else "In brackets: where the number lies, 8 times of 10."
    )
    if decisions is not None and found.reliability is not None:
        left, right = st.columns([3, 2], gap="large")
        with left:
            st.markdown("**Changes, tag by tag** :gray[of the tags that somebody checked]")
            _by_tag(decisions, found.reliability)
        with right:
            _probabilities(found.reliability, calibrated=calibrated)
    _hidden(found)


def _card(name: str, value: float | None, base: float | None, interval: Interval, sentence: str) -> None:
    with st.container(
        border=True, height="stretch", gap="small", key=f"measure_{name.split()[0].lower()}_head"
    ):
        st.metric(
            name,
            _number(value, ".3f"),
            None if value is None or base is None or np.isnan(value - base) else f"{value - base:+.3f}",
            delta_description=None if base is None else f"users' tags {_number(base, '.3f')}",
        )
        st.caption((f"({interval[0]:.3f} to {interval[1]:.3f})  \n" if interval else "") + sentence)


def _share(cell: Any, name: str, value: float, interval: Interval, about: str) -> None:
    within = "" if interval is None else f"({_percent(interval[0])} to {_percent(interval[1])})"
    _metric(cell, name, _percent(value), " ".join(filter(None, (within, about))))


def _expected(cell: Any, name: str, of: Expectation, *, calibrated: bool) -> None:
    if calibrated:
        _share(cell, name, of.precision, of.interval if of.total else None, f"of {of.total:,}")
    else:
        _metric(cell, name, "–", "scores of this run are no probabilities")


def _metric(cell: Any, name: str, value: str, beside: str) -> None:
    with cell, st.container(border=True, height="stretch", gap=None, key=f"measure_{name.replace(' ', '_')}"):
        st.metric(name, value)
        if beside:
            st.caption(beside)


def _by_tag(found: Decisions, bins: Reliability) -> None:
    added, removed = found.added, found.removed
    table = pd.DataFrame(
        {
            "Added": added.chosen,
            "right": 100 * added.by_tag("precision"),
            "found": 100 * added.by_tag("recall"),
            "Removed": removed.chosen,
            "right ": 100 * removed.by_tag("precision"),
            "found ": 100 * removed.by_tag("recall"),
            "F1 before": found.user.by_tag("f1"),
            "F1": found.final.by_tag("f1"),
            "Off by": 100 * bins.by_label,
        },
        index=pd.Index(found.labels or (), name="Tag"),
    ).sort_values("F1", ascending=False)
    share = st.column_config.NumberColumn(format="%.0f %%", width=62)
    number = st.column_config.NumberColumn(format="%.2f", width=70)
    st.dataframe(
        table,
        height="content" if len(table) <= 15 else 530,
        placeholder="–",
        column_config={
            **dict.fromkeys(("right", "found", "right ", "found "), share),
            **dict.fromkeys(("F1 before", "F1"), number),
            "Off by": st.column_config.NumberColumn(
                format="%.1f %%",
                width=70,
                help="How far its probabilities are from the share that is right, on average.",
            ),
        },
        alt="Additions and removals of each checked tag",
    )
    head = (
        "tag",
        "added",
        "added_right",
        "added_found",
        "removed",
        "removed_right",
        "removed_found",
        "f1_before",
        "f1",
        "off_by",
    )
    rows = table.reset_index().astype(object).where(lambda cells: cells.notna(), None).itertuples(index=False)
    with st.container(horizontal=True, gap="small"):
        downloads({"csv": csv_text(head, rows)}, name="changes", key="take_changes")


def _probabilities(bins: Reliability, *, calibrated: bool) -> None:
    st.markdown("**Do probabilities hold?** :gray[of tags told with 70 %, seven of ten should fit]")
    chart(
        plots.reliability_diagram(bins.probability.tolist(), bins.relevant.tolist(), bins.count.tolist()),
        alt="Dots: share of tags that fit by the probability that was told",
        file="reliability",
    )
    words = (
        f"Off by {_percent(bins.pooled, 1)} on average, by {_percent(bins.mean, 1)} when each tag is looked at alone"
        " (expected calibration error, 15 steps)."
    )
    st.caption(words if calibrated else f"{words} Scores of this run are not meant to be probabilities.")


def _hidden(found: HandedOut) -> None:
    st.markdown(
        "**Would hidden tags be found again?** :gray[needs nobody who checked, so all tags can be asked for]"
    )
    hidden = found.hidden
    if hidden is None:
        st.caption(plain(told(f"This cannot be told of this run: {found.why_not_hidden}.")))
        return
    if np.isnan(hidden.recall):
        st.caption("No photo has a tag that could be hidden.")
        return
    interval = hidden.recall_interval or (hidden.recall, hidden.recall)
    sentences = [
        f"From each of {_count(hidden.asked)} photos one tag that somebody gave was hidden, drawn by lot.",
        f"Judged by what is left, {_percent(hidden.recall)} ({_percent(interval[0])} to {_percent(interval[1])})"
        " of them would be added again",
    ]
    sentences[-1] += (
        "."
        if np.isnan(hidden.recall_told)
        else f"; {_percent(hidden.recall_told)} of those that a picture can tell."
    )
    if hidden.hits.sum():
        sentences.append(
            f"Of {hidden.additions_per_hit:.0f} tags that these photos would get, one is the hidden one;"
            " others may fit as well, since nobody writes all that fits."
        )
    st.markdown(" ".join(sentences))
    with st.expander("Hidden tags, tag by tag"):
        _hidden_by_tag(hidden, found.tags)


def _hidden_by_tag(hidden: HiddenTags, tags: tuple[str, ...]) -> None:
    asked = np.flatnonzero(hidden.asked)
    table = pd.DataFrame(
        {
            "Tag": [tags[column] for column in asked],
            "Hidden on photos": hidden.asked[asked],
            "Found again": hidden.hits[asked],
            "Share": 100 * hidden.hits[asked] / hidden.asked[asked],
            "Judged": hidden.told[asked],
        }
    ).sort_values(["Hidden on photos", "Tag"], ascending=[False, True])
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= 11 else 420,
        column_config={"Share": st.column_config.NumberColumn(format="%.0f %%")},
        alt="How often each tag was hidden and found again",
    )


def _count(by_tag: Any) -> str:
    return f"{int(by_tag.sum()):,}"


def _percent(value: float, digits: int = 0) -> str:
    """Tell a share; one that was counted, such as 80 of 80, may be all or nothing."""
    if value in (0, 1):
        return f"{100 * value:.0f}\u00a0%"
    return "–" if np.isnan(value) else percent(value, digits)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:{form}}"
