"""Seconds that editing all photos of a large collection at once takes, as the app does it, and what a window asks for before and after.

Run with ``python -m benchmarks.editing HOME COLLECTION RUN [--photos 200000] [--tags 3010]``. Photos and tags are drawn from those of a
run again and again; nothing is written to HOME.
"""

import os
from typing import Any

import numpy as np

from benchmarks.large import large
from benchmarks.measuring import timed
from pages.browse.editing import complete, select_photos
from pages.browse.view import card, found, view
from pages.opening import open_run
from pages.routes.verdicts import news
from tagrefine_core.collections import selected_rows
from tagrefine_core.refinement.query import PhotoQuery
from tagrefine_core.workflow.editing import edit


def main() -> None:
    with large(__doc__) as (big, _):
        os.environ["TAGREFINE_HOME"] = str(big.store.home)
        log = big.store.curation

        def window() -> list[Any]:
            now = view("big", 0.75)
            return [card(now, int(row)) for row in found(now, PhotoQuery(order="file")).rows[:60]]

        timed("a first window of Browse, once a run", window)
        timed("the first completion, once a collection", lambda: complete(view("big", 0.75), "su"))
        timed("a completion", lambda: complete(view("big", 0.75), "sun"))
        timed(
            "all that is found, as one array",
            lambda: found(view("big", 0.75), PhotoQuery()).rows.astype("<i4"),
        )
        bits = np.packbits(np.ones(big.n, np.uint8), bitorder="little").tobytes()
        chosen = timed("the tags on all photos", lambda: select_photos(view("big", 0.75), bits))
        rows, opened = selected_rows(big, chosen["name"]), open_run(big.store.run("big"))
        for number, words in enumerate(
            (
                {"add": big.vocabulary[5]},
                {"add": "a new word"},
                {"remove": big.vocabulary[5]},
                {"remove": big.vocabulary[7], "add": big.vocabulary[8]},
            )
        ):
            done = timed(
                f"edit {words}",
                lambda words=words, number=number: edit(
                    opened, big, rows, key=f"e{number}", precision=0.75, **words
                ),
            )
            print(f"           {done.words}")
            timed("  the window after it", window)
        timed("what another window hears", lambda: news(big, 0))
        timed("undo of the last", lambda: log.undo(big.id))
        timed("undo of the one before", lambda: log.undo(big.id))
        timed("  the window after it", window)


if __name__ == "__main__":
    main()
