"""The settings of a run as words that can be copied: for the command line, and as JSON."""

import json
import shlex

import streamlit as st

from tagrefine_core.config import TrainConfig
from tagrefine_core.settings import settings_that_differ, write_settings

__all__ = ["as_json", "as_options", "copied_settings"]


def copied_settings(config: TrainConfig) -> None:
    """Draw a configuration in both forms, each with a button that copies it."""
    st.caption("For the command line, after `train NAME`")
    st.code(as_options(config), language=None, wrap_lines=True)
    st.caption("As JSON: the preset and what differs from it")
    st.code(as_json(config), language="json", wrap_lines=True)


def as_options(config: TrainConfig) -> str:
    """Return a configuration as options of the command ``train``.

    >>> from tagrefine_core.settings import train_config
    >>> as_options(train_config("fast", seed=3, scoring={"smooth": 0.4}))
    '--preset fast --seed 3 --set scoring.smooth=0.4'
    """
    words = ["--preset", config.preset]
    if config.task != "refinement":
        words += ["--task", config.task]
    if config.seed:
        words += ["--seed", str(config.seed)]
    for pair in write_settings(settings_that_differ(config)):
        words += ["--set", pair]
    return shlex.join(words)


def as_json(config: TrainConfig) -> str:
    """Return a configuration as JSON that ``train_config(**json.loads(text))`` reads."""
    given = {"preset": config.preset, "task": config.task, "seed": config.seed}
    return json.dumps(given | settings_that_differ(config), indent=1)
