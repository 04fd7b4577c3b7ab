"""Time and peak memory of `evaluate` on N images x L labels, scores memory-mapped.

Run with ``python -m benchmarks.metrics [--images N] [--labels L]``.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tagrefine_core.evaluation import AP_VARIANTS, evaluate


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--labels", type=int, default=81)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shape = (options.images, options.labels)
    rng = np.random.default_rng(options.seed)
    truth = (rng.random(shape, dtype=np.float32) < 0.023).astype(np.int8)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{shape[0]} x {shape[1]}; before: peak {peak_mb():.0f} MB")
        kinds = {
            "float32, few ties": np.float32,
            "float16, many ties": np.float16,
            "binary user tags": np.uint8,
        }
        for name, dtype in kinds.items():
            path = Path(folder) / f"{np.dtype(dtype).name}.npy"
            values = rng.random(shape, dtype=np.float32) + 0.3 * truth
            np.save(path, (values > 0.97).astype(dtype) if dtype is np.uint8 else values.astype(dtype))
            del values
            scores = np.load(path, mmap_mode="r")
            for variant in AP_VARIANTS:
                start = time.perf_counter()
                result = evaluate(scores, truth, ap_variant=variant)
                seconds = time.perf_counter() - start
                print(
                    f"{name:20s} {variant:12s} {seconds:6.2f} s  peak {peak_mb():6.0f} MB  "
                    f"miap {result.miap:.4f} map {result.map:.4f} "
                    f"micro {result.micro_auc:.4f} macro {result.macro_auc:.4f}"
                )


if __name__ == "__main__":
    main()
