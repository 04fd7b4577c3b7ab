"""The measures of runs and of the users' tags: read from the database, computed once when they are missing."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.charts import chart
from pages.components.words import EXPLAINED
from pages.state import store
from tagrefine_core import plots, workflow
from tagrefine_core.collections import Collection
from tagrefine_core.store import RunRecord

__all__ = [
    "USER_TAGS",
    "comparison",
    "four_measures",
    "label_chart",
    "metrics_of",
    "user_tag_metrics",
]

USER_TAGS = "users' tags"

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


def four_measures(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Draw the four measures of a run, each with its gain over the users' tags and one sentence."""
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
            st.caption(sentence)


def comparison(subjects: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw users' tags and runs side by side, as dots and as a table."""
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="center")
    names = {key: name for key, (name, _) in EXPLAINED.items()}
    with left:
        chart(
            plots.measures(subjects, names),
            alt="Dots: the four measures of the users' tags and of each run",
            file="measures",
        )
    with right:
        columns = {**names, **DETAILS}
        table = pd.DataFrame(
            {name: [values.get(key) for values in subjects.values()] for key, name in columns.items()}
        )
        table.index = pd.Index(list(subjects))
        st.dataframe(
            table.T.astype(float).rename_axis("Measured here"),
            column_config={name: st.column_config.NumberColumn(format="%.3f", width=90) for name in subjects},
            alt="The measures as numbers",
        )
        st.caption("1 is perfect. MiAP counts a photo without any label as 0, so it cannot pass its ceiling.")


def label_chart(before: Mapping[str, Any], after: Mapping[str, Any], labels: tuple[str, ...]) -> None:
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
    )
    if missing := sum(value is None for value in values):
        st.caption(f"{missing} tags show on no photo, so nothing can be measured for them.")
