"""A blind random audit: how right and how complete tags are, for someone without ground truth.

Some photos are drawn at random, and for each a list of tags in random order: those that are handed out, hidden among decoys that are not. Whoever answers
whether each fits does not know which is which, and so cannot be kind to the machine. What was drawn with which chance is kept, so that the
answers speak for the whole collection:

- **precision**: of the tags that are handed out, the share that fits;
- **recall**: of the tags that fit, the share that is handed out.

Photos are a simple random sample; decoys are drawn with chances in proportion to the standard deviation of the answer, sqrt(p (1 - p)), by the
run's probability p (systematic sampling; Madow, Annals of Mathematical Statistics 1949). Totals are estimated by the difference estimator: what
the probabilities say of all photos, plus what answers differ from them by, each divided by its chance (Särndal, Swensson and Wretman, Model
Assisted Survey Sampling, 1992, 6.3). It is unbiased whatever the probabilities are worth; the better they are, the narrower the interval. The
variance is that between photos, which holds the draw of tags as well (ultimate clusters; Hansen, Hurwitz and Madow 1953), linearized for the ratio.
"""

from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.refinement.blocks import check_scores_and_tags, tag_blocks

__all__ = ["DECOYS", "Audit", "AuditResult", "Share", "audit_result", "draw_audit"]

DECOYS = 8
"""Tags that are not handed out, a photo."""

_MOST = 12  # tags that are handed out, a photo; of more, some are drawn
_LEVEL = 0.95
_LEAST_DEVIATION = 0.01  # of a decoy, so that the surest no has a chance


@dataclass(frozen=True, eq=False, kw_only=True)
class Audit:
    """What is asked about.

    Attributes
    ----------
    photos : int64 (K,)
        Rows in the order in which they were drawn: the first ones are a random sample, too.
    rows, columns : int64 (Q,)
        The questions: photo by photo, the tags of each in random order.
    handed_out : bool (Q,)
        Whether the tag is handed out there.
    probability : float64 (Q,)
        That it fits.
    chance : float64 (Q,)
        With which the tag was drawn, given its photo; in (0, 1].
    population : int
        N.
    total : int
        Tags that are handed out on all photos.
    expected_right, expected_missing : float
        How many of them fit, and how many other tags do, by the probabilities.
    """

    photos: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    handed_out: NDArray[np.bool_]
    probability: NDArray[np.float64]
    chance: NDArray[np.float64]
    population: int
    total: int
    expected_right: float
    expected_missing: float


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval; all NaN where nothing is known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AuditResult:
    """What the answers say.

    Attributes
    ----------
    photos, answers : int
        Photos of which every question is answered, and their answers; others do not count yet.
    unsure : int
        Among them those that nobody could tell; of these the probability stands.
    precision, recall : Share
    """

    photos: int
    answers: int
    unsure: int
    precision: Share
    recall: Share


def draw_audit(
    scores: ArrayLike,
    handed_out: Any,
    *,
    told: NDArray[np.bool_],
    photos: int,
    seed: int,
    decoys: int = DECOYS,
    block_bytes: int = 2**26,
) -> Audit:
    """Draw photos and tags.

    Parameters
    ----------
    scores : (N, C) float array
        Probabilities that tags fit, in [0, 1]; a memory-mapped array is read in blocks.
    handed_out : (N, C) scipy sparse matrix
        Nonzero where a tag is handed out.
    told : bool (C,)
        Tags that are judged: others are not asked about, since a picture does not tell them.
    photos : int
        How many, at least 2; all where there are fewer.
    seed : int
    decoys : int
        A photo, at least 1.

    Raises
    ------
    ConfigError
        If there are too few photos or decoys, or no tag is judged.
    DataError
        If shapes differ, or a score is NaN or outside [0, 1].
    """
    if photos < 2 or decoys < 1:
        raise ConfigError(f"An audit needs at least 2 photos and 1 decoy, got {photos} and {decoys}.")
    if not told.any():
        raise ConfigError("No tag is judged, so there is nothing to audit.")
    array, final = check_scores_and_tags(scores, handed_out)
    total, right, everything = 0, 0.0, 0.0
    for block in tag_blocks(array, final, block_bytes):
        own = told[block.columns]
        total += int(own.sum())
        right += float(block.scores[block.rows[own], block.columns[own]].sum(dtype=np.float64))
        everything += float(block.scores[:, told].sum(dtype=np.float64))
    generator = np.random.default_rng((seed, 11))
    chosen = generator.permutation(len(array))[:photos].astype(np.int64)
    parts = [_questions(array[row], final[[row]].indices, told, decoys, generator) for row in chosen]
    columns, handed, probability, chance = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Audit(
        photos=chosen,
        rows=np.repeat(chosen, [len(part[0]) for part in parts]),
        columns=columns,
        handed_out=handed,
        probability=probability,
        chance=chance,
        population=len(array),
        total=total,
        expected_right=right,
        expected_missing=everything - right,
    )


