"""Figures: tables in, plotly figures out. Tags are escaped, since plotly reads some HTML in text."""

from tagrefine_core.plots.collection import tag_frequencies, tags_per_photo
from tagrefine_core.plots.metrics import label_precision, measures
from tagrefine_core.plots.training import curves, run_curves

__all__ = ["curves", "label_precision", "measures", "run_curves", "tag_frequencies", "tags_per_photo"]
