"""The frame that all figures share: quiet axes, small margins, no background."""

import plotly.graph_objects as go

__all__ = ["ACCENT", "NEUTRAL", "frame"]

ACCENT = "#2f8f73"
"""What is TagRefine's own: seen well on light and on dark paper."""

NEUTRAL = "#9aa19c"
"""What things are compared with: the users' tags, earlier stages."""

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
