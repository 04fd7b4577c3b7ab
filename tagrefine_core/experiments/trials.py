"""Trainings that are only measured: the run is deleted afterwards, its measures are kept."""

import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import TagRefineError
from tagrefine_core.evaluation import evaluate
from tagrefine_core.experiments.intervals import MEASURES, copies, resampled
from tagrefine_core.experiments.keeping import (
    code_of,
    experiments_folder,
    key_of,
    read_result,
    write_result,
)
from tagrefine_core.experiments.protocol import PROTOCOL, need_truth
from tagrefine_core.files import read_array, write_array
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.store import Store
from tagrefine_core.version import VERSION

__all__ = ["draws_of_trial", "known_trial", "mean_of_trials", "trial"]

_DRAWS = 400  # resamples of the photos, the same in all trials on a collection

Trial = dict[str, Any]


def trial(
    store: Store,
    collection: Collection,
    config: TrainConfig,
    rows: NDArray[np.int64],
    *,
    progress: Progress = silent,
) -> Trial:
    """Train with ``config``, measure the scores of some photos, delete the run; known results are read.

    Stopped by Cancelled, the run stays as cancelled and the same call goes on with it.

    Parameters
    ----------
    rows : int64 (V,)
        Photos to measure; their labels never enter training.
    progress : Progress
        Of the training.

    Returns
    -------
    dict
        ``status`` "done" or "failed", ``message``, ``seconds``, and ``metrics``: name to number, or None.
    """
    known = known_trial(store, collection, config, rows)
    if known is not None:
        return known
    from tagrefine_core.runs.launch import train

    path = _path(store, collection, config, rows)
    run_id = f"trial-{path.stem}"  # by which a trial that was killed is gone on with
    state = next((run.state for run in store.runs(collection.name) if run.id == run_id), None)
    start = time.perf_counter()
    try:
        if state != "finished":
            resume = None if state is None else run_id
            train(store, collection, config, resume=resume, run_id=run_id, progress=progress)
        scores = Run.open(store, run_id).scores_of(rows, collection.label_columns)
        truth = need_truth(collection)[rows]
        metrics = evaluate(scores, truth)
        draws = resampled(scores, truth, copies(collection.n, _DRAWS, seed=0)[rows])
    except TagRefineError as error:
        _forget(store, run_id)
        return {"status": "failed", "message": str(error), "metrics": None, "seconds": None}
    found = metrics.as_dict()
    result = {
        "status": "done",
        "message": store.run(run_id).message,
        "metrics": {key: found[key] for key in (*MEASURES, "per_label_ap")},
        "seconds": time.perf_counter() - start,
        "config": config.model_dump(),
    }
    write_array(path.with_suffix(".npy"), draws)
    write_result(path, result)  # last: that it is there says that all is
    _forget(store, run_id)
    return result


def known_trial(
    store: Store, collection: Collection, config: TrainConfig, rows: NDArray[np.int64]
) -> Trial | None:
    """Return the result of a trial that has been made, or None."""
    found: Trial | None = read_result(_path(store, collection, config, rows))
    return found


def draws_of_trial(
    store: Store, collection: Collection, config: TrainConfig, rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return `MEASURES` of a trial that has been made on resamples of the photos, (B, 5)."""
    return read_array(_path(store, collection, config, rows).with_suffix(".npy"))


def mean_of_trials(trials: list[Trial]) -> dict[str, Any]:
    """Return status, message, mean and sample deviation of every measure, and mean seconds of repeats.

    One repeat that failed makes all of it failed; a deviation of a single repeat is None.
    """
    failed = [trial for trial in trials if trial["status"] != "done"]
    row: dict[str, Any] = {"status": "failed" if failed else "done", "repeats": len(trials)}
    row["message"] = (failed or trials)[0]["message"]
    for measure in MEASURES:
        values = [] if failed else [trial["metrics"][measure] for trial in trials]
        known = bool(values) and None not in values
        row[measure] = float(np.mean(values)) if known else None
        row[f"{measure}_sd"] = float(np.std(values, ddof=1)) if known and len(values) > 1 else None
    row["seconds"] = None if failed else float(np.mean([trial["seconds"] for trial in trials]))
    return row


def _path(store: Store, collection: Collection, config: TrainConfig, rows: NDArray[np.int64]) -> Path:
    code = code_of("tagrefine_core.runs.launch")
    settings = config.model_dump(exclude={"preset"})
    key = key_of(settings, collection.data_hash, rows.tolist(), code, PROTOCOL, VERSION)
    return experiments_folder(store.home) / "trials" / f"{key}.json"


def _forget(store: Store, run_id: str) -> None:
    """Delete the run of a trial that has ended."""
    store.delete_run(run_id)
    shutil.rmtree(run_folder(store.home, run_id), ignore_errors=True)
