"""Time, recall and memory of the search of neighbors against the number of photos.

Run with ``python -m benchmarks.neighbors [N ...] [--features FILE.npy] [--threads 1] [--task candidates scores one]``. Features are
resampled from those of FILE (N, d), else made up (`benchmarks.resampled`). *Candidates* are the 512 nearest of all photos in the
features as they are; *scores* are the 20 nearest of all photos in their first 256 principal directions at unit length, about what
learned features are; *one* asks for the 31 nearest of single photos in these as float16 in a mapped file, what a page asks for, side by side
with the search for many. Each line is a process of its own. Recall is measured on 256 photos against all pairs. CPU seconds of one thread
hardly depend on what else the machine does; the exact search is timed on those photos and extrapolated.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.measuring import peak
from benchmarks.resampled import read, resampled
from tagrefine_core.neighbors import nearest_to
from tagrefine_core.neighbors.index import Index
from tagrefine_core.neighbors.search import nearest

TASKS = {"candidates": 512, "scores": 20}
_ASKED = 256


def principal(features: NDArray[np.float32], dimensions: int = 256) -> NDArray[np.float32]:
    """Return photos in the first principal directions, at unit length."""
    directions = np.linalg.eigh(features.T @ features)[1][:, ::-1][:, :dimensions]
    found = features @ directions
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def measure(task: str, photos: int, path: Path | None, threads: int) -> None:
    torch.set_num_threads(threads)
    k = TASKS[task]
    real = read(path)
    features = resampled(real if task == "candidates" else principal(real), photos)
    del real
    marks = [(time.perf_counter(), time.process_time())]

    def mark() -> tuple[float, float]:
        marks.append((time.perf_counter(), time.process_time()))
        return marks[-1][0] - marks[-2][0], marks[-1][1] - marks[-2][1]

    held = peak()
    index = Index.build(features)
    build = mark()
    rows, _ = index.search(features, k, exclude=np.arange(photos))
    search = mark()
    most = peak()
    asked = np.sort(np.random.default_rng(1).permutation(photos)[:_ASKED])
    mark()
    exact, _ = nearest(features[asked], features, k, exclude=asked)
    everything = mark()[1] * photos / len(asked)
    recall = [
        np.mean(
            [np.isin(true[:count], one[:count]).mean() for true, one in zip(exact, rows[asked], strict=True)]
        )
        for count in (8, 20, k)
    ]
    # The nearest 8 may be anywhere among the candidates: the network chooses among them again.
    among = np.mean([np.isin(true[:8], one).mean() for true, one in zip(exact, rows[asked], strict=True)])
    print(
        f"{task:10s} {photos:7d} x {features.shape[1]}, k {k}: build {build[0]:.0f} s (CPU {build[1]:.0f}), "
        f"search {search[0]:.0f} s (CPU {search[1]:.0f}), exact about {everything:.0f} CPU s; compared {index.compared}; "
        f"recall of the top 8 / 20 / {k}: {recall[0]:.3f} / {recall[1]:.3f} / {recall[2]:.3f}, "
        f"of the top 8 among {k}: {among:.4f}; "
        f"peak {most:.2f} GB, {held:.2f} before; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def measure_one(photos: int, path: Path | None, threads: int) -> None:
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="tagrefine-neighbors-") as folder:
        file = Path(folder) / "features.npy"
        np.save(file, resampled(principal(read(path)), photos).astype(np.float16))
        features = np.load(file, mmap_mode="r")
        asked = np.random.default_rng(1).permutation(photos)[:5].tolist()
        held = peak()
        seconds: dict[str, list[float]] = {"one": [], "many": []}
        shared = []
        for row in asked:
            start = time.perf_counter()
            found = nearest_to(features[row], features, 31)[0]
            seconds["one"].append(time.perf_counter() - start)
            start = time.perf_counter()
            old = nearest(features[[row]], features, 31)[0][0]
            seconds["many"].append(time.perf_counter() - start)
            shared.append(np.isin(found, old).mean())
        new, before = (float(np.median(seconds[name])) for name in ("one", "many"))
        print(
            f"{'one':10s} {photos:7d} x {features.shape[1]} float16, k 31: {new:.3f} s, by the search for many {before:.3f} s "
            f"({before / new:.0f} times as long); {np.mean(shared):.3f} of the photos agree; "
            f"peak {peak() - held:.2f} GB more, mapped file included; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=int, nargs="*", default=[25_000])
    parser.add_argument("--features", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--task", nargs="+", choices=[*TASKS, "one"], default=[*TASKS, "one"])
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    for task in options.task:
        for photos in options.photos:
            process = multiprocessing.get_context("spawn").Process(
                target=measure_one if task == "one" else measure,
                args=(*([] if task == "one" else [task]), photos, options.features, options.threads),
            )
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
