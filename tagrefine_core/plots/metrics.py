"""Figures of metrics: the four measures side by side, average precision label by label."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from tagrefine_core.plots.frame import ACCENT, NEUTRAL, add_spans, frame, known, name_rows

__all__ = ["label_precision", "measures"]


def measures(subjects: Mapping[str, Mapping[str, float | None]], names: Mapping[str, str]) -> go.Figure:
    """Draw measures in [0, 1] as dots on one line each; the first subject is what the others are compared with.

    Parameters
    ----------
    subjects : mapping
        Name of a subject (a run, the users' tags) to its measures; None or NaN is left out.
    names : mapping
        Key of a measure to what its line is called, from top to bottom.
    """
    figure = go.Figure()
    for number, (subject, values) in enumerate(subjects.items()):
        defined = [(values[key], name) for key, name in names.items() if known(values.get(key))]
        figure.add_scatter(
            x=[value for value, _ in defined],
            y=[name for _, name in defined],
            name=subject,
            mode="markers",
            marker=_dot(number),
            hovertemplate="%{y}: %{x:.3f}",
        )
    figure = frame(figure, height=60 + 46 * len(names), legend=True)
    figure.update_yaxes(categoryorder="array", categoryarray=list(names.values())[::-1], type="category")
    return figure.update_xaxes(range=[0, 1.02], tickformat=".1f")


def label_precision(
    labels: Sequence[str], before: Sequence[float | None] | None, after: Sequence[float | None]
) -> go.Figure:
    """Draw the average precision of every label before and after, the best label on top.

    Parameters
    ----------
    labels : sequence of L str
    before : sequence of L float or None, optional
        Of the users' tags.
    after : sequence of L float or None
        Of the run; a label without it (no positive in the truth) is left out.
    """
    kept = [k for k, value in enumerate(after) if known(value)]
    kept.sort(key=lambda k: after[k] or 0.0)
    names = [escape(labels[k]) for k in kept]
    figure = go.Figure()
    if before is not None:
        pairs = [
            (name, old, new)
            for name, k in zip(names, kept, strict=True)
            if known(old := before[k]) and known(new := after[k])
        ]
        add_spans(figure, pairs, opacity=0.5)
        figure.add_scatter(
            x=[old for _, old, _ in pairs],
            y=[name for name, _, _ in pairs],
            name="users' tags",
            mode="markers",
            marker={"size": 9, "color": NEUTRAL, "symbol": "circle-open", "line_width": 2},
            hovertemplate="%{y}: %{x:.3f}",
        )
    figure.add_scatter(
        x=[after[k] for k in kept],
        y=names,
        name="refined tags",
        mode="markers",
        marker={"size": 10, "color": ACCENT},
        hovertemplate="%{y}: %{x:.3f}",
    )
    figure = frame(figure, height=70 + 21 * max(4, len(kept)), x="average precision", legend=True)
    return name_rows(figure, names)


def _dot(number: int) -> dict[str, object]:
    """Style the first subject as a gray ring, the second in the accent color, the others as the theme has it."""
    if number == 0:
        return {"size": 13, "symbol": "circle-open", "line_width": 2.5, "color": NEUTRAL}
    return {"size": 13, "line_width": 0, **({"color": ACCENT} if number == 1 else {})}
