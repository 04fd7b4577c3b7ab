"""Figures of a comparison of methods: average precision label by label, quality against time."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from tagrefine_core.plots.frame import ACCENT, NEUTRAL, add_spans, frame, known, name_rows

__all__ = ["label_dots", "time_quality"]

_Box = tuple[float, float, float, float]  # left, bottom, right, top

_SIZE = (900.0, 300.0)  # pixels from the first to the last dot, across and up, on a screen of usual width
_SHORTEST = 1e-3  # seconds; what is faster is drawn here, since the axis is logarithmic


def label_dots(
    labels: Sequence[str], methods: Mapping[str, Sequence[float | None]], *, ours: str = ""
) -> go.Figure:
    """Draw the average precision of every label by every method, the easiest label on top.

    Parameters
    ----------
    labels : sequence of L str
    methods : mapping
        Title of a method to its L values in [0, 1]; None or NaN (no photo shows the label) is left out. Labels are in the
        order of the first method.
    ours : str
        Title of the method that has the accent color.
    """
    first: Sequence[float | None] = next(iter(methods.values()), ())
    kept = [place for place, value in enumerate(first) if known(value)]
    kept.sort(key=lambda place: first[place] or 0.0)
    figure = go.Figure()
    spans = []
    for place in kept:
        values_here = [value for values in methods.values() if known(value := values[place])]
        spans.append((escape(labels[place]), min(values_here), max(values_here)))
    add_spans(figure, spans, opacity=0.35)
    for title, values in methods.items():
        shown = [place for place in kept if known(values[place])]
        figure.add_scatter(
            x=[values[place] for place in shown],
            y=[escape(labels[place]) for place in shown],
            name=escape(title),
            mode="markers",
            marker={"size": 10, "opacity": 0.9, **({"color": ACCENT} if title == ours else {})},
            hovertemplate="%{y}: %{x:.3f}",
        )
    figure = frame(figure, height=90 + 21 * max(4, len(kept)), x="average precision", legend=True)
    name_rows(figure, [name for name, _, _ in spans])
    return figure.update_yaxes(range=[-0.8, len(kept) - 0.2])


def time_quality(
    points: Sequence[tuple[str, float, float, float]], *, measure: str, ours: str = ""
) -> go.Figure:
    """Draw each method as a dot: the higher the better, the further left the faster.

    Parameters
    ----------
    points : sequence of (title, seconds, quality, peak memory in MB)
        Seconds of fit and scoring, on a logarithmic axis.
    measure : str
        What the quality is called.
    ours : str
        Title of the method that has the accent color.
    """
    figure = go.Figure()
    seconds = [max(_SHORTEST, point[1]) for point in points]
    figure.add_scatter(
        x=seconds,
        y=[point[2] for point in points],
        text=[escape(point[0]) for point in points],
        customdata=[[point[1], point[3]] for point in points],
        mode="markers+text",
        textposition=_sides([point[0] for point in points], seconds, [point[2] for point in points]),
        textfont_size=12,
        marker={"size": 12, "color": [ACCENT if point[0] == ours else NEUTRAL for point in points]},
        cliponaxis=False,
        hovertemplate="%{text}: %{y:.3f}, %{customdata[0]:.3g} s, %{customdata[1]:,.0f} MB<extra></extra>",
    )
    figure = frame(figure, height=420, x="seconds to learn and to score (each step is ten times)", y=measure)
    low, high = math.log10(min(seconds, default=1.0)), math.log10(max(seconds, default=1.0))
    room = 0.35 + 0.08 * (high - low)  # names stand beside their dots
    figure.update_xaxes(type="log", range=[low - room, high + room], dtick=1, minor_showgrid=False)
    return figure.update_yaxes(tickformat=".2f")


def _sides(names: Sequence[str], seconds: Sequence[float], quality: Sequence[float]) -> list[str]:
    """Place each name where it covers no dot and no other name; where there is no such place, above its dot."""
    across = _pixels([math.log10(value) for value in seconds], _SIZE[0])
    up = _pixels(quality, _SIZE[1])
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in zip(across, up, strict=True)]
    sides = []
    for name, x, y in zip(names, across, up, strict=True):
        half = 3.5 * len(name)  # of its width, in letters of 12 pixels
        boxes = {
            "top center": (x - half, y + 7, x + half, y + 21),
            "bottom center": (x - half, y - 21, x + half, y - 7),
            "middle right": (x + 9, y - 7, x + 9 + 2 * half, y + 7),
            "middle left": (x - 9 - 2 * half, y - 7, x - 9, y + 7),
        }
        free = (side for side, box in boxes.items() if not any(_overlap(box, other) for other in taken))
        sides.append(next(free, "top center"))
        taken.append(boxes[sides[-1]])
    return sides


def _pixels(values: Sequence[float], size: float) -> list[float]:
    low, spread = min(values, default=0.0), (max(values, default=0.0) - min(values, default=0.0)) or 1.0
    return [size * (value - low) / spread for value in values]


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
