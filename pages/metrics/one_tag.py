"""Precision and recall of one tag: the current run beside the users' own tags."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.charts import chart
from pages.components.choice import choice
from pages.components.downloads import csv_text, downloads
from pages.components.run_names import run_name
from pages.components.text import plain
from pages.metrics.measured import USER_TAGS
from tagrefine_core import plots
from tagrefine_core.collections import Collection
from tagrefine_core.evaluation import precision_recall_curve
from tagrefine_core.runs.run import Run

__all__ = ["tag_curves", "thinned"]

REFINED = "refined tags"

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


def tag_curves(collection: Collection, run: Run) -> None:
    """Draw precision by recall of the label that is chosen."""
    truth = collection.truth
    if truth is None or not run.current:
        st.caption("This run is of an earlier state of the collection.")
        return
    photos = _measured(collection, run)
    shown = {
        label: int(np.count_nonzero(truth[photos, number] == 1))
        for number, label in enumerate(collection.labels)
    }
    names = {label: f"{label} · {count:,} photos" for label, count in sorted(shown.items()) if count}
    if not names:
        st.caption("No label shows on any photo, so nothing can be measured.")
        return
    label = str(choice("Tag", names, key="label", default=max(names, key=shown.__getitem__), width=260))
    st.markdown(
        ":gray[Of the photos that score highest for this tag, how many show it (up), and how many of those that show it are"
        " among them (right). The users' tags know only yes and no, so theirs is one point, and then guessing.]"
    )
    number = collection.labels.index(label)
    column = collection.label_columns[number]
    judged = np.asarray(truth[photos, number])
    given = collection.tags[photos][:, [column]].toarray()[:, 0]
    curves = {
        USER_TAGS: _curve(given, judged),
        REFINED: _curve(np.asarray(run.scores[:, column])[photos], judged),
    }
    base = shown[label] / max(1, int(np.count_nonzero(judged != -1)))
    chart(
        plots.precision_recall(
            {name: thinned(*curve) for name, curve in curves.items()}, base=base, ours=REFINED
        ),
        alt=plain(f"Lines: precision by recall of {label}"),
        file="precision-recall",
        title=f"Precision by recall of {label}",
        about=f"{collection.name} · run {run_name(run.record)}",
    )
    with st.container(horizontal=True, gap="small"):
        downloads({"csv": _csv(curves)}, name="precision-recall", key="take_curve")


def thinned(recall: NDArray[np.float64], precision: NDArray[np.float64], most: int = 400) -> Curve:
    """Return at most about ``most`` points of a curve, spread evenly over its thresholds, both ends among them."""
    kept = (
        np.unique(np.linspace(0, len(recall) - 1, most).round().astype(np.int64))
        if len(recall) > most
        else ...
    )
    return recall[kept], precision[kept]


def _curve(scores: NDArray[np.generic], truth: NDArray[np.int8]) -> Curve:
    found = precision_recall_curve(scores, truth)
    return found.recall, found.precision


def _measured(collection: Collection, run: Run) -> NDArray[np.int64]:
    """Return the photos that the run is measured on: with the annotation task those it did not train on."""
    everything = np.arange(collection.n)
    return np.setdiff1d(everything, run.rows) if run.config.task == "annotation" else everything


@st.cache_data(max_entries=8, show_spinner=False)
def _csv(curves: dict[str, Curve]) -> str:
    rows = (
        (name, *point)
        for name, (recall, precision) in curves.items()
        for point in zip(recall.tolist(), precision.tolist(), strict=True)
    )
    return csv_text(("subject", "recall", "precision"), rows)
