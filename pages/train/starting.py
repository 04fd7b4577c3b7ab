"""Choose a preset, the weights and, on demand, every setting; then start."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.jobs import begin
from pages.components.text import plain
from pages.train.settings import all_settings
from tagrefine_core.collections import Collection
from tagrefine_core.config import PRESETS, TrainConfig, train_config
from tagrefine_core.errors import TagRefineError

__all__ = ["start_form"]

CARDS = {
    "default": (
        "Default",
        "A ready-made network looks at every photo once, then only its last layers learn. Good results in minutes.",
        "For your own photos, on any machine.",
    ),
    "demo": (
        "Small",
        "A small network learns to see from nothing, on pictures of 64 pixels. Needs no download.",
        "For the demo collection.",
    ),
    "paper": (
        "Paper",
        "As it was published: VGG-16, every layer learns, three constraints and nothing else. May collapse.",
        "For comparing; wants a GPU and hours.",
    ),
    "paper+bce": (
        "Paper, anchored",
        "The published network, held to the users' tags by one more term, so that it does not collapse.",
        "For comparing; wants a GPU and hours.",
    ),
}

WEIGHTS = {
    "imagenet": "ImageNet weights, downloaded once",
    "file": "A weights file on this machine",
    "none": "Nothing: learn to see from these photos",
}


def start_form(collection: Collection, *, busy: bool) -> None:
    """Draw everything that starts a run on ``collection``; ``busy`` while none may be started."""
    preset = _cards("demo" if collection.record.kind == "demo" else "default")
    base = train_config(preset)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        weights = _weights(base) if base.backbone != "small_cnn" else {}
        start = st.container(width="content")
    with st.expander("All settings"):
        changed = {**weights, **all_settings(base)}
    problem = _problem(preset, changed)
    with start:
        if st.button("Start training", type="primary", key="start", disabled=bool(problem) or busy):
            settings = [f"{name}={_text(value)}" for name, value in changed.items()]
            begin("train", collection.name, {"preset": preset} | ({"settings": settings} if settings else {}))
            st.rerun()
    if problem:
        st.error(plain(problem))
    elif changed.get("weights") == "none" and train_config(preset, **changed).finetune == "head":
        st.warning("A network that knows nothing and may not learn gives random tags: set finetune to all.")


def _cards(first: str) -> str:
    """Draw the presets and return the chosen one."""
    chosen = st.session_state.setdefault("preset", first)
    for (name, (title, sentence, use)), column in zip(CARDS.items(), st.columns(len(CARDS)), strict=True):
        state = "chosen" if name == chosen else "other"
        with (
            column,
            st.container(border=True, key=f"preset_{state}_{list(PRESETS).index(name)}", height="stretch"),
        ):
            st.markdown(f"**{title}**")
            st.markdown(sentence)
            st.caption(use)
            label = "Chosen" if name == chosen else "Choose"
            if st.button(label, key=f"choose_{name}", disabled=name == chosen, width="stretch"):
                st.session_state["preset"] = name
                st.rerun()
    return str(chosen)


def _weights(base: TrainConfig) -> dict[str, Any]:
    source = st.selectbox(
        "Start from", list(WEIGHTS), format_func=WEIGHTS.get, key="weights_source", width=330
    )
    if source != "file":
        return {} if source == base.weights else {"weights": source}
    path = st.text_input("Weights file", placeholder="mobilenet_v2.pth", key="weights_file", width=420)
    return {"weights": str(Path(path.strip()).expanduser().absolute()) if path.strip() else ""}


def _problem(preset: str, changed: dict[str, Any]) -> str:
    """Return why these settings cannot be trained with, or nothing."""
    try:
        train_config(preset, **changed)
    except TagRefineError as error:
        return str(error)
    weights = changed.get("weights")
    if weights == "":
        return "Name the weights file: a state dict as torchvision stores it (.pth or .safetensors)."
    if weights not in (None, "imagenet", "none") and not Path(weights).is_file():
        return f"There is no weights file {weights}."
    return ""


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
