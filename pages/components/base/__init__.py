"""What the pages' and components' own styles and scripts share."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

__all__ = ["DECIDING", "dark", "page_styles", "script", "styles"]

_HERE = Path(__file__).parent

DECIDING = ("verdicts.js", "reasons.js", "parts.js")
"""The shared scripts of a component in which people decide: what sends it, what tells them why, buttons with keys, many at once."""


def styles(folder: Path, *names: str, base: Sequence[str] = ()) -> str:
    """Return a component's CSS, in order, with the shared colours, chips and root before it, and those files of ``base`` that it names."""
    return _joined(_HERE, "tokens.css", "root.css", *base) + _joined(folder, *names)


def script(folder: Path, *names: str, base: Sequence[str] = ()) -> str:
    """Return a component's scripts as one module, with the shared functions (``el``, ``chip``, ``followTheme``) before it, and those of ``base``."""
    return _joined(_HERE, "chips.js", *base) + _joined(folder, *names)


def dark() -> bool:
    """Whether the visitor sees the dark palette."""
    return st.context.theme.type == "dark"


def page_styles() -> None:
    """Give the page the shared colours and the calmer frame; called once by the shell."""
    tokens = _joined(_HERE, "tokens.css").replace(".tr-dark {", ":root {" if dark() else ".tr-dark {")
    st.html(f"<style>{tokens}{_joined(_HERE, 'page.css')}</style>")


def _joined(folder: Path, *names: str) -> str:
    return "".join((folder / name).read_text(encoding="utf-8") for name in names)
