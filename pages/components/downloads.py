"""Buttons that hand out a table in the forms that people take home."""

from collections.abc import Callable, Mapping

import streamlit as st

__all__ = ["downloads"]

_FORMS = {
    "csv": ("CSV", "text/csv"),
    "tex": ("LaTeX", "application/x-tex"),
    "md": ("Markdown", "text/markdown"),
}


def downloads(forms: Mapping[str, Callable[[], str]], *, name: str, key: str) -> None:
    """Draw a button for each form; call it inside a horizontal container.

    Parameters
    ----------
    forms : mapping
        "csv", "tex" or "md" to what writes the table; called when the button is pressed.
    name : str
        Of the file, without its ending.
    key : str
        Tells these buttons from others on the page.
    """
    for ending, write in forms.items():
        title, mime = _FORMS[ending]
        st.download_button(
            title,
            write,
            file_name=f"{name}.{ending}",
            mime=mime,
            key=f"{key}_{ending}",
            on_click="ignore",
            icon=":material/download:",
        )
