"""Choose every method's parameters by the same budget, in trials and in time, on the same validation fold."""

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid

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
    untried : int
        Settings that there was no time for.
    """

    parameters: dict[str, Any]
    trials: list[dict[str, Any]]
    untried: int = 0


def settings_of(kind: type[Method], images: int, budget: int, seed: int) -> list[dict[str, Any]]:
    """Return at most ``budget`` settings of a method, to be tried in this order.

    What the method names first, then its grid: whole when it is small enough, else a seeded draw
    without repetition. A method without a grid has nothing to choose.
    """
    grid = kind.grid(images)
    if not grid:
        return [{}]
    of_class = inspect.signature(kind).parameters
    usual = {name: of_class[name].default for name in grid}
    points = ParameterGrid(grid)
    drawn = len(points) > budget
    order = np.random.default_rng(seed).permutation(len(points)) if drawn else range(len(points))
    found: list[dict[str, Any]] = []
    for setting in (*kind.first(), *(points[int(place)] for place in order)):
        whole = {**usual, **setting}
        if len(found) < budget and whole not in found:
            found.append(whole)
    return found


def choose(
    kind: type[Method],
    settings: list[dict[str, Any]],
    material: Material,
    split: Split,
    task: Task,
    path: Path,
    *,
    config: TrainConfig,
    seconds: float = float("inf"),
    memory: int | None = None,
    done: Callable[[int], None] = lambda count: None,
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
    seconds : float
        No setting is begun when those before took so long.
    done : callable
        Called after each setting that was measured now, and for those that there was no time for.
    progress : Progress
        Of the method while it fits.
    """
    if len(settings) == 1:
        return Tuned(settings[0], [])
    # A setting that failed for want of memory or of a file may work now.
    kept = read_result(path) or []
    known = {number: trial for number, trial in enumerate(kept) if trial and trial["map"] is not None}
    trials: list[dict[str, Any] | None] = [known.get(number) for number in range(len(settings))]
    spent = 0.0
    for number, parameters in enumerate(settings):
        if spent >= seconds:
            done(sum(trial is None for trial in trials[number:]))
            trials[number:] = [None] * (len(settings) - number)
            break
        tried = trials[number]
        if tried is None:
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
            tried = {
                "parameters": parameters,
                "map": None if outcome.metrics is None else outcome.metrics.map,
                "seconds": time.perf_counter() - start,
                "message": outcome.message,
            }
            trials[number] = tried
            write_result(path, trials)
            done(1)
        spent += tried["seconds"]
    found = [trial for trial in trials if trial is not None]
    return Tuned(
        settings[best_trial([trial["map"] for trial in found])], found, untried=len(settings) - len(found)
    )


def best_trial(values: list[float | None]) -> int:
    """Return the place of the highest value, the first among equals; 0 where none is a number."""
    known = [number for number, value in enumerate(values) if value is not None and value == value]
    return max(known, key=lambda number: (values[number], -number), default=0)
