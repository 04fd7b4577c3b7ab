"""Choose every method's parameters by the same budget on the same validation fold."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.model_selection import ParameterGrid, ParameterSampler

from tagrefine_core.config import TrainConfig
from tagrefine_core.experiments.keeping import read_result, write_result
from tagrefine_core.experiments.measure import measure
from tagrefine_core.experiments.protocol import Material, Split, Task
from tagrefine_core.methods import Method
from tagrefine_core.progress import Progress, silent

__all__ = ["Tuned", "best_trial", "choose", "settings_of"]


@dataclass(frozen=True)
class Tuned:
    """Chosen parameters, and every setting that was tried.

    Attributes
    ----------
    parameters : dict
        Empty where the method has nothing to choose.
    trials : list of dict
        ``parameters``, ``map`` on the validation fold (None where it failed), ``seconds``, ``message``.
    """

    parameters: dict[str, Any]
    trials: list[dict[str, Any]]


def settings_of(grid: dict[str, list[Any]], budget: int, seed: int) -> list[dict[str, Any]]:
    """Return at most ``budget`` settings of a grid: all when they are few enough, else a seeded draw without repetition."""
    if not grid:
        return [{}]
    if len(ParameterGrid(grid)) <= budget:
        return list(ParameterGrid(grid))
    return list(ParameterSampler(grid, n_iter=budget, random_state=seed))


def choose(
    kind: type[Method],
    settings: list[dict[str, Any]],
    material: Material,
    split: Split,
    task: Task,
    path: Path,
    *,
    config: TrainConfig,
    memory: int | None = None,
    done: Callable[[], None] = lambda: None,
    progress: Progress = silent,
) -> Tuned:
    """Measure every setting on the validation fold and return the one with the highest mAP, the first among equals.

    Parameters
    ----------
    settings : list of dict
        From `settings_of`; a single one is returned without a trial.
    split : Split
        The validation split.
    config : TrainConfig
        Its seed is that of the methods.
    path : Path
        JSON file of the trials; written after each, so that a stopped choice goes on where it was.
    done : callable
        Called after each setting that was measured now.
    progress : Progress
        Of the method while it fits.
    """
    if len(settings) == 1:
        return Tuned(settings[0], [])
    # A setting that failed for want of memory or of a file may work now.
    kept = read_result(path) or []
    known = {number: trial for number, trial in enumerate(kept) if trial and trial["map"] is not None}
    trials: list[dict[str, Any] | None] = [known.get(number) for number in range(len(settings))]
    for number, parameters in enumerate(settings):
        if trials[number] is None:
            start = time.perf_counter()
            outcome = measure(
                kind,
                parameters,
                material,
                split,
                task,
                config=config,
                seed=config.seed,
                memory=memory,
                progress=progress,
            )
            trials[number] = {
                "parameters": parameters,
                "map": None if outcome.metrics is None else outcome.metrics.map,
                "seconds": time.perf_counter() - start,
                "message": outcome.message,
            }
            write_result(path, trials)
            done()
    found = [trial for trial in trials if trial is not None]
    return Tuned(settings[best_trial([trial["map"] for trial in found])], found)


def best_trial(values: list[float | None]) -> int:
    """Return the place of the highest value, the first among equals; 0 where none is a number."""
    known = [number for number, value in enumerate(values) if value is not None and value == value]
    return max(known, key=lambda number: (values[number], -number), default=0)
