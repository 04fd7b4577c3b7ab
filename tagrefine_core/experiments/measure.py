"""Run one method on one split: scores of the labels, measures, seconds and peak memory."""

import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import psutil
from numpy.typing import NDArray

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled, TagRefineError
from tagrefine_core.evaluation import Metrics, evaluate
from tagrefine_core.experiments.keeping import is_ours, parameters_of
from tagrefine_core.experiments.protocol import Material, Split, Task
from tagrefine_core.methods import Method, Mode
from tagrefine_core.methods.base import row_blocks
from tagrefine_core.progress import Progress, silent

__all__ = ["Outcome", "PeakMemory", "Status", "make", "measure", "supports"]

Status: TypeAlias = Literal["done", "failed", "too large"]

_INTERVAL = 0.01  # seconds between looks at the memory
_SCORED_BYTES = 2**31  # of features and scores of the photos that are annotated at once


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method did on one split.

    Attributes
    ----------
    status : {"done", "failed", "too large"}
        Failed says why in ``message``; too large was not started, and ``message`` says what it needs.
    message : str
    metrics : Metrics or None
        Of the photos measured; None unless done.
    scores : float32 (V, L) or None
        Their label columns.
    wider, wider_scores : Metrics, float32 (V, L') or None
        The same of wider labels, where there are any.
    fit_seconds, score_seconds : float
    settings : dict or None
        What a method that has settings was fitted with.
    probabilities : bool
        Whether the scores are probabilities that a label fits.
    peak_mb : float
        Resident memory at its peak, above what it was at the start, in MB; mapped files that were read count.
    """

    status: Status
    message: str = ""
    metrics: Metrics | None = None
    scores: NDArray[np.float32] | None = None
    wider: Metrics | None = None
    wider_scores: NDArray[np.float32] | None = None
    fit_seconds: float = 0.0
    score_seconds: float = 0.0
    peak_mb: float = 0.0
    settings: dict[str, Any] | None = None
    probabilities: bool = False


class PeakMemory:
    """Watch the resident memory of this process from a thread while a block runs.

    Memory that was freed before is given back to the system first, where the platform can: else a block that takes it
    again would seem to need none.

    Attributes
    ----------
    megabytes : float
        Highest value seen, above the start.
    """

    def __init__(self) -> None:
        self._process = psutil.Process(os.getpid())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak memory", daemon=True)
        self.megabytes = 0.0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError, AttributeError):  # glibc has it
            ctypes.CDLL(None).malloc_trim(0)
        self._start = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._look()
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            self._look()

    def _look(self) -> None:
        self.megabytes = max(self.megabytes, (self._process.memory_info().rss - self._start) / 2**20)


def supports(kind: type[Method], task: Task) -> bool:
    """Tell whether a method can do a task."""
    return kind.annotates if task == "annotation" else kind.refines


def make(
    kind: type[Method],
    parameters: Mapping[str, Any],
    material: Material,
    task: Task,
    *,
    seed: int,
    config: TrainConfig,
) -> Method:
    """Make a method with its parameters, and with what it takes of seed, vocabulary, labels and places.

    Our own method takes ``config`` as it is, unless it is a variant with a preset of its own.

    Raises
    ------
    ConfigError
        When a parameter is out of range.
    """
    offered: dict[str, Any] = {
        "seed": seed,
        "vocabulary": material.vocabulary,
        "label_columns": material.measured_columns,
    }
    if task == "refinement":  # places are those of the photos that are refined
        offered["positions"] = material.positions
    if is_ours(kind) and "preset" not in kind.fixed:
        offered["config"] = config.replaced({"seed": kind.fixed.get("seed", seed)})
    known = parameters_of(kind)
    return kind(
        **{**{name: value for name, value in offered.items() if name in known}, **kind.fixed, **parameters}
    )


def measure(
    kind: type[Method],
    parameters: Mapping[str, Any],
    material: Material,
    split: Split,
    task: Task,
    *,
    mode: Mode = "all",
    config: TrainConfig,
    seed: int = 0,
    memory: int | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Fit a method on the training photos and measure it on the others; whatever it raises becomes the outcome.

    Parameters
    ----------
    kind : type of Method
    parameters : mapping
        What was chosen; all else as published.
    material : Material
    split : Split
    task : {"annotation", "refinement"}
        Score photos by their features alone, or the training photos by their tags too.
    mode : {"all", "assigned"}
        Of refinement.
    config : TrainConfig
        For our own method.
    seed : int
        For methods that take one.
    memory : int, optional
        Bytes it may use; by default what is free now. A method that says it needs more is not started.
    progress : Progress
        Called while it fits.

    Raises
    ------
    Cancelled
        When ``progress`` does.
    """
    method: Method | None = None
    try:
        method = make(kind, parameters, material, task, seed=seed, config=config)
        method.progress = progress
        needed = method.peak_bytes(
            max(len(split.train), len(split.test)), material.tags.shape[1], material.features.shape[1]
        )
        available = psutil.virtual_memory().available if memory is None else memory
        if needed > available:
            return Outcome(
                "too large",
                f"It needs about {_gigabytes(needed)} of memory; {_gigabytes(available)} are free.",
            )
        with PeakMemory() as peak:
            start = time.perf_counter()
            # All photos are passed as they are, since a copy would read them all into memory.
            everything = len(split.train) == len(material.features)
            features = material.features if everything else material.features[split.train]
            tags = material.tags if everything else material.tags[split.train]
            users = None if material.users is None else [material.users[row] for row in split.train]
            method.fit(features, tags, users=users)
            fitted = time.perf_counter()
            scores = (
                np.ascontiguousarray(
                    method.refine(features, tags, mode=mode)[np.ix_(split.test, material.measured_columns)]
                )
                if task == "refinement"
                else _annotated(method, material, split)
            )
            scored = time.perf_counter()
        own, beside = np.split(scores, [len(material.label_columns)], axis=1)
        wider = None if material.wider is None else evaluate(beside, material.wider.truth[split.test])
        fitted_with = getattr(method, "config_", None)
        settings = fitted_with.model_dump() if isinstance(fitted_with, TrainConfig) else None
        return Outcome(
            "done",
            "",
            evaluate(own, material.truth[split.test]),
            np.ascontiguousarray(own),
            wider,
            None if wider is None else np.ascontiguousarray(beside),
            fitted - start,
            scored - fitted,
            peak.megabytes,
            settings,
            method.probabilities,
        )
    except Cancelled:
        raise
    except TagRefineError as error:
        return Outcome("failed", str(error))
    except Exception as error:  # one method must not end hours of work of the others
        return Outcome("failed", f"{type(error).__name__}: {error}")


def _annotated(method: Method, material: Material, split: Split) -> NDArray[np.float32]:
    tags, dimensions = material.tags.shape[1], material.features.shape[1]
    scores = np.empty((len(split.test), len(material.measured_columns)), dtype=np.float32)
    for rows in row_blocks(len(split.test), 4 * (tags + dimensions), budget=_SCORED_BYTES):
        scores[rows] = method.annotate(material.features[split.test[rows]])[:, material.measured_columns]
    return scores


def _gigabytes(size: float) -> str:
    return f"{size / 2**30:.1f} GB"
