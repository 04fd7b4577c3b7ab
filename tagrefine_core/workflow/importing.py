"""Bring photos in as a collection, and take a collection away."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

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
from tagrefine_core.demo import generate
from tagrefine_core.errors import CollectionError
from tagrefine_core.folders import expanded
from tagrefine_core.progress import Progress, silent
from tagrefine_core.runs.run import run_folder
from tagrefine_core.store import CollectionRecord, ImportIssue, Store, TagRecord, keep_copy
from tagrefine_core.workflow.leftovers import clear_leftovers
from tagrefine_core.workflow.rules import check

__all__ = ["delete_collection", "import_collection", "make_demo", "what_is_replaced"]


def import_collection(
    store: Store,
    kind: str,
    source: str | Path,
    name: str,
    *,
    min_fraction: float = 0.001,
    labels: str | None = None,
    thumbnails: bool = False,
    progress: Progress = silent,
) -> Collection:
    """Import photos with tags; a collection of the same name is replaced once all has been read and checked.

    What people decided about that collection stays, and its aliases say what names count for (`tagrefine_core.workflow.merging`).

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
    labels : str, optional
        Ground truth of MIRFLICKR: "strict" (the 14 labels of the paper), "wide" (24) or "all" (38); see `read_mirflickr`.
    thumbnails : bool
        Make all thumbnails now rather than when they are first seen.
    progress : callable

    Raises
    ------
    CollectionError, LabelError
        When the source cannot be imported.
    WordNetMissing
        When WordNet is not on this machine.
    JobError
        While a live job works on the collection of that name.
    """
    check_name(name)
    check(store, "import", name)
    shown_as = "demo" if _is_demo(store, Path(source), name) else None  # its photos are ours: deleted with it
    collection = _import(
        store,
        kind,
        Path(source),
        name,
        min_fraction=min_fraction,
        labels=labels,
        shown_as=shown_as,
        progress=progress,
    )
    if thumbnails:
        make_thumbnails(collection, progress=progress)
    _afterwards(store)
    return collection


def what_is_replaced(store: Store, name: str) -> str | None:
    """Say what becomes of a collection, its runs and its verdicts when another is imported under its name; None where none has it."""
    record = next((record for record in store.collections() if record.name == name), None)
    if record is None:
        return None
    runs, verdicts = len(store.runs(name)), len(store.curation.values(record.id, "verdict"))
    words = [
        f"{name!r} is there already, with {record.images:,} photos, and is replaced by what is imported."
    ]
    if runs:
        words.append(
            f"Its {'run stays' if runs == 1 else f'{runs:,} runs stay'}, of use only where photos and tags are the same as before."
        )
    if verdicts:
        words.append(
            f"Its {'verdict stays' if verdicts == 1 else f'{verdicts:,} verdicts stay'} with the photos that are there again."
        )
    return " ".join(words)


def make_demo(
    store: Store, *, images: int = 1200, seed: int = 0, name: str = "demo", progress: Progress = silent
) -> Collection:
    """Draw the demo pictures in the home folder and import them, replacing an earlier demo of that name.

    When it was stopped, it goes on with the pictures that are there.

    Raises
    ------
    CollectionError
        When another collection has the name already.
    JobError
        While a live job works on the demo of that name.
    """
    check_name(name)
    check(store, "demo", name)
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
    _afterwards(store)
    return collection


def delete_collection(store: Store, name: str) -> CollectionRecord:
    """Delete a collection with its runs, arrays, thumbnails and comparisons, never the user's photos.

    Raises
    ------
    CollectionError
        When there is none of that name.
    JobError
        While a live job works on it.
    """
    from tagrefine_core.experiments.table import forget  # loads scikit-learn

    store.collection(name)
    check(store, "delete collection", name)
    runs = store.runs(name)
    forget(store, name)
    record = remove_collection(store, name)
    for run in runs:
        shutil.rmtree(run_folder(store.home, run.id), ignore_errors=True)
    _afterwards(store)
    return record


def _afterwards(store: Store) -> None:
    """Remove what the change left over, and copy the database."""
    clear_leftovers(store)
    keep_copy(store)


def _import(
    store: Store,
    kind: str,
    path: Path,
    name: str,
    *,
    progress: Progress,
    min_fraction: float = 0.001,
    labels: str | None = None,
    shown_as: str | None = None,
) -> Collection:
    from tagrefine_core.tags.pairs import TagSimilarity  # loads SciPy's clustering

    source = read_source(kind, path, progress, labels=labels)
    wordnet = tags.load()  # missing? better known before the photos are checked
    checks = check_images(source.root, source.files, source.tags, progress=progress)
    source = source.select(checks.rows)
    progress("Building the vocabulary", 0, 0)
    aliases = _aliases(store, name)
    vocabulary = tags.build_vocabulary(
        source.tags, source.labels, min_fraction=min_fraction, wordnet=wordnet, aliases=aliases
    )
    if kind == "nuswide":
        # The paper's part of NUS-WIDE is without photos that no tag is left of; 0.1 % is of those that stay.
        source, checks = _without_untagged(source, checks, vocabulary)
        vocabulary = tags.build_vocabulary(
            source.tags, source.labels, min_fraction=min_fraction, wordnet=wordnet, aliases=aliases
        )
    progress("Writing the collection", 0, 0)
    check(store, "import", name)  # a job that began while the photos were read
    collection = write_collection(
        store,
        source,
        checks,
        name=name,
        kind=shown_as or kind,
        vocabulary=vocabulary.tags,
        label_columns=vocabulary.label_columns,
        decisions=_with_second_judgements(vocabulary, source),
        details={
            "min_fraction": min_fraction,
            "forced": list(vocabulary.forced),
            "wordnet": wordnet.version,
            "aliases": aliases,
            "source": {"kind": kind, "path": _stored(store.home, path)},
            "labels": labels,
        },
    )
    progress("Comparing tags", 0, 0)
    TagSimilarity.open(store.home, collection)  # now that WordNet is open, so that nobody waits for it later
    return collection


def _with_second_judgements(vocabulary: tags.Vocabulary, source: Source) -> list[TagRecord]:
    """Return what became of the spellings, where those of a tag count for the label beside it, too: `Source.beside`."""
    tag_of = {
        label: vocabulary.tags[column]
        for label, column in zip(source.labels, vocabulary.label_columns, strict=True)
    }
    second = {tag_of.get(tag, tag): tag_of[label] for label, tag in source.beside.items()}
    return [
        replace(record, above=(*record.above, *(second[tag] for tag in record.tags if tag in second)))
        for record in vocabulary.decisions
    ]


def _stored(home: Path, path: Path) -> str:
    """Return a path as text: relative where it lies inside the home, so that the home can be moved."""
    path, home = expanded(path).resolve(), home.resolve()
    return path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path)


def _is_demo(store: Store, path: Path, name: str) -> bool:
    known = any(record.name == name and record.kind == "demo" for record in store.collections())
    return known and path.resolve().is_relative_to(demo_folder(store.home, name).resolve())


def _aliases(store: Store, name: str) -> dict[str, str]:
    """Return what people said that names of a collection count for; nothing where there is none of that name yet."""
    known = next((record for record in store.collections() if record.name == name), None)
    return {} if known is None else store.tag_aliases(known.id)


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
