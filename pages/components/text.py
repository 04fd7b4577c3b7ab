"""Text of strangers (tags, file names, messages) for places where Streamlit would read markdown or HTML."""

import html
import re

__all__ = ["chip", "chips", "plain"]

# Every character that begins something in markdown, in Streamlit's :color[] and :icon: directives, or in HTML.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>:$&\"'=^@/])")


def plain(text: object) -> str:
    r"""Escape text so that markdown shows it letter for letter, on one line.

    >>> plain("![](http://x)")
    '\\!\\[\\]\\(http\\:\\/\\/x\\)'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def chip(tag: str, kind: str = "kept") -> str:
    """Return one tag as the HTML of a chip; ``kind`` is "kept", "added", "removed" or "unsure"."""
    sign = {"kept": "", "added": "+ ", "removed": "- ", "unsure": "? "}[kind]
    marked = f'<span class="tr-sign">{sign}</span>' if sign else ""
    return f'<span class="tr-chip tr-{kind}">{marked}{html.escape(tag)}</span>'


def chips(tags: "list[tuple[str, str]]") -> str:
    """Return (tag, kind) pairs as the HTML of a row of chips, for `st.html`."""
    return '<div class="tr-chips">' + "".join(chip(tag, kind) for tag, kind in tags) + "</div>"
