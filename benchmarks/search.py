"""Time of `nearest`, exact and as votes use it, on growing N against all pairs in float64 and against faiss IndexFlat.

Run with ``python -m benchmarks.search [--dimensions D] [--k K] [--sizes N ...] [--device cuda]``.
The features look like those of a network: clusters, non-negative, float16. faiss returns float32
distances and breaks ties as it likes; the share of queries with the very same list is printed.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.neighbors import nearest

NAIVE_ENTRIES = 5e8  # all pairs in float64 are only timed on as many queries as this allows


def clustered_features(n: int, dimensions: int, rng: np.random.Generator) -> NDArray[np.float16]:
    prototypes = rng.normal(size=(max(2, n // 100), dimensions)).astype(np.float32)
    features = prototypes[rng.integers(0, len(prototypes), n)]
    features += rng.standard_normal(size=(n, dimensions), dtype=np.float32)
    return np.maximum(features, 0).astype(np.float16)


def timed(search: Callable[[], NDArray[np.int64]]) -> tuple[float, NDArray[np.int64]]:
    start = time.perf_counter()
    found = search()
    return time.perf_counter() - start, found


def naive(queries: NDArray[np.float16], base: NDArray[np.float16], k: int) -> NDArray[np.int64]:
    wide = base.astype(np.float64)
    found = [
        np.argsort(((wide - query.astype(np.float64)) ** 2).sum(axis=1), kind="stable")[:k]
        for query in queries
    ]
    return np.array(found)


def flat_index(queries: NDArray[np.float16], base: NDArray[np.float16], k: int) -> NDArray[np.int64]:
    import faiss

    index = faiss.IndexFlatL2(base.shape[1])
    index.add(base.astype(np.float32))
    return np.asarray(index.search(queries.astype(np.float32), k)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", type=int, default=1280)
    parser.add_argument("--k", type=int, default=512)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2_000, 8_000, 25_000])
    parser.add_argument("--queries", type=int, default=4096, help="queries per size, at most N")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--without-faiss", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    print(f"d {options.dimensions}, k {options.k}, device {options.device}")
    for n in options.sizes:
        base = clustered_features(n, options.dimensions, rng)
        queries = base[: min(n, options.queries)]
        k = min(options.k, n)
        seconds, ours = timed(lambda: nearest(queries, base, k, device=options.device)[0])  # noqa: B023
        work = 2 * len(queries) * n * options.dimensions / seconds / 1e9
        line = f"N {n:7d} queries {len(queries):6d}: nearest {seconds:7.2f} s ({work:6.1f} GFLOP/s)"
        line += f", all N {seconds * n / len(queries):8.0f} s"
        seconds, votes = timed(lambda: nearest(queries, base, k, device=options.device, exact=False)[0])  # noqa: B023
        line += f"; exact=False {seconds:7.2f} s (same lists {(votes == ours).all(axis=1).mean():.1%})"
        some = queries[: max(1, min(len(queries), int(NAIVE_ENTRIES / n / options.dimensions)))]
        seconds, reference = timed(lambda: naive(some, base, k))  # noqa: B023
        same = (reference == ours[: len(some)]).all(axis=1).mean()
        line += f"; naive {seconds * len(queries) / len(some):8.1f} s (same lists {same:.1%})"
        if not options.without_faiss:
            seconds, theirs = timed(lambda: flat_index(queries, base, k))  # noqa: B023
            line += f"; faiss {seconds:7.2f} s (same lists {(theirs == ours).all(axis=1).mean():.1%})"
        print(line)
        sys.stdout.flush()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
