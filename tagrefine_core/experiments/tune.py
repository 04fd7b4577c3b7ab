"""Search settings of the training by the validation fold, never by photos that a benchmark measures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig, train_config
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.choosing import best_trial
from tagrefine_core.experiments.intervals import MEASURES
from tagrefine_core.experiments.keeping import experiments_folder, key_of, write_result
from tagrefine_core.experiments.protocol import FITTED, Task, need_truth, validation_split
from tagrefine_core.experiments.steps import Steps
from tagrefine_core.experiments.trials import known_trial, trial
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = ["set_line", "tune"]


def tune(
    store: Store,
    name: str,
    grid: Mapping[str, Sequence[Any]],
    *,
    random: int | None = None,
    task: Task = "annotation",
    preset: str = "default",
    settings: Mapping[str, Any] | None = None,
    metric: str = "map",
    seed: int = 0,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Train with every setting of a grid, or with some drawn from it, and name the best.

    The judge is the validation fold that a benchmark tunes on: a tenth of the first training fifth. For annotation the
    other nine tenths train; for refinement all photos do, by their tags.

    Parameters
    ----------
    store : Store
    name : str
        A collection with ground truth.
    grid : mapping
        Name of a training setting to the values to try; text is converted.
    random : int, optional
        Try only so many, drawn without repetition; by default the whole grid.
    task, preset, settings
        What the values are laid over.
    metric : str
        One of `MEASURES`.
    seed : int
        Of the draw, the splits and the training.
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
    if reserved := [key for key in grid if key in ("task", "seed", "fold", "train_fraction", "preset")]:
        raise ConfigError(f"{reserved[0]} belongs to the protocol and cannot be searched.")
    values = {key: list(values) for key, values in grid.items()}
    size = len(ParameterGrid(values))
    drawn = (
        ParameterGrid(values)
        if random is None or random >= size
        else ParameterSampler(values, n_iter=random, random_state=seed)
    )
    tried = [{key: point[key] for key in grid} for point in drawn]
    fixed: dict[str, Any] = {**(settings or {}), "task": task, "seed": seed, "fold": 0}
    base = train_config(preset, **fixed)
    if task == "annotation":
        fixed["train_fraction"] = base.train_fraction * FITTED
    configs = [train_config(preset, **{**fixed, **point}) for point in tried]
    collection = Collection.open(store, name)
    need_truth(collection)
    rows = validation_split(collection.n, base, task).test
    fresh = [known_trial(store, collection, config, rows) is None for config in configs]

    steps = Steps(progress, "Trying settings", done=fresh.count(False), total=len(fresh))
    trials = []
    for point, config, is_fresh in zip(tried, configs, fresh, strict=True):
        found = trial(store, collection, config, rows, progress=steps)
        steps.step(is_fresh)
        trials.append({"settings": {key: getattr(config, key) for key in point}, **found})
    scores = [None if found["metrics"] is None else found["metrics"][metric] for found in trials]
    known = [score for score in scores if score is not None and np.isfinite(score)]
    best = trials[best_trial(scores)]["settings"] if known else None
    answer = {
        "collection": name,
        "task": task,
        "preset": preset,
        "metric": metric,
        "seed": seed,
        "judged": len(rows),
        "created": datetime.now().astimezone().isoformat(),
        "trials": trials,
        "best": best,
        "set": None if best is None else set_line(best),
    }
    key = key_of(base.model_dump(), tried, metric, collection.data_hash)
    write_result(experiments_folder(store.home) / "searches" / f"{key}.json", answer)
    return answer


def set_line(settings: Mapping[str, Any]) -> str:
    """Return settings as options of the command ``train``.

    Examples
    --------
    >>> set_line({"lambda1": 10.0, "refresh": "static"})
    '--set lambda1=10.0 --set refresh=static'
    """
    known = [key for key in settings if key in TrainConfig.model_fields]
    return " ".join(f"--set {key}={settings[key]}" for key in known)
