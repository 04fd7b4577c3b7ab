"""Takes the neighbor trace while the network trains (the paper's Fig. 4)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.files import write_array
from tagrefine_core.model.batches import FeaturesOf, rerank

__all__ = ["TraceRecorder", "trace_queries"]

_POINTS = 12  # iterations that are taken
_NEIGHBORS = 12  # kept of each query


def trace_queries(tags_per_image: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Choose query images at random among those that users tagged; ground truth plays no part.

    Returns
    -------
    int64 (Q,), ascending
    """
    tagged = np.flatnonzero(tags_per_image > 0)
    pool = tagged if len(tagged) else np.arange(len(tags_per_image))
    return np.sort(np.random.default_rng((seed, 2)).permutation(pool)[:count]).astype(np.int64)


class TraceRecorder:
    """Ranks the candidates of the queries by the features of several iterations.

    Parameters
    ----------
    folder : Path or None
        Where ``trace_*.npy`` go; None: this process does not write.
    queries : int64 (Q,)
        Training rows.
    candidates : int32 (N, M)
    rows : int64 (N,)
        Rows of the collection, which the files speak of.
    total : int
        Iterations of the training; at twelve of them, from 0 to the end, twelve neighbors of each query are taken.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        queries: NDArray[np.int64],
        candidates: NDArray[np.int32],
        rows: NDArray[np.int64],
        total: int,
    ) -> None:
        self.folder = folder
        self.queries = queries
        self.candidates = candidates[queries].astype(np.int64) if len(queries) else np.zeros((0, 1), np.int64)
        self.rows = rows
        self.due = {int(step) for step in np.linspace(0, total, _POINTS).round()}
        self.keep = min(_NEIGHBORS, self.candidates.shape[1])
        self.steps: list[int] = []
        self.neighbors: list[NDArray[np.int64]] = []
        self.distances: list[NDArray[np.float32]] = []

    def take(self, step: int, forward: FeaturesOf) -> None:
        """Record the neighbors after ``step`` iterations, where that step is due."""
        if step not in self.due or step in self.steps or not len(self.queries):
            return
        unique, place = np.unique(
            np.concatenate([self.queries, self.candidates.reshape(-1)]), return_inverse=True
        )
        features = forward(unique).cpu()
        index = torch.from_numpy(place.reshape(-1))
        count = len(self.queries)
        neighbors, squared = [], []
        for number in range(count):  # one query at a time: all candidates at once would be Q x M x d
            own = index[count + number * self.candidates.shape[1] :][: self.candidates.shape[1]]
            chosen, distance = rerank(
                features[index[number]][None], features[own][None], self.candidates[number][None], self.keep
            )
            neighbors.append(chosen[0])
            squared.append(distance[0].sqrt().numpy())
        self.steps.append(step)
        self.neighbors.append(np.stack(neighbors))
        self.distances.append(np.stack(squared).astype(np.float32))
        self.write()

    def write(self) -> None:
        """Store what has been taken, in rows of the collection."""
        if self.folder is None or not self.steps:
            return
        write_array(self.folder / "trace_queries.npy", self.rows[self.queries])
        write_array(self.folder / "trace_steps.npy", np.array(self.steps, dtype=np.int64))
        write_array(self.folder / "trace_neighbors.npy", self.rows[np.stack(self.neighbors)])
        write_array(self.folder / "trace_distances.npy", np.stack(self.distances))

    def state(self) -> dict[str, Tensor]:
        """Return what a checkpoint keeps."""
        if not self.steps:
            return {}
        return {
            "steps": torch.tensor(self.steps),
            "neighbors": torch.from_numpy(np.stack(self.neighbors)),
            "distances": torch.from_numpy(np.stack(self.distances)),
        }

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        if state:
            self.steps = [int(step) for step in state["steps"]]
            self.neighbors = list(state["neighbors"].cpu().numpy())
            self.distances = list(state["distances"].cpu().numpy())
