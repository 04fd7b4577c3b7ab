"""Seconds and memory of every method on growing synthetic collections, and what it would need at full size.

    python -m benchmarks.methods [--images 1000 2000 4000] [--tags 300] [--dimensions 256] [--methods a,b] [--labels 14]

Each measurement is a process of its own, so that its peak memory is its own; "said" is what the method says beforehand of the
largest size. "growth" is the exponent e of time ~ images^e
between the smallest and the largest size: about 1 for linear, 2 for quadratic. The last column is what the method itself
says of 200,000 images x 3,010 tags x 4,096 features, beyond the features given.
"""

import argparse
import json
import math
import subprocess
import sys
import time
import warnings
from typing import Any

import numpy as np
from scipy import sparse

from tagrefine_core.errors import TagRefineError
from tagrefine_core.experiments.measure import PeakMemory
from tagrefine_core.methods import Method, create, names

FULL = (200_000, 3_010, 4_096)
SAID = 16e9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--tags", type=int, default=300)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--labels", type=int, default=14, help="tags that methods with one model a tag learn")
    parser.add_argument("--methods", default="all")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "IMAGES"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, images = options.one
        print(json.dumps(measure(name, int(images), options.tags, options.dimensions, options.labels)))
        return
    chosen = names() if options.methods == "all" else options.methods.split(",")
    sizes = sorted(options.images)
    print(
        f"{options.tags} tags, {options.dimensions} features, {options.labels} labels; seconds (peak MB) of fit and scoring"
    )
    print(
        f"{'method':<16}"
        + "".join(f"{size:>18,}" for size in sizes)
        + f"{'said':>10}{'growth':>8}{'at full size':>14}"
    )
    for name in chosen:
        found = [run(name, size, options) for size in sizes]
        cells = "".join(
            f"{cell['seconds']:>9.1f} s {cell['peak_mb']:>4.0f} MB"
            if "seconds" in cell
            else f"{cell['error']:>18.17}"
            for cell in found
        )
        said = _made(name, options.tags, options.labels).peak_bytes(
            sizes[-1], options.tags, options.dimensions
        )
        full = create(name).peak_bytes(*FULL)
        verdict = f"{full / 1e9:>11.1f} GB" + ("" if full <= SAID else " !")
        print(f"{name:<16}{cells}{said / 2**20:>7,.0f} MB{growth(sizes, found):>8}{verdict:>14}", flush=True)
    print("! needs more than 16 GB; a comparison says so before it starts and goes on with the others")


def run(name: str, images: int, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.methods", "--one", name, str(images)]
    command += [
        "--tags",
        str(options.tags),
        "--dimensions",
        str(options.dimensions),
        "--labels",
        str(options.labels),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(name: str, images: int, tags: int, dimensions: int, labels: int) -> dict[str, Any]:
    """Fit and score photos of 40 kinds, whose tags are frequent like real ones and of which some are missing or wrong."""
    generator = np.random.default_rng(0)
    kinds = generator.integers(40, size=images)
    prototypes = generator.normal(size=(40, dimensions))
    features = np.maximum(prototypes[kinds] + 1.6 * generator.normal(size=(images, dimensions)), 0)
    features = features.astype(np.float32)
    popular = 0.2 / (1 + np.arange(tags)) ** 0.7
    rates = popular * generator.gamma(0.3, 3.0, size=(40, tags))
    matrix = sparse.csr_matrix(
        (generator.random((images, tags)) < np.minimum(0.9, rates)[kinds]).astype(np.uint8)
    )
    users = generator.integers(max(1, images // 5), size=images).tolist()
    method = _made(name, tags, labels)
    start = time.perf_counter()
    # Not the system's own record of the peak: making the photos may have taken more than the method does.
    with warnings.catch_warnings(), PeakMemory() as peak:
        warnings.simplefilter("ignore")
        try:
            method.fit(features, matrix, users=users)
            method.refine(features, matrix)
        except TagRefineError as error:
            return {"error": str(error)}
    return {"seconds": time.perf_counter() - start, "peak_mb": peak.megabytes}


def _made(name: str, tags: int, labels: int) -> Method:
    learns_by_label = "label_columns" in create(name).get_params()
    return create(name, **({"label_columns": list(range(min(labels, tags)))} if learns_by_label else {}))


def growth(sizes: list[int], found: list[dict[str, Any]]) -> str:
    first, last = found[0].get("seconds"), found[-1].get("seconds")
    if not first or not last or len(sizes) < 2:
        return ""
    return f"{math.log(last / first) / math.log(sizes[-1] / sizes[0]):.1f}"


if __name__ == "__main__":
    main()
