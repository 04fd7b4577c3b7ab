"""Put an imported collection into the home folder, whole or not at all."""

import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.checks import ImageChecks
from tagrefine_core.collections.collection import Collection, array_folder, collection_folder
from tagrefine_core.collections.sources import Source
from tagrefine_core.collections.thumbnails import thumbnail_folder
from tagrefine_core.errors import CollectionError, DataError, DiskFull
from tagrefine_core.files import write_array
from tagrefine_core.store import CollectionRecord, Store, TagRecord

__all__ = ["check_name", "data_hash", "demo_folder", "remove_collection", "write_collection"]

_NAME = re.compile(r"[^\W_][\w .\-]{0,78}[\w\-]|[^\W_]")


def check_name(name: str) -> str:
    """Return a collection's name when it is one: 1 to 80 letters, digits, spaces, ``-``, ``_`` and ``.``.

    It begins with a letter or digit and does not end with a space or a period, since folders are named after it.

    Raises
    ------
    CollectionError
        When it is not.
    """
    if not _NAME.fullmatch(name):
        raise CollectionError(
            f"{name[:100]!r} cannot be the name of a collection: use 1 to 80 letters, digits, spaces, '-', '_' and '.', "
            "beginning with a letter or digit."
        )
    return name


def data_hash(
    source: Source,
    sizes: NDArray[np.int64],
    vocabulary: Sequence[str],
    label_columns: NDArray[np.int64],
    arrays: Mapping[str, NDArray[Any]],
) -> str:
    """Return the SHA-256, in hex, of what a run trains on.

    It covers every photo's file name, size in bytes and raw tags in row order; the vocabulary and the columns of the
    labels; and the arrays that are stored: ground truth and tags by photo. It does not cover the root and the pixels:
    a moved folder is the same data, and a photo edited without a change of its size in bytes goes unnoticed.

    Parameters
    ----------
    sizes : int64 (N,)
        Sizes of the files in bytes.
    arrays : mapping of str to ndarray
    """
    digest = hashlib.sha256()
    for row in zip(source.files, sizes.tolist(), source.tags, strict=True):
        digest.update(json.dumps(row).encode() + b"\n")
    digest.update(json.dumps([list(vocabulary), label_columns.tolist()]).encode() + b"\n")
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def write_collection(
    store: Store,
    source: Source,
    checks: ImageChecks,
    *,
    name: str,
    kind: str,
    vocabulary: Sequence[str],
    label_columns: NDArray[np.int64],
    decisions: Sequence[TagRecord],
    details: Mapping[str, Any] | None = None,
) -> Collection:
    """Write arrays and database rows; a collection of the same name is replaced and keeps its number and runs.

    Arrays lie in a folder named after the data hash, and the commit of the database is what makes them the
    collection's. A crash at any moment leaves the old collection or the new one, whole.

    Parameters
    ----------
    source : Source
        Only of the photos that ``checks`` found good, in the same order.
    checks : ImageChecks
        ``sizes`` and ``bytes`` of these photos; ``issues`` for the report.
    kind : str
        What the collection is shown as: one of `KINDS` or "demo".
    vocabulary : sequence of str, length C
    label_columns : int64 (L,)
        Column of each of ``source.labels``.
    decisions : sequence of TagRecord
        What became of every spelling in ``source.tags``; others may be in it.
    details : mapping, optional
        Numbers and texts to keep with the collection; JSON.

    Raises
    ------
    CollectionError
        For a name that is none, or when no tag or photo is left.
    DataError
        When the parts do not fit together.
    """
    check_name(name)
    n = len(source.files)
    if not n or not vocabulary:
        raise CollectionError(
            f"Nothing is left to import: {n:,} photos and {len(vocabulary):,} tags in the vocabulary. Tags stay when they "
            "are English words in WordNet and enough photos carry them; lower the smallest part of the photos if there are few."
        )
    if len(checks.sizes) != n or len(label_columns) != len(source.labels):
        raise DataError(
            f"{n} photos have {len(checks.sizes)} sizes; {len(source.labels)} labels have {len(label_columns)} columns."
        )
    arrays = _arrays(source.tags, vocabulary, decisions)
    if source.truth is not None:
        arrays["truth"] = source.truth.astype(np.int8)
    issues = [*source.issues, *checks.issues]
    record = CollectionRecord(
        id=0,
        name=name,
        kind=kind,
        root=_stored_root(store.home, source.root),
        images=n,
        tags=len(vocabulary),
        labels=len(source.labels),
        skipped=sum(issue.severity == "skipped" for issue in issues),
        data_hash=data_hash(source, checks.bytes, vocabulary, label_columns, arrays),
        created="",
        details=dict(details or {}),
    )

    def write_arrays(collection_id: int) -> None:
        # Files that the same data left here before are replaced one by one by equal ones.
        folder = array_folder(store.home, collection_id, record.data_hash)
        for array_name, array in arrays.items():
            write_array(folder / f"{array_name}.npy", array)

    widths, heights = checks.sizes.T.tolist()
    record = store.write_collection(
        record,
        images=zip(source.files, widths, heights, source.users, strict=True),
        vocabulary=vocabulary,
        label_columns=label_columns.tolist(),
        raw_tags=decisions,
        issues=issues,
        before_commit=write_arrays,
    )
    collection = Collection(store, record)
    for folder in collection_folder(store.home, collection.id).iterdir():
        if folder != collection.folder:
            shutil.rmtree(folder, ignore_errors=True)
    return collection


