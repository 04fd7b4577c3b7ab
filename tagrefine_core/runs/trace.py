"""What a neighbor trace says: how much of each neighborhood changed, and whether it got better (the paper's Fig. 4)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import RunError
from tagrefine_core.evaluation.resampling import copies, interval, sums
from tagrefine_core.runs.judging import By, Judge, judge_of
from tagrefine_core.runs.run import NeighborTrace, Run

__all__ = ["Neighborhoods", "Precision", "neighborhoods_of", "precision"]

_DRAWS = 500
_STILL = 0.01  # share of changed places below which a trace shows nothing


@dataclass(frozen=True)
class Precision:
    """Mean over labels of the share of a photo's nearest that carry the label, for each label over the photos that carry it.

    Attributes
    ----------
    value, low, high : float64 (T,)
        By moment, with 95 % intervals from a bootstrap over photos; NaN when nothing can be judged.
    gain : tuple of (value, low, high)
        From the first moment to the last, of the same resamples.
    chance : float
        What neighbors picked at random would have.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    gain: tuple[float, float, float]
    chance: float


@dataclass(frozen=True)
class Neighborhoods:
    """All that is told of a run's trace.

    Attributes
    ----------
    trace : NeighborTrace
    judge : Judge
        By what neighbors are relevant.
    of : int
        Photos trained on, of which those in the trace are all or a sample.
    judged : bool (Q,)
        Recorded photos that have anything to share.
    first, last : float64 (Q,)
        Share of each photo's neighbors that are relevant, at the first and the last moment; NaN where it is not judged.
    precision : Precision
    changed : float
        Share of all recorded photos' last neighbors that were not among their first ones; order does not count.
    why_still : str or None
        Why the neighbors at the end are those of the start, as the rest of a sentence; None where they are not.
    """

    trace: NeighborTrace
    judge: Judge
    m: int
    of: int
    judged: NDArray[np.bool_]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    precision: Precision
    changed: float
    why_still: str | None

    @property
    def why_not_judged(self) -> str | None:
        """Why no neighbor can be judged, as a sentence; None where some can."""
        if self.judged.any():
            return None
        if self.judge.by == "labels":
            return "None of these photos has a true label."
        return f"A refined tag counts from {self.m} photos on, and here none is on as many. It takes more photos, or tags on more of them."

    @property
    def better(self) -> NDArray[np.bool_]:
        """Which photos have more relevant neighbors at the end, bool (Q,)."""
        return np.asarray(self.last > self.first)

    @property
    def worse(self) -> NDArray[np.bool_]:
        """Which photos have fewer of them, bool (Q,)."""
        return np.asarray(self.last < self.first)

    @property
    def same(self) -> NDArray[np.bool_]:
        """Which judged photos have as many, bool (Q,)."""
        return np.asarray(self.last == self.first)

    def as_dict(self) -> dict[str, Any]:
        """Return what `neighbors RUN --json` prints; undefined is None."""
        of = self.precision
        points = zip(self.trace.stages, self.trace.steps, of.value, of.low, of.high, strict=True)
        return {
            "by": self.judge.by,
            "photos": len(self.trace.photos),
            "of": self.of,
            "judged": int(self.judged.sum()),
            "m": self.m,
            "points": [
                {
                    "stage": stage,
                    "step": int(step),
                    "precision": _number(value),
                    "low": _number(low),
                    "high": _number(high),
                }
                for stage, step, value, low, high in points
            ],
            "gain": dict(zip(("value", "low", "high"), map(_number, of.gain), strict=True)),
            "chance": _number(of.chance),
            "changed": self.changed,
            "why_still": self.why_still,
            "why_not_judged": self.why_not_judged,
            "better": int(self.better.sum()),
            "same": int(self.same.sum()),
            "worse": int(self.worse.sum()),
        }


@lru_cache(maxsize=4)
def neighborhoods_of(run: Run, collection: Collection, by: By | None = None) -> Neighborhoods:
    """Return what a run's trace says.

    Parameters
    ----------
    run : Run
        Finished.
    collection : Collection
        What it was trained on.
    by : {"labels", "refined"}, optional
        What makes a neighbor relevant; by default true labels where there are any.

    Raises
    ------
    RunError
        When the run recorded no neighbors, or belongs to other data.
    LabelError
        As `judge_of`.
    """
    trace = run.trace
    if max(int(trace.photos.max(initial=-1)), int(trace.neighbors.max(initial=-1))) >= collection.n:
        raise RunError(f"The trace of run {run.id} names photos that are not there. Train again.")
    judge = judge_of(run, collection, by or ("refined" if collection.truth is None else "labels"))
    judged = judge.judged(trace.photos)
    first, last = (
        np.where(judged, judge.relevant(trace.photos, trace.neighbors[moment]).mean(axis=1), np.nan)
        for moment in (0, -1)
    )
    stayed = (trace.neighbors[-1][:, :, None] == trace.neighbors[0][:, None, :]).any(axis=2)
    changed = 1.0 - float(stayed.mean())
    return Neighborhoods(
        trace=trace,
        judge=judge,
        m=run.config.neighbors.m,
        of=len(run.rows),
        judged=judged,
        first=first,
        last=last,
        precision=precision(trace, judge, among=run.rows),
        changed=changed,
        why_still=_why_still(run.config) if changed < _STILL else None,
    )


