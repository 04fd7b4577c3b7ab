"""Seconds that searches, orders and likeness take, against the number of photos and tags.

Run with ``python -m benchmarks.finding [N] [TAGS]``. Scores lie in a mapped file, as those of a run; photos have eight tags on average, one
in a thousand probabilities is above .75. Each line tells the first time and the median of three more; what is asked for every answer of
the app is the window, which is not counted here.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks.measuring import peak
from tagrefine_core.refinement import Prospects, changes
from tagrefine_core.refinement.photo_table import Catalog, PhotoTable
from tagrefine_core.refinement.query import PhotoQuery, find
from tagrefine_core.refinement.verdicts import Verdicts

_BLOCK = 4096
_SEARCHES = (
    "tag7", "not (tag7 or tag8)", "user:tag7 and not refined:tag7", "added:*", "old york 9", "tag11>.5", "added:p>.9", "visualness<.5",
    "accepted:tag7 or rejected:*", "file:im77", "written:alias5",
)  # fmt: skip
_ORDERS = ("convincing", "doubtful", "score", "lowest", "random", "file", "verdict", "likeness")


def made(folder: Path, photos: int, tags: int) -> PhotoTable:
    """Return a table of random photos."""
    rng = np.random.default_rng(0)
    given = sparse.random(photos, tags, 8 / tags, format="csr", random_state=rng, dtype=np.float32)
    given.data[:] = 1
    given = given.astype(np.uint8)
    scores = np.lib.format.open_memmap(folder / "scores.npy", "w+", np.float32, (photos, tags))
    for start in range(0, photos, _BLOCK):
        block = rng.random((min(_BLOCK, photos - start), tags), dtype=np.float32)
        scores[start : start + len(block)] = block**288  # .75 ** (1 / 288) is .999: few are probable
    scores.flush()
    scores = np.load(folder / "scores.npy", mmap_mode="r")
    features = np.lib.format.open_memmap(folder / "features.npy", "w+", np.float16, (photos, 256))
    features[:] = rng.standard_normal((photos, 256), dtype=np.float32)
    names = [f"tag{tag}" if tag % 3 else f"old_york_{tag}" for tag in range(tags)]
    spellings = [f"alias{number}" for number in range(5 * tags)]
    decided = np.full(photos, -1)
    decided[: photos // 10] = np.arange(photos // 10)
    limits = Prospects(scores, given).limits(0.75)
    said = sparse.random(photos, tags, 0.5 / tags, format="csr", random_state=rng, dtype=np.float32)
    return PhotoTable(
        Catalog(
            files=[f"folder{row % 97}/im{row}.jpg" for row in range(photos)],
            vocabulary=names,
            spellings=spellings,
            merged=[number % tags if number % 2 else -1 for number in range(5 * tags)],
            raw=sparse.random(
                photos, 5 * tags, 8 / (5 * tags), format="csr", random_state=rng, dtype=np.float32
            ),
        ),
        changes=changes(scores, given, limits),
        scores=scores,
        visualness=rng.random(tags).astype(np.float32),
        verdicts=Verdicts(said.sign().astype(np.int8), {}, lost=0, version=1),
        decided=lambda: decided,
        point_of=lambda like: (features[int(like)], features),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=int, nargs="?", default=200_000)
    parser.add_argument("tags", type=int, nargs="?", default=3_010)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tagrefine-finding-") as folder:
        table = made(Path(folder), options.photos, options.tags)
        asked = [(text, PhotoQuery(search=text)) for text in _SEARCHES]
        asked += [
            (f"order {name}", PhotoQuery(order=name, like="5" if name == "likeness" else ""))
            for name in _ORDERS
        ]
        asked += [("tag7, most doubtful", PhotoQuery(tag="tag7", order="doubtful"))]
        for name, query in asked:
            seconds = []
            for _ in range(4):
                start = time.perf_counter()
                found = find(table, query)
                seconds.append(time.perf_counter() - start)
            print(
                f"{name:34s} {len(found.rows):7d} photos  {seconds[0]:6.3f} s, then {np.median(seconds[1:]):6.3f} s",
                flush=True,
            )
        print(
            f"{options.photos} photos x {options.tags} tags; peak {peak():.2f} GB, mapped files included; load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
