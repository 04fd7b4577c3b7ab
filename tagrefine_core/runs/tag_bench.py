"""One tag on the bench: what every limit would do, by the probabilities, by verdicts and by labels, and which photos lie beside it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import BINS, LEAST_BIN, Expectation
from tagrefine_core.refinement.estimate import estimate_from
from tagrefine_core.refinement.stored import column_of
from tagrefine_core.refinement.verdicts import ACCEPT, UNSURE, verdicts_of
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.refined import prospects_of
from tagrefine_core.runs.run import Run

__all__ = ["Curve", "Side", "TagBench", "bench_of"]

Side = Literal["above", "below", "written"]


class Curve(NamedTuple):
    """What limits do to the photos whose users did not write the tag, by one source.

    Attributes
    ----------
    precision : float64 (K,)
        Share of those that gain the tag at a limit which it fits; nan where none gains it.
    low, high : float64 (K,) or None
        Its interval: 80 % by the probabilities, 95 % by verdicts.
    recall : float64 (K,)
        Share of those which the tag fits that gain it; nan where it fits none.
    known : int
        How many of them a verdict or a label speaks of; 0 for the probabilities.
    """

    precision: NDArray[np.float64]
    low: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    recall: NDArray[np.float64]
    known: int


@dataclass(frozen=True, eq=False)
class TagBench:
    """A tag and all photos, by probability.

    Limit k stands for the probability k / `BINS`; all curves are over k = 0 to BINS - 1, and hold from `LEAST_BIN` on.

    Attributes
    ----------
    column : int
    levels : uint8 (N,)
        `tagrefine_core.runs.levels`.
    given : bool (N,)
        Whether its user wrote the tag.
    said : int8 (N,)
        Verdicts on it: 1 it fits, -1 it does not, 2 not sure, 0 nobody was asked.
    gains : int64 (K,)
        Photos that gain the tag at each limit; those that somebody decided on are counted as decided.
    accepted : int
        Those of them that somebody accepted, who gain it at any limit.
    expected : Curve
        By the run's probabilities.
    by_verdicts, by_labels : Curve or None
        None without a verdict on photos that may gain it, or without ground truth.
    """

    column: int
    levels: NDArray[np.uint8]
    given: NDArray[np.bool_]
    said: NDArray[np.int8]
    gains: NDArray[np.int64]
    accepted: int
    expected: Curve
    by_verdicts: Curve | None
    by_labels: Curve | None

    def open_above(self, limit: int) -> NDArray[np.int64]:
        """Return the photos that gain the tag at a limit and that nobody has decided on, the likeliest first, ties by row."""
        found = np.flatnonzero(~self.given & (self.said == 0) & (self.levels >= limit))
        return found[np.argsort(-self.levels[found].astype(np.int16), kind="stable")]

    def beside(self, limit: int, side: Side) -> NDArray[np.int64]:
        """Return the photos on one side of a limit, the nearest first.

        ``above`` and ``below`` are photos whose users did not write the tag, decided or not; ``written`` those of the others, the least
        likely first, wherever the limit lies.

        Raises
        ------
        ConfigError
            When there is no such side.
        """
        levels = self.levels.astype(np.int16)
        if side == "above":
            found, key = np.flatnonzero(~self.given & (levels >= limit)), levels
        elif side == "below":
            found, key = np.flatnonzero(~self.given & (levels < limit)), -levels
        elif side == "written":
            found, key = np.flatnonzero(self.given), levels
        else:
            raise ConfigError(f"side={side!r} is unknown; choose {', '.join(get_args(Side))}.")
        return found[np.argsort(key[found], kind="stable")]


def bench_of(run: Run, collection: Collection, column: int) -> TagBench:
    """Return one tag with all its photos, as verdicts are now; RunError when the run has no scores."""
    return _bench(run, collection, column, collection.store.curation.version(collection.id))


@lru_cache(maxsize=8)
def _bench(run: Run, collection: Collection, column: int, version: int) -> TagBench:
    levels = levels_of(run)[column]
    given = np.zeros(collection.n, dtype=bool)
    given[column_of(collection.tags, column)[0]] = True
    said = np.zeros(collection.n, dtype=np.int8)
    rows, values = column_of(verdicts_of(collection).matrix, column)
    said[rows] = values
    may_gain = ~given & (said == 0)
    accepted = int((~given & (said == ACCEPT)).sum())
    return TagBench(
        column=column,
        levels=levels,
        given=given,
        said=said,
        gains=_above(_counted(levels[may_gain])) + accepted,
        accepted=accepted,
        expected=_expected(run, collection, column, levels[~given]),
        by_verdicts=_by_verdicts(run, collection, column, levels, said, given),
        by_labels=_by_labels(collection, column, levels, given),
    )


def _expected(run: Run, collection: Collection, column: int, levels: NDArray[np.uint8]) -> Curve:
    prospects = prospects_of(run, collection)
    count, right = _above(prospects.added[column]), _above(prospects.added_sum[column])
    spread = prospects.added_spread
    uncertain = np.zeros(BINS) if spread is None else _above(prospects.added[column] * spread[column])
    ends = [
        Expectation(count[[k]], right[[k]], uncertain[[k]]).interval if count[k] else (np.nan, np.nan)
        for k in range(BINS)
    ]
    # Below the least that is ever a change probabilities are counted only here, at the middle of their bin.
    rest = _counted(levels)[:LEAST_BIN] @ ((np.arange(LEAST_BIN) + 0.5) / BINS)
    low, high = np.array(ends).T
    return Curve(_share(right, count), low, high, _share(right, right[0] + rest), 0)


def _by_verdicts(
    run: Run,
    collection: Collection,
    column: int,
    levels: NDArray[np.uint8],
    said: NDArray[np.int8],
    given: NDArray[np.bool_],
) -> Curve | None:
    """Let verdicts speak for all photos that were not given the tag, as `estimate_of_tag` does."""
    answered = ~given & (said != 0) & (said != UNSURE)
    if not answered.any():
        return None
    prospects = prospects_of(run, collection)
    right = _counted(levels[answered & (said == ACCEPT)])
    counts = _counted(levels[~given])
    believed = prospects.added_sum[column].copy()
    believed[:LEAST_BIN] = counts[:LEAST_BIN] * ((np.arange(LEAST_BIN) + 0.5) / BINS)
    precision, low, high = estimate_from(counts, believed, right, _counted(levels[answered]))
    fits = np.nan_to_num(precision) * _above(counts)
    return Curve(precision, low, high, _share(fits, fits[0]), int(answered.sum()))


def _by_labels(
    collection: Collection, column: int, levels: NDArray[np.uint8], given: NDArray[np.bool_]
) -> Curve | None:
    labels = np.flatnonzero(collection.label_columns == column)
    if collection.truth is None or not len(labels):
        return None
    truth = np.asarray(collection.truth[:, labels[0]])
    judged = ~given & (truth >= 0)
    fits = _above(_counted(levels[judged & (truth == 1)]))
    precision = _share(fits, _above(_counted(levels[judged])))
    return Curve(precision, None, None, _share(fits, fits[0]), int(judged.sum()))


def _counted(levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.bincount(levels, minlength=BINS)


def _above(values: NDArray[Any]) -> NDArray[Any]:
    """Return the sum from each limit on."""
    return np.cumsum(values[::-1])[::-1]


def _share(part: Any, whole: Any) -> NDArray[np.float64]:
    whole = np.broadcast_to(np.asarray(whole, dtype=np.float64), np.shape(part))
    shares: NDArray[np.float64] = np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
    return shares
