"""Find and order the photos of a collection by their tags, by what a run would change, and by likeness."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import ConfigError
from tagrefine_core.neighbors import distances_to
from tagrefine_core.refinement.photo_table import Mask, PhotoTable
from tagrefine_core.refinement.search_terms import search

__all__ = ["Found", "PhotoKind", "PhotoOrder", "PhotoQuery", "find"]

PhotoKind = Literal["any", "changed", "added", "removed", "kept", "untold", "unchanged", "untagged"]
PhotoOrder = Literal["convincing", "doubtful", "score", "lowest", "random", "file", "verdict", "likeness"]


@dataclass(frozen=True, kw_only=True)
class PhotoQuery:
    """Which photos, in which order.

    Parameters
    ----------
    search : str
        See `tagrefine_core.refinement.search_text`; blank finds all.
    tag : str or None
        Only photos where this tag of the vocabulary is of the ``kind`` of change.
    kind : {"any", "changed", "added", "removed", "kept", "untold", "unchanged", "untagged"}
        "changed" is added or removed, "unchanged" neither (of the tag, or of any tag), "untold" what a picture cannot tell,
        "untagged" photos without a user tag in the vocabulary.
    order : {"convincing", "doubtful", "score", "lowest", "random", "file", "verdict", "likeness"}
        Sure changes first, and varied; most doubtful first (by ``tag``, else by the most doubtful one); highest score first (of
        ``tag``, else of the tags added); lowest score first (of ``tag``, else of the tags that the user gave and that are judged);
        shuffled by ``seed``; file name; newest verdict first; most like ``like`` first.
    like : str
        What photos shall be like, by a name that the table knows; the photo of that row itself is left out. "" for nothing.
    seed : int
        Of the random order.
    """

    search: str = ""
    tag: str | None = None
    kind: PhotoKind = "any"
    order: PhotoOrder = "convincing"
    like: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("kind", self.kind, get_args(PhotoKind)),
            ("order", self.order, get_args(PhotoOrder)),
        ):
            if value not in allowed:
                raise ConfigError(f"{name}={value!r} is unknown; choose one of: {', '.join(allowed)}.")
        if self.order == "likeness" and not self.like:
            raise ConfigError("order='likeness' needs a photo to be like; choose another order.")


@dataclass(frozen=True)
class Found:
    """What a query found.

    Attributes
    ----------
    rows : int64 (n,)
        Rows in the order asked for.
    read : dict of str to str
        Searched texts that stand for a tag of another name.
    unknown : dict of str to list of str
        Searched texts that are no tag, no spelling and in no file name, with tags spelled alike.
    """

    rows: NDArray[np.int64]
    read: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, list[str]] = field(default_factory=dict)


def find(table: PhotoTable, query: PhotoQuery) -> Found:
    """Find and order photos.

    Raises
    ------
    ConfigError
        When the tag is not in the vocabulary or the search cannot be read.
    """
    column = None if query.tag is None else table.catalog.column(query.tag)
    mask = _of_kind(table, query.kind, column)
    read: dict[str, str] = {}
    unknown: dict[str, list[str]] = {}
    if query.search.strip():
        found = search(table, query.search)
        mask &= found.mask
        read, unknown = found.read, {text: table.catalog.alike(text) for text in found.unknown}
    if query.like.isdecimal() and int(query.like) < len(mask):
        mask[int(query.like)] = False
    rows = np.flatnonzero(mask)
    return Found(rows[_order(table, query, column, rows)].astype(np.int64), read, unknown)


def _of_kind(table: PhotoTable, kind: PhotoKind, column: int | None) -> Mask:
    """Return the photos, bool (N,), with that kind of change of one tag, or of any tag."""
    if kind == "untagged":
        return ~table.having("user", None)
    if kind == "unchanged":
        return ~table.having("changed", column)
    if kind == "any":
        return np.ones(len(table), dtype=bool) if column is None else table.having("", column)
    return table.having(kind, column)


def _order(
    table: PhotoTable, query: PhotoQuery, column: int | None, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the order of some photos, (n,); ties in row order."""
    key: NDArray[Any]
    match query.order:
        case "convincing":
            place = np.empty(len(table), dtype=np.int64)
            place[table.changes.convincing] = np.arange(len(table))
            key = place[rows]
        case "random":
            key = np.random.default_rng(query.seed).permutation(len(table))[rows]
        case "file":
            key = table.catalog.place_by_file[rows]
        case "verdict":
            key = -table.decided[rows]
        case "likeness":
            key = _distances(table, query.like)[rows]
        case "doubtful" if column is None:
            key = -table.changes.doubt[rows]
        case _ if column is not None:
            key = table.scores[rows, column]  # only the photos found are read from the memory-mapped scores
            if query.order == "doubtful":
                key = np.where(table.having("user", column)[rows], 1 - key, key)
            key = key if query.order == "lowest" else -key
        case "score":
            key = -_extreme(table, ("added",), np.maximum, -np.inf)[rows]
        case _:
            key = _extreme(table, ("kept", "removed"), np.minimum, np.inf)[rows]
    return np.argsort(key, kind="stable")


def _extreme(
    table: PhotoTable, kinds: tuple[str, ...], which: np.ufunc, without: float
) -> NDArray[np.float64]:
    """Return the highest or lowest score among the tags of some kinds, (N,); ``without`` where a photo has none."""
    found = np.full(len(table), without)
    for kind in kinds:
        (matrix,) = table.matrices(kind)
        some = np.diff(matrix.indptr) > 0
        if some.any():
            found[some] = which(found[some], which.reduceat(matrix.data, matrix.indptr[:-1][some]))
    return found


def _distances(table: PhotoTable, like: str) -> NDArray[np.float32]:
    return distances_to(*table.point_of(like))
