"""Seconds until a tag lies on the bench, and the memory of it, for many photos and tags.

Run with ``python -m benchmarks.tag_bench HOME COLLECTION RUN [--photos 200000] [--tags 3010]``. Photos and tags are drawn from those of a
run again and again; nothing is written to HOME.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale import peak
from pages.tags.bench import Opened, photos, rows, told
from tagrefine_core.collections import Collection, ImageChecks, Source, write_collection
from tagrefine_core.files import read_array, write_array
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.refined import limits_of
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store, TagRecord

_BLOCK = 8192


def resampled(store: Store, of: Collection, run: Run, photos: int, tags: int) -> tuple[Collection, Run]:
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
        big, made = resampled(Store(Path(folder)), of, run, options.photos, options.tags)
        print(
            f"{big.n} photos, {len(big.vocabulary)} tags, {big.tags.nnz / big.n:.1f} a photo; made in {time.perf_counter() - start:.0f} s",
            flush=True,
        )

        def timed(what: str, work: object) -> None:
            start, processor = time.perf_counter(), time.process_time()
            work()  # type: ignore[operator]
            print(
                f"{time.perf_counter() - start:8.3f} s ({time.process_time() - processor:.3f} of a processor)  {what}; peak {peak():.2f} GB, load {os.getloadavg()[0]:.0f}",
                flush=True,
            )

        def opened(place: int) -> Opened:
            return Opened(big, made, big.vocabulary[place], 0.75)

        timed("limits, once a run and a session", lambda: limits_of(made, big))
        timed("the table", lambda: rows(opened(0)))
        timed("levels.npy, once a run", lambda: levels_of(made))
        for place in np.linspace(0, options.tags - 1, 5).astype(int).tolist():
            timed(f"open {big.vocabulary[place]}", lambda place=place: told(opened(place)))
            timed("  photos above its limit", lambda place=place: photos(opened(place), "above", 128, 0))
            timed("  photos below", lambda place=place: photos(opened(place), "below", 128, 0))


if __name__ == "__main__":
    main()
