"""What a run does with the tags of its collection: changes, a table of tags, queues of suspects, exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tagrefine_core import refinement
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.exchange import refined_photos, write_refined
from tagrefine_core.refinement import PRECISION, Changes
from tagrefine_core.refinement.suspicious import SuspectKind
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.rules import check

__all__ = ["TagSummary", "changes_of", "collection_of", "export_refined", "suspicious", "tag_summaries"]


@dataclass(frozen=True)
class TagSummary:
    """What a run does with one tag, and how well a picture tells it.

    Attributes
    ----------
    tag : str
    given, added, removed, kept : int
        Photos whose user gave it; on which it is added, removed, kept.
    visualness, visualness_low, visualness_high : float
        How well a picture tells it, in [0, 1], with an 80 % interval.
    expected_precision, expected_low, expected_high : float or None
        Share of the additions that is right by the probabilities, with an 80 % interval; None without additions.
    told : bool
        Whether it is judged at all.
    rule : str or None
        What the curator's list says: "judge" or "leave".
    """

    tag: str
    given: int
    added: int
    removed: int
    kept: int
    visualness: float
    visualness_low: float
    visualness_high: float
    expected_precision: float | None
    expected_low: float | None
    expected_high: float | None
    told: bool
    rule: str | None


def tag_summaries(store: Store, run_id: str, *, precision: float = PRECISION) -> list[TagSummary]:
    """Return what a run does with every tag, in column order; errors as `changes_of`."""
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    limits = refined.limits_of(run, collection, precision)
    expected = refined.expected_of(run, collection, limits)
    visualness = refined.visualness_of(run, collection)
    rules = store.tag_rules(collection.id)
    given = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
    found = []
    for column, tag in enumerate(collection.vocabulary):
        added, removed = int(expected.added.count[column]), int(expected.removed.count[column])
        right = (float(expected.added.by_tag[column]), *expected.added.interval_of(column))
        told = bool(limits.told[column])
        found.append(
            TagSummary(
                tag=tag,
                given=int(given[column]),
                added=added,
                removed=removed,
                kept=int(given[column]) - removed if told else 0,
                visualness=float(visualness.value[column]),
                visualness_low=float(visualness.low[column]),
                visualness_high=float(visualness.high[column]),
                expected_precision=right[0] if added else None,
                expected_low=right[1] if added else None,
                expected_high=right[2] if added else None,
                told=told,
                rule=rules.get(tag),
            )
        )
    return found


def suspicious(
    store: Store, run_id: str, kind: SuspectKind, *, tags: Sequence[str] | None = None, top: int = 500
) -> list[tuple[str, str, float]]:
    """Return photos and tags to ask about, the most rewarding question first: (file, tag, probability of a mistake).

    Parameters
    ----------
    kind : {"wrong", "missing"}
    tags : sequence of str, optional
        Only these; by default all that a picture can tell.
    top : int

    Raises
    ------
    ConfigError
        When a tag is not in the vocabulary, the kind is unknown or ``top`` is not positive.
    RunError
        As `changes_of`.
    """
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    told = refined.told_of(run, collection)
    if tags is not None:
        columns = {tag: column for column, tag in enumerate(collection.vocabulary)}
        if unknown := [tag for tag in tags if tag not in columns]:
            raise ConfigError(
                f"{', '.join(unknown)}: no such tag in {collection.name!r}; `tags {run_id}` lists them."
            )
        told = np.zeros(len(columns), dtype=bool)
        told[[columns[tag] for tag in tags]] = True
    queue = refinement.suspicious(run.scores, collection.tags, kind, told=told, top=top)
    return [
        (collection.files[row], collection.vocabulary[column], float(score))
        for row, column, score in zip(*queue, strict=True)
    ]


def changes_of(store: Store, run_id: str, precision: float = PRECISION) -> Changes:
    """Return what a run keeps, adds and removes.

    Raises
    ------
    RunError
        When the run has no scores, or is of data that has changed since.
    """
    run = Run.open(store, run_id)
    return refined.changes_of(run, collection_of(store, run), precision)


def export_refined(store: Store, run_id: str, out: str | Path, *, precision: float = PRECISION) -> int:
    """Write every photo's user tags and refined tags to a CSV or JSONL file; return how many photos.

    Raises
    ------
    ConfigError
        When the file's suffix or folder will not do, or the precision is out of range.
    JobError
        While a live job imports the run's collection.
    """
    run = Run.open(store, run_id)
    check(store, "refine", run.record.collection, run_id=run_id)
    collection = collection_of(store, run)
    photos = refined_photos(
        collection.files,
        collection.raw_tags,
        collection.vocabulary,
        refined.changes_of(run, collection, precision),
        dropped={record.raw for record in collection.tag_records if record.tag is None},
    )
    return write_refined(photos, out)


def collection_of(store: Store, run: Run) -> Collection:
    """Return the collection of a run; RunError when its data has changed since."""
    collection = Collection.open(store, run.record.collection)
    if collection.data_hash != run.record.data_hash:
        raise RunError(
            f"Run {run.id} was trained on an earlier import of {collection.name!r}; its rows no longer match. "
            f"Train again."
        )
    return collection
