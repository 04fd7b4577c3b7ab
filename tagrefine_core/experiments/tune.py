"""Search settings of the training by the validation fold, never by photos that a benchmark measures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.choosing import best_trial
from tagrefine_core.experiments.intervals import MEASURES
from tagrefine_core.experiments.keeping import experiments_folder, heading, key_of, write_result
from tagrefine_core.experiments.protocol import need_truth, validation_split
from tagrefine_core.experiments.steps import Steps
from tagrefine_core.experiments.trials import known_trial, trial
from tagrefine_core.progress import Progress, silent
from tagrefine_core.settings import write_settings
from tagrefine_core.store import Store

__all__ = ["set_line", "tune"]

_PROTOCOL = ("task", "seed", "run.part", "run.train_fraction", "preset")


def tune(
    store: Store,
    name: str,
    grid: Mapping[str, Sequence[Any]],
    config: TrainConfig,
    *,
    random: int | None = None,
    metric: str = "map",
    progress: Progress = silent,
) -> dict[str, Any]:
    """Train with every setting of a grid, or with some drawn from it, and name the best.

    The judges are the photos that a benchmark tunes on, 500 where there are enough, none of which it measures in annotation. For
    annotation the first part trains, as in a benchmark; for refinement all photos do, by their tags.

    Parameters
    ----------
    store : Store
    name : str
        A collection with ground truth.
    grid : mapping
        Name of a training setting to the values to try; text is converted.
    config : TrainConfig
        What the values are laid over; its seed is that of the draw, too.
    random : int, optional
        Try only so many, drawn without repetition; by default the whole grid.
    metric : str
        One of `MEASURES`.
    progress : Progress
        May raise Cancelled; the same call goes on.

    Returns
    -------
    dict
        ``trials`` (``settings``, ``status``, ``message``, ``metrics``, ``seconds``), ``best`` (settings, or None where
        all failed), ``set`` (the best as options of ``train``), and what was asked for.

    Raises
    ------
    ConfigError
        When a setting or value is unknown, or the grid is empty.
    LabelError
        Without ground truth.
    """
    if not grid or not all(len(values) for values in grid.values()):
        raise ConfigError("The grid is empty; give at least one setting with its values.")
    if metric not in MEASURES:
        raise ConfigError(f"There is no measure {metric!r}; choose one of: {', '.join(MEASURES)}.")
    if random is not None and random < 1:
        raise ConfigError(f"random must be at least 1; got {random}.")
    if reserved := [key for key in grid if key in _PROTOCOL]:
        raise ConfigError(f"{reserved[0]} belongs to the protocol and cannot be searched.")
    values = {key: list(values) for key, values in grid.items()}
    size = len(ParameterGrid(values))
    drawn = (
        ParameterGrid(values)
        if random is None or random >= size
        else ParameterSampler(values, n_iter=random, random_state=config.seed)
    )
    tried = [{key: point[key] for key in grid} for point in drawn]
    configs = [config.replaced({"run.part": 0, **point}) for point in tried]
    collection = Collection.open(store, name)
    need_truth(collection)
    rows = validation_split(collection.n, config, config.task).test
    fresh = [known_trial(store, collection, each, rows) is None for each in configs]

    steps = Steps(progress, "Trying settings", done=fresh.count(False), total=len(fresh))
    trials = []
    for point, each, is_fresh in zip(tried, configs, fresh, strict=True):
        found = trial(store, collection, each, rows, progress=steps)
        steps.step(is_fresh)
        trials.append({"settings": {key: each.flat()[key] for key in point}, **found})
    scores = [None if found["metrics"] is None else found["metrics"][metric] for found in trials]
    known = [score for score in scores if score is not None and np.isfinite(score)]
    best = trials[best_trial(scores)]["settings"] if known else None
    answer = {
        **heading(collection, config),
        "state": "finished",
        "metric": metric,
        "judged": len(rows),
        "trials": trials,
        "best": best,
        "set": None if best is None else set_line(best),
    }
    key = key_of(config.model_dump(), tried, metric, collection.data_hash)
    write_result(experiments_folder(store.home) / "tuned" / f"{key}.json", answer)
    return answer


def set_line(settings: Mapping[str, Any]) -> str:
    """Return settings as options of the command ``train``.

    Examples
    --------
    >>> set_line({"constraints.lambda1": 10.0, "neighbors.refresh": "static"})
    '--set constraints.lambda1=10.0 --set neighbors.refresh=static'
    """
    return " ".join(f"--set {pair}" for pair in write_settings(settings))
