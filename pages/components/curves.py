"""How a run trained, epoch by epoch, as curves."""

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.components.charts import chart
from pages.components.downloads import csv_text, downloads
from tagrefine_core import plots
from tagrefine_core.store import EpochRecord

__all__ = ["LOSSES", "MONITORS", "loss_charts", "losses_csv"]


LOSSES = {
    "loss": "sum",
    "logistic": "users' tags",
    "vis": "like neighbors, like tags",
    "nbr": "like tags, near photos",
    "sem": "tags that go together",
    "err": "few user errors",
}
MONITORS = {
    "val_map": "mAP on watched photos",
    "q50": "users' tags agreed with",
    "p_given": "mean score of users' tags",
    "p_absent": "mean score of other tags",
}


def loss_charts(epochs: Sequence[EpochRecord], *, key: str, about: str = "", file: str = "") -> None:
    """Draw losses and monitors of a run, each with a scale of its own; of one without epochs, why there are none.

    With a ``file`` name they can be saved; ``about`` then says under their title what they are of.
    """
    if not epochs:
        st.caption(
            "Nothing is learned step by step with these settings: what tells the tags is solved for at once."
        )
        return
    terms = {name: words for name, words in LOSSES.items() if any(name in epoch.values for epoch in epochs)}
    if len(terms) == 2:
        del terms["loss"]  # the sum of a single term
    for names, title, alt, part in (
        (terms, "Losses, which training makes small", "Lines: losses by training step", "losses"),
        (MONITORS, "What is watched meanwhile", "Lines: monitors by training step", "monitors"),
    ):
        st.markdown(f"**{title}**")
        chart(
            plots.run_curves({"": epochs}, names, columns=max(3, len(names) if len(names) < 5 else 3)),
            alt=alt,
            key=f"{key}_{part}",
            file=file and f"{file}-{part}",
            title=title,
            about=about,
        )
    if len({epoch.stage for epoch in epochs}) > 1:
        st.caption("Dotted: stage 2 begins, in which photos learn from their neighbors.")
    if _still(epochs):
        st.caption(
            "The monitors stand still: what tells the tags was solved for at once, and step by step the photos learn who is alike."
        )
    if file:
        with st.container(horizontal=True, gap="small"):
            downloads({"csv": losses_csv({key: epochs})}, name=file, key=f"take_{key}")


def losses_csv(runs: Mapping[str, Sequence[EpochRecord]]) -> str:
    """Return all that was recorded while runs trained, a row for each run, point and value."""
    return csv_text(
        ("run", "stage", "step", "name", "value"),
        (
            (run, stage, step, name, value)
            for run, epochs in runs.items()
            for stage, step, at in plots.training_points(epochs)
            for name, value in at.items()
        ),
    )


def _still(epochs: Sequence[EpochRecord]) -> bool:
    """Tell whether no monitor moved from epoch to epoch."""
    first = epochs[0].values
    return len(epochs) > 1 and all(
        epoch.values.get(name) == first.get(name) for epoch in epochs for name in MONITORS
    )
