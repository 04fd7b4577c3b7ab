"""The measures of runs and of the users' tags: read from the database, computed once when they are missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.charts import chart
from pages.components.downloads import csv_text, downloads
from pages.components.words import EXPLAINED
from pages.state import store
from tagrefine_core import plots, workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run
from tagrefine_core.store import RunRecord

__all__ = [
    "USER_TAGS",
    "comparison",
    "four_measures",
    "intervals_of",
    "label_chart",
    "metrics_of",
    "user_tag_metrics",
]

USER_TAGS = "users' tags"

_SURE = "In brackets: where the number would lie with other photos of the same kind, 8 times of 10, and its gain over the users' tags."
DETAILS = {"miap_labelled": "MiAP, photos with a label", "miap_ceiling": "highest MiAP possible"}


def user_tag_metrics(collection: Collection) -> dict[str, Any] | None:
    """Return the measures of the users' tags; None without ground truth."""
    if collection.truth is None:
        return None
    known = store().metrics(collection.id, "user_tags")
    if known is None:
        with st.spinner("Measuring the users' tags once"):
            known = workflow.evaluate_user_tags(store(), collection.name).as_dict()
    return known


def metrics_of(run: RunRecord) -> dict[str, Any]:
    """Return the measures of a finished run of a collection with ground truth."""
    if run.metrics is None:
        with st.spinner("Measuring this run once"):
            return workflow.evaluate_run(store(), run.id).as_dict()
    return run.metrics


def intervals_of(run: Run) -> dict[str, dict[str, Any]]:
    """Return each measure's interval and that of its gain; measured once, when the run was trained or now."""
    known = (run.store.metrics(run.record.collection_id, run.id) or {}).get("intervals")
    if known is None:
        with st.spinner("Measuring how sure these numbers are, once …"):
            known = workflow.ranking_intervals(store(), run.id)
    return dict(known)


def four_measures(
    before: Mapping[str, Any], after: Mapping[str, Any], within: Mapping[str, Mapping[str, Any]]
) -> None:
    """Draw the four measures of a run, each with its interval, its gain over the users' tags and one sentence."""
    for (key, (name, sentence)), column in zip(EXPLAINED.items(), st.columns(4), strict=True):
        value, base = after.get(key), before.get(key)
        gain = None if value is None or base is None else f"{value - base:+.3f}"
        with column, st.container(border=True, height="stretch", gap="small", key=f"measure_{key}"):
            st.metric(
                name,
                "–" if value is None else f"{value:.3f}",
                gain,
                delta_description=None if base is None else f"users' tags {base:.3f}",
            )
            st.caption(_within(within.get(key, {})) + sentence)
    if within:
        st.caption(_SURE)


def _within(of: Mapping[str, Any]) -> str:
    """Return an interval and that of the gain in brackets."""
    if not of.get("interval"):
        return ""
    low, high = of["interval"]
    gain = f"; gain {of['gain'][0]:+.3f} to {of['gain'][1]:+.3f}" if of.get("gain") else ""
    return f"({low:.3f} to {high:.3f}{gain})  \n"


def comparison(
    subjects: Mapping[str, Mapping[str, Any]], within: Mapping[str, Mapping[str, Any]], *, about: str
) -> None:
    """Draw users' tags and runs side by side, as dots and as a table; ``within`` are intervals of the second."""
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="center")
    names = {key: name for key, (name, _) in EXPLAINED.items()}
    with left:
        chart(
            plots.measures(subjects, names),
            alt="Dots: the four measures of the users' tags and of each run",
            file="measures",
            title="How tags are ranked",
            about=about,
        )
    with right:
        columns = {**names, **DETAILS}
        table = pd.DataFrame(
            {name: [values.get(key) for values in subjects.values()] for key, name in columns.items()}
        )
        table.index = pd.Index(list(subjects), name="Measured here")
        st.dataframe(
            table.T.astype(float).rename_axis("Measure"),
            column_config={name: st.column_config.NumberColumn(format="%.3f", width=90) for name in subjects},
            alt="The measures as numbers",
        )
        st.caption("1 is perfect. MiAP counts a photo without any label as 0, so it cannot pass its ceiling.")
        second = list(subjects)[1]
        rows = [
            (subject, key, values.get(key), *(_ends(within, key) if subject == second else (None, None)))
            for subject, values in subjects.items()
            for key in columns
        ]
        with st.container(horizontal=True, gap="small"):
            downloads(
                {"csv": csv_text(("subject", "measure", "value", "low", "high"), rows)},
                name="measures",
                key="take_measures",
            )


def _ends(within: Mapping[str, Mapping[str, Any]], key: str) -> tuple[float | None, float | None]:
    low, high = within.get(key, {}).get("interval") or (None, None)
    return low, high


def label_chart(
    before: Mapping[str, Any], after: Mapping[str, Any], labels: tuple[str, ...], *, about: str
) -> None:
    """Draw the average precision of every tag with ground truth."""
    names = after.get("labels") or labels
    values = after.get("per_label_ap") or []
    base = before.get("per_label_ap")
    if len(values) != len(names) or (base is not None and len(base) != len(names)):
        st.caption("The measures of this run are of an earlier state of the collection.")
        return
    chart(
        plots.label_precision(names, base, values),
        alt="Dots: average precision of each tag, before and after",
        file="tags",
        title="Average precision of each tag",
        about=about,
    )
    rows = zip(names, base or [None] * len(names), values, strict=True)
    with st.container(horizontal=True, gap="small"):
        downloads(
            {"csv": csv_text(("tag", "users_tags_ap", "refined_ap"), rows)}, name="tags", key="take_tags"
        )
    if missing := sum(value is None for value in values):
        st.caption(f"{missing} tags show on no photo, so nothing can be measured for them.")
