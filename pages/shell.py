"""The frame around every page: navigation, look, current collection and run.

It lies inside ``pages/`` so that Streamlit's older page discovery finds nothing beside it, whichever
address a visitor opens first.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # Streamlit puts only this folder on the path.
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from pages.components.base import page_styles  # noqa: E402
from pages.components.setting_words import told  # noqa: E402
from pages.components.steps import steps  # noqa: E402
from pages.components.text import plain  # noqa: E402
from pages.state import choosers  # noqa: E402
from tagrefine_core.errors import TagRefineError  # noqa: E402

PAGES = (
    "collection",
    "train",
    "browse",
    "triage",
    "neighbors",
    "tags",
    "map",
    "metrics",
    "compare",
    "annotate",
)
BESIDE = ("tour", "export")  # buttons lead there, and the navigation does not

logo = ROOT / "assets" / "logo.svg"
st.set_page_config(page_title="TagRefine", page_icon=str(logo), layout="wide")
st.logo(str(logo), size="medium")
page_styles()


def home() -> None:
    """Open the first page for an address that names none."""
    st.switch_page(pages[0], query_params=st.query_params.to_dict())


pages = [st.Page(f"{name}/page.py", title=name.capitalize(), url_path=name) for name in PAGES]
beside = [
    st.Page(f"{name}/page.py", title=name.capitalize(), url_path=name, visibility="hidden") for name in BESIDE
]
page = st.navigation([st.Page(home, default=True, visibility="hidden"), *pages, *beside], position="top")
try:
    steps()
    choosers()
    page.run()
except TagRefineError as error:
    st.error(plain(told(str(error))))
