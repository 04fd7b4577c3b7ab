"""What is made of a finished run: metrics, and tags of new photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.collections.mirflickr import wider_labels
from tagrefine_core.errors import LabelError
from tagrefine_core.evaluation import Metrics, evaluate, user_tag_scores
from tagrefine_core.files import kept_where_possible
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement import PRECISION
from tagrefine_core.runs.judging import By
from tagrefine_core.runs.measured import measured_rows
from tagrefine_core.runs.refined import limits_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.trace import Neighborhoods, neighborhoods_of
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of

if TYPE_CHECKING:
    from tagrefine_core.runs.annotator import Annotator  # loads PyTorch, which takes seconds

__all__ = [
    "Annotation",
    "annotate",
    "evaluate_run",
    "evaluate_user_tags",
    "evaluate_wider",
    "neighborhoods",
    "open_annotator",
]

_IMAGES_AT_ONCE = 32


@dataclass(frozen=True)
class Annotation:
    """Tags of one photo.

    Attributes
    ----------
    file : Path
    tags : list of (str, float)
        The likeliest first, with the probability that each fits.
    sure : set of str
        Those of them that pass the run's limit; none may.
    """

    file: Path
    tags: list[tuple[str, float]]
    sure: frozenset[str]


def evaluate_run(store: Store, run_id: str) -> Metrics:
    """Measure a run against the ground truth and record the metrics.

    A run of the annotation task is measured on the photos it did not train on.

    Raises
    ------
    LabelError
        When the collection has no ground truth.
    RunError
        When the run has no scores, or is of data that has changed since.
    """
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    truth = _truth(collection)
    rows = measured_rows(run, collection)
    scores = run.scores_of(rows, collection.label_columns)
    metrics = evaluate(scores, truth[rows], labels=collection.labels)
    known = store.metrics(collection.id, run_id) or {}
    # Of the same scores and photos, and slow to find.
    kept = {"intervals": known["intervals"]} if "intervals" in known else {}
    with kept_where_possible():
        store.write_metrics(collection.id, run_id, metrics.as_dict() | kept)
    return metrics


def evaluate_wider(store: Store, run_id: str, annotations: Path) -> Metrics:
    """Measure a run on labels of an annotations folder that are not among the collection's own; nothing is recorded.

    Raises
    ------
    CollectionError
        As `tagrefine_core.collections.mirflickr.wider_labels`.
    RunError
        When the run has no scores, or is of data that has changed since.
    """
    run = Run.open(store, run_id)
    collection = collection_of(store, run)
    wider = wider_labels(annotations, collection.files, collection.vocabulary, collection.labels)
    rows = measured_rows(run, collection)
    return evaluate(run.scores_of(rows, wider.columns), wider.truth[rows], labels=wider.labels)


def evaluate_user_tags(store: Store, name: str) -> Metrics:
    """Measure the raw user tags (1 where the user gave the tag, else 0) and record the metrics.

    Raises
    ------
    LabelError
        When the collection has no ground truth.
    """
    collection = Collection.open(store, name)
    truth = _truth(collection)
    scores = user_tag_scores(collection.tag_positions, columns=collection.label_columns)
    metrics = evaluate(scores, truth, labels=collection.labels)
    with kept_where_possible():
        store.write_metrics(collection.id, "user_tags", metrics.as_dict())
    return metrics


def neighborhoods(store: Store, run_id: str, *, by: By | None = None) -> Neighborhoods:
    """Return how the neighbors of the photos changed while a run learned, and whether they got better.

    Parameters
    ----------
    by : {"labels", "refined"}, optional
        What makes a neighbor relevant: true labels, or the run's refined tags; by default labels where there are any.

    Raises
    ------
    RunError
        When the run recorded no neighbors, is not finished, or is of data that has changed since.
    LabelError
        When labels are asked for and there are none.
    """
    run = Run.open(store, run_id)
    return neighborhoods_of(run, collection_of(store, run), by)


def open_annotator(store: Store, run_id: str) -> "Annotator":
    """Load the network of a finished run; RunError as in `annotate`."""
    from tagrefine_core.runs.annotator import Annotator

    run = Run.open(store, run_id)
    return Annotator(run, collection_of(store, run))


def annotate(
    store: Store,
    run_id: str,
    images: Sequence[Path],
    *,
    top: int | None = None,
    precision: float = PRECISION,
    annotator: "Annotator | None" = None,
    progress: Progress = silent,
) -> list[Annotation]:
    """Tag photos with the network of a finished run.

    Parameters
    ----------
    images : sequence of Path
    top : int, optional
        So many of the likeliest tags of each photo; by default those that are sure.
    precision : float
        A tag is sure by the rule that adds tags to the run's own photos: at this target precision.
    annotator : Annotator, optional
        From `open_annotator`, for who asks often; by default the network is loaded for this call.

    Raises
    ------
    RunError
        When the run is not finished, or its collection was imported anew with other data, hence other tags.
    ConfigError
        When the precision is out of range.
    ImageError
        When a photo cannot be read; nothing is returned then.
    """
    annotator = annotator or open_annotator(store, run_id)
    limits = limits_of(annotator.run, annotator.collection, precision).add
    tags = annotator.tags
    found = []
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        block = [Path(image) for image in images[start : start + _IMAGES_AT_ONCE]]
        for image, scores in zip(block, annotator.scores(block), strict=True):
            best = np.argsort(-scores, kind="stable")
            best = best[scores[best] >= limits[best]] if top is None else best[:top]
            sure = frozenset(tags[column] for column in best if scores[column] >= limits[column])
            found.append(Annotation(image, [(tags[column], float(scores[column])) for column in best], sure))
        progress("Annotating", len(found), len(images))
    return found


def _truth(collection: Collection) -> NDArray[np.int8]:
    if collection.truth is None:
        raise LabelError(
            f"Collection {collection.name!r} has no ground truth, so nothing can be measured. Import it with labels "
            f"to get metrics; refined tags do not need them."
        )
    return collection.truth
