"""Buttons that hand out a table in the forms that people take home."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import streamlit as st

__all__ = ["csv_text", "downloads"]

_FORMS = {
    "csv": ("CSV", "text/csv"),
    "tex": ("LaTeX", "application/x-tex"),
    "md": ("Markdown", "text/markdown"),
}


def downloads(forms: Mapping[str, str], *, name: str, key: str) -> None:
    """Draw a button for each form; call it inside a horizontal container.

    Parameters
    ----------
    forms : mapping
        "csv", "tex" or "md" to the text of the table. Not to a function that writes it when the button is pressed: what
        Streamlit keeps of its answer is gone as soon as any part of the page runs again, as it does while a job is at work.
    name : str
        Of the file, without its ending.
    key : str
        Tells these buttons from others on the page.
    """
    for ending, text in forms.items():
        title, mime = _FORMS[ending]
        st.download_button(
            title,
            text,
            file_name=f"{name}.{ending}",
            mime=mime,
            key=f"{key}_{ending}",
            on_click="ignore",
            icon=":material/download:",
        )


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV; what is undefined (None) is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
