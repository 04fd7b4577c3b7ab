"""Figures of a collection: tags per photo, how often tags occur."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from tagrefine_core.plots.frame import ACCENT, NEUTRAL, frame

__all__ = ["tag_frequencies", "tags_per_photo"]


def tags_per_photo(counts: ArrayLike, *, longest: int = 30) -> go.Figure:
    """Draw how many photos have 0, 1, 2 ... tags.

    Parameters
    ----------
    counts : (N,) array of int
        Tags of each photo.
    longest : int
        Photos with this many tags or more share the last bar.
    """
    tally = np.bincount(np.minimum(np.asarray(counts, dtype=np.int64), longest))
    names = [str(number) for number in range(len(tally))]
    if len(tally) == longest + 1:
        names[-1] += "+"
    figure = go.Figure(go.Bar(x=names, y=tally, marker_color=ACCENT, marker_line_width=0))
    figure.update_traces(hovertemplate="%{y:,} photos with %{x} tags<extra></extra>")
    figure.update_layout(bargap=0.18)
    return frame(figure, height=280, x="tags on a photo", y="photos").update_xaxes(
        type="category", showgrid=False
    )


def tag_frequencies(
    tags: Sequence[str], counts: ArrayLike, *, top: int = 25, labels: Sequence[str] = ()
) -> go.Figure:
    """Draw the most frequent tags, the most frequent on top.

    Parameters
    ----------
    tags : sequence of C str
    counts : (C,) array of int
        Photos that carry each tag.
    top : int
        How many to draw.
    labels : sequence of str
        Tags with ground truth, drawn in the accent color; with none given all are.
    """
    counts = np.asarray(counts, dtype=np.int64)
    order = np.argsort(-counts, kind="stable")[:top][::-1]
    known = set(labels)
    colors = [ACCENT if not known or tags[column] in known else NEUTRAL for column in order]
    figure = go.Figure(
        go.Bar(
            x=counts[order],
            y=[escape(tags[column]) for column in order],
            orientation="h",
            marker_color=colors,
            marker_line_width=0,
        )
    )
    figure.update_traces(hovertemplate="%{y}: %{x:,} photos<extra></extra>")
    figure.update_layout(bargap=0.28)
    figure = frame(figure, height=40 + 20 * max(6, len(order)), x="photos")
    # Every name is shown, and none is taken for a number or a date.
    return figure.update_yaxes(type="category", tickmode="linear", showgrid=False)
