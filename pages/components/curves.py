"""How a run trained, epoch by epoch, as curves."""

from collections.abc import Sequence

import streamlit as st

from pages.components.charts import chart
from tagrefine_core import plots
from tagrefine_core.store import EpochRecord

__all__ = ["LOSSES", "MONITORS", "loss_charts"]


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


def loss_charts(epochs: Sequence[EpochRecord], *, key: str) -> None:
    """Draw losses and monitors of a run, side by side; of one without epochs, why there are none."""
    if not epochs:
        st.caption(
            "Nothing is learned step by step with these settings: what tells the tags is solved for at once."
        )
        return
    terms = {name: words for name, words in LOSSES.items() if any(name in epoch.values for epoch in epochs)}
    if len(terms) == 2:
        del terms["loss"]  # the sum of a single term
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Losses** :gray[what training makes small]")
        chart(plots.curves(epochs, terms), alt="Lines: losses by training step", key=f"{key}_losses")
    with right:
        st.markdown("**Monitors** :gray[what is watched meanwhile]")
        chart(plots.curves(epochs, MONITORS), alt="Lines: monitors by training step", key=f"{key}_monitors")
        if _still(epochs):
            st.caption(
                "They stand still: what tells the tags was solved for at once, and step by step the photos learn who is alike."
            )


def _still(epochs: Sequence[EpochRecord]) -> bool:
    """Tell whether no monitor moved from epoch to epoch."""
    first = epochs[0].values
    return len(epochs) > 1 and all(
        epoch.values.get(name) == first.get(name) for epoch in epochs for name in MONITORS
    )
