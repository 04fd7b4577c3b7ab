"""Choose the task, the methods and the effort; then start the comparison as a job."""

from functools import lru_cache
from typing import Any

import streamlit as st

from pages.compare.words import TASKS
from pages.components.choice import choice
from pages.components.jobs import begin
from pages.components.text import plain
from pages.state import current_run, store
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.config import PRESETS

__all__ = ["methods_of", "start_form"]

ALL = "all"
_FOLDS = 5  # a fifth of the photos trains, so annotation has no more repeats
_PRESETS = {"default": "Default", "demo": "Small", "paper": "Paper", "paper+bce": "Paper, anchored"}


@lru_cache(maxsize=1)
def methods_of() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return title and tasks of every method, and of variants that were published."""
    from tagrefine_core.methods import VARIANTS, method_class, names  # loads PyTorch, which takes seconds

    found = {}
    for name in (*names(), *VARIANTS):
        kind = method_class(name)
        tasks = {"annotation": kind.annotates, "refinement": kind.refines}
        title = (kind.title or name) + (" (reconstruction)" if kind.reconstruction else "")
        found[name] = (title, tuple(task for task, able in tasks.items() if able))
    return found


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
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        repeats, budget, preset, weights = _effort(collection, task)
        options = {"task": task, "methods": ",".join(chosen), "repeats": repeats, "budget": budget}
        options |= {"preset": preset, **weights}
        st.button(
            "Start comparing",
            type="primary",
            key="start_benchmark",
            disabled=bool(refused) or not chosen,
            on_click=_start,
            args=(collection.name, options),
        )
    count = sum(":" not in name for name in able) if ALL in chosen else len(chosen)
    words = "Choose at least one method." if not count else _amount(count, repeats, budget, task)
    st.caption(plain(refused) if refused else words)


def _effort(collection: Collection, task: str) -> tuple[int, int, str, dict[str, str]]:
    """Draw how much work is put into it; return repeats, budget, preset and the option for the weights."""
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
    first = "demo" if collection.record.kind == "demo" else "default"
    preset = st.selectbox(
        "Network",
        list(PRESETS),
        index=list(PRESETS).index(first),
        format_func=lambda name: _PRESETS.get(name, name),
        key="network",
        width=170,
        help="It turns photos into the features that all methods share; its settings are on the page Train.",
    )
    return int(repeats), int(budget), preset, _weights(preset)


def _weights(preset: str) -> dict[str, str]:
    """Offer the weights of the current run, where it has been given a file."""
    run = current_run()
    config: Any = run.config if run is not None else None
    if config is None or config.weights in ("imagenet", "none") or config.preset != preset:
        return {}
    own = st.checkbox(
        "The run's weights", True, key="own_weights", help="The weights file that the current run began with."
    )
    return {"weights": config.weights} if own else {}


def _start(collection: str, options: dict[str, Any]) -> None:
    # The newest comparison is shown unless another was chosen, so this one comes up by itself.
    st.session_state.pop("table", None)
    st.query_params.pop("table", None)
    begin("benchmark", collection, options)


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
