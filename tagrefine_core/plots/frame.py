"""The frame that all figures share: quiet axes, small margins, no background."""

import math
from collections.abc import Sequence
from html import escape
from typing import TypeGuard

import plotly.graph_objects as go

__all__ = ["ACCENT", "COLORS", "NEUTRAL", "add_spans", "frame", "known", "name_rows", "printed"]

ACCENT = "#2f8f73"
"""What is TagRefine's own: seen well on light and on dark paper."""

NEUTRAL = "#9aa19c"
"""What things are compared with: the users' tags, earlier stages."""

COLORS = (ACCENT, "#c08a2d", "#5b84bd", "#c9624d", "#8f7cb8", "#7d8f3f")
"""Of things that stand side by side, seen well on light and on dark paper."""

_GRID = "rgba(128, 136, 140, 0.18)"


def frame(figure: go.Figure, *, height: int, x: str = "", y: str = "", legend: bool = False) -> go.Figure:
    """Give a figure its axis titles and height, and take away what only makes noise.

    Parameters
    ----------
    height : int
        In pixels.
    x, y : str
        Axis titles with their unit.
    legend : bool
        Whether to draw the legend, above the figure.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28 if legend else 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hoverlabel={"namelength": -1},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": NEUTRAL, "activecolor": ACCENT},
        dragmode=False,
    )
    figure.update_xaxes(title=x or None, gridcolor=_GRID, zeroline=False, automargin=True)
    figure.update_yaxes(title=y or None, gridcolor=_GRID, zeroline=False, automargin=True)
    return figure


def printed(figure: go.Figure, *, title: str, about: str) -> go.Figure:
    """Return a figure as it is saved: on white paper, in light colors whatever is on the screen, with its title and what it is of.

    Parameters
    ----------
    title, about : str
        One line each; a stranger's text is escaped.
    """
    paper = go.Figure(figure)
    height, top = figure.layout.height or 300, figure.layout.margin.t or 0
    paper.update_layout(
        template="plotly_white",
        colorway=COLORS,
        font={"family": "Inter, system-ui, sans-serif", "size": 13, "color": "#1d2125"},
        paper_bgcolor="#ffffff",
        plot_bgcolor="#ffffff",
        title={
            "text": f"<b>{escape(title)}</b><br><span style='font-size:12px;color:#5d646c'>{escape(about)}</span>",
            "x": 0,
            "xref": "paper",
            "y": 1 - 30 / (height + 78),  # of the middle of two lines, whatever the anchor is called
            "yref": "container",
            "yanchor": "top",
            "font": {"size": 17},
        },
        margin={"l": 24, "r": 24, "t": top + 66, "b": 20},
        height=height + 78,
    )
    return paper


def add_spans(figure: go.Figure, spans: Sequence[tuple[str, float, float]], *, opacity: float) -> None:
    """Add a gray line in the row of each name, from one value to another, for the dots to stand on."""
    figure.add_scatter(
        x=[x for _, start, end in spans for x in (start, end, None)],
        y=[y for name, _, _ in spans for y in (name, name, None)],
        mode="lines",
        line={"width": 2, "color": NEUTRAL},
        opacity=opacity,
        hoverinfo="skip",
        showlegend=False,
    )


def name_rows(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    """Give every name its row, from the bottom up, and an axis from 0 to 1 to what is drawn in them."""
    figure.update_yaxes(
        type="category", categoryorder="array", categoryarray=names, tickmode="linear", showgrid=False
    )
    return figure.update_xaxes(range=[0, 1.02], tickformat=".1f")


def known(value: float | None) -> TypeGuard[float]:
    """Tell whether there is a number to draw."""
    return value is not None and math.isfinite(value)
