"""How often the interval of Triage's estimate holds the truth: ``python -m benchmarks.estimate HOME RUN``.

Additions and removals of the labels with ground truth, at three promises; so many are answered as the labels say, the surest first as the
queue asks, or at random. Each line: how many cases, how often the 95 % interval holds the share that is right, how far off the estimate
is on the average, and half the width of the interval; in the order of the queue, then at random.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.refinement.estimate import Estimate, estimate, estimate_of_tag
from tagrefine_core.runs.refined import limits_of, suggested_at
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store

_ANSWERS = (0, 20, 50, 100, 200, 500)
_PROMISES = (0.6, 0.75, 0.9)
_FEWEST = 20  # suggestions of a tag


def suggestions(run: Run, collection: Collection) -> Iterator[list[tuple[NDArray, NDArray]]]:
    """Yield for each promise and kind of change, label by label, how probably its suggestions are right, and whether they are."""
    truth = np.array(collection.truth)
    for promise in _PROMISES:
        suggested = suggested_at(run, collection, limits_of(run, collection, promise))
        for kind in ("added", "removed"):
            matrix, found = getattr(suggested, kind).tocsc(), []
            for label, column in enumerate(collection.label_columns):
                part = slice(*matrix.indptr[column : column + 2])
                shown = truth[matrix.indices[part], label]
                fits = matrix.data[part].astype(float)[shown >= 0]
                right = shown[shown >= 0] == (kind == "added")
                found.append((np.clip(fits if kind == "added" else 1 - fits, 0, 1), right))
            yield found


def answered(order: NDArray[np.int64], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return what was said of the suggestions ``order``."""
    said = np.zeros(len(right), dtype=np.int64)
    said[order] = np.where(right[order], 1, -1)
    return said


def main() -> None:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("home", type=Path)
    reader.add_argument("run")
    options = reader.parse_args()
    run = Run.open(Store(options.home), options.run)
    collection = Collection.open(run.store, run.record.collection)
    rng = np.random.default_rng(0)
    found: dict[tuple[str, int], list[tuple[float, Estimate, Estimate]]] = {}
    for labels in suggestions(run, collection):
        together = tuple(np.concatenate(part) for part in zip(*labels, strict=True))
        cases = [("all tags", together), *(("one tag", one) for one in labels if len(one[0]) >= _FEWEST)]
        for name, (sure, right) in cases:
            tell = estimate if name == "all tags" else estimate_of_tag
            for count in _ANSWERS:
                if count < len(sure):
                    orders = np.argsort(-sure, kind="stable")[:count], rng.permutation(len(sure))[:count]
                    of_queue, of_random = (tell(sure, answered(order, right)) for order in orders)
                    found.setdefault((name, count), []).append((right.mean(), of_queue, of_random))
    for (name, count), cases in sorted(found.items()):
        told = []
        for place in (1, 2):
            pairs = [(case[0], case[place]) for case in cases]
            held = np.mean([one.low <= true <= one.high for true, one in pairs])
            off = np.mean([abs(one.right - true) for true, one in pairs])
            half = np.mean([(one.high - one.low) / 2 for _, one in pairs])
            told.append(f"held {held:.2f}, off by {off:.3f}, half-width {half:.3f}")
        print(f"{name}, {count:3d} answers, {len(cases):2d} cases: {' | at random: '.join(told)}")


if __name__ == "__main__":
    main()
