"""From which score on a tag is added, and up to which score it is removed, tag by tag."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.blocks import check_scores_and_tags, tag_blocks

__all__ = ["MIN_POSITIVES", "Thresholds", "thresholds"]

MIN_POSITIVES = 5
_EDGE = 1e-7  # means of saturated scores are moved off 0 and 1, where the logit is infinite


@dataclass(frozen=True, eq=False, kw_only=True)
class Thresholds:
    """Score limits of every tag.

    Attributes
    ----------
    add : (C,) float64 array
        A tag that the user did not give is added at this score and above; inf where never.
    remove : (C,) float64 array
        A tag that the user gave is removed at this score and below; -inf where never.
    tagged_mean, untagged_mean : (C,) float64 arrays
        Mean score over the images whose user gave the tag, and over the others; NaN without any.
    n_tagged : (C,) int64 array
        Images whose user gave the tag.
    strictness : float
        As given to `thresholds`.
    """

    add: NDArray[np.float64]
    remove: NDArray[np.float64]
    tagged_mean: NDArray[np.float64]
    untagged_mean: NDArray[np.float64]
    n_tagged: NDArray[np.int64]
    strictness: float

    def with_strictness(self, strictness: float) -> "Thresholds":
        """Return the limits of another strictness from the same means, without reading scores."""
        return _limits(self.tagged_mean, self.untagged_mean, self.n_tagged, strictness, MIN_POSITIVES)


def thresholds(
    scores: ArrayLike,
    tags: Any,
    *,
    strictness: float = 0.5,
    min_positives: int = MIN_POSITIVES,
    block_bytes: int = 2**26,
) -> Thresholds:
    """Set the limits of every tag from the scores themselves, without labels.

    With strictness .5, a tag is added to a photo that scores at least as high as the average photo
    tagged so by its user, and removed from a photo that scores no higher than the average photo not
    tagged so: the per-class confidence thresholds of confident learning, one class against the rest.

    Parameters
    ----------
    scores : (N, C) float array
        Refined probabilities in [0, 1]; a memory-mapped array is read in blocks.
    tags : (N, C) scipy sparse matrix
        Nonzero where the user gave the tag.
    strictness : float
        In [0, 1]; higher means fewer changes. See the notes.
    min_positives : int
        A tag given to fewer images is left alone: its mean says too little.
    block_bytes : int
        Working memory to stay near.

    Raises
    ------
    DataError
        If shapes differ, or a score is NaN or outside [0, 1].
    ConfigError
        If strictness is outside [0, 1] or another option is not positive.

    Notes
    -----
    Let a and r be the logits of the two means and g = a - r their distance. The limits lie at
    ``a + (strictness - .5) g`` and ``r - (strictness - .5) g``: at 0 both meet in the middle, at .5
    they are the means, at 1 they are half the distance beyond. Both move outwards strictly as
    strictness grows, so every change at a higher strictness is also one at a lower.

    A tag with g <= 0 (the scores do not tell its photos from the others) is left alone, as is one
    that every user gave.

    References
    ----------
    Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
    Journal of Artificial Intelligence Research 70, 2021.
    """
    array, given = check_scores_and_tags(scores, tags)
    n, c = array.shape
    total, tagged = np.zeros(c), np.zeros(c)
    for block in tag_blocks(array, given, block_bytes):
        total += block.scores.sum(axis=0, dtype=np.float64)
        tagged += np.bincount(block.columns, weights=block.scores[block.rows, block.columns], minlength=c)
    n_tagged = np.bincount(given.indices, minlength=c).astype(np.int64)
    n_untagged = n - n_tagged
    untagged = np.maximum(total - tagged, 0.0)
    nothing = np.full(c, np.nan)
    tagged_mean = np.divide(tagged, n_tagged, out=nothing.copy(), where=n_tagged > 0)
    untagged_mean = np.divide(untagged, n_untagged, out=nothing, where=n_untagged > 0)
    return _limits(tagged_mean, untagged_mean, n_tagged, strictness, min_positives)


def _limits(
    tagged_mean: NDArray[np.float64],
    untagged_mean: NDArray[np.float64],
    n_tagged: NDArray[np.int64],
    strictness: float,
    min_positives: int,
) -> Thresholds:
    if not 0 <= strictness <= 1:
        raise ConfigError(f"strictness must be in [0, 1], got {strictness}.")
    if min_positives < 1:
        raise ConfigError(f"min_positives must be at least 1, got {min_positives}.")
    a, r = (logit(np.clip(mean, _EDGE, 1 - _EDGE)) for mean in (tagged_mean, untagged_mean))
    # NaN, where one of the two groups is empty, compares as false.
    usable = (n_tagged >= min_positives) & (tagged_mean > untagged_mean) & (a > r)
    shift = (strictness - 0.5) * (a - r)
    # As an offset from the mean, so that no shift gives the very mean and a mean of 0 or 1, moved off
    # the edge above, keeps its place in the order of strictness.
    add = tagged_mean + (expit(a + shift) - expit(a))
    remove = untagged_mean + (expit(r - shift) - expit(r))
    return Thresholds(
        add=np.where(usable, add, np.inf),
        remove=np.where(usable, remove, -np.inf),
        tagged_mean=tagged_mean,
        untagged_mean=untagged_mean,
        n_tagged=n_tagged,
        strictness=strictness,
    )