def audit_result(audit: Audit, fits: NDArray[np.floating]) -> AuditResult:
    """Estimate precision and recall of the tags that are judged.

    Parameters
    ----------
    audit : Audit
    fits : (Q,) array
        Answers: 1 and 0, 0.5 not sure, NaN not answered yet.

    Raises
    ------
    DataError
        If there are not as many answers as questions.
    """
    if len(fits) != len(audit.rows):
        raise DataError(f"{len(fits)} answers were given to {len(audit.rows)} questions.")
    place = np.full(audit.population, -1)
    place[audit.photos] = np.arange(len(audit.photos))
    of, k = place[audit.rows], len(audit.photos)
    open_ = np.bincount(of, weights=np.isnan(fits), minlength=k)
    # A photo counts when it is done, whatever order they are answered in: it must not depend on the answers.
    done = open_ == 0
    unsure = fits == 0.5
    residual = np.where(unsure | np.isnan(fits), 0.0, fits - audit.probability) / audit.chance
    right = np.bincount(of, weights=residual * audit.handed_out, minlength=k)[done]
    missing = np.bincount(of, weights=residual * ~audit.handed_out, minlength=k)[done]
    counted, n = int(done.sum()), audit.population
    asked = done[of]
    if counted < 2:
        unknown = Share(nan, nan, nan)
        return AuditResult(counted, int(asked.sum()), int((unsure & asked).sum()), unknown, unknown)
    fitting = audit.expected_right + n * float(right.mean())
    absent = audit.expected_missing + n * float(missing.mean())
    precision = recall = Share(nan, nan, nan)
    if audit.total:
        shown = int((asked & audit.handed_out).sum())
        precision = _share(fitting / audit.total, n * right / audit.total, shown)
    if (known := fitting + absent) > 0:
        value = fitting / known
        recall = _share(value, n * ((1 - value) * right - value * missing) / known, int(asked.sum()))
    return AuditResult(counted, int(asked.sum()), int((unsure & asked).sum()), precision, recall)


def _share(value: float, by_photo: NDArray[np.float64], answers: int) -> Share:
    """Return a share with its interval: Wilson's, for as many independent answers as would be equally uncertain.

    (Wilson 1927; for samples such as these Kott, Andersson and Nerman, "Two-sided coverage intervals for small proportions based on survey
    data", 2001.) Answers that all agree with the probabilities are no more than there are.
    """
    count = len(by_photo)
    value = min(1.0, max(0.0, value))
    quantile = float(stdtrit(count - 1, (1 + _LEVEL) / 2)) ** 2
    variance, even = float(by_photo.var(ddof=1)) / count, max(value * (1 - value), 0.25 / max(1, answers))
    effective = min(float(answers), even / variance) if variance > 0 else float(answers)
    middle = (value + quantile / (2 * effective)) / (1 + quantile / effective)
    half = sqrt(quantile * (value * (1 - value) / effective + quantile / (4 * effective**2)))
    half /= 1 + quantile / effective
    return Share(value, max(0.0, middle - half), min(1.0, middle + half))


def _questions(
    scores: NDArray[np.floating],
    handed_out: NDArray[np.integer],
    told: NDArray[np.bool_],
    decoys: int,
    generator: np.random.Generator,
) -> tuple[NDArray[Any], ...]:
    """Return columns, whether they are handed out, probabilities and chances of one photo's questions, in random order."""
    likely = np.asarray(scores, dtype=np.float64)
    final = np.zeros(len(likely), dtype=bool)
    final[handed_out] = True
    chance = np.zeros(len(likely))
    shown = np.flatnonzero(final & told)
    chance[shown] = min(1.0, _MOST / max(1, len(shown)))
    others = np.flatnonzero(~final & told)
    chance[others] = _chances(
        np.sqrt(likely[others] * (1 - likely[others])).clip(min=_LEAST_DEVIATION), decoys
    )
    drawn = np.concatenate([_systematic(part, chance[part], generator) for part in (shown, others)])
    drawn = generator.permutation(drawn)
    return drawn, final[drawn], likely[drawn], chance[drawn]


def _chances(sizes: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return chances in proportion to sizes, at most 1, that sum to ``count``; 1 for all where there are no more than that."""
    chance = np.ones(len(sizes))
    sure = np.zeros(len(sizes), dtype=bool)
    while (~sure).any() and count > sure.sum():
        rest = ~sure
        chance[rest] = (count - sure.sum()) * sizes[rest] / sizes[rest].sum()
        if not (over := rest & (chance >= 1)).any():
            return chance
        chance[over], sure = 1.0, sure | over
    return np.where(sure, 1.0, 0.0) if count <= sure.sum() < len(sizes) else chance


def _systematic(
    items: NDArray[np.int64], chance: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw items, each with its chance: a grid of step 1 with a random start over their sums, in random order."""
    order = generator.permutation(len(items))
    ends = np.cumsum(chance[order])
    start = generator.random()
    # Rounding must neither add nor lose one: sure ones are always crossed, and the last grid point lies below the sum.
    crossed = np.floor(ends - start + 1e-9) - np.floor(np.concatenate([[0.0], ends[:-1]]) - start + 1e-9)
    return items[order[crossed > 0]]
