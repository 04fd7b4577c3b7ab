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
    """Draw losses and monitors of a run, side by side."""
    if not epochs:
        st.caption("The curves begin after the first epoch.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Losses** :gray[what training makes small]")
        chart(plots.curves(epochs, LOSSES), alt="Lines: losses by training step", key=f"{key}_losses")
    with right:
        st.markdown("**Monitors** :gray[what is watched meanwhile]")
        chart(plots.curves(epochs, MONITORS), alt="Lines: monitors by training step", key=f"{key}_monitors")