def precision(trace: NeighborTrace, judge: Judge, *, among: NDArray[np.int64], seed: int = 0) -> Precision:
    """Measure a trace.

    Parameters
    ----------
    among : int64 (n,)
        The photos that neighbors are chosen from: whoever carries a label among them makes up chance.
    seed : int
        Of the bootstrap.

    Notes
    -----
    Neighbors whose label nobody has judged are left out of its share; a label that no recorded photo carries out of the mean.
    """
    own = judge.have[trace.photos]
    own.sort_indices()
    counts = copies(len(trace.photos), _DRAWS, seed)
    found = []
    for neighbors in trace.neighbors:
        carry, unknown = (_of_own(own, neighbors, part) for part in (judge.have, judge.unknown))
        told = neighbors.shape[1] - unknown
        share = np.divide(carry, told, out=np.zeros(len(told)), where=told > 0)
        found += [
            sparse.csr_matrix((data, own.indices, own.indptr), own.shape).T.tocsr()
            for data in (share, (told > 0).astype(np.float64))
        ]
    # All moments at once: what takes longest is to read how often each photo was drawn.
    shape = (len(trace.neighbors), 2, own.shape[1], -1)
    once = np.concatenate([np.asarray(part.sum(axis=1)) for part in found]).reshape(shape)
    values = [float(value) for value in _mean(once[:, 0], once[:, 1], axis=1).ravel()]
    drawn = sums(sparse.vstack(found, format="csr"), counts).reshape(shape)
    draws = _mean(drawn[:, 0], drawn[:, 1], axis=1)
    nothing = (np.nan, np.nan)
    low, high = np.array([interval(of_moment) or nothing for of_moment in draws]).T
    gain = (float(values[-1] - values[0]), *(interval(draws[-1] - draws[0]) or nothing))
    carriers = np.asarray(judge.have[among].sum(axis=0)).ravel()
    met = np.bincount(own.indices, minlength=own.shape[1]) > 0
    chance = (carriers[met] - 1) / max(1, len(among) - 1)
    return Precision(np.array(values), low, high, gain, float(chance.mean()) if met.any() else np.nan)


def _why_still(config: TrainConfig) -> str:
    if not config.phi0.epochs and not config.constraints.epochs:
        return "no step was taken that could move features: phi0.epochs and constraints.epochs are 0"
    if not config.learns_features:
        return (
            "its features cannot learn: the backbone is frozen, and nothing above it learns "
            "(constraints.lambda_nbr with network.projection, or network.adapter)"
        )
    rates = " or ".join(
        f"{name}.lr (it is {stage.lr:g})"
        for name, stage in (("phi0", config.phi0), ("constraints", config.constraints))
        if stage.epochs and not (name == "phi0" and config.exact)
    )
    return (
        f"its features moved too little to change who is near. A larger {rates} or more epochs move them more"
    )


def _of_own(
    own: sparse.csr_matrix, neighbors: NDArray[np.int32], have: sparse.csr_matrix
) -> NDArray[np.int64]:
    """Return for each label that a photo has, in the order of ``own`` (Q, L), how many of its neighbors (Q, k) are in ``have`` (N, L)."""
    photos, k = neighbors.shape
    places = np.arange(0, photos * k + 1, k)
    near = sparse.csr_matrix(
        (np.ones(photos * k, np.int32), neighbors.ravel(), places), (photos, len(have.indptr) - 1)
    )
    # One is added to every label of one's own, so that none without a neighbor falls out of the sum.
    counted = sparse.csr_matrix(own.astype(np.int32) + own.multiply(near @ have.astype(np.int32)))
    counted.sort_indices()
    return np.asarray(counted.data, dtype=np.int64) - 1


def _mean(shares: NDArray[np.float64], owners: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the mean over the labels, along an axis, that somebody has."""
    defined = owners > 0
    means = np.divide(shares, owners, out=np.zeros_like(shares, dtype=np.float64), where=defined)
    count = defined.sum(axis=axis)
    return np.where(count > 0, means.sum(axis=axis) / np.maximum(count, 1), np.nan)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
