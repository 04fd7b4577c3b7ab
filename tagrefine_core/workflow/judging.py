"""What a run does with the tags of its collection, and why: changes, a table of tags, queues of suspects, reasons, exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tagrefine_core import refinement
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.exchange import refined_photos, write_refined
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement import PRECISION, Changes
from tagrefine_core.refinement.duplicates import LEAST, conflicts
from tagrefine_core.refinement.suspicious import SuspectKind
from tagrefine_core.refinement.verdicts import verdicts_of
from tagrefine_core.runs import refined
from tagrefine_core.runs.duplicates import duplicates_of
from tagrefine_core.runs.evidence import Evidence, evidence_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.summaries import TagSummary, summaries_of
from tagrefine_core.store import Store
from tagrefine_core.workflow.rules import check

__all__ = [
    "Duplicate",
    "changes_of",
    "collection_of",
    "duplicates",
    "explain",
    "export_refined",
    "suspicious",
    "tag_summaries",
]


def tag_summaries(store: Store, run_id: str, *, precision: float = PRECISION) -> list[TagSummary]:
    """Return what a run does with every tag, in column order; errors as `changes_of`."""
    run = Run.open(store, run_id)
    return summaries_of(run, collection_of(store, run), precision)


def suspicious(
    store: Store, run_id: str, kind: SuspectKind, *, tags: Sequence[str] | None = None, top: int = 500
) -> list[tuple[str, str, float]]:
    """Return photos and tags to ask about, the most rewarding question first: (file, tag, probability of a mistake).

    What somebody has given a verdict on is not asked again.

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
        told = np.zeros(len(collection.vocabulary), dtype=bool)
        told[collection.columns_of(tags)] = True
    queue = refinement.suspicious(
        run.scores, collection.tags, kind, told=told, decided=verdicts_of(collection).matrix, top=top
    )
    return [
        (collection.files[row], collection.vocabulary[column], float(score))
        for row, column, score in zip(*queue, strict=True)
    ]


@dataclass(frozen=True)
class Duplicate:
    """Two photos that are the same picture, and the judged tags that only one of their users gave.

    Attributes
    ----------
    first, second : str
        Files.
    likeness : float
        1: the same in every respect.
    only_first, only_second : list of str
    """

    first: str
    second: str
    likeness: float
    only_first: list[str]
    only_second: list[str]


def duplicates(
    store: Store, run_id: str, *, least: float = LEAST, progress: Progress = silent
) -> list[Duplicate]:
    """Return photos that are the same picture and whose tags differ, the most alike first.

    Tags that somebody has given a verdict on are not asked again.

    Parameters
    ----------
    least : float
        How alike they are at least, in [0.5, 1].

    Raises
    ------
    ConfigError
        When ``least`` is out of range.
    RunError
        As `changes_of`.
    """
    if not 0.5 <= least <= 1:
        raise ConfigError(f"least must be from 0.5 to 1, such as {LEAST}, got {least}.")
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    found = conflicts(
        duplicates_of(run, collection, least=least, progress=progress),
        collection.tags,
        told=refined.told_of(run, collection),
        decided=verdicts_of(collection).matrix,
    )
    return [
        Duplicate(
            collection.files[one.first],
            collection.files[one.second],
            one.likeness,
            *(
                [collection.vocabulary[column] for column in part]
                for part in (one.only_first, one.only_second)
            ),
        )
        for one in found
    ]


def explain(store: Store, run_id: str, image: str | Path, tag: str) -> Evidence:
    """Return what the score of a tag of a photo is made of.

    Parameters
    ----------
    image : str or Path
        As `Collection.row_of` takes it.
    tag : str
        Of the vocabulary, whether the photo carries it or not.

    Raises
    ------
    CollectionError
        When there is no such photo.
    ConfigError
        When the tag is not in the vocabulary.
    RunError
        As `changes_of` and `tagrefine_core.runs.evidence.evidence_of`.
    """
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    return evidence_of(run, collection, collection.row_of(image), int(collection.columns_of([tag])[0]))


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
        words=verdicts_of(collection).words,
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
