"""What the map of a run shows: where photos lie, in which colours, and what a selection of them has in common."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pages.opening import run_by_id
from pages.routes.arrays import array_url
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import Changes
from tagrefine_core.refinement.stored import column_of
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, UNSURE, verdicts_of
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.map import has_map, landmarks_of, map_file, map_of
from tagrefine_core.runs.refined import changes_at, limits_of
from tagrefine_core.runs.run import Run

__all__ = ["COLOURS", "Colour", "View", "arrays_of", "colours", "in_common", "view"]

Colour = Literal["tag", "probability", "verdict", "change"]
COLOURS = get_args(Colour)

_TOLD = 6  # tags that a selection is described by
_FEWEST = 2  # photos of a selection that make a tag worth telling


@dataclass(frozen=True, eq=False)
class View:
    """A run at one target precision.

    Attributes
    ----------
    changes : Changes
    version : int
        The last step of what people decided that it knows of.
    """

    collection: Collection
    run: Run
    changes: Changes
    version: int

    @cached_property
    def refined(self) -> sparse.csr_matrix:
        """The tags handed out, csr (N, C), as a pattern; only selections ask for them, colours do not."""
        parts = (self.changes.kept, self.changes.added, self.changes.untold)
        rows = np.concatenate(
            [np.repeat(np.arange(self.collection.n), np.diff(part.indptr)) for part in parts]
        )
        columns = np.concatenate([part.indices for part in parts])
        return sparse.csr_matrix((np.ones(len(rows), np.uint8), (rows, columns)), shape=self.changes.shape)


def view(run_id: str, precision: float) -> View:
    """Return a run at a target precision and what people decided until now; made once and kept.

    Raises
    ------
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    ConfigError
        When the precision is out of range.
    """
    collection, run = run_by_id(run_id)
    return _view(collection, run, precision, collection.store.curation.version(collection.id))


@lru_cache(maxsize=2)
def _view(collection: Collection, run: Run, precision: float, version: int) -> View:
    return View(collection, run, changes_at(run, collection, limits_of(run, collection, precision)), version)


def arrays_of(run: Run, collection: Collection) -> dict[str, Any]:
    """Return addresses of both maps (None where there is no earlier one), float32 (N, 2), their landmarks ([tag, x, y]) and what they cannot show.

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
    * "verdict": 0 nobody was asked about the tag, 1 it fits, 2 it does not, 3 the person was not sure
    * "change": 0 nothing changes, 1 tags are added, 2 tags are removed, 3 both

    Raises
    ------
    ConfigError
        When there is no such way, or no such tag.
    """
    if by not in COLOURS:
        raise ConfigError(f"by={by!r} is unknown; choose one of: {', '.join(COLOURS)}.")
    if by == "change":
        gains, loses = (np.diff(part.indptr) > 0 for part in (of.changes.added, of.changes.removed))
        return (gains + 2 * loses).astype(np.uint8)
    column = int(of.collection.columns_of([tag or ""])[0])
    if by == "probability":
        return np.array(levels_of(of.run)[column])
    kind = np.zeros(of.collection.n, dtype=np.uint8)
    if by == "verdict":
        rows, values = column_of(verdicts_of(of.collection).matrix, column)
        for number, said in enumerate((ACCEPT, REJECT, UNSURE), start=1):
            kind[rows[values == said]] = number
        return kind
    for number, part in enumerate(("kept", "added", "removed", "untold"), start=1):
        kind[column_of(getattr(of.changes, part), column)[0]] = number
    return kind


def in_common(of: View, rows: NDArray[np.integer]) -> list[dict[str, Any]]:
    """Return the tags that photos have more often than others: tag, share here, share elsewhere.

    Tags as they are handed out. First comes what says most about the photos: by their number with the tag times the logarithm of
    how many times likelier it is among them than among the others.
    """
    tags = of.refined
    everywhere = np.bincount(tags.indices, minlength=tags.shape[1])
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
        "notes": {name: _note(share) for name, share in zip(maps, found.kept, strict=True)},
    }


def _note(kept: float) -> str:
    """Say what a map cannot show."""
    if np.isnan(kept):
        return ""
    return (
        f"A flat map keeps little: {100 * kept:.0f} % of a photo’s nearest look-alikes are nearest here, too."
    )


def _named(positions: NDArray[np.float32], collection: Collection) -> list[tuple[str, float, float]]:
    # By the words that people wrote: they are the same for every run, and nobody's guess.
    found = landmarks_of(positions, collection.tags)
    return [(collection.vocabulary[one.column], round(one.x, 5), round(one.y, 5)) for one in found]
