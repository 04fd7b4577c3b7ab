"""A run on disk: its record, its refined scores and its neighbor trace."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import DamagedFile, RunError
from tagrefine_core.files import read_array, read_arrays, read_sparse
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.model.implied import certain
from tagrefine_core.model.posterior import LookAlikes
from tagrefine_core.store import EpochRecord, RunRecord, Store

__all__ = ["LOOKS", "STEPS", "NeighborTrace", "Run", "new_run_id", "run_folder"]

LOOKS = "Extracting features"
STEPS = ("Learning from the users' tags", "Training with neighbors")
"""What progress calls looking at all photos, and the steps of both stages: of these a run records how long they took."""


def run_folder(home: Path, run_id: str) -> Path:
    """Return the folder of a run's arrays and checkpoint."""
    return home / "runs" / run_id


def new_run_id() -> str:
    """Draw the id of a new run, which begins with the time."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@dataclass(frozen=True)
class NeighborTrace:
    """Who was nearest to each photo while a network learned, at moments between which about equally much changed (the paper's Fig. 4).

    Attributes
    ----------
    photos : int64 (Q,)
        The recorded photos, ascending rows of the collection.
    stages : tuple of T str
        "frozen", before anything was learned, in features of length 1 as the backbone gives them; then "phi0" or "constraints".
    steps : int64 (T,)
        Steps of that stage after which it was; 0 of the first stage is before the first step.
    neighbors : int32 (T, Q, k)
        Rows of the k = m - 1 nearest training photos, the nearest first.
    """

    photos: NDArray[np.int64]
    stages: tuple[str, ...]
    steps: NDArray[np.int64]
    neighbors: NDArray[np.int32]


class Run:
    """One training run and what it left in its folder.

    The folder ``runs/<id>`` of a finished run holds ``scores.npy`` float32 (N, C) in [0, 1], what
    `tagrefine_core.training.fitted.Fitted.save` writes, ``material.json`` (what it was made of) and ``trace.npz``; that of
    another one its checkpoints, too, in ``work``.
    """

    def __init__(self, store: Store, record: RunRecord) -> None:
        self.store = store
        self.record = record
        self.folder = run_folder(store.home, record.id)

    @classmethod
    def open(cls, store: Store, run_id: str) -> "Run":
        """Open a run by id; RunError when there is none."""
        return cls(store, store.run(run_id))

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.id

    @cached_property
    def config(self) -> TrainConfig:
        """The settings it was trained with."""
        return TrainConfig(**self.record.config)

    @property
    def current(self) -> bool:
        """Whether the collection still holds the data this run was trained on."""
        return self.store.collection(self.record.collection).data_hash == self.record.data_hash

    @property
    def epochs(self) -> list[EpochRecord]:
        """Losses and monitors by epoch."""
        return self.store.epochs(self.id)

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """Refined scores, float32 (N, C) in [0, 1], memory-mapped; of one photo and tag: how likely it fits."""
        return self._array("scores.npy")

    def scores_of(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return scores (V, L) of some photos and tags, read once from front to back."""
        found = np.empty((len(rows), len(columns)), dtype=np.float32)
        for start in range(0, len(rows), 4096):
            block = rows[start : start + 4096]
            found[start : start + len(block)] = self.scores[block][:, columns]
        return found

    @cached_property
    def logits(self) -> NDArray[np.float32]:
        """The networks' logits, float32 (N, C), memory-mapped; of a photo trained on, by the one that has not seen it."""
        return self._array("logits.npy")

    @cached_property
    def calibration(self) -> Calibration | None:
        """How logits became scores; None where scores are the network's own."""
        path = self.folder / "calibration.safetensors"
        return Calibration.load(path) if self.config.scoring.calibrated else None

    @property
    def counts_words(self) -> bool:
        """Whether what users wrote is evidence in the scores: not in annotation, nor where scores are the network's own."""
        return self.config.scoring.calibrated and self.config.task == "refinement"

    @cached_property
    def features(self) -> NDArray[np.float16]:
        """Features of the final network, float16 (N, d), memory-mapped."""
        return self._array("features.npy")

    @cached_property
    def look_alikes(self) -> LookAlikes | None:
        """The photos that each photo's logits were averaged with, memory-mapped; None where none were, or the run did not keep them."""
        if not (self.folder / "neighbors.npy").exists():
            return None
        rows = self._array("neighbors.npy")
        if rows.size and not 0 <= rows.min() <= rows.max() < len(rows):
            raise RunError(f"{self.folder / 'neighbors.npy'} is damaged. Train again.")
        return LookAlikes(rows, self._array("neighbors_squared.npy"))

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the collection that the run trained on."""
        rows: NDArray[np.int64] = self._array("rows.npy")
        if len(rows) and (rows[0] < 0 or (np.diff(rows) <= 0).any()):
            raise RunError(f"{self.folder / 'rows.npy'} is damaged. Train again.")
        return rows

    @cached_property
    def implied(self) -> sparse.csr_matrix:
        """How far each tag counted for others, csr float32 (C, C) ``[given, implied]``."""
        found: sparse.csr_matrix = self._read(self.folder / "implied.npz", read_sparse)
        return found

    @cached_property
    def links(self) -> sparse.csr_matrix:
        """How far a user's tag counts as evidence for others, csr float32 (C, C) ``[given, implied]``; empty where none does."""
        if self.counts_words:
            return certain(self.implied)
        return sparse.csr_matrix(self.implied.shape, dtype=np.float32)

    @cached_property
    def trace(self) -> NeighborTrace:
        """Who was near while it learned; RunError when it was not recorded."""
        path = self.folder / "trace.npz"
        if not path.exists() and self.record.state == "finished":
            if (self.folder / "trace_steps.npy").exists():
                raise RunError(
                    "This run was trained by an earlier TagRefine, which recorded the neighbors of a few photos and only after "
                    "the most was learned. Train again to see how its neighbors change."
                )
            if not self.config.run.trace:
                raise RunError(
                    "This run did not record its neighbors (run.trace=false). Train again with run.trace=true."
                )
        stored = self._read(path, read_arrays)
        stages = tuple(map(str, stored["stages"]))
        return NeighborTrace(stored["photos"], stages, stored["steps"], stored["neighbors"])

    def _array(self, name: str) -> NDArray[Any]:
        array: NDArray[Any] = self._read(self.folder / name, read_array)
        return array

    def _read(self, path: Path, read: Callable[[Path], Any]) -> Any:
        if path.exists():
            try:
                return read(path)
            except DamagedFile as error:
                raise RunError(f"{path} is damaged. Train again.") from error
        if self.record.state == "finished":
            raise RunError(f"{path} is gone. Train again.")
        if self.record.state == "running":
            raise RunError(f"Run {self.id} is still running; `jobs` shows how far it is.")
        raise RunError(
            f"Run {self.id} is not finished (it was {self.record.state}), so there are no results. "
            f"Go on with it: python -m tagrefine_core train {self.record.collection!r} --resume {self.id}"
        )
