"""Open a home's store, collections and runs once for all pages, sessions and routes."""

import importlib
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import CollectionError, RunError
from tagrefine_core.folders import home_folder
from tagrefine_core.methods import method_class, names
from tagrefine_core.runs.run import Run
from tagrefine_core.store import CollectionRecord, RunRecord, Store

if TYPE_CHECKING:
    from tagrefine_core.runs.annotator import Annotator  # loads PyTorch, which takes seconds

__all__ = [
    "answers_mark",
    "collection_by_id",
    "open_annotator",
    "open_collection",
    "open_run",
    "open_store",
    "refuse_earlier",
    "run_by_id",
    "warm_up",
]

_SLOW = ("plotly.graph_objects", "scipy.cluster.hierarchy", "tagrefine_core.experiments")


def warm_up() -> None:
    """Import in the background what single pages need and what would make their first visitor wait."""

    def work() -> None:
        for name in _SLOW:
            importlib.import_module(name)
        for method in names():  # Compare tells of each, and some load PyTorch
            method_class(method)

    threading.Thread(target=work, name="warm-up", daemon=True).start()


def open_store() -> Store:
    """Return the store of the home folder (``TAGREFINE_HOME``, else the user's data folder)."""
    return _store(home_folder())


def open_collection(record: CollectionRecord) -> Collection:
    """Return a collection; opened again only after its data changed or it was imported anew."""
    # Equal data can be imported again, from another folder.
    return _collection(home_folder(), record.name, record.data_hash, record.created)


def open_run(record: RunRecord) -> Run:
    """Return a run; opened again only after its state or its title changed."""
    return _run(home_folder(), record.id, record.state, record.finished, record.title)


def open_annotator(run_id: str, finished: str | None, data_hash: str) -> "Annotator":
    """Return a run's networks, loaded; the last ones stay warm for all pages. The first call takes seconds.

    Parameters
    ----------
    run_id : str
    finished, data_hash : str or None
        When it finished, and its collection's data: they tell one state of both from the next.

    Raises
    ------
    RunError
        When the run's networks cannot be read.
    """
    with _loading:  # who asks meanwhile waits for the same networks
        return _annotator(home_folder(), run_id, finished, data_hash)


def collection_by_id(collection_id: int) -> Collection:
    """Return the collection of a number in an address.

    Raises
    ------
    CollectionError
        When there is none.
    """
    for record in open_store().collections():
        if record.id == collection_id:
            return open_collection(record)
    raise CollectionError(f"There is no collection number {collection_id}.")


def run_by_id(run_id: str) -> tuple[Collection, Run]:
    """Return the run of an address, and its collection.

    Raises
    ------
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    """
    store = open_store()
    record = store.run(run_id)
    collection = store.collection(record.collection)
    refuse_earlier(record, collection)
    return open_collection(collection), open_run(record)


def refuse_earlier(run: RunRecord, collection: CollectionRecord | Collection) -> None:
    """Raise RunError where a run is of other data than its collection has now."""
    if collection.data_hash != run.data_hash:
        raise RunError(
            f"{collection.name!r} has changed since this run was trained. Train again, or choose another run."
        )


def answers_mark(collection: Collection, run: Run) -> str:
    """Return a text that is another one when the same address is answered otherwise: after another training, by another list or limit of the
    curator's. Who shows answers hears of verdicts by other ways.
    """
    said = [collection.store.curation.values(collection.id, what) for what in ("rule", "limit")]
    return f"{run.record.finished} {said}"


_loading = threading.Lock()


@lru_cache(maxsize=4)
def _store(home: Path) -> Store:
    return Store(home)


# The last arguments only tell one state of the data from the next; what they name is opened anew.
@lru_cache(maxsize=4)
def _collection(home: Path, name: str, data_hash: str, created: str) -> Collection:
    return Collection.open(_store(home), name)


@lru_cache(maxsize=8)
def _run(home: Path, run_id: str, state: str, finished: str | None, title: str) -> Run:
    return Run.open(_store(home), run_id)


@lru_cache(maxsize=1)
def _annotator(home: Path, run_id: str, finished: str | None, data_hash: str) -> "Annotator":
    return workflow.open_annotator(_store(home), run_id)
