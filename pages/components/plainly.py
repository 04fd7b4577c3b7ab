"""Errors of the core as a plain box, where the shell's own does not reach: in parts of a page that are drawn again by themselves."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st

from pages.components.setting_words import told
from pages.components.text import plain
from tagrefine_core.errors import TagRefineError

__all__ = ["plainly"]


def plainly(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function that draws show an error of the core in one sentence."""

    @wraps(draw)
    def drawn(*values: Any, **named: Any) -> Any:
        try:
            return draw(*values, **named)
        except TagRefineError as error:
            st.error(plain(told(str(error))))
            return None

    return drawn
