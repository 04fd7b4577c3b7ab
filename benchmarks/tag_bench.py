"""Seconds until a tag lies on the bench, and the memory of it, for many photos and tags.

Run with ``python -m benchmarks.tag_bench HOME COLLECTION RUN [--photos 200000] [--tags 3010]``. Photos and tags are drawn from those of a
run again and again; nothing is written to HOME.
"""

import numpy as np

from benchmarks.large import large
from benchmarks.measuring import timed
from pages.tags.bench import Opened, photos, rows, told
from tagrefine_core.runs.levels import levels_of
from tagrefine_core.runs.refined import limits_of


def main() -> None:
    with large(__doc__) as (big, made):

        def opened(place: int) -> Opened:
            return Opened(big, made, big.vocabulary[place], 0.75)

        timed("limits, once a run and a session", lambda: limits_of(made, big))
        timed("the table", lambda: rows(opened(0)))
        timed("levels.npy, once a run", lambda: levels_of(made))
        for place in np.linspace(0, len(big.vocabulary) - 1, 5).astype(int).tolist():
            timed(f"open {big.vocabulary[place]}", lambda place=place: told(opened(place)))
            timed("  photos above its limit", lambda place=place: photos(opened(place), "above", 128, 0))
            timed("  photos below", lambda place=place: photos(opened(place), "below", 128, 0))


if __name__ == "__main__":
    main()
