"""Choices that the address remembers by their own names, so that a link restores the page."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

__all__ = ["choice"]


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
    value = st.session_state.get(key, st.query_params.get(key, default))
    st.session_state[key] = value if value in names else default
    if draw is st.selectbox and default is None:
        options["index"] = None
    chosen: str | None = draw(label, list(names), key=key, format_func=names.__getitem__, **options)
    if chosen is None or chosen == default:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != chosen:
        st.query_params[key] = chosen
    return chosen
