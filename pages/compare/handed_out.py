"""What each method would hand out, as HTML: how right its lists, its additions, its removals and its probabilities are."""

from collections.abc import Mapping
from html import escape
from typing import Any

from pages.compare.board import (
    OURS,
    best_of,
    deviation,
    framed,
    interval_below,
    lead,
    mark,
    measured_rows,
    name_cell,
    three,
)
from pages.components.words import HANDED_OUT

__all__ = ["columns_of", "handed_out", "legend"]

_GROUPS = {"f1": "tags handed out", "added": "added", "removed": "removed", "ece": "probabilities"}
_NEITHER_GOOD_NOR_BAD = "added_per_photo"
_LESS_IS_BETTER = "ece_pooled"


def columns_of(table: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the columns: name to its head and its sentence. New photos have no tags that could be removed."""
    without = "removed" if table["task"] == "annotation" else "nothing"
    return {key: words for key, words in HANDED_OUT.items() if key.split("_")[0] != without}


def handed_out(table: Mapping[str, Any]) -> str:
    """Return the table for `st.html`; nothing where nothing was decided, as in tables of before.

    Below each number stands how far our model is ahead, or its interval, as in `pages.compare.board.board`.
    """
    from tagrefine_core.experiments.table import value_of

    rows, columns = [row for row in measured_rows(table) if row.get("decisions")], columns_of(table)
    if not rows:
        return ""
    best = {
        key: best_of((value_of(row, key) for row in rows), least=key == _LESS_IS_BETTER) for key in columns
    }
    ahead = {(pair["against"], pair["metric"]): pair for pair in table["paired"]}
    body = []
    for row in rows:
        decisions = row["decisions"]
        cells = [name_cell(row["title"], row["method"], row["reference"], row["reconstruction"])]
        for key in columns:
            value, pair = value_of(row, key), ahead.get((row["method"], key))
            limits, marked = interval_below(decisions["intervals"].get(key)), mark(value, best[key], 3)
            below = lead(pair) if pair else "" if ahead else limits
            if key == _NEITHER_GOOD_NOR_BAD:
                below, marked = limits, ""
            number = three(value) + deviation(decisions["sd"].get(key))
            cells.append(f"<td{marked}>{number}{below}</td>")
        kind = "ours" if row["method"] == OURS else "other"
        body.append(f'<tr class="{kind}">{"".join(cells)}</tr>')
    return framed(_head(columns), body, "The tags that each method hands out")


def legend(table: Mapping[str, Any]) -> str:
    """Tell in plain words how it was decided, and what the numbers can and cannot say."""
    target = next((row["decisions"]["precision"] for row in measured_rows(table) if row.get("decisions")), 0)
    words = [
        "All methods decide by the same step, without a look at the true labels: from the order in which a method puts the photos,"
        f" and from what people wrote, comes how likely a label fits; then it adds and removes what it expects to be right in {target:.0%}"
        f" of the cases. TagRefine’s own scores are such probabilities already. It is about the {len(table['labels'])} labels only.",
        "What people wrote on a photo does not count for that photo: its list is what a new photo would get."
        if table["task"] == "annotation"
        else "A method that has learned from the very tags it judges tends to agree with them, and changes little.",
    ]
    return " ".join(words)


def _head(columns: Mapping[str, tuple[str, str]]) -> str:
    groups = [key.split("_")[0] for key in columns]
    over = "".join(
        f'<th colspan="{groups.count(group)}">{_GROUPS[group]}</th>' for group in dict.fromkeys(groups)
    )
    names = "".join(f'<th title="{escape(text)}">{name}</th>' for name, text in columns.values())
    return f'<tr class="over"><td></td>{over}</tr><tr><th>Method</th>{names}</tr>'
