"""Figures of a training run: each loss and each monitor in a small figure of its own, by step, of one run or of several."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tagrefine_core.plots.frame import COLORS, NEUTRAL, frame, known
from tagrefine_core.store import EpochRecord

__all__ = ["run_curves", "training_points"]

_COLUMNS = 3
_HEIGHT = 190


def run_curves(
    runs: Mapping[str, Sequence[EpochRecord]], names: Mapping[str, str], *, columns: int = _COLUMNS
) -> go.Figure:
    """Draw values of runs by training step, each in a figure with a scale of its own, with a line where stage 2 begins.

    Parameters
    ----------
    runs : mapping
        Name of a run to its epochs, in any order. A value that is missing, None or NaN leaves a gap.
    names : mapping
        Key in ``EpochRecord.values`` to the title of its figure; a value that no run has gets none.
    columns : int
        Figures side by side.
    """
    points = {run: list(training_points(epochs)) for run, epochs in runs.items()}
    shown = {
        key: name
        for key, name in names.items()
        if any(known(at.get(key)) for of in points.values() for _, _, at in of)
    }
    columns = max(1, min(columns, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=list(shown.values()),
        horizontal_spacing=0.07,
        vertical_spacing=0.32 / rows,
    )
    for place, key in enumerate(shown):
        cell = {"row": place // columns + 1, "col": place % columns + 1}
        for number, (run, of) in enumerate(points.items()):
            there = [(step, at[key]) for _, step, at in of if key in at]
            figure.add_scatter(
                x=[step for step, _ in there],
                y=[value if known(value) else None for _, value in there],
                name=escape(run),
                legendgroup=run,
                showlegend=place == 0,
                mode="lines" if len(there) > 6 else "lines+markers",
                line={"width": 2, "color": COLORS[number % len(COLORS)]},
                hovertemplate="%{y:.4g} after %{x:,} steps" + ("<extra></extra>" if len(points) == 1 else ""),
                **cell,
            )
        values = [value for of in points.values() for _, _, at in of if known(value := at.get(key))]
        if min(values) == max(values):  # plotly would show it from one below to one above
            middle, around = values[0], abs(values[0]) or 1.0
            figure.update_yaxes(range=[middle - around, middle + around], **cell)
    for of in points.values() if len(points) == 1 else ():
        stages = [stage for stage, _, _ in of]
        if first := next((k for k, stage in enumerate(stages) if stage != "phi0"), 0):
            figure.add_vline(x=of[first - 1][1], line={"width": 1, "dash": "dot", "color": NEUTRAL})
    figure = frame(figure, height=60 + _HEIGHT * rows, legend=len(points) > 1)
    figure.update_layout(margin_t=64 if len(points) > 1 else 30, legend_y=1 + 34 / (_HEIGHT * rows))
    figure.update_annotations(font_size=13, xanchor="left")
    for place, annotation in enumerate(figure.layout.annotations[: len(shown)]):
        annotation.x = figure.layout["xaxis" if place == 0 else f"xaxis{place + 1}"].domain[0]
    figure.update_xaxes(nticks=5)
    figure.update_xaxes(title="training step", title_font_size=12, row=rows)
    figure.update_yaxes(nticks=5)
    return figure


def training_points(epochs: Sequence[EpochRecord]) -> Iterator[tuple[str, int, dict[str, float | None]]]:
    """Yield stage, step and what is known there: losses at some points of each epoch, all else where it ends.

    Steps are counted on through both stages.
    """
    base = last = 0
    before = ""
    for epoch in sorted(epochs, key=lambda epoch: (epoch.stage != "phi0", epoch.epoch)):
        if before and epoch.stage != before and epoch.step <= last:
            base = last
        before = epoch.stage
        losses = {name for _, at in epoch.points for name in at}
        for step, at in epoch.points:
            yield epoch.stage, base + step, dict(at)
        yield (
            epoch.stage,
            base + epoch.step,
            {name: value for name, value in epoch.values.items() if name not in losses},
        )
        last = base + epoch.step
