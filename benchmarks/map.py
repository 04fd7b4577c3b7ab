"""Time and memory of drawing the map of many photos.

Run with ``python -m benchmarks.map [N ...] [--features FILE.npy] [--threads 1]``. Features are resampled from those of FILE (N, d), else
made up (`benchmarks.resampled`): the frozen ones as they are, learned ones their first 256 principal directions. Each line is a process of
its own; CPU seconds hardly depend on what else the machine does.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy import sparse

from benchmarks.measuring import peak
from benchmarks.neighbors import principal
from benchmarks.resampled import read, resampled
from tagrefine_core.files import read_array, write_array
from tagrefine_core.neighbors.layout import layout, neighbor_graph, principal_plane
from tagrefine_core.runs.mapping import EPOCHS, NEIGHBORS


def make(folder: Path, photos: int, path: Path | None) -> None:
    """Write ``frozen.npy`` and ``learned.npy``, of the same photos."""
    frozen = resampled(read(path), photos).astype(np.float32)
    write_array(folder / "frozen.npy", frozen)
    write_array(folder / "learned.npy", principal(frozen).astype(np.float16))


def measure(folder: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    frozen, learned = (read_array(folder / f"{name}.npy") for name in ("frozen", "learned"))
    neighbor_graph(learned[:100], NEIGHBORS)  # umap-learn is loaded and compiled before the clock starts
    small = neighbor_graph(learned[:100], NEIGHBORS)[0]
    layout(small, principal_plane(learned[:100]), epochs=2)
    marks = [(time.perf_counter(), time.process_time())]
    told = []

    def mark(name: str) -> None:
        marks.append((time.perf_counter(), time.process_time()))
        wall, cpu = marks[-1][0] - marks[-2][0], marks[-1][1] - marks[-2][1]
        told.append(f"{name} {wall:.0f} s (CPU {cpu:.0f})")

    own, _ = neighbor_graph(learned, NEIGHBORS)
    mark("neighbors after")
    earlier, _ = neighbor_graph(frozen, NEIGHBORS, metric="cosine")
    mark("before")
    start = principal_plane(learned)
    mark("plane")
    start = layout(sparse.csr_matrix((own + earlier) / 2), start, epochs=EPOCHS)
    mark("both maps")
    layout(own, start, epochs=EPOCHS)
    mark("one map")
    total = [end - begin for end, begin in zip(marks[-1], marks[0], strict=True)]
    last = [end - begin for end, begin in zip(marks[-1], marks[-2], strict=True)]
    print(
        f"{len(learned):,} photos: {', '.join(told)}; with the second map {total[0] + last[0]:.0f} s (CPU {total[1] + last[1]:.0f}); "
        f"peak {peak():.2f} GB with mapped files; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=int, nargs="*", default=[25_000])
    parser.add_argument("--features", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    for photos in options.photos:
        with tempfile.TemporaryDirectory(prefix="tagrefine-map-") as folder:
            for target, args in (
                (make, (Path(folder), photos, options.features)),
                (measure, (Path(folder), options.threads)),
            ):
                process = multiprocessing.get_context("spawn").Process(target=target, args=args)
                process.start()
                process.join()
                if process.exitcode:
                    raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
