"""Scores as bars, drawn without a chart library so that dozens of them cost nothing."""

import html
from collections.abc import Collection, Sequence

__all__ = ["bars"]


def bars(scores: Sequence[tuple[str, float]], *, fitting: Collection[str] = (), full: float = 1.0) -> str:
    """Return tags with scores as HTML for `st.html`: name, bar, number.

    Parameters
    ----------
    scores : sequence of (tag, score)
    fitting : collection of str
        Tags drawn in green.
    full : float
        Score of a full bar.
    """
    rows = "".join(
        f'<div class="tr-bar{" tr-fitting" if tag in fitting else ""}"><span>{html.escape(tag)}</span>'
        f'<i><b style="width:{100 * min(1.0, max(0.0, score / full)):.0f}%"></b></i><em>{score:.2f}</em></div>'
        for tag, score in scores
    )
    return f'<div class="tr-bars">{rows}</div>'