def demo_folder(home: Path, name: str) -> Path:
    """Return where the pictures of a demo collection lie, a folder for each seed in it."""
    return home / "photos" / name


def remove_collection(store: Store, name: str) -> CollectionRecord:
    """Forget a collection and remove its arrays and thumbnails; of a demo also the photos. Runs are the caller's."""
    record = store.collection(name)
    folders = [collection_folder(store.home, record.id), thumbnail_folder(store.home, record.id)]
    if record.kind == "demo":  # other photos inside the home are the user's own
        folders.append(demo_folder(store.home, name))
    try:
        store.delete_collection(name)
    except DiskFull:  # what goes anyway makes room for saying so
        _remove(folders)
        store.delete_collection(name)
    _remove(folders)
    return record


def _remove(folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _stored_root(home: Path, root: Path) -> str:
    """Return the root as text: relative where it lies inside the home, so that the home can be moved."""
    root, home = root.resolve(), home.resolve()
    return root.relative_to(home).as_posix() if root.is_relative_to(home) else str(root)


def _arrays(
    tags: Sequence[Sequence[str]], vocabulary: Sequence[str], decisions: Sequence[TagRecord]
) -> dict[str, NDArray[Any]]:
    """Return the raw tags (numbers of decisions) and the vocabulary's tags, by photo, as flat arrays."""
    number = {decision.raw: k for k, decision in enumerate(decisions)}
    column = {tag: k for k, tag in enumerate(vocabulary)}
    try:
        flat = np.array([number[raw] for raws in tags for raw in raws], dtype=np.int32)
        columns_of = [[column[tag] for tag in decision.tags] for decision in decisions]
    except KeyError as error:
        raise DataError(
            f"Tag {error.args[0]!r} has no place among the decisions or in the vocabulary."
        ) from None
    lengths = np.array([len(raws) for raws in tags], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.repeat(np.arange(len(tags)), lengths)
    places = np.arange(len(flat)) - starts[rows] + 1
    # A raw tag has a place for each of the tags that it counts for, none where it was dropped.
    many = np.array([len(each) for each in columns_of], dtype=np.int64)
    begins = np.concatenate([[0], np.cumsum(many)])
    known = np.repeat(np.arange(len(flat)), many[flat])
    within = np.arange(len(known)) - np.repeat(np.cumsum(many[flat]) - many[flat], many[flat])
    columns = np.fromiter(itertools.chain.from_iterable(columns_of), dtype=np.int64)[
        begins[flat[known]] + within
    ]
    # Of several spellings of one tag the first counts; unique keys come sorted by row, then column.
    keys, first = np.unique(rows[known] * len(vocabulary) + columns, return_index=True)
    per_row = np.bincount(keys // len(vocabulary), minlength=len(tags))
    return {
        "raw_indptr": starts,
        "raw_indices": flat,
        "tags_indptr": np.concatenate([[0], np.cumsum(per_row)]).astype(np.int32),
        "tags_indices": (keys % len(vocabulary)).astype(np.int32),
        "tags_positions": np.minimum(places[known][first], np.iinfo(np.uint16).max).astype(np.uint16),
    }
