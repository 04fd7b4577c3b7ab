"""A run on disk: its record, its refined scores and its neighbor trace."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import RunError
from tagrefine_core.files import read_array, read_sparse
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.store import EpochRecord, RunRecord, Store

__all__ = ["NeighborTrace", "Run", "new_run_id", "run_folder"]


def run_folder(home: Path, run_id: str) -> Path:
    """Return the folder of a run's arrays and checkpoint."""
    return home / "runs" / run_id


def new_run_id() -> str:
    """Draw the id of a new run, which begins with the time."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@dataclass(frozen=True)
class NeighborTrace:
    """Nearest neighbors of some query images while the network trained (the paper's Fig. 4).

    Attributes
    ----------
    queries : int64 (Q,)
        Rows of the query images.
    steps : int64 (T,)
        Training iterations of stage 2 after which they were taken; 0 is phi0.
    neighbors : int64 (T, Q, k)
        Rows of the nearest candidates, the nearest first.
    distances : float32 (T, Q, k)
        Their Euclidean distances in the features of that iteration.
    """

    queries: NDArray[np.int64]
    steps: NDArray[np.int64]
    neighbors: NDArray[np.int64]
    distances: NDArray[np.float32]


class Run:
    """One training run and what it left in its folder.

    The folder ``runs/<id>`` of a finished run holds ``scores.npy`` float32 (N, C) in [0, 1], what
    `tagrefine_core.training.fitted.Fitted.save` writes, ``material.json`` (what it was made of) and ``trace_*.npy``; that of
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
    def rows(self) -> NDArray[np.int64]:
        """Rows of the collection that the run trained on."""
        return self._array("rows.npy")

    @cached_property
    def implied(self) -> sparse.csr_matrix:
        """How far each tag counted for others, csr float32 (C, C) ``[given, implied]``."""
        try:
            return read_sparse(self.folder / "implied.npz")
        except (OSError, ValueError) as error:
            raise RunError(f"{self.folder / 'implied.npz'} is gone or damaged. Train again.") from error

    @cached_property
    def trace(self) -> NeighborTrace:
        """The neighbor trace; of an unfinished run, as far as it has come."""
        names = ("queries", "steps", "neighbors", "distances")
        return NeighborTrace(*(self._array(f"trace_{name}.npy") for name in names))

    def _array(self, name: str) -> NDArray[Any]:
        path = self.folder / name
        if path.exists():
            try:
                return read_array(path)
            except (ValueError, EOFError) as error:
                raise RunError(f"{path} is damaged. Train again.") from error
        if self.record.state == "finished":
            raise RunError(f"{path} is gone. Train again.")
        if self.record.state == "running":
            raise RunError(f"Run {self.id} is still running; `jobs` shows how far it is.")
        raise RunError(
            f"Run {self.id} is not finished (it was {self.record.state}), so there are no results. "
            f"Go on with it: python -m tagrefine_core train {self.record.collection!r} --resume {self.id}"
        )
