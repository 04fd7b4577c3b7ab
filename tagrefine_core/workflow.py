"""What the command line and the pages call: each task from beginning to end."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core import tags
from tagrefine_core.collections import (
    Collection,
    ImageChecks,
    Source,
    check_images,
    check_name,
    demo_folder,
    make_thumbnails,
    read_source,
    remove_collection,
    write_collection,
)
from tagrefine_core.config import TrainConfig
from tagrefine_core.demo import generate
from tagrefine_core.errors import CollectionError, JobError, LabelError, RunError
from tagrefine_core.evaluation import Metrics, evaluate, user_tag_scores
from tagrefine_core.exchange import refined_photos, write_refined
from tagrefine_core.experiments.table import forget
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement import Changes
from tagrefine_core.runs import refined
from tagrefine_core.runs.annotator import Annotator
from tagrefine_core.runs.launch import train
from tagrefine_core.runs.material import training_rows
from tagrefine_core.runs.refined import STRICTNESS
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.store import CollectionRecord, ImportIssue, Store
from tagrefine_core.tags.pairs import TagSimilarity
from tagrefine_core.training.distributed import World

__all__ = [
    "Annotation",
    "annotate",
    "changes_of",
    "delete_collection",
    "delete_run",
    "evaluate_run",
    "evaluate_user_tags",
    "export_refined",
    "import_collection",
    "make_demo",
    "open_annotator",
    "train_collection",
]

_IMAGES_AT_ONCE = 32


@dataclass(frozen=True)
class Annotation:
    """Tags of one photo, the likeliest first, with scores in [0, 1]."""

    file: Path
    tags: list[tuple[str, float]]


def import_collection(
    store: Store,
    kind: str,
    source: str | Path,
    name: str,
    *,
    min_fraction: float = 0.001,
    thumbnails: bool = False,
    progress: Progress = silent,
) -> Collection:
    """Import photos with tags; a collection of the same name is replaced once all has been read and checked.

    Parameters
    ----------
    store : Store
    kind : str
        Format: "mirflickr", "nuswide", "table" or "folder".
    source : str or Path
        Folder of the data set, or the table. Nothing is written there.
    name : str
        Name of the collection.
    min_fraction : float, default 0.001
        A tag stays when at least this part of the photos carries it (the paper: 0.1 %).
    thumbnails : bool
        Make all thumbnails now rather than when they are first seen.
    progress : callable

    Raises
    ------
    CollectionError, LabelError
        When the source cannot be imported.
    WordNetMissing
        When WordNet is not on this machine.
    """
    check_name(name)
    collection = _import(store, kind, Path(source), name, min_fraction=min_fraction, progress=progress)
    if thumbnails:
        make_thumbnails(collection, progress=progress)
    return collection


def make_demo(
    store: Store, *, images: int = 1200, seed: int = 0, name: str = "demo", progress: Progress = silent
) -> Collection:
    """Draw the demo pictures in the home folder and import them, replacing an earlier demo of that name.

    When it was stopped, it goes on with the pictures that are there.

    Raises
    ------
    CollectionError
        When another collection has the name already.
    """
    check_name(name)
    if any(record.name == name and record.kind != "demo" for record in store.collections()):
        raise CollectionError(
            f"There is a collection {name!r} that is not a demo. Give the demo another name."
        )
    # Pictures depend on the seed alone, so an earlier demo stays whole until the new one has been imported.
    photos = demo_folder(store.home, name) / f"seed{seed}"
    generate(
        photos,
        images=images,
        seed=seed,
        progress=lambda done, total: progress("Drawing the demo pictures", done, total),
    )
    collection = _import(store, "table", photos, name, shown_as="demo", progress=progress)
    for folder in photos.parent.iterdir():
        if folder != photos:
            shutil.rmtree(folder, ignore_errors=True)
    return collection


def delete_collection(store: Store, name: str) -> CollectionRecord:
    """Delete a collection with its runs, arrays, thumbnails and comparisons, never the user's photos.

    Raises
    ------
    CollectionError
        When there is none of that name.
    """
    runs = store.runs(name)
    store.collection(name)
    forget(store, name)
    record = remove_collection(store, name)
    for run in runs:
        shutil.rmtree(run_folder(store.home, run.id), ignore_errors=True)
    return record


def delete_run(store: Store, run_id: str) -> None:
    """Delete a run with its scores and checkpoint.

    Raises
    ------
    RunError
        When there is no such run.
    JobError
        While it is training.
    """
    record = store.run(run_id)
    if record.state == "running":
        raise JobError(f"Run {run_id} is still training. Cancel it first.")
    store.delete_run(run_id)
    shutil.rmtree(run_folder(store.home, run_id), ignore_errors=True)


def train_collection(
    store: Store,
    name: str,
    config: TrainConfig | None = None,
    *,
    resume: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train on a collection, or go on with a run, and measure the result where there is ground truth."""
    collection = Collection.open(store, name)
    run = train(store, collection, config, resume=resume, progress=progress)
    if collection.truth is not None and World.leads():
        evaluate_run(store, run.id)
        evaluate_user_tags(store, name)
    return run


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
    collection = _collection_of(store, run)
    truth = _truth(collection)
    rows = np.arange(collection.n, dtype=np.int64)
    if run.config.task == "annotation":
        rows = np.setdiff1d(rows, training_rows(collection.n, run.config))
    columns = collection.label_columns
    metrics = evaluate(_columns(run.scores, rows, columns), truth[rows], labels=collection.labels)
    store.write_metrics(collection.id, run_id, metrics.as_dict())
    return metrics


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
    store.write_metrics(collection.id, "user_tags", metrics.as_dict())
    return metrics


