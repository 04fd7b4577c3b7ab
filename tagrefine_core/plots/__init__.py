"""Figures: tables in, plotly figures out. Tags are escaped, since plotly reads some HTML in text."""

from tagrefine_core.plots.collection import tag_frequencies, tags_per_photo
from tagrefine_core.plots.comparison import label_dots, time_quality
from tagrefine_core.plots.frame import printed
from tagrefine_core.plots.metrics import label_precision, measures
from tagrefine_core.plots.reliability import reliability_diagram
from tagrefine_core.plots.studies import ablation_bars, noise_curves, precision_recall
from tagrefine_core.plots.training import run_curves, training_points

__all__ = [
    "ablation_bars",
    "label_dots",
    "label_precision",
    "measures",
    "noise_curves",
    "precision_recall",
    "printed",
    "reliability_diagram",
    "run_curves",
    "tag_frequencies",
    "tags_per_photo",
    "time_quality",
    "training_points",
]
