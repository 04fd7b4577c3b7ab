"""Every setting of a training run as a widget, grouped; only what differs from the preset is kept."""

from typing import Any, Literal, get_args, get_origin

import streamlit as st

from tagrefine_core.config import TrainConfig

__all__ = ["GROUPS", "all_settings"]

GROUPS = {
    "Task": ("task", "train_fraction", "fold", "seed", "device", "precision", "validation"),
    "Network": (
        "backbone", "finetune", "image_size", "views", "adapter", "augment", "normalize", "center",
        "dropout", "average",
    ),
    "Pace": (
        "epochs_phi0", "epochs", "epoch", "optimizer", "lr", "lr_phi0", "lr_backbone", "schedule", "lr_step",
        "momentum", "weight_decay", "checkpoint_seconds",
    ),
    "Neighbors": (
        "s", "m", "M", "refresh", "shortlist", "bank_every", "sigma", "last_group", "trace_queries",
        "trace_points", "trace_neighbors",
    ),
    "Constraints": (
        "lambda_vis", "lambda1", "lambda2", "eta", "reduction", "alpha", "kb_measure", "zero_cooccurrence",
        "xi_topk", "implied",
    ),
    "Scores": ("folds", "closed_form", "smooth", "smooth_neighbors", "evidence", "related", "reporting"),
}  # fmt: skip
"""Fields of `TrainConfig` by tab; the page itself asks for ``preset`` and ``weights``."""


def all_settings(base: TrainConfig) -> dict[str, Any]:
    """Draw the settings, filled in from the preset ``base``, and return those that were changed."""
    changed: dict[str, Any] = {}
    for tab, names in zip(st.tabs(list(GROUPS)), GROUPS.values(), strict=True):
        with tab:
            columns = st.columns(4)
            for place, name in enumerate(names):
                with columns[place % 4]:
                    default = getattr(base, name)
                    value = _widget(name, default, key=f"set_{base.preset}_{name}")
                    if value != default:
                        changed[name] = value
    return changed


def _widget(name: str, default: Any, *, key: str) -> Any:
    field = TrainConfig.model_fields[name]
    words = field.description
    if get_origin(field.annotation) is Literal:
        options = list(get_args(field.annotation))
        return st.selectbox(name, options, index=options.index(default), help=words, key=key)
    if isinstance(default, bool):
        return st.toggle(name, value=default, help=words, key=key)
    if isinstance(default, int):
        return st.number_input(name, value=default, step=1, help=words, key=key)
    if isinstance(default, float):
        return st.number_input(
            name, value=default, format="%g", step=default / 10 or 0.1, help=words, key=key
        )
    text = st.text_input(
        name, value="" if default is None else str(default), placeholder="automatic", help=words, key=key
    )
    return text.strip() or None
