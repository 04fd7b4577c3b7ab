"""Scores as bars, drawn without a chart library so that dozens of them cost nothing."""

import html
from collections.abc import Sequence

__all__ = ["bars"]


def bars(scores: Sequence[tuple[str, float]]) -> str:
    """Return tags with scores in [0, 1] as HTML for `st.html`: name, bar, number; likely ones (above 0.5) in green."""
    rows = "".join(
        f'<div class="tr-bar{" tr-likely" if score > 0.5 else ""}"><span>{html.escape(tag)}</span>'
        f'<i><b style="width:{100 * min(1.0, max(0.0, score)):.0f}%"></b></i><em>{score:.2f}</em></div>'
        for tag, score in scores
    )
    return f'<div class="tr-bars">{rows}</div>'
