"""How figures are put on a page: no zooming by accident, and no tool bar but a button that saves the picture."""

from typing import Any

import streamlit as st

__all__ = ["chart", "picture_kind"]

_KINDS = {"svg": "SVG", "png": "PNG"}


def chart(figure: Any, *, alt: str, key: str | None = None, file: str = "") -> None:
    """Draw a plotly figure.

    Parameters
    ----------
    alt : str
        What it shows, in words.
    file : str
        Name under which a button at its corner saves it, in the kind of `picture_kind`; without one there is no button.
    """
    config: dict[str, Any] = {"displayModeBar": False, "scrollZoom": False}
    if file:
        config |= {
            "displayModeBar": True,
            "displaylogo": False,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {
                "format": st.session_state.get("picture", "svg"),
                "filename": file,
                "scale": 2,
            },
        }
    st.plotly_chart(figure, config=config, alt=alt, key=key)


def picture_kind() -> None:
    """Draw the choice of what the charts of this page are saved as."""
    st.segmented_control(
        "Save charts as",
        list(_KINDS),
        default=None if "picture" in st.session_state else "svg",
        format_func=_KINDS.__getitem__,
        required=True,
        key="picture",
        help="The button at the corner of a chart saves it: SVG for print, PNG for slides.",
    )
