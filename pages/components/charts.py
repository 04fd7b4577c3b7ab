"""How figures are put on a page: no tool bar, no zooming by accident."""

from typing import Any

import streamlit as st

__all__ = ["chart"]


def chart(figure: Any, *, alt: str, key: str | None = None) -> None:
    """Draw a plotly figure; ``alt`` says in words what it shows."""
    st.plotly_chart(figure, config={"displayModeBar": False, "scrollZoom": False}, alt=alt, key=key)
