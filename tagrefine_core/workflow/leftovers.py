"""What lies in a home and serves nobody any more: halves of files whose writer was killed, caches of what was replaced or deleted."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tagrefine_core.collections import Collection, stale_thumbnails
from tagrefine_core.files import abandoned, read_json
from tagrefine_core.store import Store

__all__ = ["clear_leftovers", "leftovers", "size_of"]

_HALF = re.compile(r"\..+\.[0-9a-f]{12}\.part", re.DOTALL)  # as `tagrefine_core.files.write_file` calls it


def leftovers(store: Store) -> Iterator[Path]:
    """Yield files and folders that can go: nothing that a live process writes, and nothing that cannot be made again.

    They are temporary files of processes that are gone; thumbnails of photos that changed, were left out by another import, or of
    collections that were deleted; features, pixels, hashes and distances of tags of data that no collection and no run has any more;
    pairs of duplicates of deleted runs.
    """
    for folder, _, names in os.walk(store.home):
        for name in names:
            if _HALF.fullmatch(name) and abandoned(path := Path(folder, name)):
                yield path
    collections = [Collection(store, record) for record in store.collections()]
    runs = store.runs()
    yield from _thumbnails(store, collections)
    cache = store.home / "cache"
    data = {collection.data_hash for collection in collections} | {run.data_hash for run in runs}
    for record in sorted(cache.glob("*/*/done.json")):
        if _data_of(record) not in {None, *data}:
            yield record.parent
    yield from (path for path in sorted(cache.glob("similarity/*")) if path.name not in data)
    hashes = {f"{collection.id}-{collection.data_hash[:16]}" for collection in collections}
    yield from (path for path in sorted(cache.glob("hashes/*.npy")) if path.stem not in hashes)
    known = {run.id for run in runs}
    yield from (path for path in sorted(cache.glob("duplicates/*.npz")) if path.stem not in known)


def clear_leftovers(store: Store) -> int:
    """Remove `leftovers`; return how many bytes that freed."""
    freed = 0
    for path in leftovers(store):
        size = size_of(path)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        freed += size
    return freed


def size_of(path: Path) -> int:
    """Return how many bytes a file, or all files of a folder, take."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _thumbnails(store: Store, collections: list[Collection]) -> Iterator[Path]:
    known = {str(collection.id) for collection in collections}
    for folder in sorted((store.home / "cache" / "thumbnails").glob("*")):
        if folder.name not in known:
            yield folder
    for collection in collections:
        yield from stale_thumbnails(store.home, collection.id, collection.root, collection.files)


def _data_of(record: Path) -> str | None:
    """Return the hash of the data that cached blocks are of; None where that is not told, as by an earlier TagRefine."""
    try:
        told: Any = read_json(record)
        return str(told["data"]) or None
    except (OSError, ValueError, KeyError, TypeError):
        return None
