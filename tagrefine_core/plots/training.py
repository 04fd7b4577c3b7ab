"""Figures of a training run: losses and monitors by step, runs beside each other."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from tagrefine_core.plots.frame import frame, known
from tagrefine_core.store import EpochRecord

__all__ = ["curves", "run_curves"]


def curves(epochs: Sequence[EpochRecord], names: Mapping[str, str]) -> go.Figure:
    """Draw values of one run by training step, with a line where stage 2 begins.

    Parameters
    ----------
    epochs : sequence of EpochRecord
        In any order; a value that is missing, None or NaN leaves a gap.
    names : mapping
        Key in ``EpochRecord.values`` to what the legend calls it.
    """
    epochs = _in_order(epochs)
    steps = _steps(epochs)
    figure = go.Figure()
    for key, name in names.items():
        values = [_value(epoch, key) for epoch in epochs]
        if any(value is not None for value in values):
            figure.add_scatter(
                x=steps,
                y=values,
                name=name,
                mode="lines+markers",
                marker_size=4,
                line_width=2,
                hovertemplate="%{y:.4g}",
            )
    first = next((k for k, epoch in enumerate(epochs) if epoch.stage != "phi0"), 0)
    if first:
        figure.add_vline(
            x=steps[first - 1],
            line={"width": 1, "dash": "dot", "color": "rgba(128,136,140,0.8)"},
            annotation={"text": "constraints on", "font_size": 11},
        )
    figure.update_layout(hovermode="x unified")
    return frame(figure, height=260, x="training step", legend=True)


def run_curves(runs: Mapping[str, Sequence[EpochRecord]], key: str) -> go.Figure:
    """Draw one value of several runs by training step.

    Parameters
    ----------
    runs : mapping
        Name of a run to its epochs.
    key : str
        Which of ``EpochRecord.values``.
    """
    figure = go.Figure()
    for name, unordered in runs.items():
        epochs = _in_order(unordered)
        values = [_value(epoch, key) for epoch in epochs]
        figure.add_scatter(
            x=_steps(epochs), y=values, name=name, mode="lines", line_width=2, hovertemplate="%{y:.4g}"
        )
    figure.update_layout(hovermode="x unified")
    return frame(figure, height=260, x="training step", legend=True)


def _in_order(epochs: Sequence[EpochRecord]) -> list[EpochRecord]:
    """Sort by stage, then by epoch: every stage counts its own steps from zero."""
    return sorted(epochs, key=lambda epoch: (epoch.stage != "phi0", epoch.epoch))


def _steps(epochs: Sequence[EpochRecord]) -> list[int]:
    """Count steps on through both stages, whichever way the stages count their own."""
    steps: list[int] = []
    base = 0
    for number, epoch in enumerate(epochs):
        if number and epoch.stage != epochs[number - 1].stage and epoch.step <= steps[-1]:
            base = steps[-1]
        steps.append(base + epoch.step)
    return steps


def _value(epoch: EpochRecord, key: str) -> float | None:
    value = epoch.values.get(key)
    return value if known(value) else None
