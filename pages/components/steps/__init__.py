"""Steps of the browser's way back: what the app itself fills into an address is none.

Streamlit pushes a step whenever a page writes into its address, so that the current collection and run, which every page fills in, would
cost a visitor a second press of Back after each page.
"""

from pathlib import Path

import streamlit as st

__all__ = ["steps"]

_component = st.components.v2.component(
    "tagrefine_steps", html="", js=(Path(__file__).parent / "steps.js").read_text(encoding="utf-8")
)


def steps() -> None:
    """Let an address be filled in without a step; called once by the shell."""
    with st.container(key="steps"):
        _component(key="address")
