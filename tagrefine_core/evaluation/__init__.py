"""How good scores are (MiAP, mAP, MicroAUC, MacroAUC), the tags that come of them, and whether they are probabilities."""

from tagrefine_core.evaluation.average_precision import AP_VARIANTS, average_precision
from tagrefine_core.evaluation.baselines import random_average_precision, random_miap, user_tag_scores
from tagrefine_core.evaluation.calibration import Reliability, reliability
from tagrefine_core.evaluation.curves import PrecisionRecallCurve, precision_recall_curve
from tagrefine_core.evaluation.decisions import Decisions, evaluate_decisions
from tagrefine_core.evaluation.metrics import Metrics, evaluate

__all__ = [
    "AP_VARIANTS",
    "Decisions",
    "Metrics",
    "PrecisionRecallCurve",
    "Reliability",
    "average_precision",
    "evaluate",
    "evaluate_decisions",
    "precision_recall_curve",
    "random_average_precision",
    "random_miap",
    "reliability",
    "user_tag_scores",
]
