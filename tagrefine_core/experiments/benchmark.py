"""Put methods side by side on one collection by the paper's protocol, each tuned by the same budget."""

from collections.abc import Sequence
from pathlib import Path

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.experiments.comparison import Comparison
from tagrefine_core.experiments.keeping import experiments_folder, key_of
from tagrefine_core.experiments.protocol import feature_material, need_truth, repeat_split
from tagrefine_core.experiments.table import Table
from tagrefine_core.methods import Mode, method_class, names
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = ["benchmark"]


def benchmark(
    store: Store,
    name: str,
    config: TrainConfig,
    *,
    methods: Sequence[str] | None = None,
    repeats: int = 5,
    budget: int = 12,
    seconds: float = 1200,
    annotations: Path | None = None,
    mode: Mode = "all",
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
    config : TrainConfig
        The settings of our own method, taken as they are but for what needs pictures; they also say the task, which backbone all
        features come from, the training parts, and the seed of splits, draws of settings and resamples (repeat r of a method
        has ``seed + r``).
    methods : sequence of str, optional
        Names; by default all. Those that cannot do the task are left out, with a note.
    repeats : int
        At least 1; annotation has at most five.
    budget : int
        Settings tried for each method on the validation fold, at least 1; ours has none to try but in the row "tagrefine_tuned".
    seconds : float
        No further setting of a method is tried when those before took so long.
    annotations : Path, optional
        A folder of further labels to measure on (`tagrefine_core.collections.mirflickr.wider_labels`).
    mode : {"all", "assigned"}
        Refinement ranks all labels of a photo, or only those that its user gave.
    memory : int, optional
        Bytes that a method may use; by default what is free when it starts.
    table : str, optional
        Id of the table, where it is known already; by default one that changes with the data and with what is asked.
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
    kinds = [method_class(method) for method in dict.fromkeys(methods or names())]
    collection = Collection.open(store, name)
    need_truth(collection)
    if config.task == "annotation":
        repeat_split(collection.n, config, config.task, repeats - 1)  # better known now than after hours
    material = feature_material(store, collection, config, progress, annotations=annotations)
    comparison = Comparison(
        experiments_folder(store.home),
        material,
        config,
        table=table
        or key_of(collection.data_hash, config.model_dump(), methods, repeats, budget, seconds, mode),
        repeats=repeats,
        budget=budget,
        seconds=seconds,
        mode=mode,
        memory=memory,
        progress=progress,
    )
    return comparison.run(kinds, collection)
