"""Probabilities as bars, drawn without a chart library so that dozens of them cost nothing."""

import html
from collections.abc import Sequence

from pages.components.percent import percent

__all__ = ["bars"]


def bars(scores: Sequence[tuple[str, float]], *, sure: bool) -> str:
    """Return tags with probabilities as HTML for `st.html`: name, bar, percent.

    Parameters
    ----------
    scores : sequence of (tag, probability)
    sure : bool
        Whether they are drawn in green.
    """
    rows = "".join(
        f'<div class="tr-bar{" tr-fitting" if sure else ""}"><span>{html.escape(tag)}</span>'
        f'<i><b style="width:{100 * score:.0f}%"></b></i><em>{_short(score)}</em></div>'
        for tag, score in scores
    )
    return f'<div class="tr-bars">{rows}</div>'


def _short(score: float) -> str:
    return html.escape(percent(score).replace("less than ", "<").replace("more than ", ">"))
