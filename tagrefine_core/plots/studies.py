"""Figures of experiments with one model: what its parts are worth, what it recovers from noise, single tags."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from tagrefine_core.plots.frame import ACCENT, NEUTRAL, frame, known

__all__ = ["ablation_bars", "noise_curves", "precision_recall"]

_FEW = 30  # points that are drawn one by one
Point = tuple[float, float | None]


def ablation_bars(
    variants: Mapping[str, tuple[float | None, float | None]], *, whole: str, measure: str
) -> go.Figure:
    """Draw how much each variant of a model differs from the whole model; a bar to the left is worse.

    Parameters
    ----------
    variants : mapping
        Name of a variant to its value in [0, 1] and its deviation, from top to bottom; an unknown value is left out.
    whole : str
        The variant that the others are compared with; it must be known.
    measure : str
        What the value is called.

    Raises
    ------
    KeyError
        When ``whole`` is not among the variants, or not known.
    """
    values = {name: value for name, (value, _) in reversed(list(variants.items())) if known(value)}
    names = [escape(name) for name in values]
    shifts = [value - values[whole] for value in values.values()]
    spread = [variants[name][1] or 0.0 for name in values]
    figure = go.Figure(
        go.Bar(
            x=shifts,
            y=names,
            orientation="h",
            marker_color=[ACCENT if name == whole else NEUTRAL for name in values],
            marker_line_width=0,
            error_x={"array": spread, "thickness": 1.2, "width": 3} if any(spread) else None,
            customdata=list(values.values()),
            hovertemplate="%{y}: %{customdata:.3f} (%{x:+.4f})<extra></extra>",
        )
    )
    # A bar's own text would stand on the line of its deviation.
    figure.add_scatter(
        x=[shift + (sd if shift >= 0 else -sd) for shift, sd in zip(shifts, spread, strict=True)],
        y=names,
        text=[f" {value:.3f} " for value in values.values()],
        textposition=["middle right" if shift >= 0 else "middle left" for shift in shifts],
        textfont_size=12,
        mode="text",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.update_layout(bargap=0.32)
    figure = frame(figure, height=70 + 26 * max(3, len(values)), x=f"{measure}, beside the whole model")
    # Differences far below what repeats differ by must not fill the figure.
    reach = 1.35 * max([0.01, *(abs(shift) + sd for shift, sd in zip(shifts, spread, strict=True))])
    figure.update_xaxes(
        range=[-reach, reach], tickformat="+.3f", zeroline=True, zerolinecolor=NEUTRAL, zerolinewidth=1
    )
    return figure.update_yaxes(type="category", tickmode="linear", showgrid=False)


def noise_curves(
    curves: Mapping[str, Sequence[Point]], *, measure: str, ours: str = "", spoiled: str = ""
) -> go.Figure:
    """Draw what each method recovers as more tags are spoiled.

    Parameters
    ----------
    curves : mapping
        Title of a method to (rate in [0, 1], value in [0, 1]); an unknown value leaves a gap.
    measure : str
        What the value is called.
    ours, spoiled : str
        Titles of the method with the accent color, and of the spoiled tags as they are, drawn in gray.
    """
    figure = go.Figure()
    for title, points in curves.items():
        color = {ours: ACCENT, spoiled: NEUTRAL}.get(title)
        line = {"width": 3 if title == ours else 2, "dash": "dot" if title == spoiled else "solid"}
        figure.add_scatter(
            x=[rate for rate, _ in sorted(points)],
            y=[value if known(value) else None for _, value in sorted(points)],
            name=escape(title),
            mode="lines+markers",
            line=line | ({"color": color} if color else {}),
            marker_size=7,
            hovertemplate="%{y:.3f}",
        )
    figure.update_layout(hovermode="x unified")
    figure = frame(figure, height=340, x="spoiled tags", y=measure, legend=True)
    return figure.update_xaxes(tickformat=".0%").update_yaxes(rangemode="tozero")


def precision_recall(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, base: float, ours: str = ""
) -> go.Figure:
    """Draw precision by recall of one tag.

    Parameters
    ----------
    curves : mapping
        Name of a subject to its recall and precision, as the threshold falls; the first is what others are compared with.
    base : float
        Share of photos that show the tag: the precision of guessing.
    ours : str
        Subject with the accent color.
    """
    figure = go.Figure()
    for number, (name, (recall, precision)) in enumerate(curves.items()):
        color = ACCENT if name == ours else NEUTRAL if number == 0 else None
        figure.add_scatter(
            x=recall,
            y=precision,
            name=escape(name),
            mode="lines+markers" if np.size(recall) <= _FEW else "lines",
            marker_size=6,
            line={"width": 2.5, **({"color": color} if color else {})},
            hovertemplate="found %{x:.0%}, right %{y:.0%}",
        )
    figure.add_hline(
        y=base,
        line={"width": 1, "dash": "dot", "color": NEUTRAL},
        annotation={"text": "guessing", "font_size": 11},
        annotation_position="bottom left",
    )
    figure = frame(
        figure,
        height=380,
        x="recall: share of its photos that are found",
        y="precision: share found that is right",
        legend=True,
    )
    return figure.update_xaxes(range=[0, 1.02], tickformat=".0%").update_yaxes(
        range=[0, 1.04], tickformat=".0%"
    )
