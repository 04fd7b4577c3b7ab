"""Intervals of how a run ranks tags: measured once, by resampling photos, and kept beside the run's measures."""

from typing import Any

import numpy as np

from tagrefine_core.errors import LabelError
from tagrefine_core.evaluation import user_tag_scores
from tagrefine_core.evaluation.decisions import LEVEL
from tagrefine_core.evaluation.resampling import copies, interval
from tagrefine_core.files import kept_where_possible
from tagrefine_core.runs.measured import measured_rows
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of
from tagrefine_core.workflow.outcomes import evaluate_run, evaluate_user_tags

__all__ = ["RANKING", "ranking_intervals"]

RANKING = {"miap": "MiAP", "map": "mAP", "micro_auc": "MicroAUC", "macro_auc": "MacroAUC"}
"""Measures of a ranking and their names."""

_DRAWS = 200
_PHOTOS = 20_000  # resampled; of more, so many are drawn, and what they tell is narrowed as more photos would


def ranking_intervals(store: Store, run_id: str) -> dict[str, dict[str, Any]]:
    """Return each measure before and after, with intervals over photos.

    Users' tags and run are measured on the same resamples, so that the gain has an interval of its own.

    Returns
    -------
    dict
        By the names of `RANKING` and "miap_labelled": ``before``, ``after`` (float or None), ``interval`` of after and
        ``gain`` (low, high), None where undefined.

    Raises
    ------
    LabelError
        When the collection has no ground truth.
    RunError
        When the run has no scores, or is of data that has changed since.
    """
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    if collection.truth is None:
        raise LabelError(f"Collection {collection.name!r} has no ground truth, so nothing can be measured.")
    after = store.metrics(collection.id, run_id) or evaluate_run(store, run_id).as_dict()
    if "intervals" in after:
        known: dict[str, dict[str, Any]] = after["intervals"]
        return known
    before = store.metrics(collection.id, "user_tags") or evaluate_user_tags(store, collection.name).as_dict()
    found = _measure(run, collection, before, after)
    with kept_where_possible():
        store.write_metrics(collection.id, run_id, {**after, "intervals": found})
    return found


def _measure(
    run: Run, collection: Any, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    from tagrefine_core.experiments.intervals import MEASURES, resampled  # loads scikit-learn

    rows = measured_rows(run, collection)
    if not len(rows):  # one that learned from all photos, of which none is left to measure
        return {
            name: {"before": before.get(name), "after": after.get(name), "interval": None, "gain": None}
            for name in MEASURES
        }
    narrowed = 1.0
    if len(rows) > _PHOTOS:
        narrowed = float(np.sqrt(_PHOTOS / len(rows)))
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:_PHOTOS])
    truth = np.asarray(collection.truth[rows])
    counts = copies(len(rows), _DRAWS, 0)
    given = user_tag_scores(collection.tag_positions[rows], columns=collection.label_columns)
    drawn = resampled(run.scores_of(rows, collection.label_columns), truth, counts)
    users = resampled(np.asarray(given, dtype=np.float32), truth, counts)
    found = {}
    for column, name in enumerate(MEASURES):
        value, base = after.get(name), before.get(name)
        found[name] = {
            "before": base,
            "after": value,
            "interval": _around(value, drawn[:, column], narrowed),
            "gain": _around(
                None if value is None or base is None else value - base,
                drawn[:, column] - users[:, column],
                narrowed,
            ),
        }
    return found


def _around(value: float | None, draws: Any, narrowed: float) -> tuple[float, float] | None:
    """Return the interval of resamples, moved to the value of all photos where not all were resampled."""
    found = interval(draws, level=LEVEL)
    if value is None or found is None:
        return None
    if narrowed == 1.0:
        return found
    middle = float(np.nanmean(draws))
    return value + narrowed * (found[0] - middle), value + narrowed * (found[1] - middle)
