"""How good scores are: MiAP, mAP, MicroAUC, MacroAUC, and the scores of the raw user tags."""

from tagrefine_core.evaluation.average_precision import AP_VARIANTS, average_precision
from tagrefine_core.evaluation.baselines import random_average_precision, random_miap, user_tag_scores
from tagrefine_core.evaluation.curves import PrecisionRecallCurve, precision_recall_curve
from tagrefine_core.evaluation.metrics import Metrics, evaluate

__all__ = [
    "AP_VARIANTS",
    "Metrics",
    "PrecisionRecallCurve",
    "average_precision",
    "evaluate",
    "precision_recall_curve",
    "random_average_precision",
    "random_miap",
    "user_tag_scores",
]
