"""What the map of a run shows: where photos lie, in which colours, and what a selection of them has in common."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pages.opening import open_collection, open_run, open_store
from pages.routes.arrays import array_url
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.refinement import Limits
from tagrefine_core.runs.map import has_map, landmarks_of, map_file, map_of
from tagrefine_core.runs.refined import changes_at, limits_of
from tagrefine_core.runs.run import Run

__all__ = ["COLOURS", "Colour", "View", "arrays_of", "colours", "in_common", "view"]

Colour = Literal["tag", "probability", "change"]
COLOURS = get_args(Colour)

_TOLD = 6  # tags that a selection is described by
_FEWEST = 2  # photos of a selection that make a tag worth telling


@dataclass(frozen=True, eq=False)
class View:
    """A run and its map at one target precision and the curator's list of one moment."""

    collection: Collection
    run: Run
    precision: float
    limits: Limits


def view(run_id: str, precision: float) -> View:
    """Return a run at a target precision; made once and kept.

    Raises
    ------
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    ConfigError
        When the precision is out of range.
    """
    store = open_store()
    record = store.run(run_id)
    collection = store.collection(record.collection)
    if collection.data_hash != record.data_hash:
        raise RunError(
            f"{collection.name!r} has changed since this run was trained. Train again, or choose another run."
        )
    rules = tuple(store.tag_rules(collection.id).items())
    return _view(open_collection(collection), open_run(record), precision, rules)


@lru_cache(maxsize=4)
def _view(collection: Collection, run: Run, precision: float, rules: tuple[tuple[str, str], ...]) -> View:
    return View(collection, run, precision, limits_of(run, collection, precision))


def arrays_of(run: Run, collection: Collection) -> dict[str, Any]:
    """Return addresses of both maps (None where there is no earlier one), float32 (N, 2), and their landmarks: [tag, x, y].

    Raises
    ------
    RunError
        When the run has no map.
    """
    made = map_file(run).stat().st_mtime_ns if has_map(run) else 0
    return _arrays_of(run, collection, made)


def colours(of: View, by: Colour, tag: str | None) -> NDArray[np.uint8]:
    """Return a number for each photo, uint8 (N,), that says its colour.

    * "tag": 0 without the tag, 1 given and kept, 2 added, 3 removed, 4 given and left alone
    * "probability": that the tag fits, 0 to 255
    * "change": 0 nothing changes, 1 tags are added, 2 tags are removed, 3 both

    Raises
    ------
    ConfigError
        When there is no such way, or no such tag.
    """
    if by == "change":
        return _changes(of)[1]
    if by not in COLOURS:
        raise ConfigError(f"by={by!r} is unknown; choose one of: {', '.join(COLOURS)}.")
    column = int(of.collection.columns_of([tag or ""])[0])
    scores = np.asarray(of.run.scores[:, column])
    if by == "probability":
        return cast(NDArray[np.uint8], np.round(255 * np.clip(scores, 0, 1)).astype(np.uint8))
    given = _carries(of.collection.tags, column)
    told, limits = bool(of.limits.told[column]), of.limits
    kind = np.zeros(len(scores), dtype=np.uint8)
    kind[given] = 1 if told else 4
    kind[~given & (scores >= limits.add[column])] = 2
    if told:
        kind[given & (scores <= limits.remove[column])] = 3
    return kind


def in_common(of: View, rows: NDArray[np.integer]) -> list[dict[str, Any]]:
    """Return the tags that photos have more often than others: tag, share here, share elsewhere.

    Tags as they are handed out. First comes what says most about the photos: by their number with the tag times the logarithm of
    how many times likelier it is among them than among the others.
    """
    tags = _changes(of)[0]
    everywhere = _changes(of)[2]
    here = np.bincount(tags[rows].indices, minlength=tags.shape[1])
    others = tags.shape[0] - len(rows)
    share, elsewhere = here / len(rows), (everywhere - here) / max(1, others)
    # Half a photo more elsewhere, so that a tag nobody else has does not weigh without bound.
    worth = here * np.log(np.maximum(share, 1e-9) / ((everywhere - here + 0.5) / (others + 1)))
    worth[here < min(_FEWEST, len(rows))] = 0
    best = [int(column) for column in np.argsort(-worth, kind="stable")[:_TOLD] if worth[column] > 0]
    return [
        {
            "tag": of.collection.vocabulary[column],
            "here": float(share[column]),
            "elsewhere": float(elsewhere[column]),
        }
        for column in best
    ]


@lru_cache(maxsize=4)
def _arrays_of(run: Run, collection: Collection, made: int) -> dict[str, Any]:
    found = map_of(run)
    maps = {"learned": found.learned, "frozen": found.frozen}
    return {
        "maps": {name: None if one is None else array_url(one) for name, one in maps.items()},
        "landmarks": {name: [] if one is None else _named(one, collection) for name, one in maps.items()},
        "kept": [None if np.isnan(share) else float(share) for share in found.kept],
    }


def _named(positions: NDArray[np.float32], collection: Collection) -> list[tuple[str, float, float]]:
    # By the words that people wrote: they are the same for every run, and nobody's guess.
    found = landmarks_of(positions, collection.tags)
    return [(collection.vocabulary[one.column], round(one.x, 5), round(one.y, 5)) for one in found]


@lru_cache(maxsize=4)
def _changes(of: View) -> tuple[sparse.csr_matrix, NDArray[np.uint8], NDArray[np.int64]]:
    """Return the tags handed out, as a pattern (N, C), what changes on each photo (N,), and photos with each tag handed out (C,)."""
    found = changes_at(of.run, of.collection, of.limits)
    gains, loses = (np.diff(part.indptr) > 0 for part in (found.added, found.removed))
    parts = (found.kept, found.added, found.untold)
    rows = np.concatenate([np.repeat(np.arange(part.shape[0]), np.diff(part.indptr)) for part in parts])
    columns = np.concatenate([part.indices for part in parts])
    pattern = sparse.csr_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=found.kept.shape)
    counts = np.bincount(columns, minlength=pattern.shape[1])
    return pattern, (gains + 2 * loses).astype(np.uint8), counts.astype(np.int64)


def _carries(tags: sparse.csr_matrix, column: int) -> NDArray[np.bool_]:
    mask = np.zeros(tags.shape[0], dtype=bool)
    mask[np.searchsorted(tags.indptr, np.flatnonzero(tags.indices == column), side="right") - 1] = True
    return mask
