"""Two methods on the same photos (the paper's Fig. 3): where they differ most, what each puts first, and what is true."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.components.text import chips
from pages.opening import open_store
from pages.routes.thumbnails import thumbnail_url
from tagrefine_core.collections import Collection
from tagrefine_core.evaluation import average_precision

__all__ = ["ORDERS", "Duel", "duel", "pictures", "top_labels"]

ORDERS = {
    "both": "where they differ most",
    "left": "where the first is better",
    "right": "where the second is better",
}
TOP = 5


@dataclass(frozen=True, eq=False)
class Duel:
    """Two methods on the photos that a comparison measured in its first repeat.

    Attributes
    ----------
    rows : int64 (V,)
        Photos, as rows of the collection.
    scores : pair of float32 (V, L)
        Of each method, memory-mapped.
    precision : (2, V) float64 array
        Average precision of each photo's labels by each method; NaN for a photo without a label.
    """

    rows: NDArray[np.int64]
    scores: tuple[NDArray[np.float32], NDArray[np.float32]]
    precision: NDArray[np.float64]

    def order(self, by: str) -> NDArray[np.int64]:
        """Return places of photos in an order of `ORDERS`; those without a label, or not better, are left out."""
        gain = self.precision[0] - self.precision[1]
        worth = {"both": np.abs(gain), "left": gain, "right": -gain}[by]
        kept = np.flatnonzero(worth > 0)
        return kept[np.argsort(-worth[kept], kind="stable")]


def duel(collection: Collection, table: Mapping[str, Any], left: str, right: str) -> Duel:
    """Open the scores of two methods of a table and measure every photo.

    Raises
    ------
    RunError
        When the scores are gone.
    """
    kept = {row["method"]: row["results"] for row in table["rows"] if row["status"] == "done"}
    # Scores are kept under names that change with all they depend on.
    return _duel(collection, table["key"], (left, kept[left]), (right, kept[right]))


@lru_cache(maxsize=4)
def _duel(collection: Collection, key: str, left: tuple[str, str], right: tuple[str, str]) -> Duel:
    from tagrefine_core.experiments import scores_of  # loads PyTorch, which takes seconds

    truth = np.asarray(collection.truth)
    found = []
    for method, results in (left, right):
        row = {"method": method, "status": "done", "results": results, "repeats": 1}
        found.append(scores_of(open_store(), {"key": key, "rows": [row]}, method))
    rows = found[0][0]
    precision = [average_precision(scores, truth[rows]) for _, scores in found]
    return Duel(rows, (found[0][1], found[1][1]), np.stack(precision))


def top_labels(scores: NDArray[np.float32], top: int = TOP) -> list[int]:
    """Return the columns that a method puts first, best first.

    What has the photo's lowest score is left out: it is where a method puts what it knows nothing about, such as tags that
    the user did not give.
    """
    order = np.argsort(-scores, kind="stable")[:top]
    lowest = scores.min()
    return [int(column) for column in order if scores[column] > lowest]


def pictures(collection: Collection, found: Duel, places: Sequence[int], titles: tuple[str, str]) -> str:
    """Return photos with both methods' first labels as HTML for `st.html`."""
    cards = "".join(_card(collection, found, int(place), titles) for place in places)
    return f'<div class="tr-pairs">{cards}</div>'


def _card(collection: Collection, found: Duel, place: int, titles: tuple[str, str]) -> str:
    row = int(found.rows[place])
    truth = np.asarray(collection.truth)[row]
    address = thumbnail_url(collection.id, row, size=512, data_hash=collection.data_hash)
    sides = "".join(
        f'<div><p class="of">{escape(title)} · {found.precision[side, place]:.2f}</p>'
        f"{_ranking(collection.labels, found.scores[side][place], truth)}</div>"
        for side, title in enumerate(titles)
    )
    true = chips([(collection.labels[column], "kept") for column in np.flatnonzero(truth == 1)])
    file = escape(collection.files[row])
    return (
        f'<div class="tr-pair"><img src="{escape(address)}" alt="{file}" title="{file}" loading="lazy">'
        f'<div><p class="of">True labels</p>{true}</div><div class="two">{sides}</div></div>'
    )


def _ranking(labels: Sequence[str], scores: NDArray[np.float32], truth: NDArray[np.int8]) -> str:
    signs = {1: ("tr-right", "✓ "), 0: ("tr-wrong", "✗ "), -1: ("tr-unsure", "? ")}
    lines = "".join(
        f'<li><span class="tr-chip {signs[int(truth[column])][0]}">{signs[int(truth[column])][1]}'
        f"{escape(labels[column])}</span></li>"
        for column in top_labels(scores)
    )
    return f"<ol>{lines}</ol>" if lines else "<small>names no label</small>"
