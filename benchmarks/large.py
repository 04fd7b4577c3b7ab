"""A large collection and a run of it, drawn from those of a run again and again: what benchmarks of the app's answers work on."""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection, ImageChecks, Source, write_collection
from tagrefine_core.files import read_array, write_array
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store, TagRecord

_BLOCK = 8192


@contextmanager
def large(about: str | None) -> Iterator[tuple[Collection, Run]]:
    """Read from the command line which run, and how many photos and tags; make them, and remove them in the end.

    Parameters
    ----------
    about : str
        What ``--help`` says.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("collection")
    parser.add_argument("run")
    parser.add_argument("--photos", type=int, default=200_000)
    parser.add_argument("--tags", type=int, default=3010)
    options = parser.parse_args()
    store = Store(options.home)
    of, run = Collection.open(store, options.collection), Run.open(store, options.run)
    with tempfile.TemporaryDirectory(prefix="tagrefine-bench-") as folder:
        start = time.perf_counter()
        big, made = _drawn(Store(Path(folder)), of, run, options.photos, options.tags)
        print(
            f"{big.n} photos, {len(big.vocabulary)} tags, {big.tags.nnz / big.n:.1f} a photo; made in {time.perf_counter() - start:.0f} s",
            flush=True,
        )
        yield big, made


def _drawn(store: Store, of: Collection, run: Run, photos: int, tags: int) -> tuple[Collection, Run]:
    """Write a collection and a run of so many photos and tags."""
    own, columns = np.arange(photos) % of.n, np.arange(tags) % len(of.vocabulary)
    names = [f"{of.vocabulary[column]}_{place:04d}" for place, column in enumerate(columns)]
    written = of.tags[:, columns].tocsr()[own]
    spelled = [
        [names[column] for column in written.indices[slice(*written.indptr[row : row + 2])]]
        for row in range(photos)
    ]
    source = Source(
        "table", store.home, [f"{row}.jpg" for row in range(photos)], spelled, [None] * photos, (), None, ()
    )
    checks = ImageChecks(np.arange(photos), np.ones((photos, 2), np.int32), np.ones(photos, np.int64), [])
    records = [TagRecord(name, 1, "kept", name, "") for name in names]
    big = write_collection(
        store,
        source,
        checks,
        name="big",
        kind="table",
        vocabulary=names,
        label_columns=np.array([], np.int64),
        decisions=records,
    )
    config = train_config("default", **{"scoring.calibrated": False})
    store.create_run("big", big.id, config=config.model_dump(), seed=0, data_hash=big.data_hash, versions={})
    store.set_run_state("big", "finished")
    folder = run_folder(store.home, "big")
    folder.mkdir(parents=True)
    scores = np.lib.format.open_memmap(folder / "scores.npy", "w+", np.float32, (photos, tags))
    for start in range(0, photos, _BLOCK):
        scores[start : start + _BLOCK] = run.scores[own[start : start + _BLOCK]][:, columns]
    scores.flush()
    write_array(folder / "rows.npy", np.arange(photos))
    seen: NDArray[np.float32] = read_array(run.folder / "visualness.npy")
    write_array(folder / "visualness.npy", np.array(seen[:, columns]))
    return big, Run.open(store, "big")
