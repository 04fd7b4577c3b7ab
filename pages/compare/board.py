"""The table of a comparison as HTML: the best of each column marked, what could not be measured with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from pages.components.setting_words import told
from pages.components.words import EXPLAINED, on_equal_terms, sentence, title_words

__all__ = [
    "OURS",
    "beside",
    "best_of",
    "board",
    "deviation",
    "framed",
    "full_title",
    "interval_below",
    "lead",
    "mark",
    "measured_rows",
    "name_cell",
    "three",
]

OURS = "tagrefine"

_STOPPED = {"failed": "failed", "too large": "too large for this machine"}


def measured_rows(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of methods that were measured."""
    return [row for row in table["rows"] if row["status"] == "done"]


def full_title(row: Mapping[str, Any]) -> str:
    """Return a method's title, with a word about it when it is a reconstruction."""
    return title_words(row["title"]) + (" (reconstruction)" if row["reconstruction"] else "")


def board(table: Mapping[str, Any]) -> str:
    """Return the table for `st.html`.

    Each number is the mean over the repeats with its deviation. Below it stands how far our model is ahead with the 95 %
    interval of the paired difference, or, where our model was not measured, the method's own 95 % interval.
    """
    rows = table["rows"]
    best = {key: best_of(row[key] for row in rows) for key in EXPLAINED}
    cost = {key: best_of((row[key] for row in rows), least=True) for key in ("seconds", "peak_mb")}
    ahead = {(pair["against"], pair["metric"]): pair for pair in table["paired"]}
    printed = any(row["published"] for row in rows)
    body = [_row(row, best, cost, ahead, printed) for row in rows]
    body += [_reason(row, "left out", row["reason"], printed) for row in table["left_out"]]
    return framed(_head(printed), body, "The methods, measured")


def framed(head: str, body: Sequence[str], name: str) -> str:
    """Return a table in a frame that scrolls, by keys too, where the table is wider than the page."""
    table = f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"
    return f'<div class="tr-board" tabindex="0" role="region" aria-label="{name}">{table}</div>'


def beside(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same table on its wider labels, which the paper did not measure on."""
    rows = [{**row, **(row["wider"] or {}), "published": None} for row in table["rows"]]
    return {**table, "rows": rows, "paired": table["wider"]["paired"], "left_out": []}


def _head(printed: bool) -> str:
    names = "".join(f'<th title="{escape(text)}">{name}</th>' for name, text in EXPLAINED.values())
    costs = '<th title="To learn and to score, mean of the repeats">Seconds</th>'
    costs += '<th title="Most memory used above the start">Peak memory</th>'
    if not printed:
        return f"<tr><th>Method</th>{names}{costs}</tr>"
    over = '<tr class="over"><td></td><th colspan="6">measured here</th><th colspan="4" class="paper">published in the paper</th></tr>'
    paper = "".join(f'<th class="paper">{name}</th>' for name, _ in EXPLAINED.values())
    return f"{over}<tr><th>Method</th>{names}{costs}{paper}</tr>"


def _row(
    row: Mapping[str, Any],
    best: Mapping[str, float | None],
    cost: Mapping[str, float | None],
    ahead: Mapping[tuple[str, str], Mapping[str, Any]],
    printed: bool,
) -> str:
    if row["status"] != "done":
        why = _STOPPED.get(row["status"], row["status"])
        return _reason(row, why, row["message"], printed)
    cells = [name_cell(row["title"], row["method"], row["reference"], row["reconstruction"])]
    for key in EXPLAINED:
        value, pair = row[key], ahead.get((row["method"], key))
        below = lead(pair) if pair else "" if ahead else interval_below((row["intervals"] or {}).get(key))
        cells.append(
            f"<td{mark(value, best[key], 3)}>{three(value)}{deviation(row[f'{key}_sd'])}{below}</td>"
        )
    cells.append(f"<td{mark(row['seconds'], cost['seconds'], 2)}>{_seconds(row['seconds'])}</td>")
    cells.append(f"<td{mark(row['peak_mb'], cost['peak_mb'], 0)}>{_memory(row['peak_mb'])}</td>")
    if printed:
        paper = row["published"] or {}
        cells += [f'<td class="paper">{three(paper.get(key)) if paper else ""}</td>' for key in EXPLAINED]
    kind = "ours" if row["method"] == OURS else "other"
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def _reason(row: Mapping[str, Any], status: str, message: str, printed: bool) -> str:
    name = name_cell(row["title"] or row["method"], row["method"], "", row.get("reconstruction", False))
    text = f"<b>{escape(status)}</b> {escape(told(message))}"
    return f'<tr class="stopped">{name}<td colspan="{10 if printed else 6}">{text}</td></tr>'


def name_cell(title: str, method: str, reference: str, reconstruction: bool) -> str:
    """Return the first cell of a method's row: its name, and below it what makes it a variant."""
    # What makes a variant goes below its name, which keeps the column narrow.
    title, _, variant = title_words(title).partition(" (") if ":" in method else (title, "", "")
    small = f"<small>{escape(variant.removesuffix(')'))}</small>" if variant else ""
    if on_equal_terms(method):
        small += "<small>our targets and scoring</small>"
    small += (
        '<small title="The publication leaves parts open; those are our own.">reconstruction</small>'
        if reconstruction
        else ""
    )
    tip = escape(f"{sentence(method, reference)} {reference} {method if variant else ''}".strip())
    return f'<th scope="row" title="{tip}">{escape(title)}{small}</th>'


def best_of(values: Iterable[float | None], *, least: bool = False) -> float | None:
    """Return the best number of a column; with fewer than two there is nothing to mark."""
    known = [value for value in values if value is not None]
    return (min if least else max)(known) if len(known) > 1 else None


def mark(value: float | None, best: float | None, digits: int) -> str:
    """Return what marks a cell whose number looks like the best of its column."""
    same = value is not None and best is not None and round(value, digits) == round(best, digits)
    return ' class="best"' if same else ""


def lead(pair: Mapping[str, Any]) -> str:
    """Return how far our model is ahead, to stand below a number."""
    sure = "ahead" if pair["low"] > 0 else "behind" if pair["high"] < 0 else "open"
    return (
        f'<small class="{sure}">{pair["difference"]:+.3f} [{pair["low"]:+.3f}, {pair["high"]:+.3f}]</small>'
    )


def interval_below(limits: Sequence[float] | None) -> str:
    """Return an interval to stand below a number."""
    return f"<small>[{limits[0]:.3f}, {limits[1]:.3f}]</small>" if limits else ""


def deviation(value: float | None) -> str:
    """Return the deviation over the repeats, to stand behind a number."""
    return "" if value is None else f"<i> ± {value:.3f}</i>"


def three(value: float | None) -> str:
    """Return a number with three digits, or a dash."""
    return "–" if value is None else f"{value:.3f}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def _memory(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1024:.1f} GB" if value >= 1024 else "&lt; 1 MB" if value < 0.5 else f"{value:,.0f} MB"
