"""What a neighbor trace says: which neighbors are relevant, and how their share grows (the paper's Fig. 4)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import DataError
from tagrefine_core.runs.run import NeighborTrace

__all__ = ["PrecisionCurve", "Relevance", "chance", "precision_curve", "relevance"]


@dataclass(frozen=True)
class Relevance:
    """Which traced neighbors share something with their query.

    Attributes
    ----------
    by : {"labels", "refined"}
        Shared ground-truth labels, or shared refined tags.
    relevant : bool (T, Q, k)
    judged : bool (Q,)
        Queries that have a label (or refined tag) to share; the others say nothing and are left out of curves.
    """

    by: Literal["labels", "refined"]
    relevant: NDArray[np.bool_]
    judged: NDArray[np.bool_]


@dataclass(frozen=True)
class PrecisionCurve:
    """Share of relevant neighbors by iteration.

    Attributes
    ----------
    queries : float64 (T, Q)
        Of each query; NaN where it cannot be judged.
    mean, low, high : float64 (T,)
        Mean over the judged queries with its 95 % bootstrap interval; NaN when none can be judged.
    judged : int
        How many queries entered the mean.
    """

    queries: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    judged: int

    @property
    def gain(self) -> NDArray[np.float64]:
        """How much the share grew from the first to the last iteration, float64 (Q,), NaN where not judged."""
        gain: NDArray[np.float64] = self.queries[-1] - self.queries[0]
        return gain


def relevance(
    trace: NeighborTrace, have: sparse.csr_matrix, *, by: Literal["labels", "refined"]
) -> Relevance:
    """Judge the traced neighbors: relevant when a neighbor has one of the query's labels (or refined tags).

    Parameters
    ----------
    trace : NeighborTrace
        Q queries, T iterations, k neighbors.
    have : csr (N, L)
        Nonzero where a photo has the label or refined tag.
    by : {"labels", "refined"}
        Which of the two ``have`` holds.

    Raises
    ------
    DataError
        When the trace names rows that ``have`` lacks.
    """
    _check(trace, have)
    relevant = np.empty(trace.neighbors.shape, dtype=bool)
    for q, query in enumerate(trace.queries):
        shared = have[trace.neighbors[:, q].ravel()] @ have[[query]].T
        relevant[:, q] = (shared.toarray() > 0).reshape(relevant[:, q].shape)
    return Relevance(by, relevant, np.diff(have.indptr)[trace.queries] > 0)


def precision_curve(
    found: Relevance, *, neighbors: int, samples: int = 1000, seed: int = 0
) -> PrecisionCurve:
    """Average the share of relevant photos among the first ``neighbors`` over the judged queries.

    Parameters
    ----------
    neighbors : int
        At most k.
    samples : int
        Bootstrap samples of the queries.
    seed : int
        Of the bootstrap.
    """
    steps, _, k = found.relevant.shape
    if not 1 <= neighbors <= k:
        raise DataError(f"The trace holds {k} neighbors a query; neighbors={neighbors} must be 1 to {k}.")
    queries = found.relevant[:, :, :neighbors].mean(axis=2)
    queries[:, ~found.judged] = np.nan
    judged = queries[:, found.judged]
    count = judged.shape[1]
    if count == 0:
        nothing = np.full(steps, np.nan)
        return PrecisionCurve(queries, nothing, nothing, nothing, 0)
    chosen = np.random.default_rng(seed).integers(count, size=(samples, count))
    # Queries are drawn whole, so that the points of one curve stay together.
    means = judged[:, chosen].mean(axis=2)
    low, high = np.quantile(means, (0.025, 0.975), axis=1)
    return PrecisionCurve(queries, judged.mean(axis=1), low, high, count)


def chance(trace: NeighborTrace, have: sparse.csr_matrix) -> NDArray[np.float64]:
    """Return for each query, float64 (Q,), the share of all other photos that are relevant; NaN without labels."""
    _check(trace, have)
    total = have.shape[0]
    shares = np.full(len(trace.queries), np.nan)
    for q, query in enumerate(trace.queries):
        row = have[[query]]
        if row.nnz and total > 1:
            shares[q] = (np.count_nonzero((have @ row.T).toarray()) - 1) / (total - 1)
    return shares


def _check(trace: NeighborTrace, have: sparse.csr_matrix) -> None:
    highest = max(int(trace.queries.max(initial=-1)), int(trace.neighbors.max(initial=-1)))
    if highest >= have.shape[0]:
        raise DataError(
            f"The trace names photo {highest} of a collection of {have.shape[0]}: it belongs to other data. Train again."
        )
