"""Time of `nearest` against a plain float32 product with argpartition and faiss IndexFlat, and of `candidate_sets`.

Run with ``python -m benchmarks.search [--dimensions D] [--k K ...] [--images N] [--metric cosine] [--device cuda]``. The
features look like those of a network: non-negative, in clusters. The share of queries with the very same list is
printed; float32 distances break ties as they like. Each is timed in turn, and the best of several rounds counts; CPU
seconds with ``OMP_NUM_THREADS=1`` hardly depend on what else the machine does.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.neighbors import candidate_sets, nearest

Floats = NDArray[np.float32]
Search = Callable[[], NDArray[np.integer]]


def clustered_features(n: int, dimensions: int, rng: np.random.Generator) -> Floats:
    prototypes = rng.normal(size=(max(2, n // 100), dimensions)).astype(np.float32)
    features = prototypes[rng.integers(0, len(prototypes), n)]
    features += rng.standard_normal(size=(n, dimensions), dtype=np.float32)
    return np.maximum(features, 0)


def plain_product(queries: Floats, base: Floats, k: int) -> NDArray[np.int64]:
    squares = (base**2).sum(axis=1) - 2 * queries @ base.T
    found = np.argpartition(squares, k - 1, axis=1)[:, :k]
    return np.take_along_axis(found, np.take_along_axis(squares, found, 1).argsort(1), 1)


def flat_index(queries: Floats, base: Floats, k: int) -> NDArray[np.int64]:
    import faiss

    index = faiss.IndexFlatL2(base.shape[1])
    index.add(base)
    return np.asarray(index.search(queries, k)[1])


def compare(title: str, searches: dict[str, Search], rounds: int) -> None:
    best: dict[str, tuple[float, float]] = {}
    found = {}
    for _ in range(rounds):
        for name, search in searches.items():
            processor, start = time.process_time(), time.perf_counter()
            found[name] = search()
            seconds = time.perf_counter() - start, time.process_time() - processor
            best[name] = min(best.get(name, seconds), seconds)
    ours = next(iter(found.values()))
    line = [
        "{} {:.2f} s, CPU {:.2f} ({:.1%})".format(name, *best[name], (found[name] == ours).all(axis=1).mean())
        for name in searches
    ]
    print(f"{title}: " + "; ".join(line))
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", type=int, default=1280)
    parser.add_argument("--k", type=int, nargs="+", default=[20, 200, 512, 1000])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=1024)
    parser.add_argument("--collection", type=int, default=8_000, help="images of candidate_sets, M = 512")
    parser.add_argument("--metric", default="euclidean")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-faiss", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    base = clustered_features(options.images, options.dimensions, rng)
    queries = base[: options.queries]
    print(f"{len(queries)} queries in {base.shape}, {options.metric}, {options.device}")
    for k in options.k:
        searches: dict[str, Search] = {
            "nearest": lambda: nearest(queries, base, k, options.metric, device=options.device)[0],  # noqa: B023
        }
        if options.metric == "euclidean":
            searches["product"] = lambda: plain_product(queries, base, k)  # noqa: B023
            if not options.without_faiss:
                searches["faiss"] = lambda: flat_index(queries, base, k)  # noqa: B023
        compare(f"k {k:5d}", searches, options.rounds)
    some = base[: options.collection]
    search = {
        "candidate_sets": lambda: candidate_sets(some, 512, metric=options.metric, device=options.device)
    }
    compare(f"M   512 of {len(some)}", search, options.rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
