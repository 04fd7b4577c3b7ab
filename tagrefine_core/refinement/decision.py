"""From which probability on a tag is added, and up to which it is removed, so that a promised share of the changes is right.

Probabilities are taken at their word: of tags that fit with probability P, the share P is right. So the right share of everything above
a limit is its mean probability, and the limit of a **target precision** is the lowest that keeps this mean: as many changes as the
promise allows. The costs behind it: a wrong change costs as much as precision / (1 - precision) right ones are worth. Additions and
removals each keep the promise. Tags that a picture cannot tell are neither added nor removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.blocks import check_scores_and_tags, tag_blocks

__all__ = ["BINS", "LEAST_BIN", "PRECISION", "Expectation", "Limits", "Prospects", "centers"]

PRECISION = 0.75
"""Of changes, where nobody chose another."""

BINS = 256
"""Limits lie at multiples of 1 / BINS, which single precision holds exactly."""

LEAST_BIN = BINS // 16
"""Nothing less probable than ``LEAST_BIN / BINS`` is ever a change."""

_LEAST = LEAST_BIN / BINS
_TAIL = 1.2816  # standard deviations: 80 % of a normal distribution lie within


def centers() -> NDArray[np.float64]:
    """Return the middles of the bins of probability, (BINS,)."""
    return (np.arange(BINS) + 0.5) / BINS


@dataclass(frozen=True, eq=False, kw_only=True)
class Limits:
    """Score limits of every tag.

    Attributes
    ----------
    add : (C,) float64 array
        A tag that the user did not give is added at this score and above; inf where never.
    remove : (C,) float64 array
        A tag that the user gave is removed at this score and below; -inf where never.
    told : (C,) bool array
        Tags that are judged; the others are left as the users gave them.
    precision : float
        That the limits were set for.
    """

    add: NDArray[np.float64]
    remove: NDArray[np.float64]
    told: NDArray[np.bool_]
    precision: float


_COUNTED = ("added", "removed", "added_sum", "removed_sum")


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is to be expected of additions, or of removals.

    Attributes
    ----------
    count : int64 (C,)
        How many, by tag.
    right : float64 (C,)
        How many of them are right, by the probabilities.
    spread : float64 (C,)
        Standard deviation of ``right``, from what is not known about the tag; errors of one tag go together.
    """

    count: NDArray[np.int64]
    right: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def total(self) -> int:
        """How many changes of all tags."""
        return int(self.count.sum())

    @property
    def precision(self) -> float:
        """Share of the changes that is right; NaN without any."""
        return float(self.right.sum() / self.total) if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 80 % interval of `precision`: tags independent of one another, chance included."""
        if not self.total:
            return float("nan"), float("nan")
        chance = float(np.sum(self.right * (1 - self.right / np.maximum(self.count, 1))))
        half = _TAIL * float(np.sqrt(np.sum(self.spread**2) + max(0.0, chance))) / self.total
        return max(0.0, self.precision - half), min(1.0, self.precision + half)

    @property
    def by_tag(self) -> NDArray[np.float64]:
        """Expected precision of every tag, (C,), NaN where nothing changes."""
        shares: NDArray[np.float64] = np.divide(
            self.right, self.count, out=np.full(len(self.count), np.nan), where=self.count > 0
        )
        return shares

    def interval_of(self, tag: int) -> tuple[float, float]:
        """Return the 80 % interval of the precision of one tag (its column)."""
        one = slice(tag, tag + 1)
        return Expectation(self.count[one], self.right[one], self.spread[one]).interval


class Prospects:
    """How many changes lie at which probability, tag by tag: what every limit would do, without reading scores again.

    Attributes
    ----------
    added, removed : int64 (C, BINS)
        Tags that were not given, by the probability that they fit; tags that were given, by that they do not.
    added_sum, removed_sum : float64 (C, BINS)
        Of these probabilities.
    added_spread, removed_spread : float64 (C, BINS) or None
        Standard deviation of one such probability; None: not known.
    """

    def __init__(
        self,
        scores: ArrayLike,
        tags: Any,
        *,
        added_spread: NDArray[np.float64] | None = None,
        removed_spread: NDArray[np.float64] | None = None,
        block_bytes: int = 2**26,
    ) -> None:
        """Count.

        Parameters
        ----------
        scores : (N, C) float array
            Probabilities in [0, 1]; a memory-mapped array is read in blocks.
        tags : (N, C) scipy sparse matrix
            Nonzero where the user gave the tag.
        added_spread, removed_spread : (C, BINS) arrays, optional
            At `centers`.
        block_bytes : int
            Working memory to stay near.

        Raises
        ------
        DataError
            If shapes differ, or a score is NaN or outside [0, 1].
        """
        array, given = check_scores_and_tags(scores, tags)
        c = array.shape[1]
        self.added, self.removed = (np.zeros(c * BINS, dtype=np.int64) for _ in range(2))
        self.added_sum, self.removed_sum = np.zeros(c * BINS), np.zeros(c * BINS)
        self.added_spread, self.removed_spread = added_spread, removed_spread
        for block in tag_blocks(array, given, block_bytes):
            of_tags = block.scores[block.rows, block.columns]
            wrong = np.clip(BINS - np.ceil(of_tags * BINS), 0, BINS - 1).astype(np.int64)
            place = block.columns.astype(np.int64) * BINS + wrong
            self.removed += np.bincount(place, minlength=c * BINS)
            self.removed_sum += np.bincount(place, weights=1.0 - of_tags, minlength=c * BINS)
            block.scores[block.rows, block.columns] = 0
            places = np.flatnonzero(block.scores >= _LEAST)
            likely = block.scores.reshape(-1)[places]
            place = places % c * BINS + np.minimum((likely * BINS).astype(np.int64), BINS - 1)
            self.added += np.bincount(place, minlength=c * BINS)
            self.added_sum += np.bincount(place, weights=likely, minlength=c * BINS)
        for name in _COUNTED:
            setattr(self, name, getattr(self, name).reshape(c, BINS))

    @classmethod
    def of_counts(
        cls,
        counts: Mapping[str, NDArray[Any]],
        *,
        added_spread: NDArray[np.float64] | None = None,
        removed_spread: NDArray[np.float64] | None = None,
    ) -> "Prospects":
        """Return those that `counts` is of."""
        one = cls.__new__(cls)
        one.added_spread, one.removed_spread = added_spread, removed_spread
        for name in _COUNTED:
            setattr(one, name, counts[name])
        return one

    def counts(self) -> dict[str, NDArray[Any]]:
        """Return what was counted, to be kept: reading all scores takes seconds where there are many."""
        return {name: getattr(self, name) for name in _COUNTED}

    def limits(self, precision: float = PRECISION, told: NDArray[np.bool_] | None = None) -> Limits:
        """Return the lowest limits that keep a promise.

        Parameters
        ----------
        precision : float
            Share of the changes that shall be right, in [0.5, 1).
        told : bool (C,), optional
            Tags that are judged; by default all.

        Raises
        ------
        ConfigError
            If the precision is out of range.
        """
        if not 0.5 <= precision < 1:
            raise ConfigError(f"precision must be from 0.5 to below 1, such as 0.9, got {precision}.")
        told = np.ones(len(self.added), dtype=bool) if told is None else told
        add = _lowest(self.added[told], self.added_sum[told], precision)
        wrong = _lowest(self.removed[told], self.removed_sum[told], precision)
        return Limits(
            add=np.where(told, add, np.inf),
            remove=np.where(told, 1.0 - wrong, -np.inf),
            told=told,
            precision=precision,
        )

    def additions(self, limits: Limits) -> Expectation:
        """Return what is to be expected of the additions at these limits."""
        return _expectation(self.added, self.added_sum, self.added_spread, limits.add)

    def removals(self, limits: Limits) -> Expectation:
        """Return what is to be expected of the removals at these limits."""
        return _expectation(self.removed, self.removed_sum, self.removed_spread, 1.0 - limits.remove)


def _lowest(counts: NDArray[np.int64], sums: NDArray[np.float64], precision: float) -> float:
    """Return the lowest limit above which the mean is at least ``precision``; inf when there is none."""
    count = counts.sum(axis=0)[::-1].cumsum()[::-1]
    total = sums.sum(axis=0)[::-1].cumsum()[::-1]
    # Rounding must not break a promise that is kept to the last digit.
    # At a change that there is: below it lies what nobody has counted on, which a new photo may reach.
    kept = np.flatnonzero((counts.sum(axis=0) > 0) & (total >= (precision - 1e-9) * count))
    kept = kept[kept >= LEAST_BIN]
    return float(kept[0] / BINS) if len(kept) else float("inf")


def _expectation(
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    spread: NDArray[np.float64] | None,
    limits: NDArray[np.float64],
) -> Expectation:
    passes = np.arange(BINS) / BINS >= limits[:, None]
    uncertain = np.zeros(len(counts)) if spread is None else (counts * spread * passes).sum(axis=1)
    return Expectation((counts * passes).sum(axis=1), (sums * passes).sum(axis=1), uncertain)
