"""Choose a preset, the weights and, on demand, every setting; then start."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.header import between
from pages.components.jobs import begin
from pages.components.setting_words import PRESETS, VALUES, told
from pages.components.text import plain
from pages.state import current_run, store
from pages.train.copying import copied_settings
from pages.train.settings import all_settings, reset_settings
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.downloads import to_download
from tagrefine_core.errors import TagRefineError
from tagrefine_core.settings import settings_without_effect, train_config, write_settings

__all__ = ["start_form"]

CARDS = {
    "default": (
        "A ready-made network looks at every photo once; then it learns who is alike. Good results in minutes.",
        "For your own photos, on any machine.",
    ),
    "fast": (
        "The same without learning who is alike: seconds, once every photo has been looked at.",
        "For a first look at a large collection.",
    ),
    "small": (
        "A small network learns to see from nothing, on pictures of 64 pixels.",
        "For watching features grow from nothing, on the demo collection.",
    ),
    "paper": (
        "As it was published: VGG-16, every layer learns, three constraints and nothing else. It may fail: all photos can come to look alike.",
        "For comparing; wants a GPU and hours.",
    ),
    "paper+bce": (
        "The published network, held to the users' tags by one more term, so that this does not happen.",
        "For comparing; wants a GPU and hours.",
    ),
}
"""Preset to what it does and for whom."""

WEIGHTS = {
    "imagenet": "ImageNet weights, installed or downloaded once",
    "file": "A weights file on this machine",
    "none": "Nothing: learn to see from these photos",
}


def start_form(collection: Collection, *, busy: bool) -> None:
    """Draw everything that starts a run on ``collection``; ``busy`` while none may be started."""
    if words := workflow.too_little(collection):
        st.info(plain(words))
    preset = _cards("default")
    base = train_config(preset)
    # Drawn above the settings, but what the network can begin with depends on which of them it is.
    with st.container(horizontal=True, vertical_alignment="bottom"):
        above = st.container(width="content", horizontal=True, vertical_alignment="bottom")
        start = st.container(width="content")
    beside = st.container()
    with st.expander("All settings"):
        top = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        changed = all_settings(base)
    with above:
        changed = {**_weights(base, changed.get("network.backbone", base.network.backbone)), **changed}
    problem = _problem(base, changed)
    with top:
        _counted(base, changed, copied=not problem)
    with start:
        first = "secondary" if current_run() else "primary"  # what was learned is to be seen next
        if st.button("Start training", type=first, key="start", disabled=bool(problem) or busy):
            settings = write_settings(changed)
            begin("train", collection.name, {"preset": preset} | ({"settings": settings} if settings else {}))
            st.rerun()
    with beside:
        if problem:
            st.error(plain(told(problem)))
        else:
            _remarks(base.replaced(changed), changed)
            _expected(collection, base.replaced(changed))


def _counted(base: TrainConfig, changed: Mapping[str, Any], *, copied: bool) -> None:
    """Say how many settings differ from the preset, and offer to copy them and to go back."""
    count = (
        f"{len(changed)} {'differs' if len(changed) == 1 else 'differ'} from" if changed else "All are as in"
    )
    st.markdown(f":gray[{count} {plain(PRESETS[base.preset])}]", width="content")
    with st.container(horizontal=True, width="content", gap="small"):
        with st.popover("Copy settings", key="copy_settings", disabled=not copied):
            if copied:
                copied_settings(base.replaced(changed))
        st.button("Reset", key="reset", disabled=not changed, on_click=reset_settings, args=(base.preset,))


def _expected(collection: Collection, config: TrainConfig) -> None:
    """Say how long this takes, and what has to be fetched first."""
    found = workflow.expected_time(store(), collection, config)
    why = (
        "as long as earlier runs on this machine"
        if found.own
        else "by measurements on another machine, with two cores; after a first run it is told from this one"
    )
    time = between(found.low, found.high)
    words = [f"**{time[0].upper()}{time[1:]}**, {why}."]
    if found.looks:
        words.append(f"It begins with a look at {found.looks:,} photos, which is kept for later runs.")
    if config.network.finetune != "head":
        words.append("Here the network itself learns: a GPU is many times faster.")
    if config.network.weights == "imagenet" and (size := to_download(config.network.backbone)):
        words.append(f"First it fetches {size} MB of weights from the internet, once.")
    st.markdown(" ".join(words))


def _remarks(config: TrainConfig, changed: Mapping[str, Any]) -> None:
    """Say what these settings will not do."""
    for line in settings_without_effect(config, changed):
        st.caption(plain(told(line)))
    if config.network.weights == "none" and config.network.finetune == "head":
        everything = VALUES["network.finetune"]["all"]
        st.warning(
            f"A network that knows nothing and may not learn gives random tags: let {everything} learn"
            " (network.finetune)."
        )


def _cards(first: str) -> str:
    """Draw the presets and return the chosen one."""
    chosen = st.session_state.setdefault("preset", first)
    for (name, (sentence, use)), column in zip(CARDS.items(), st.columns(len(CARDS)), strict=True):
        state = "chosen" if name == chosen else "other"
        with (
            column,
            st.container(border=True, key=f"preset_{state}_{list(CARDS).index(name)}", height="stretch"),
        ):
            st.markdown(f"**{PRESETS[name]}**")
            st.markdown(sentence)
            st.caption(use)
            label = "Chosen" if name == chosen else "Choose"
            if st.button(label, key=f"choose_{name}", disabled=name == chosen, width="stretch"):
                st.session_state["preset"] = name
                st.rerun()
    return str(chosen)


def _weights(base: TrainConfig, backbone: str) -> dict[str, Any]:
    """Ask what the network begins with; return it where it is not what the preset says."""
    if backbone == "small_cnn":
        source = "none"  # nobody has trained it before
    else:
        source = st.selectbox(
            "Start from", list(WEIGHTS), format_func=WEIGHTS.get, key="weights_source", width=380
        )
    if source != "file":
        return {} if source == base.network.weights else {"network.weights": source}
    path = st.text_input("Weights file", placeholder="mobilenet_v2.pth", key="weights_file", width=420)
    return {"network.weights": str(Path(path.strip()).expanduser().absolute()) if path.strip() else ""}


def _problem(base: TrainConfig, changed: Mapping[str, Any]) -> str:
    """Return why these settings cannot be trained with, or nothing."""
    try:
        base.replaced(changed)
    except TagRefineError as error:
        return str(error)
    weights = changed.get("network.weights")
    if weights == "":
        return "Name the weights file: a state dict as its authors store it (.pth or .safetensors)."
    if weights not in (None, "imagenet", "none") and not Path(weights).is_file():
        return f"There is no weights file {weights}."
    return ""
