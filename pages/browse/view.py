"""What Browse shows of a run: found photos in windows, one photo in full, its neighbors. Kept between requests."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache, partial
from math import isfinite
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pages.browse.dropped import guest
from pages.browse.reasons import Decision, State, reason
from pages.components.tag_choice import tag_names
from pages.opening import open_annotator, run_by_id
from pages.routes.originals import original_url
from pages.routes.thumbnails import named_photo
from tagrefine_core.collections import Collection, selected_rows
from tagrefine_core.neighbors import nearest_to
from tagrefine_core.refinement import PRECISION, Changes, Limits
from tagrefine_core.refinement.photo import PhotoTag, photo_tags
from tagrefine_core.refinement.photo_table import Catalog, PhotoTable
from tagrefine_core.refinement.query import Found, PhotoQuery, find
from tagrefine_core.refinement.verdicts import SAID, Verdicts, decided_at, verdicts_of
from tagrefine_core.runs.evidence import evidence_of
from tagrefine_core.runs.levels import known_levels
from tagrefine_core.runs.refined import Expected, changes_at, expected_of, limits_of, visualness_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import TagRecord

__all__ = [
    "View",
    "card",
    "found",
    "neighbors",
    "photo",
    "tags_to_choose",
    "view",
    "where_in_photo",
    "why",
    "window",
]

_ANSWERS = 32  # to queries, kept
_SHOWN = 15  # nearest photos that are shown
_TOP = 8  # highest scores of judged tags, listed whether the photo gets the tag or not


@dataclass(frozen=True, eq=False)
class View:
    """A run at one target precision, with the columns that queries need.

    Attributes
    ----------
    rules : dict of str to str
        The curator's list at that time.
    verdicts : Verdicts
        What people said.
    version : int
        The last step of what people decided that it knows of.
    """

    collection: Collection
    run: Run
    limits: Limits
    expected: Expected
    changes: Changes
    table: PhotoTable
    records: Mapping[str, TagRecord]
    rules: dict[str, str]
    verdicts: Verdicts
    version: int

    @cached_property
    def answers(self) -> Callable[[PhotoQuery, str], Found]:
        """What `found` finds; here, so that answers are not kept longer than what they come from, which every verdict makes anew."""
        return lru_cache(maxsize=_ANSWERS)(partial(_found, self.collection, self.table))


def view(run_id: str, precision: float = PRECISION) -> View:
    """Return a run at a target precision and the curator's list as it is now; made once and kept.

    Raises
    ------
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    ConfigError
        When the precision is out of range.
    """
    collection, run = run_by_id(run_id)
    return _view(collection, run, precision, collection.store.curation.version(collection.id))


@lru_cache(maxsize=3)
def _view(collection: Collection, run: Run, precision: float, version: int) -> View:
    # What limits are found by is kept by run, and what it suggests by limits: after a verdict little is done anew.
    limits = limits_of(run, collection, precision)
    changed = changes_at(run, collection, limits)
    records, catalog = _written(collection)
    said = verdicts_of(collection)
    table = PhotoTable(
        catalog,
        changes=changed,
        scores=run.scores,
        levels=known_levels(run),
        visualness=visualness_of(run, collection).value,
        verdicts=said,
        decided=lambda: decided_at(collection),
        point_of=lambda like: (_point(run, like), run.features),
    )
    return View(
        collection=collection,
        run=run,
        limits=limits,
        expected=expected_of(run, collection, limits),
        changes=changed,
        table=table,
        records=records,
        rules=collection.store.tag_rules(collection.id),
        verdicts=said,
        version=version,
    )


@lru_cache(maxsize=2)
def _written(collection: Collection) -> tuple[dict[str, TagRecord], Catalog]:
    """Return every spelling with what became of it, and files and words to search in."""
    records = {record.raw: record for record in collection.tag_records}
    columns = {tag: column for column, tag in enumerate(collection.vocabulary)}
    return records, Catalog(
        files=collection.files,
        vocabulary=collection.vocabulary,
        spellings=list(records),
        merged=[-1 if record.tag is None else columns[record.tag] for record in records.values()],
        raw=collection.raw,
    )


def found(of: View, query: PhotoQuery, selection: str = "") -> Found:
    """Return what a query finds, among the photos of a selection where one is named.

    Kept, since the windows of one answer are asked for one after the other. CollectionError when there is no such selection.
    """
    return of.answers(query, selection)


def _found(collection: Collection, table: PhotoTable, query: PhotoQuery, selection: str) -> Found:
    answer = find(table, query)
    if not selection:
        return answer
    return replace(answer, rows=answer.rows[np.isin(answer.rows, selected_rows(collection, selection))])


def window(
    of: View, query: PhotoQuery, offset: int, limit: int, opened: int | None = None, selection: str = ""
) -> dict[str, Any]:
    """Return ``limit`` photos of an answer from ``offset`` on, with their tags; the tag of the query stands first.

    With how many there are, how the search was understood, what they are like, and where the row ``opened`` is among them.
    """
    answer = found(of, query, selection)
    place = np.flatnonzero(answer.rows == opened) if opened is not None else ()
    return {
        "photos": [card(of, int(row), query.tag) for row in answer.rows[offset : offset + limit]],
        "total": len(answer.rows),
        "place": int(place[0]) if len(place) else None,
        "read": answer.read,
        "unknown": answer.unknown,
        "like": _like(of, query.like) if query.like else None,
        "selected": len(selected_rows(of.collection, selection)) if selection else None,
    }


def card(of: View, row: int, tag: str | None = None) -> dict[str, Any]:
    """Return a photo as it stands in the grid, the tag that is asked for first."""
    return {**named_photo(of.collection, row), "tags": _listed(of, row, _tags(of, row), tag)}


def _like(of: View, like: str) -> dict[str, Any]:
    if like.isdecimal():
        return named_photo(of.collection, int(like))
    return {"row": None, "file": "your photo", "picture": guest(like).picture}


def tags_to_choose(of: View) -> dict[str, str]:
    """Return the tags with their counts, those that matter most first."""
    counts = of.changes.counts_by_tag()
    return tag_names(of.collection, counts.added, counts.removed)


def photo(of: View, row: int, tag: str | None = None) -> dict[str, Any]:
    """Return one photo in full: the user's own tags, and scores against their limits.

    ``why`` names the tag to explain first: ``tag`` where it is one of the collection, else the surest addition, else the first removal.
    """
    scores = np.asarray(of.run.scores[row], dtype=np.float64)
    tags = _tags(of, row)
    listed = {one.tag: one for one in tags if one.column is not None}
    changed = [one.tag for state in ("added", "removed") for one in tags if one.state == state]
    likeliest = np.argsort(-scores, kind="stable")
    for column in likeliest[of.limits.told[likeliest]][:_TOP]:
        name = of.collection.vocabulary[column]
        listed.setdefault(name, PhotoTag(name, "absent", int(column), float(scores[column])))
    if tag in of.collection.vocabulary:
        column = of.collection.vocabulary.index(tag)
        listed.setdefault(tag, PhotoTag(tag, "absent", column, float(scores[column])))
    return {
        **named_photo(of.collection, row, size=1024),
        "original": original_url(of.collection.id, row, data_hash=of.collection.data_hash),
        "tags": _listed(of, row, [*tags, *_declined(of, row, tags)], tag),
        "raw": of.collection.raw_tags(row),
        "scores": _scores(of, row, sorted(listed.values(), key=lambda one: -(one.score or 0.0))),
        "calibrated": of.run.calibration is not None,
        "why": tag if tag in listed else next(iter([*changed, *listed]), None),
    }


def neighbors(of: View, row: int) -> dict[str, Any]:
    """Return the nearest photos in the features of the trained network."""
    rows, _ = nearest_to(of.run.features[row], of.run.features, _SHOWN, exclude=row)
    return {"photos": [named_photo(of.collection, int(neighbor)) for neighbor in rows]}


def _point(run: Run, like: str) -> NDArray[Any]:
    """Return the features of what photos shall be like: a row, or a photo that was dropped in."""
    if like.isdecimal() and int(like) < len(run.features):
        return np.asarray(run.features[int(like)])
    return guest(like).features


def why(of: View, row: int, tag: str) -> dict[str, Any]:
    """Return why a photo gets a tag or does not: what speaks for it and against it, and the look-alikes, those that carry it first."""
    column = int(of.collection.columns_of([tag])[0])
    tag = of.collection.vocabulary[column]
    state = next((one.state for one in _tags(of, row) if one.column == column), "absent")
    evidence = evidence_of(of.run, of.collection, row, column)
    said = int(verdicts_of(of.collection).matrix[row, column])
    decision = Decision(
        state=cast(State, state),
        verdict=said,
        limit=_limit(of, column, written=evidence.written),
        told=bool(of.limits.told[column]),
        rule=of.rules.get(tag),
        visualness=float(visualness_of(of.run, of.collection).high[column]),
    )
    return {
        "tag": tag,
        "state": state,
        "verdict": SAID.get(said),
        "sentence": reason(tag, evidence, decision),
        "parts": [
            {"words": words, "value": getattr(evidence.parts, part)}
            for part, words in evidence.in_words.items()
        ],
        "total": evidence.parts.total,
        "score": evidence.score,
        "calibrated": evidence.calibrated,
        "look_alikes": [
            {**named_photo(of.collection, one.row), "weight": one.weight, "carries": one.carries}
            for one in sorted(evidence.neighbors, key=lambda one: not one.carries)
        ],
    }


def where_in_photo(of: View, row: int, tag: str) -> dict[str, Any]:
    """Return where in a photo its network sees a tag: what each place is worth, 1 the most, and which part of the photo it sees."""
    from tagrefine_core.runs.where import where  # loads torch

    column = int(of.collection.columns_of([tag])[0])
    record = of.run.record
    heat = where(open_annotator(record.id, record.finished, of.collection.data_hash), row, column)
    most = float(heat.worth.max())
    shown = np.maximum(heat.worth, 0) / most if most > 0 else np.zeros_like(heat.worth)
    return {"worth": shown.round(3).tolist(), "box": heat.box}


def _scores(of: View, row: int, tags: list[PhotoTag]) -> list[dict[str, Any]]:
    told = []
    for one in tags:
        assert one.column is not None
        limit = _limit(of, one.column, written=bool(of.collection.tags[row, one.column]))
        told.append({**asdict(one), "limit": limit if isfinite(limit) else None})
    return told


def _limit(of: View, column: int, *, written: bool) -> float:
    return float((of.limits.remove if written else of.limits.add)[column])


def _listed(of: View, row: int, tags: list[PhotoTag], asked: str | None) -> list[dict[str, Any]]:
    """Return tags for a card, the one that is asked for first and marked, with what a person said and whether the user wrote it."""
    said = _said(of, row)
    return [
        {
            **asdict(one),
            "asked": one.tag == asked and one.column is not None,
            "said": said.get(one.tag),
            "written": one.state not in ("added", "absent"),
        }
        for one in sorted(tags, key=lambda one: one.column is None or one.tag != asked)
    ]


def _declined(of: View, row: int, tags: list[PhotoTag]) -> list[PhotoTag]:
    """Return what people were asked about and did not accept, and nobody else gives: it can be brought back."""
    listed = {one.tag for one in tags}
    places = {tag: column for column, tag in enumerate(of.collection.vocabulary)}
    return [
        PhotoTag(
            tag, "absent", places.get(tag), float(of.run.scores[row, places[tag]]) if tag in places else None
        )
        for tag in _said(of, row)
        if tag not in listed
    ]


def _said(of: View, row: int) -> dict[str, str]:
    """Return what people said of the tags of a photo, and of words outside the vocabulary."""
    given = of.verdicts.matrix
    place = slice(*given.indptr[row : row + 2])
    names = of.collection.vocabulary
    cells = zip(given.indices[place], given.data[place], strict=True)
    return {
        **{names[column]: SAID[int(value)] for column, value in cells},
        **of.verdicts.words.get(row, {}),
    }


def _tags(of: View, row: int) -> list[PhotoTag]:
    words = of.verdicts.words.get(row, {})
    return photo_tags(of.collection, of.changes, of.run.scores, of.records, row, words)
