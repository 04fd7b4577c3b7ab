"""Put methods side by side on one collection by the paper's protocol, each tuned by the same budget."""

from collections.abc import Sequence
from typing import Any

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig, train_config
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.comparison import Comparison
from tagrefine_core.experiments.keeping import experiments_folder
from tagrefine_core.experiments.protocol import Task, feature_material, need_truth, repeat_split
from tagrefine_core.experiments.table import Table, table_id
from tagrefine_core.methods import Mode, method_class, names
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = ["benchmark", "comparison_config"]


def benchmark(
    store: Store,
    name: str,
    *,
    task: Task = "annotation",
    methods: Sequence[str] | None = None,
    repeats: int = 5,
    budget: int = 12,
    preset: str = "default",
    backbone: str | None = None,
    weights: str | None = None,
    mode: Mode = "all",
    seed: int = 0,
    memory: int | None = None,
    table: str | None = None,
    progress: Progress = silent,
) -> Table:
    """Measure methods on a collection with ground truth; what an earlier call has measured is not measured again.

    Annotation: each repeat trains on another fifth of the photos and is measured on the rest. Refinement: all photos;
    methods without randomness run once, the others ``repeats`` times with other seeds.

    Parameters
    ----------
    store : Store
    name : str
        The collection.
    task : {"annotation", "refinement"}
    methods : sequence of str, optional
        Names; by default all. Those that cannot do the task are left out, with a note.
    repeats : int
        At least 1; annotation has at most five.
    budget : int
        Settings tried for each method but ours on the validation fold, at least 1.
    preset : str
        Of our own method, taken literally; says also which backbone all features come from.
    backbone, weights : str, optional
        Instead of the preset's.
    mode : {"all", "assigned"}
        Refinement ranks all labels of a photo, or only those that its user gave.
    seed : int
        Of splits, draws of settings, resamples; repeat r of a method has ``seed + r``.
    memory : int, optional
        Bytes that a method may use; by default what is free when it starts.
    table : str, optional
        Id of the table, where it is known already; by default `tagrefine_core.experiments.table.table_id` of these.
    progress : Progress
        May raise Cancelled; the same call goes on where this one was stopped.

    Returns
    -------
    dict
        The table, which is also kept in the home folder; see `tagrefine_core.experiments.tables`.

    Raises
    ------
    CollectionError, LabelError
        When there is no such collection, or it has no ground truth, or too few photos.
    ConfigError
        When an option is unknown or out of range.
    """
    if repeats < 1 or budget < 1:
        raise ConfigError(f"repeats and budget must be at least 1; got {repeats} and {budget}.")
    if task not in ("annotation", "refinement"):
        raise ConfigError(f"task is annotation or refinement; got {task!r}.")
    config = comparison_config(preset, task=task, backbone=backbone, weights=weights, seed=seed)
    kinds = [method_class(method) for method in dict.fromkeys(methods or names())]
    collection = Collection.open(store, name)
    need_truth(collection)
    if task == "annotation":
        repeat_split(collection.n, config, task, repeats - 1)  # better known now than after hours
    material = feature_material(store, collection, config, progress)
    comparison = Comparison(
        experiments_folder(store.home),
        material,
        config,
        task,
        table=table
        or table_id(
            collection.data_hash,
            task=task,
            methods=methods,
            repeats=repeats,
            budget=budget,
            preset=preset,
            backbone=backbone,
            weights=weights,
            mode=mode,
            seed=seed,
        ),
        repeats=repeats,
        budget=budget,
        mode=mode,
        memory=memory,
        progress=progress,
    )
    return comparison.run(kinds, collection)


def comparison_config(
    preset: str,
    *,
    task: str,
    seed: int,
    backbone: str | None = None,
    weights: str | None = None,
    **settings: Any,
) -> TrainConfig:
    """Return the settings that a comparison takes its backbone, picture size and training parts from."""
    given = {"backbone": backbone, "weights": weights, **settings}
    return train_config(
        preset, task=task, seed=seed, **{key: value for key, value in given.items() if value is not None}
    )
