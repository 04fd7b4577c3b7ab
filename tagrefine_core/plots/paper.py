"""Figures of `reproduce`, as pages that need no network."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

__all__ = ["ablation_figure", "page_of", "precision_figure"]


def ablation_figure(rows: Sequence[Mapping[str, Any]], measures: Mapping[str, str]) -> go.Figure:
    """Draw the variants of an ablation side by side, a color for each of the ``measures`` (name to title)."""
    figure = go.Figure()
    for key, title in measures.items():
        figure.add_bar(name=title, x=[row["variant"] for row in rows], y=[row[key] for row in rows])
    return figure.update_layout(yaxis_range=[0, 1], title="Ablation")


def precision_figure(points: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Draw how many of the nearest carry a photo's labels: ``stage``, ``step``, ``precision``, ``low``, ``high`` (the paper's Fig. 4)."""
    moments = [f"{point['stage']} {point['step']}" for point in points]
    figure = go.Figure()
    figure.add_scatter(x=moments, y=[point["precision"] for point in points], name="mean over labels")
    for limit in ("low", "high"):
        figure.add_scatter(
            x=moments, y=[point[limit] for point in points], name=f"95 % {limit}", line={"dash": "dot"}
        )
    return figure.update_layout(
        title="Share of a photo's nearest that carry its label",
        xaxis_title="stage, step",
        yaxis_title="share",
    )


def page_of(figure: go.Figure) -> str:
    """Return a page of one figure."""
    page: str = figure.to_html(include_plotlyjs=True)
    return page
