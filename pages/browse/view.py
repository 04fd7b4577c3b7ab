"""What Browse shows of a run: found photos in windows, one photo in full, its neighbors. Kept between requests."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np
from scipy import sparse

from pages.browse.reasons import reason
from pages.opening import open_collection, open_run, open_store
from pages.routes.thumbnails import thumbnail_url
from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.files import read_array
from tagrefine_core.refinement import MAX_ADDED, Changes, Thresholds, changes, thresholds
from tagrefine_core.refinement.photo import PhotoTag, photo_tags, votes
from tagrefine_core.refinement.query import Found, PhotoQuery, PhotoTable, find
from tagrefine_core.runs.run import Run
from tagrefine_core.store import TagRecord

__all__ = [
    "NEIGHBORS",
    "STRICTNESS",
    "View",
    "found",
    "neighbors",
    "photo",
    "view",
    "window",
]

NEIGHBORS = 30
"""How many nearest photos are asked whether their users gave a tag."""

STRICTNESS = 0.5

_SHOWN = 15  # nearest photos that are shown
_TOP = 8  # highest scores listed whether the photo gets the tag or not


@dataclass(frozen=True, eq=False)
class View:
    """A run at one strictness, with the columns that queries need."""

    collection: Collection
    run: Run
    thresholds: Thresholds
    changes: Changes
    table: PhotoTable
    records: Mapping[str, TagRecord]


def view(run_id: str, strictness: float = STRICTNESS) -> View:
    """Return a run at a strictness; made once and kept.

    Raises
    ------
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    """
    store = open_store()
    record = store.run(run_id)
    collection = store.collection(record.collection)
    if collection.data_hash != record.data_hash:
        raise RunError(
            f"{collection.name!r} has changed since this run was trained. Train again, or choose another run."
        )
    return _view(open_collection(collection), open_run(record), round(strictness, 3))


@lru_cache(maxsize=3)
def _view(collection: Collection, run: Run, strictness: float) -> View:
    limits = _limits(collection, run).with_strictness(strictness)
    # What `workflow.changes_of` computes, but not kept on disk: a visitor tries many strictnesses.
    changed = changes(run.scores, collection.tags, limits, max_added=MAX_ADDED)
    records = collection.tag_records
    indptr, indices = (read_array(collection.folder / f"raw_{name}.npy") for name in ("indptr", "indices"))
    raw = sparse.csr_matrix(
        (np.ones(len(indices), dtype=np.uint8), indices, indptr), shape=(collection.n, len(records))
    )
    table = PhotoTable(
        files=collection.files,
        vocabulary=collection.vocabulary,
        tags=collection.tags,
        spellings=[record.raw for record in records],
        raw=raw,
        changes=changed,
        scores=run.scores,
    )
    return View(collection, run, limits, changed, table, {record.raw: record for record in records})


@lru_cache(maxsize=4)
def _limits(collection: Collection, run: Run) -> Thresholds:
    return thresholds(run.scores, collection.tags, strictness=STRICTNESS)


@lru_cache(maxsize=32)
def found(of: View, query: PhotoQuery) -> Found:
    """Return what a query finds; kept, since the windows of one answer are asked for one after the other."""
    return find(of.table, query)


def window(of: View, query: PhotoQuery, offset: int, limit: int) -> dict[str, Any]:
    """Return ``limit`` photos of an answer from ``offset`` on, with their tags."""
    return {"photos": [_card(of, int(row)) for row in found(of, query).rows[offset : offset + limit]]}


def photo(of: View, row: int, tag: str | None = None) -> dict[str, Any]:
    """Return one photo in full: the user's own tags, and scores against thresholds with a reason for each.

    ``why`` names the tag to explain first: ``tag`` where it is listed, else the first change.
    """
    scores = np.asarray(of.run.scores[row], dtype=np.float64)
    tags = _tags(of, row)
    listed = {one.tag: one for one in tags if one.column is not None}
    for column in np.argsort(-scores, kind="stable")[:_TOP]:
        name = of.collection.vocabulary[column]
        listed.setdefault(name, PhotoTag(name, "absent", int(column), float(scores[column])))
    return {
        **_photo(of, row, size=1024),
        "tags": [asdict(one) for one in tags],
        "raw": of.collection.raw_tags(row),
        "scores": [
            _score(of, row, one) for one in sorted(listed.values(), key=lambda one: -(one.score or 0.0))
        ],
        "why": tag if tag in listed else next(iter(listed), None),
    }


def neighbors(of: View, row: int) -> dict[str, Any]:
    """Return the nearest photos in the features of the trained network, and how often their users gave each tag."""
    # Here, since it loads torch: two seconds that the pages need not wait for.
    from tagrefine_core.neighbors import nearest

    features = of.run.features
    indices, _ = nearest(features[[row]], features, min(NEIGHBORS + 1, len(features)))
    rows = indices[0][indices[0] != row][:NEIGHBORS]
    given = votes(of.collection.tags, rows)
    return {
        "photos": [_photo(of, int(neighbor)) for neighbor in rows[:_SHOWN]],
        "asked": len(rows),
        "given": {of.collection.vocabulary[column]: int(given[column]) for column in np.flatnonzero(given)},
    }


def _score(of: View, row: int, tag: PhotoTag) -> dict[str, Any]:
    limits = of.thresholds.remove if tag.state in ("kept", "removed") else of.thresholds.add
    limit = float(limits[tag.column])
    why = reason(tag, limit, _implied_by(of, row, tag.column))
    return {**asdict(tag), "limit": limit if isfinite(limit) else None, "reason": why}


def _implied_by(of: View, row: int, column: int | None) -> str | None:
    """Return the user's tag that most implies another one, None where none does."""
    given = of.collection.tags[[row]].indices
    weights = of.run.implied[given][:, [column]].toarray().reshape(-1)
    return of.collection.vocabulary[given[weights.argmax()]] if weights.any() else None


def _card(of: View, row: int) -> dict[str, Any]:
    return {**_photo(of, row), "tags": [asdict(one) for one in _tags(of, row)]}


def _photo(of: View, row: int, *, size: int = 256) -> dict[str, Any]:
    collection = of.collection
    return {
        "row": row,
        "file": collection.files[row],
        "picture": thumbnail_url(collection.id, row, size=size, data_hash=collection.data_hash),
    }


def _tags(of: View, row: int) -> list[PhotoTag]:
    return photo_tags(of.collection, of.changes, of.run.scores, of.records, row)
