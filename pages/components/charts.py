"""How figures are put on a page: no zooming by accident, no tool bar, and a button that saves them as a picture for paper or slides."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.base import script, styles
from tagrefine_core import plots

__all__ = ["chart"]

_KINDS = {"svg": "SVG, for print", "png": "PNG, for slides"}
_HERE = Path(__file__).parent / "save"
_save = st.components.v2.component(
    "tagrefine_save",
    html='<div class="root"></div>',
    css=styles(_HERE, "save.css"),
    js=script(_HERE, "save.js"),
)


def chart(
    figure: Any, *, alt: str, key: str | None = None, file: str = "", title: str = "", about: str = ""
) -> None:
    """Draw a plotly figure.

    Parameters
    ----------
    alt : str
        What it shows, in words.
    file : str
        Name under which a button below saves it; without one there is no button.
    title, about : str
        Stand on the picture that is saved; by default ``alt`` without its first word, and the collection's name.
    """
    st.plotly_chart(figure, config={"displayModeBar": False, "scrollZoom": False}, alt=alt, key=key)
    if not file:
        return
    title = title or alt.partition(": ")[2].capitalize() or alt
    about = about or str(st.session_state.get("collection", ""))
    if st.button("Save as a picture", key=f"picture_{key or file}", type="tertiary", icon=":material/image:"):
        _picture(figure, file, title, about)


@st.dialog("Save as a picture", width="large")
def _picture(figure: Any, file: str, title: str, about: str) -> None:
    """Show the picture as it will be saved, with the button that does it, in the browser."""
    kind = st.segmented_control(
        "Kind", list(_KINDS), default="svg", format_func=_KINDS.__getitem__, required=True, key="picture_kind"
    )
    title = st.text_input("Title", title, key="picture_title")
    options = {"format": kind, "filename": file, "scale": 2}
    with st.container(key="picture_frame"):
        st.plotly_chart(
            plots.printed(figure, title=title, about=about),
            theme=None,
            alt=title,
            config={
                "displayModeBar": True,
                "displaylogo": False,
                "modeBarButtons": [["toImage"]],
                "toImageButtonOptions": options,
            },
        )
    _save(key="save_picture", data={"label": f"Save {file}.{kind}"})
