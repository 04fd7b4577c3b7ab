"""The reliability diagram: whether probabilities mean what they say."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from tagrefine_core.plots.frame import ACCENT, NEUTRAL, frame, known

__all__ = ["reliability_diagram"]

_LARGEST = 26  # pixels


def reliability_diagram(
    probability: Sequence[float | None], relevant: Sequence[float | None], count: Sequence[int]
) -> go.Figure:
    """Draw the share that is right by the probability that was told, bin by bin; on the diagonal both are equal.

    Parameters
    ----------
    probability, relevant : sequences of B float
        Mean probability of each bin and the share of it that is right, in [0, 1]; None or NaN where a bin is empty.
    count : sequence of B int
        How many pairs of photo and tag each bin holds; the dots grow with it, as slowly as its logarithm.
    """
    kept = [k for k, value in enumerate(probability) if known(value) and known(relevant[k])]
    sizes = np.log1p([count[k] for k in kept])
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        name="as told",
        mode="lines",
        line={"width": 1, "dash": "dot", "color": NEUTRAL},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[probability[k] for k in kept],
        y=[relevant[k] for k in kept],
        customdata=[count[k] for k in kept],
        mode="lines+markers",
        line={"width": 2, "color": ACCENT},
        marker={"size": np.maximum(5, _LARGEST * sizes / max(1.0, sizes.max(initial=0.0))), "opacity": 0.85},
        cliponaxis=False,
        hovertemplate="told %{x:.0%}, right %{y:.0%} of %{customdata:,} pairs<extra></extra>",
    )
    figure = frame(figure, height=360, x="probability that was told", y="share that is right")
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    return figure.update_yaxes(range=[0, 1.02], tickformat=".0%")
