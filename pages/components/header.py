"""The top of a page, its empty state, and how times are told."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from pages.components.text import plain

__all__ = ["ago", "between", "duration", "empty", "header"]


def header(title: str, sentence: str) -> None:
    """Draw a page's title and the one plain sentence under it."""
    st.title(plain(title), anchor=False)
    st.markdown(f":gray[{plain(sentence)}]")


def empty(
    title: str,
    what_next: str,
    *,
    button: str = "",
    on_click: Callable[[], None] | None = None,
    page: str = "",
) -> None:
    """Say that there is nothing to show yet and what to do about it.

    Parameters
    ----------
    title, what_next : str
        One short sentence each.
    button : str
        Text of a button, or of a link to ``page`` when that is given.
    on_click : callable, optional
        What the button does.
    page : str
        Script of the page to open, such as ``"train/page.py"``.
    """
    with st.container(key="empty", border=True, horizontal_alignment="center", gap="small"):
        st.header(title, anchor=False, width="content")
        st.markdown(f":gray[{plain(what_next)}]", width="content")
        if button and page:
            if st.button(button, type="primary", key="empty_go"):
                st.switch_page(page)
        elif button:
            st.button(button, type="primary", key="empty_do", on_click=on_click)


def ago(moment: str) -> str:
    """Tell an ISO time as a short local date: "14:05" today, "12 Nov" this year, "12 Nov 2024" before."""
    when, now = datetime.fromisoformat(moment).astimezone(), datetime.now(UTC).astimezone()
    if when.date() == now.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%b}" if when.year == now.year else f"{when.day} {when:%b %Y}"


def duration(seconds: float | None) -> str:
    """Tell a length of time in words: "40 s", "3 min", "2 h 5 min"; "" when unknown."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def between(low: float, high: float) -> str:
    """Tell a range of times in one unit: "about 20 to 50 s", "about 1 to 4 min"; "less than 10 s" where it may take next to none of a unit."""
    size, unit = next(
        (size, unit) for size, unit in ((3600, "h"), (60, "min"), (1, "s")) if high >= 2 * size or size == 1
    )
    if unit == "s":
        low, high = 10 * (low // 10), 10 * -(-high // 10)
    least, most = max(1, round(low / size)), round(high / size)
    if low < size or (unit == "s" and low < 10):
        return f"less than {max(1, most):,} {unit}"
    return f"about {most:,} {unit}" if least == most else f"about {least:,} to {most:,} {unit}"
