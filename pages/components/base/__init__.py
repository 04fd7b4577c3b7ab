"""What the pages' and components' own styles and scripts share."""

from pathlib import Path

import streamlit as st

__all__ = [
    "dark",
    "deciding_script",
    "deciding_styles",
    "page_styles",
    "script",
    "styles",
    "workbench_script",
    "workbench_styles",
]

_HERE = Path(__file__).parent


def styles(own: Path) -> str:
    """Return a component's CSS file with the shared colours, chips and root before it."""
    return _read("tokens.css") + _read("root.css") + own.read_text(encoding="utf-8")


def script(own: Path) -> str:
    """Return a component's JavaScript module with the shared functions (``chip``, ``followTheme``) before it."""
    return _read("chips.js") + own.read_text(encoding="utf-8")


def deciding_script(own: Path) -> str:
    """Return the same for a component in which people decide, with the ``Sender`` of what they decide and what tells them why."""
    return _read("verdicts.js") + _read("reasons.js") + script(own)


def deciding_styles(own: Path) -> str:
    """Return what `styles` does, with what reasons look like before it."""
    return _read("tokens.css") + _read("root.css") + _read("reasons.css") + own.read_text(encoding="utf-8")


def workbench_styles(own: Path) -> str:
    """Return a component's CSS with that of `workbench_script`'s parts before it."""
    return _read("parts.css") + deciding_styles(own)


def workbench_script(own: Path) -> str:
    """Return the script of a component in which people decide on photos: with its parts, such as the dialog that decides many at once."""
    return _read("parts.js") + deciding_script(own)


def dark() -> bool:
    """Whether the visitor sees the dark palette."""
    return st.context.theme.type == "dark"


def page_styles() -> None:
    """Give the page the shared colours and the calmer frame; called once by the shell."""
    tokens = _read("tokens.css").replace(".tr-dark {", ":root {" if dark() else ".tr-dark {")
    st.html(f"<style>{tokens}{_read('page.css')}</style>")


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
