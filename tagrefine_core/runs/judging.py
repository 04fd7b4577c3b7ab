"""What makes a neighbor relevant: a true label in common, or without ground truth the refined tags."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.errors import LabelError
from tagrefine_core.refinement.stored import stored
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run

__all__ = ["OVERLAP", "By", "Judge", "judge_of"]

By = Literal["labels", "refined"]

OVERLAP = 1 / 3
"""How much of the refined tags of two photos has to be common, by weight, for one to be a relevant neighbor of the other."""

_PAIRS = 2**18  # compared at once


@dataclass(frozen=True, eq=False)
class Judge:
    """What photos have in common.

    Attributes
    ----------
    by : {"labels", "refined"}
        Ground-truth labels, or refined tags.
    have : csr int8 (N, L)
        1 where a photo has the label or tag.
    unknown : csr int8 (N, L)
        1 where nobody has judged the label.
    names : tuple of L str
    weights : float64 (L,)
        How rare each is: log(N / photos that have it); 0 where none has it.
    """

    by: By
    have: sparse.csr_matrix
    unknown: sparse.csr_matrix
    names: tuple[str, ...]
    weights: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        by: By,
        have: NDArray[np.bool_] | sparse.csr_matrix,
        unknown: NDArray[np.bool_] | sparse.csr_matrix | None,
        names: tuple[str, ...],
    ) -> "Judge":
        """Count how many photos have each, and from that how rare it is."""
        have = sparse.csr_matrix(have, dtype=np.int8)
        have.eliminate_zeros()
        counts = np.bincount(have.indices, minlength=have.shape[1])
        weights = np.log(have.shape[0] / np.maximum(counts, 1)) * (counts > 0)
        nothing = sparse.csr_matrix(have.shape, dtype=np.int8)
        missing = nothing if unknown is None else sparse.csr_matrix(unknown, dtype=np.int8)
        return cls(by, have, missing, names, weights)

    def judged(self, photos: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of the photos have anything that a neighbor could share."""
        return np.asarray(np.diff(self.have.indptr)[photos] > 0)

    def rarest(self, photos: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rarest that each photo has, the first of equally rare ones; -1 where it has none."""
        # Places from the rarest on, so that the least place of a row is its rarest.
        order = np.lexsort((np.arange(len(self.weights)), -self.weights))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        own = self.have[photos]
        least = np.full(len(photos), len(order), dtype=np.int64)
        np.minimum.at(least, np.repeat(np.arange(len(photos)), np.diff(own.indptr)), place[own.indices])
        return np.append(order, -1)[least]

    def relevant(self, photos: NDArray[np.int64], neighbors: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which neighbors (Q, k) of the photos (Q,) are relevant, bool (Q, k); none where a photo has nothing to share.

        By labels: the neighbor carries the photo's rarest true label. By refined tags: what both have is at least `OVERLAP` of what
        either has, each tag counting by how rare it is.
        """
        if not neighbors.size:  # scipy has no answer to an empty question
            return np.zeros(neighbors.shape, dtype=bool)
        queries = np.repeat(photos, neighbors.shape[1])
        others = neighbors.reshape(-1)
        if self.by == "labels":
            wanted = np.repeat(self.rarest(photos), neighbors.shape[1])
            found = np.asarray(self.have[others, np.maximum(wanted, 0)]).reshape(-1) > 0
            return (found & (wanted >= 0)).reshape(neighbors.shape)
        total = self.have @ self.weights
        found = np.empty(len(others), dtype=bool)
        for start in range(0, len(others), _PAIRS):
            a, b = queries[start : start + _PAIRS], others[start : start + _PAIRS]
            common = self.have[a].multiply(self.have[b]) @ self.weights
            found[start : start + _PAIRS] = (common > 0) & (
                common >= OVERLAP * (total[a] + total[b] - common)
            )
        return found.reshape(neighbors.shape)

    def chance(self, photo: int, among: NDArray[np.int64]) -> float:
        """Return the share of all other photos ``among`` (n,) that would be relevant neighbors of a photo."""
        others = among[among != photo]
        return float(self.relevant(np.array([photo]), others[None, :]).mean()) if len(others) else np.nan


@lru_cache(maxsize=4)
def judge_of(run: Run, collection: Collection, by: By) -> Judge:
    """Return what the neighbors in a run are judged by.

    Raises
    ------
    LabelError
        When they are to be judged by labels and the collection has none.
    RunError
        When they are to be judged by refined tags and the run has no scores.
    """
    if by == "labels":
        if collection.truth is None:
            raise LabelError(f"Collection {collection.name!r} has no ground truth; judge by refined tags.")
        truth = np.asarray(collection.truth)
        return Judge.of(by, truth == 1, truth == -1, collection.labels)
    changes = changes_of(run, collection)
    refined = stored(changes.kept) + stored(changes.added)
    # No neighborhood could be full of a tag that fewer photos have.
    enough = np.bincount(refined.indices, minlength=refined.shape[1]) >= run.config.neighbors.m
    return Judge.of(by, refined.multiply(enough), None, collection.vocabulary)
