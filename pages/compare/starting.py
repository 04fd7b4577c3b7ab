"""Choose the task, the methods and the effort; then start the comparison as a job."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.compare.board import OURS
from pages.components.choice import choice
from pages.components.jobs import begin
from pages.components.methods import methods_of
from pages.components.setting_words import PRESETS, differs_in_words
from pages.components.text import plain
from pages.components.words import EQUAL_TERMS, TASKS
from pages.state import current_run, store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.settings import settings_that_differ, write_settings

__all__ = ["start_form"]

ALL = "all"
_FOLDS = 5  # a fifth of the photos trains, so annotation has no more repeats


def start_form(collection: Collection) -> None:
    """Draw everything that starts a comparison on ``collection``."""
    refused = workflow.refusal(store(), "benchmark", collection.name)
    task = choice(
        "Task",
        {name: title for name, (title, _) in TASKS.items()},
        key="task",
        default="refinement",
        draw=st.segmented_control,
        required=True,
    )
    task = str(task)
    st.caption(TASKS[task][1])
    with st.spinner("Looking the methods up …"):
        able = {name: title for name, (title, tasks) in methods_of().items() if task in tasks}
    key = f"methods_{task}"
    st.session_state.setdefault(key, [ALL])
    chosen = st.pills(
        "Methods",
        [ALL, *able],
        selection_mode="multi",
        format_func=lambda name: "All" if name == ALL else plain(able[name]),
        key=key,
        on_change=_all_or_some,
        args=(key,),
        help="Every method is tuned by the same effort. All leaves out the variants, which set what"
        " stands in brackets. A reconstruction is of a paper that leaves parts open.",
    )
    equal = st.checkbox(
        "Each also on equal terms",
        key="equal_terms",
        help=f"A second row for each other method. {EQUAL_TERMS}",
    )
    rows = [*chosen, *(_plus(chosen) if equal else [])]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        repeats, budget, preset, settings = _effort(collection, task)
        options = {"task": task, "methods": ",".join(rows), "repeats": repeats, "budget": budget}
        options |= {"preset": preset} | ({"settings": settings} if settings else {})
        st.button(
            "Start comparing",
            type="primary",
            key="start_benchmark",
            disabled=bool(refused) or not chosen,
            on_click=_start,
            args=(collection.name, options),
        )
    every = [name for name in able if ":" not in name]
    shown = every if ALL in chosen else chosen
    count = len(shown) + (len(_plus(shown)) if equal else 0)
    words = "Choose at least one method." if not count else _amount(count, repeats, budget, task)
    st.caption(plain(refused) if refused else words)


def _effort(collection: Collection, task: str) -> tuple[int, int, str, list[str]]:
    """Draw how much work is put into it; return repeats, budget, preset and settings."""
    repeats = st.number_input(
        "Repeats",
        1,
        _FOLDS if task == "annotation" else 20,
        _FOLDS if task == "annotation" else 3,
        key=f"repeats_{task}",
        width=110,
        help="Tagging new photos: each repeat learns from another fifth. Cleaning up: other random seeds, where a method has any.",
    )
    budget = st.number_input(
        "Settings tried",
        1,
        100,
        6,
        key="budget",
        width=130,
        help="How many settings each method may try on photos that are kept aside for it.",
    )
    preset = st.selectbox(
        "Network",
        list(PRESETS),
        index=list(PRESETS).index("default"),
        format_func=PRESETS.__getitem__,
        key="network",
        width=170,
        help="It turns photos into the features that all methods share; its settings are on the page Train.",
    )
    return int(repeats), int(budget), preset, _settings(preset)


def _settings(preset: str) -> list[str]:
    """Offer the settings of the current run that differ from its preset; return them as the command takes them."""
    run = current_run()
    differs = settings_that_differ(run.config) if run is not None and run.config.preset == preset else {}
    if not differs:
        return []
    own = st.checkbox(
        "The run's settings",
        True,
        key="own_settings",
        help=plain(
            f"TagRefine is measured with the settings of the current run: {differs_in_words(preset, differs)}."
        ),
    )
    return write_settings(differs) if own else []


def _start(collection: str, options: dict[str, Any]) -> None:
    # The newest comparison is shown unless another was chosen, so this one comes up by itself.
    st.session_state.pop("table", None)
    st.query_params.pop("table", None)
    begin("benchmark", collection, options)


def _plus(methods: Sequence[str]) -> list[str]:
    """Return the methods with our targets and scoring; ours has them already."""
    return [
        name.replace(":", "+:", 1) if ":" in name else f"{name}+"
        for name in methods
        if not name.startswith(OURS)
    ]


def _all_or_some(key: str) -> None:
    """Make "All" and single methods exclude each other, the last click winning."""
    chosen: list[str] = st.session_state[key]
    before = st.session_state.get(f"_{key}", [ALL])
    if ALL in chosen:
        chosen = [ALL] if ALL not in before else [name for name in chosen if name != ALL] or [ALL]
    st.session_state[key] = st.session_state[f"_{key}"] = chosen


def _amount(methods: int, repeats: int, budget: int, task: str) -> str:
    times = "once" if repeats == 1 else f"up to {repeats} times"
    settings = "with one setting" if budget == 1 else f"after trying up to {budget} settings"
    return (
        f"{methods} {'method' if methods == 1 else 'methods'}, each measured {times} {settings}."
        " What has been measured before is not measured again, and a stopped comparison goes on where it was."
    )
