"""The photo that a tour is told by: one whose neighborhood tightened around a tag that it lacks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.refinement import Changes
from tagrefine_core.runs.refined import limits_of, suggested_at
from tagrefine_core.runs.run import Run

__all__ = ["Guide", "guide_of"]

_LOOKED_AT = 2000  # of the surest additions
_FEW_WORDS = 5  # a wall has room for as many


@dataclass(frozen=True)
class Guide:
    """A photo, the tag that it lacks, and its neighbors on the way.

    Attributes
    ----------
    row, column : int
    neighbors : int32 (T, k)
        Rows of its nearest photos at the moments of the run's trace.
    carries : bool (T, k)
        Whether each of them has the tag: from its user, or added.
    """

    row: int
    column: int
    neighbors: NDArray[np.int32]
    carries: NDArray[np.bool_]


def guide_of(run: Run, collection: Collection, *, wanted: int | None = None) -> Guide:
    """Choose the photo of a tour.

    It lacks a tag that is surely missing, more of its neighbors have this tag at the end than at the start, and its user wrote a few
    words.

    Parameters
    ----------
    run : Run
        Finished, with a trace.
    collection : Collection
    wanted : int, optional
        The row of a photo to take if it lacks a tag.

    Raises
    ------
    RunError
        When the run recorded no neighbors, or adds no tag to a recorded photo.
    """
    trace = run.trace
    suggested = suggested_at(run, collection, limits_of(run, collection))
    have = (collection.tags + suggested.added.astype(bool)).tocsr()
    rows, columns, sure = _surest_additions(suggested, trace.photos)
    if wanted is not None and (mine := np.flatnonzero(rows == wanted)).size:
        rows, columns, sure = rows[mine], columns[mine], sure[mine]
    if not len(rows):
        raise RunError(
            "This run adds no tag to any of its photos, so there is no story to tell. Train on more photos, or on more tags."
        )
    order = np.argsort(-sure, kind="stable")[:_LOOKED_AT]
    rows, columns, sure = rows[order], columns[order], sure[order]
    places = np.searchsorted(trace.photos, rows)
    neighbors = trace.neighbors[:, places]  # (T, n, k)
    carries = _carry(have, neighbors, columns)
    gain = carries[-1].mean(axis=1) - carries[0].mean(axis=1)
    words = np.array([len(collection.raw_tags(row)) for row in rows.tolist()])
    left = np.diff(suggested.untold.indptr)[rows] > 0
    few = (words > 0) & (words <= _FEW_WORDS)
    common = np.asarray(have.sum(axis=0)).ravel()[columns] / collection.n
    worth = gain + carries[-1].mean(axis=1) / 2 + sure + few / 2 + left / 4 - 2 * common
    best = int(np.argmax(worth))
    return Guide(int(rows[best]), int(columns[best]), neighbors[:, best], carries[:, best])


def _surest_additions(
    suggested: Changes, photos: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the surest addition of each recorded photo: rows, columns, and how sure and how well told by a picture it is."""
    added = suggested.added[photos].tocoo()
    clarity = 1.0 if suggested.clarity is None else suggested.clarity[added.col]
    sure = np.asarray(added.data * clarity, dtype=np.float64)
    order = np.lexsort((added.col, -sure, added.row))
    first = np.unique(added.row[order], return_index=True)[1]
    best = order[first]
    return photos[added.row[best]], added.col[best].astype(np.int64), sure[best]


def _carry(
    have: sparse.csr_matrix, neighbors: NDArray[np.int32], columns: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which neighbors (T, n, k) have the tag of their photo, of n tags."""
    wanted = np.broadcast_to(columns[None, :, None], neighbors.shape)
    return np.asarray(have[neighbors.ravel(), wanted.ravel()]).reshape(neighbors.shape) > 0
