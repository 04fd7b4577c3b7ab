"""Choices that the address remembers by their own names, so that a link restores the page."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

__all__ = ["choice", "remembered", "told"]


def remembered(key: str) -> Any:
    """Return what is chosen: what the address says where somebody went to another one, as by the browser's way back; else the widget's.

    A widget keeps its own value through every run of the page, so that the address alone would never change it again.
    """
    asked, mark = st.query_params.get(key), f"_address_{key}"
    moved = mark in st.session_state and st.session_state[mark] != asked
    return asked if moved else st.session_state.get(key, asked)


def told(key: str) -> None:
    """Note what the address says of a choice, now that both agree."""
    st.session_state[f"_address_{key}"] = st.query_params.get(key)


def choice(
    label: str,
    names: Mapping[str, str],
    *,
    key: str,
    default: str | None,
    draw: Callable[..., Any] = st.selectbox,
    **options: Any,
) -> str | None:
    """Draw a choice of one and return it.

    Streamlit's own ``bind`` would put the text that is shown into the address, and that text holds counts.

    Parameters
    ----------
    names : mapping of str to str
        What can be chosen and how it is shown.
    key : str
        Name in the session and in the address.
    default : str or None
        Chosen while the address says nothing; with None nothing need be chosen.
    draw : callable
        ``st.selectbox`` or ``st.segmented_control``.
    **options
        Passed on.
    """
    value = remembered(key)
    st.session_state[key] = value if value in names else default
    if draw is st.selectbox and default is None:
        options["index"] = None
    chosen: str | None = draw(label, list(names), key=key, format_func=names.__getitem__, **options)
    if chosen is None or chosen == default:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != chosen:
        st.query_params[key] = chosen
    told(key)
    return chosen
