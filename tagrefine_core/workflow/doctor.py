"""Look through a home: is its database whole, are the files of collections and runs, and what serves nobody any more; and mend it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from tagrefine_core.collections import Collection
from tagrefine_core.collections.collection import collection_folder
from tagrefine_core.errors import CollectionError, HomeError
from tagrefine_core.files import read_array, read_arrays, read_json, read_sparse
from tagrefine_core.jobs import live_jobs
from tagrefine_core.runs.run import run_folder
from tagrefine_core.store import Store, keep_copy, rescue
from tagrefine_core.store.database import DATABASE, data_folders
from tagrefine_core.store.rescue import COPY, is_sound
from tagrefine_core.workflow.leftovers import clear_leftovers, leftovers, size_of
from tagrefine_core.workflow.machine import Finding

__all__ = ["examine", "mend"]

# What a run can do without is made again by who asks for it.
_MADE_AGAIN = ("levels.npy", "prospects.npz", "relations.json", "seconds.json", "map.npz")


def examine(home: Path) -> list[Finding]:
    """Return what is not as it should be in a home; nothing is written but what opening one writes."""
    if (broken := _database(home)) is not None:
        return [broken]
    try:
        store = Store(home)
    except HomeError as error:
        return [Finding(str(error), "Do that first; the rest of the home is looked at then.")]
    return [*_of_home(store), *_collections(store), *_runs(store), *_unknown(store), *_left(store)]


def mend(home: Path) -> list[str]:
    """Do what can be done without asking, and return what was done, a sentence each.

    A database that is missing, empty or damaged is put together again (`tagrefine_core.store.rescue`), leftovers are removed, and the
    second copy of the database is made anew.
    """
    done = []
    if _database(home) is not None:
        found = rescue(home)
        if found is None:
            return [
                "Nothing could be restored: neither the database nor its copy holds anything that can be read."
            ]
        copy = f" from its copy of {found.of_copy}" if found.of_copy else ""
        read = " and what can be read of the file itself" if found.kept else ""
        done.append(f"The database was put together again{copy}{read}: {found.rows:,} rows.")
        if found.lost:
            done.append(
                f"Not all could be read of: {', '.join(found.lost)}. "
                + (
                    "There, what is newer than the copy may be missing."
                    if copy
                    else "There, rows are missing."
                )
            )
        if found.kept:
            done.append(f"The damaged file is kept: {found.kept}")
    store = Store(home)
    if freed := clear_leftovers(store):
        done.append(f"Leftovers were removed: {freed / 2**20:.1f} MiB.")
    keep_copy(store)
    return done


def _database(home: Path) -> Finding | None:
    """Tell what is wrong with the database as a file; None where it can be opened, or the home is a new one."""
    path = home / DATABASE
    there = path.exists() and path.stat().st_size > 0
    folders = data_folders(home)
    if is_sound(path) or not (there or folders):
        return None
    how = "damaged" if there else "empty" if path.exists() else "missing"
    copy = home / COPY
    restores = (
        "restores it from its copy" if is_sound(copy) else "saves what can be read of it" if there else ""
    )
    do = f"Run: doctor --mend. It {restores}, and keeps the damaged file under another name."
    if not restores:
        do = (
            "There is no copy to restore it from. Put a backup of tagrefine.db back if you have one; else keep these folders elsewhere "
            "and import and train again."
        )
    beside = (
        f" Data lies beside it: {', '.join(folders[:4])}{' ...' if len(folders) > 4 else ''}."
        if folders
        else ""
    )
    return Finding(f"The database {path} is {how}.{beside}", do, mendable=bool(restores))


def _of_home(store: Store) -> Iterator[Finding]:
    if not store.writable:
        yield Finding(
            f"The home {store.home} is read-only.", "It can be looked at; nothing can be changed.", must=False
        )
    elif store.collections() and not (store.home / COPY).exists():
        yield Finding(
            "The database has no second copy yet.",
            "It is made by the next import or training, or by doctor --mend.",
            must=False,
            mendable=True,
        )


def _collections(store: Store) -> Iterator[Finding]:
    for record in store.collections():
        collection = Collection(store, record)
        try:
            _read_all(collection)
        except CollectionError as error:
            yield Finding(f"Collection {record.name!r}: {error}", f"Import {record.name!r} again.")
        if not collection.root.is_dir():
            yield Finding(
                f"The photos of {record.name!r} are not at {collection.root}.",
                "Connect the disk that they lie on, or import them again from where they are.",
                must=False,
            )


def _read_all(collection: Collection) -> None:
    for part in (collection.tags, collection.tag_positions, collection.raw, collection.truth):
        del part


def _runs(store: Store) -> Iterator[Finding]:
    for run in store.runs():
        if run.state != "finished":
            continue
        folder = run_folder(store.home, run.id)
        if not (folder / "scores.npy").is_file():
            yield Finding(
                f"Run {run.id}: {folder / 'scores.npy'} is gone.", "Train again, or delete the run."
            )
        for path in sorted(folder.glob("*.*")):
            if _is_damaged(path):
                again = path.name in _MADE_AGAIN
                yield Finding(
                    f"Run {run.id}: {path} is damaged.",
                    "Delete this file; it is made again when it is asked for."
                    if again
                    else "Train again, or delete the run.",
                )


_READERS: dict[str, Callable[[Path], Any]] = {".npy": read_array, ".npz": read_arrays, ".json": read_json}


def _is_damaged(path: Path) -> bool:
    read = read_sparse if path.name in ("implied.npz", "verdicts.npz") else _READERS.get(path.suffix)
    try:
        if read is not None:
            read(path)
        elif path.suffix == ".safetensors":
            with safe_open(path, framework="np"):
                pass
    except (OSError, ValueError, SafetensorError):
        return True
    return False


def _unknown(store: Store) -> Iterator[Finding]:
    """Yield folders of data that the database knows nothing of; while a job lives they may be its own."""
    known = {collection_folder(store.home, record.id) for record in store.collections()}
    known |= {run_folder(store.home, run.id) for run in store.runs()}
    folders = [name for name in data_folders(store.home) if store.home / name not in known]
    if not folders or any(live_jobs(store)):
        return
    size = sum(size_of(store.home / name) for name in folders)
    yield Finding(
        f"The database does not know {', '.join(folders[:4])}{' ...' if len(folders) > 4 else ''} ({size / 2**20:.1f} MiB).",
        "Its rows are lost, so nothing reads this any more. Keep it or delete it; TagRefine leaves it alone.",
        must=False,
    )


def _left(store: Store) -> Iterator[Finding]:
    found = list(leftovers(store))
    if found:
        names = ", ".join(os.path.relpath(path, store.home) for path in found[:3])
        yield Finding(
            f"{len(found):,} leftovers take {sum(map(size_of, found)) / 2**20:.1f} MiB: {names}{' ...' if len(found) > 3 else ''}.",
            "The next import removes them, or doctor --mend.",
            must=False,
            mendable=True,
        )
