"""The runs of a collection: state, measures, what can be done with each, and two or more compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from pages.components.charts import chart
from pages.components.curves import LOSSES, MONITORS, losses_csv
from pages.components.downloads import downloads
from pages.components.header import ago
from pages.components.jobs import resume
from pages.components.run_names import run_name, run_names, settings_in_short
from pages.components.setting_words import LABELS, told, value_words
from pages.components.text import plain
from pages.state import choose, store
from pages.train.copying import copied_settings
from tagrefine_core import plots, workflow
from tagrefine_core.config import SETTINGS, TrainConfig
from tagrefine_core.errors import TagRefineError
from tagrefine_core.store import RunRecord
from tagrefine_core.workflow import best_run

__all__ = ["compare", "delete_dialog", "name_dialog", "run_list"]

COLORS = {
    "finished": "green",
    "running": "blue",
    "interrupted": "orange",
    "cancelled": "gray",
    "failed": "red",
}
SHOWN = 12


def run_list(runs: Sequence[RunRecord]) -> None:
    """Draw the runs, those that are kept first, else the newest first."""
    runs = sorted(runs, key=lambda run: not run.kept)
    everything = len(runs) <= SHOWN or st.toggle(f"Show all {len(runs)} runs", key="all_runs")
    best = best_run(store(), runs[0].collection)
    newest = max((run.id for run in runs if run.state == "finished"), default=None)
    for run in runs if everything else runs[:SHOWN]:
        _row(run, best=best is not None and run.id == best.id and len(runs) > 1, newest=run.id == newest)


def _row(run: RunRecord, *, best: bool, newest: bool) -> None:
    with st.container(border=True, key=f"run_{run.id}"):
        name, state, miap, mean, actions = st.columns([4, 1.6, 1.2, 1.2, 4], vertical_alignment="center")
        beside = (
            settings_in_short(TrainConfig(**run.config)) + " · " + ago(run.created) if run.title else run.id
        )
        name.markdown(f"**{plain(run_name(run))}**  \n:gray[{plain(beside)}]")
        with state, st.container(horizontal=True, gap="small"):
            st.badge(run.state, color=COLORS[run.state])
            if best:
                st.badge("best", color="violet")
            if run.kept:
                st.badge("kept", color="gray")
        metrics = run.metrics or {}
        miap.markdown(_measure("MiAP", metrics.get("miap")))
        mean.markdown(_measure("mAP", metrics.get("map")))
        with actions, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            see = "primary" if newest else "secondary"
            if run.state == "finished" and st.button("See the tags", type=see, key=f"see_{run.id}"):
                choose(run=run.id)
                st.switch_page("browse/page.py")
            if run.state in ("interrupted", "cancelled") and st.button("Resume", key=f"resume_{run.id}"):
                resume(run.id, run.collection)
                st.rerun()
            if st.button("Name", key=f"name_{run.id}"):
                name_dialog(run)
            if (
                run.state != "running"
                and not run.kept
                and st.button("Delete", key=f"delete_{run.id}", type="tertiary")
            ):
                delete_dialog(run)
        if run.note:
            st.caption(plain(run.note))
        if run.message and run.state != "running":
            st.caption(plain(told(run.message)))


@st.dialog("This run")
def name_dialog(run: RunRecord) -> None:
    """Ask for a title, a note, and whether to keep a run; show the settings that make it again."""
    with st.form("name_run", border=False):
        title = st.text_input(
            "Title", run.title, max_chars=60, placeholder=run_name(replace(run, title="")), key="run_title"
        )
        note = st.text_area(
            "Note", run.note, placeholder="Whatever you want to remember of it", key="run_note"
        )
        kept = st.toggle(
            "Keep this run",
            run.kept,
            key="run_kept",
            help="A kept run is listed first and cannot be deleted.",
        )
        sent = st.form_submit_button("Save", type="primary")
    if sent:
        try:
            workflow.name_run(store(), run.id, title=title, note=note, kept=kept)
        except TagRefineError as error:
            st.error(plain(error))
            return
        st.rerun()
    copied_settings(TrainConfig(**run.config))


@st.dialog("Delete this run?")
def delete_dialog(run: RunRecord) -> None:
    """Delete a run after a second click."""
    st.markdown(f"The scores, the network and the curves of **{plain(run_name(run))}** are removed for good.")
    if st.button("Delete for good", type="primary", key="delete_for_good"):
        try:
            workflow.delete_run(store(), run.id)
        except TagRefineError as error:
            st.error(plain(error))
            return
        st.rerun()


def compare(runs: Sequence[RunRecord]) -> None:
    """Draw runs beside each other: one curve each, and the settings in which they differ."""
    records = {run.id: run for run in runs}
    names = run_names(runs)
    chosen = st.multiselect(
        "Compare runs",
        list(names),
        format_func=names.__getitem__,
        placeholder="Choose two or more",
        max_selections=6,
        key="compared",
    )
    if len(chosen) < 2:
        return
    curves = {names[run_id]: store().epochs(run_id) for run_id in chosen}
    chart(
        plots.run_curves(curves, LOSSES | MONITORS),
        alt="Lines: losses and monitors of the chosen runs by training step",
        key="compared_curves",
        file="runs",
    )
    with st.container(horizontal=True, gap="small"):
        downloads({"csv": losses_csv(curves)}, name="runs", key="take_runs")
    differ = _differing({names[run_id]: records[run_id] for run_id in chosen})
    if differ.empty:
        st.caption("These runs have the same settings.")
    else:
        st.markdown("**Settings that differ**")
        st.dataframe(differ, alt="Settings that differ between the chosen runs")


def _differing(runs: Mapping[str, RunRecord]) -> pd.DataFrame:
    """Return the settings in which runs differ, in words and by their dotted names."""
    flat = {name: TrainConfig(**run.config).flat() for name, run in runs.items()}
    rows = {
        setting: [value_words(setting, values[setting]) for values in flat.values()]
        for setting in SETTINGS
        if len({str(values[setting]) for values in flat.values()}) > 1
    }
    index = pd.MultiIndex.from_tuples(
        [(LABELS[setting], setting) for setting in rows], names=["Setting", "Name"]
    )
    return pd.DataFrame(list(rows.values()), index=index, columns=list(flat))


def _measure(name: str, value: float | None) -> str:
    return (
        f":gray[{name}]  \n**{value:.3f}**" if value is not None else ""
    )  # without ground truth there is none
