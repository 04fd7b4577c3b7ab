"""Where tags are seen, on the demo: how much of the heat lies on what was drawn.

    python -m benchmarks.where --home DIR [--run RUN] [--photos 150]

The run is a finished one on the demo collection, whose pictures are painted again to learn which pixels show each concept. Asked are all
concepts that photos show on 1 to 35 % of what the network sees. "on it": share of the heat that lies on those pixels, beside their share
of the picture; "more than": of how many the former is the larger one; "hits": of how many the hottest point lies on the concept or at most
16 pixels beside it, half a place of a 7 x 7 map, and "chance": the same of a point drawn at random.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import maximum_filter

from tagrefine_core import workflow
from tagrefine_core.demo.picture import paint
from tagrefine_core.errors import TagRefineError
from tagrefine_core.runs.annotator import Annotator
from tagrefine_core.runs.where import Heat, where
from tagrefine_core.store import Store

LEAST, MOST = 0.01, 0.35  # share of the picture
BESIDE = 16  # pixels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", help="by default the newest one on the demo")
    parser.add_argument("--photos", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0, help="of the photos drawn, and of the demo")
    options = parser.parse_args()
    try:
        store = Store(options.home)
        finished = (run.id for run in store.runs("demo") if run.state == "finished")
        annotator = workflow.open_annotator(store, options.run or next(finished))
        report(measured(annotator, options.photos, options.seed))
    except TagRefineError as error:
        parser.exit(2, f"{error}\n")


def measured(annotator: Annotator, photos: int, seed: int) -> dict[str, list[tuple[float, ...]]]:
    """Return by concept, for each photo that shows it, its area, the heat on it, whether it is hit, and by chance."""
    collection = annotator.collection
    found: dict[str, list[tuple[float, ...]]] = {}
    drawn = np.random.default_rng(seed).permutation(collection.n)[:photos]
    for row in np.sort(drawn).tolist():
        number = int(Path(collection.files[row]).stem.removeprefix("demo")) - 1
        visible = paint(seed, number).visible
        for place, concept in enumerate(collection.labels):
            if collection.truth[row, place] != 1 or concept not in visible:
                continue
            heat = where(annotator, row, int(collection.label_columns[place]))
            seen = part_of(visible[concept], heat)
            if LEAST <= seen.mean() <= MOST:
                found.setdefault(concept, []).append(compared(heat, seen))
    return found


def part_of(mask: NDArray[np.bool_], heat: Heat) -> NDArray[np.bool_]:
    height, width = mask.shape
    left, top, right, bottom = heat.box
    return mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]


def compared(heat: Heat, seen: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    size = (seen.shape[1], seen.shape[0])
    wide = np.asarray(Image.fromarray(heat.worth).resize(size, Image.Resampling.BILINEAR))
    warm = np.maximum(wide, 0)
    near = maximum_filter(seen, 2 * BESIDE + 1)
    hit = near[np.unravel_index(wide.argmax(), wide.shape)]
    return (
        float(seen.mean()),
        float((warm * seen).sum() / max(warm.sum(), 1e-12)),
        float(hit),
        float(near.mean()),
    )


def report(found: dict[str, list[tuple[float, ...]]]) -> None:
    print(f"{'':<14}{'photos':>8}{'area':>8}{'on it':>8}{'more than':>11}{'hits':>7}{'chance':>8}")
    rows = {concept: np.array(values) for concept, values in sorted(found.items())}
    for concept, values in (*rows.items(), ("all", np.concatenate(list(rows.values())))):
        area, share, hit, chance = values.mean(axis=0)
        more = (values[:, 1] > values[:, 0]).mean()
        print(f"{concept:<14}{len(values):>8}{area:>8.3f}{share:>8.3f}{more:>11.2f}{hit:>7.2f}{chance:>8.2f}")


if __name__ == "__main__":
    main()
