"""The hidden-tag test, which needs no ground truth: would a tag that a photo is known to have be added, were it not there?

From every photo one of its given tags is taken away at random, and evidence that has not seen it is asked whether it would be added.
Users give tags that fit, mostly: the more of them come back, and the fewer additions that takes, the better the additions are. The
share that comes back has a bound far below 1, since users also give what no picture tells, and what does not fit.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.evaluation.decisions import DRAWS, LEVEL, Interval
from tagrefine_core.evaluation.resampling import copies, interval, means

__all__ = ["Hidden", "HiddenTags", "found_again", "hide_one"]


class Hidden(NamedTuple):
    """One given tag of each photo that has any: rows, ascending, and columns, both int64 (K,)."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class HiddenTags:
    """How many hidden tags come back.

    Attributes
    ----------
    asked, hits : int64 (C,)
        By tag: on how many photos it was hidden, and on how many of these it would be added.
    told : bool (C,)
        Tags that are judged; the others never come back.
    additions : int
        All additions that the photos get, the hidden tags that come back included.
    recall_interval : (low, high) or None
        Of `recall`, over photos.
    """

    asked: NDArray[np.int64]
    hits: NDArray[np.int64]
    told: NDArray[np.bool_]
    additions: int
    recall_interval: Interval

    @property
    def recall(self) -> float:
        """Share of the hidden tags that come back; NaN where no photo has a tag."""
        return _share(self.hits.sum(), self.asked.sum())

    @property
    def recall_told(self) -> float:
        """The same among the tags that are judged; NaN where none was hidden."""
        return _share(self.hits[self.told].sum(), self.asked[self.told].sum())

    @property
    def additions_per_hit(self) -> float:
        """How many additions it takes for one hidden tag to come back; NaN where none does."""
        return _share(self.additions, self.hits.sum())


def hide_one(tags: sparse.csr_matrix, rows: NDArray[np.int64], *, seed: int = 0) -> Hidden:
    """Choose one given tag of each photo, each with the same chance.

    Parameters
    ----------
    tags : csr (N, C)
        The users' tags.
    rows : int64 (n,)
        The photos, ascending; those without a tag are left out.
    seed : int
    """
    counts = np.diff(tags.indptr)
    # Drawn for all photos, so that a photo's hidden tag does not depend on which others are asked.
    place = (np.random.default_rng((seed, 3)).random(len(counts)) * counts).astype(np.int64)
    kept = np.asarray(rows)[counts[rows] > 0]
    return Hidden(kept.astype(np.int64), tags.indices[tags.indptr[kept] + place[kept]].astype(np.int64))


def found_again(
    hidden: Hidden,
    scores: NDArray[np.floating[Any]],
    limits: NDArray[np.float64],
    additions: NDArray[np.integer[Any]],
    *,
    told: NDArray[np.bool_],
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> HiddenTags:
    """Ask which hidden tags would be added.

    Parameters
    ----------
    hidden : Hidden
    scores : (K,) array
        Of the hidden tags, by evidence that has not seen them.
    limits : (C,) array
        From which score on each tag is added.
    additions : int (K,)
        How many other tags the photo of each hidden tag gets.
    told : bool (C,)
    draws, level, seed
        Of the interval, as in `tagrefine_core.evaluation.decisions`.
    """
    found = scores >= limits[hidden.columns]
    width, photos = len(limits), len(found)
    resampled = means(found, copies(photos, draws if photos else 0, seed))
    return HiddenTags(
        asked=np.bincount(hidden.columns, minlength=width),
        hits=np.bincount(hidden.columns[found], minlength=width),
        told=told,
        additions=int(additions.sum() + found.sum()),
        recall_interval=interval(resampled, level=level),
    )


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else float("nan")
