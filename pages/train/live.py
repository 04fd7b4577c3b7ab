"""A run while it trains: losses, monitors, epoch, speed, time left. Everything is read from the database."""

from collections.abc import Sequence

import streamlit as st

from pages.components.curves import loss_charts
from pages.components.jobs import ended_card, live_card
from pages.components.plainly import plainly
from pages.components.setting_words import told
from pages.components.text import plain
from pages.state import store
from tagrefine_core import jobs
from tagrefine_core.config import TrainConfig
from tagrefine_core.jobs import LIVE, TRAINS
from tagrefine_core.store import EpochRecord, RunRecord

__all__ = ["live_training"]


def live_training(live: Sequence[int]) -> None:
    """Draw the training jobs ``live`` and keep them up to date; when one ends, the page runs again."""
    st.fragment(plainly(_draw), run_every=1.5 if live else None)(tuple(live))


def _draw(expected: tuple[int, ...]) -> None:
    latest = [job for job in jobs.jobs(store()) if job.command in TRAINS and job.run_id]
    live = [job for job in latest if job.state in LIVE]
    if tuple(job.id for job in live) != expected:
        st.rerun()
    for job in live:
        live_card(job)
        # The job knows its run before it has begun it.
        for run in store().runs(job.collection):
            if run.id == job.run_id:
                _progress(run, store().epochs(run.id))
    if not live and latest:
        ended_card(latest[0])


def _progress(record: RunRecord, epochs: list[EpochRecord]) -> None:
    config = TrainConfig(**record.config)
    if record.message:
        st.warning(plain(told(record.message)))
    # Before the first epoch ends nothing tells how many steps it has.
    steps = max((epoch.step // epoch.epoch for epoch in epochs), default=1)
    every = {stage: config.epochs(stage, steps) for stage in ("phi0", "constraints")}
    stages = [stage for stage, count in every.items() if count]
    if not stages:
        loss_charts([], key="live")
        return
    now = max(epochs, key=lambda epoch: (epoch.stage != "phi0", epoch.epoch), default=None)
    values = now.values if now else {}
    stage = now.stage if now else stages[0]
    told_now = {
        "Stage": f"{stages.index(stage) + 1} of {len(stages)}",
        "Epochs done": f"{now.epoch if now else 0} of {every[stage]}",
        "Photos per second": _number(values.get("images_per_second"), "{:,.0f}"),
    }
    if "val_map" in values:  # only with ground truth
        told_now["mAP on watched photos"] = _number(values["val_map"], "{:.3f}")
    for (words, number), cell in zip(told_now.items(), st.columns(len(told_now)), strict=True):
        cell.metric(words, number, border=True)
    if epochs:
        loss_charts(epochs, key=f"live_{record.id}")
    else:
        st.caption("The curves begin after the first epoch.")


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
