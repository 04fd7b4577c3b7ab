"""Merges to look at again: spellings whose photos do not look like the other photos of the tag that they count for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core import tags
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run

__all__ = ["DoubtfulMerge", "doubtful_merges"]

_ENOUGH = 8  # photos on each side, below which a mean is mostly chance
_ALIKE = 0.8  # the cosine above which nobody needs to look
_PHOTOS = 3  # to show of each side


@dataclass(frozen=True)
class DoubtfulMerge:
    """A spelling that may not be the tag it counts for.

    Attributes
    ----------
    spelling, tag : str
    reason : str
        Why they were merged.
    look : float
        How alike the photos of the spelling and the other photos of the tag are: the cosine of their mean features, at most 1.
    photos, others : int
        How many photos have the spelling, and how many others the tag.
    rows, other_rows : tuple of int
        A few of each, the most typical first.
    """

    spelling: str
    tag: str
    reason: str
    look: float
    photos: int
    others: int
    rows: tuple[int, ...]
    other_rows: tuple[int, ...]


def doubtful_merges(collection: Collection, run: Run, *, top: int = 20) -> list[DoubtfulMerge]:
    """List merges whose photos do not look alike, the least alike first.

    Left out are spellings that differ from their tag by case and spaces only, those that somebody decided on, and those of too few photos to
    tell.

    Parameters
    ----------
    collection : Collection
    run : Run
        Of this import; its features say which photos look alike.
    top : int
        How many at most.
    """
    column = {tag: place for place, tag in enumerate(collection.vocabulary)}
    said = {tags.normalize(name) for name in collection.store.tag_aliases(collection.id)}
    merged = [
        (number, one, column[one.tag])
        for number, one in enumerate(collection.tag_records)
        if one.tag is not None
        and one.count >= _ENOUGH
        and (name := tags.normalize(one.raw)) != one.tag
        and name not in said
    ]
    if not merged:
        return []
    spelled = collection.raw.tocsc()[:, [number for number, _, _ in merged]].tocsr()
    spelled.data[:] = 1  # who writes a word twice has one photo
    other = collection.tags.tocsc()[:, [place for _, _, place in merged]].astype(np.int32).tocsr()
    other = sparse.csr_matrix(other - other.multiply(spelled))
    other.eliminate_zeros()
    enough = np.asarray(other.sum(axis=0)).ravel() >= _ENOUGH
    look = tags.alike(spelled, other, run.features)
    found = []
    for pair in np.argsort(look, kind="stable")[:top].tolist():
        if not look[pair] < _ALIKE:
            break  # NaN, of which nothing is known, comes last
        if enough[pair]:
            rows, others = (matrix[:, [pair]].nonzero()[0] for matrix in (spelled, other))
            one = merged[pair][1]
            found.append(
                DoubtfulMerge(
                    one.raw,
                    collection.vocabulary[merged[pair][2]],
                    one.reason,
                    float(look[pair]),
                    len(rows),
                    len(others),
                    _typical(run.features, rows),
                    _typical(run.features, others),
                )
            )
    return found


def _typical(features: NDArray[np.floating], rows: NDArray[np.integer]) -> tuple[int, ...]:
    """Return the rows that are nearest to the mean of all."""
    points = np.asarray(features[rows], dtype=np.float32)
    points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    order = np.argsort(-(points @ points.mean(axis=0)), kind="stable")[:_PHOTOS]
    return tuple(rows[order].tolist())