def changes_of(store: Store, run_id: str, strictness: float = STRICTNESS) -> Changes:
    """Return what a run keeps, adds and removes.

    Raises
    ------
    RunError
        When the run has no scores, or is of data that has changed since.
    """
    run = Run.open(store, run_id)
    return refined.changes_of(run, _collection_of(store, run), strictness)


def open_annotator(store: Store, run_id: str) -> Annotator:
    """Load the network of a finished run; RunError as in `annotate`."""
    run = Run.open(store, run_id)
    return Annotator(run, _collection_of(store, run).vocabulary)


def annotate(
    store: Store,
    run_id: str,
    images: Sequence[Path],
    *,
    top: int = 10,
    annotator: Annotator | None = None,
    progress: Progress = silent,
) -> list[Annotation]:
    """Tag photos with the network of a finished run.

    Parameters
    ----------
    images : sequence of Path
    top : int
        Tags of a photo.
    annotator : Annotator, optional
        From `open_annotator`, for who asks often; by default the network is loaded for this call.

    Raises
    ------
    RunError
        When the run is not finished, or its collection was imported anew with other data, hence other tags.
    ImageError
        When a photo cannot be read; nothing is returned then.
    """
    annotator = annotator or open_annotator(store, run_id)
    tags = annotator.tags
    found = []
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        block = [Path(image) for image in images[start : start + _IMAGES_AT_ONCE]]
        for image, scores in zip(block, annotator.scores(block), strict=True):
            best = np.argsort(-scores, kind="stable")[:top]
            found.append(Annotation(image, [(tags[column], float(scores[column])) for column in best]))
        progress("Annotating", len(found), len(images))
    return found


def export_refined(store: Store, run_id: str, out: Path) -> int:
    """Write every photo's user tags and refined tags to a CSV or JSONL file; return how many photos.

    Raises
    ------
    ConfigError
        When the file's suffix or folder will not do.
    """
    run = Run.open(store, run_id)
    collection = _collection_of(store, run)
    photos = refined_photos(
        collection.files, collection.raw_tags, collection.vocabulary, changes_of(store, run_id)
    )
    return write_refined(photos, out)


def _collection_of(store: Store, run: Run) -> Collection:
    collection = Collection.open(store, run.record.collection)
    if collection.data_hash != run.record.data_hash:
        raise RunError(
            f"Run {run.id} was trained on an earlier import of {collection.name!r}; its rows no longer match. "
            f"Train again."
        )
    return collection


def _truth(collection: Collection) -> NDArray[np.int8]:
    if collection.truth is None:
        raise LabelError(
            f"Collection {collection.name!r} has no ground truth, so nothing can be measured. Import it with labels "
            f"to get metrics; refined tags do not need them."
        )
    return collection.truth


def _columns(
    scores: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return scores (V, L) of some rows and columns of a memory-mapped (N, C), read once from front to back."""
    found = np.empty((len(rows), len(columns)), dtype=np.float32)
    for start in range(0, len(rows), 4096):
        block = rows[start : start + 4096]
        found[start : start + len(block)] = scores[block][:, columns]
    return found


def _import(
    store: Store,
    kind: str,
    path: Path,
    name: str,
    *,
    progress: Progress,
    min_fraction: float = 0.001,
    shown_as: str | None = None,
) -> Collection:
    source = read_source(kind, path, progress)
    wordnet = tags.load()  # missing? better known before the photos are checked
    checks = check_images(source.root, source.files, progress=progress)
    source = source.select(checks.rows)
    progress("Building the vocabulary", 0, 0)
    vocabulary = tags.build_vocabulary(source.tags, source.labels, min_fraction=min_fraction, wordnet=wordnet)
    if kind == "nuswide":
        # The paper's part of NUS-WIDE is without photos that no tag is left of; 0.1 % is of those that stay.
        source, checks = _without_untagged(source, checks, vocabulary)
        vocabulary = tags.build_vocabulary(
            source.tags, source.labels, min_fraction=min_fraction, wordnet=wordnet
        )
    progress("Writing the collection", 0, 0)
    collection = write_collection(
        store,
        source,
        checks,
        name=name,
        kind=shown_as or kind,
        vocabulary=vocabulary.tags,
        label_columns=vocabulary.label_columns,
        decisions=vocabulary.decisions,
        details={"min_fraction": min_fraction, "forced": list(vocabulary.forced), "wordnet": wordnet.version},
    )
    progress("Comparing tags", 0, 0)
    TagSimilarity.open(store.home, collection)  # now that WordNet is open, so that nobody waits for it later
    return collection


def _without_untagged(
    source: Source, checks: ImageChecks, vocabulary: tags.Vocabulary
) -> tuple[Source, ImageChecks]:
    tagged = np.diff(vocabulary.matrix.indptr) > 0
    issues = [
        ImportIssue(source.files[row], "no tag is left after preprocessing")
        for row in np.flatnonzero(~tagged)
    ]
    rows = np.flatnonzero(tagged)
    checks = replace(checks, rows=checks.rows[rows], sizes=checks.sizes[rows], bytes=checks.bytes[rows])
    return source.select(rows, issues), checks
