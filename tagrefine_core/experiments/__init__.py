"""The paper's experiments on any collection: methods side by side, ablation, tuning, injected noise."""

from tagrefine_core.evaluation.published import published
from tagrefine_core.experiments.ablation import ablate, ablations
from tagrefine_core.experiments.benchmark import benchmark
from tagrefine_core.experiments.intervals import MEASURES
from tagrefine_core.experiments.noise import recover, recoveries
from tagrefine_core.experiments.table import scores_of, tables
from tagrefine_core.experiments.tune import tune

__all__ = [
    "MEASURES",
    "ablate",
    "ablations",
    "benchmark",
    "published",
    "recover",
    "recoveries",
    "scores_of",
    "tables",
    "tune",
]
