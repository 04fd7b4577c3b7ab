"""Tables of comparisons as CSV, Markdown and LaTeX."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tagrefine_core.experiments.deciding import DECIDED
from tagrefine_core.experiments.keeping import OURS
from tagrefine_core.experiments.table import Table, value_of
from tagrefine_core.files import write_file

__all__ = [
    "SHOWN",
    "grid_csv",
    "grid_latex",
    "grid_markdown",
    "grid_texts",
    "paired_variants",
    "settings_sentence",
    "to_csv",
    "to_latex",
    "to_markdown",
    "tuning_sentence",
    "variant_table",
    "write_grid",
    "write_table",
    "write_text",
]

SHOWN = {"miap": "MiAP", "map": "mAP", "micro_auc": "MicroAUC", "macro_auc": "MacroAUC"}
"""Measures of the paper's tables, and what they are called."""

_HANDED_OUT = {
    "f1_micro": "F1",
    "added_precision": "added P",
    "added_recall": "added R",
    "added_per_photo": "added a photo",
    "removed_precision": "removed P",
    "removed_recall": "removed R",
    "ece_pooled": "ECE",
    "ece_mean": "ECE by label",
}
_LEAST = ("ece_pooled", "ece_mean")

_PLAIN = ("method", "title", "reconstruction", "status", "message")
_NUMBERS = ("miap", "miap_labelled", "map", "micro_auc", "macro_auc")
_COSTS = ("seconds", "fit_seconds", "score_seconds", "peak_mb")
_MARK = " (reconstruction)"


def to_csv(table: Table) -> str:
    """Return one line a method with every number in full; an undefined one is empty.

    Columns: method, title, reconstruction, status, message; each measure, of the ranking and then of what is handed out, with its
    deviation and 95 % interval; calibration errors; what ours is ahead in each, ``ahead_*``, with its paired interval; costs;
    parameters; ``published_*``; one ``ap_LABEL`` a label.
    """
    labels, ahead = table["labels"], _ahead(table)
    rows = []
    for row in table["rows"]:
        line: dict[str, Any] = {key: row[key] for key in _PLAIN}
        decisions = row.get("decisions") or {"sd": {}, "intervals": {}}
        for key in (*_NUMBERS, *DECIDED):
            decided = key in DECIDED
            deviation = decisions["sd"].get(key) if decided else row[f"{key}_sd"]
            limits = (decisions if decided else row)["intervals"] or {}
            low, high = limits.get(key) or (None, None)
            line |= {key: value_of(row, key), f"{key}_sd": deviation, f"{key}_low": low, f"{key}_high": high}
        line |= {key: value_of(row, key) for key in _LEAST}
        for key in (*_NUMBERS, *DECIDED):
            pair = ahead.get(row["method"], {}).get(key, {})
            line |= {f"ahead_{key}": pair.get("difference")}
            line |= {f"ahead_{key}_{limit}": pair.get(limit) for limit in ("low", "high")}
        line |= {key: row[key] for key in _COSTS}
        line["parameters"] = "; ".join(f"{key}={value}" for key, value in row["parameters"].items())
        line |= {f"published_{key}": (row["published"] or {}).get(key) for key in SHOWN}
        values = row["per_label_ap"] or [None] * len(labels)
        line |= {f"ap_{label}": value for label, value in zip(labels, values, strict=True)}
        rows.append(line)
    return grid_csv(rows)


def to_markdown(table: Table) -> str:
    """Return the paper's four measures with deviation and cost of every method, the best in bold; how far ours is ahead; the same of the
    tags handed out.
    """
    parts = []
    for sentence, head, body in _display(table, "**{}**", lambda text: text.replace("|", "\\|"), " ± "):
        parts += [sentence, grid_markdown(head, body)]
    return "\n\n".join(parts) + "\n"


def to_latex(table: Table) -> str:
    """Return the same as LaTeX ``table``s for the booktabs package."""
    parts = _display(table, r"\textbf{{{}}}", _escape, r" $\pm$ ")
    return "\n".join(grid_latex(head, body, caption=_escape(sentence)) for sentence, head, body in parts)


def write_table(table: Table, folder: Path, name: str) -> list[Path]:
    """Write ``name.csv``, ``name.md`` and ``name.tex`` into a folder, made when missing; return their paths."""
    forms = {"csv": to_csv, "md": to_markdown, "tex": to_latex}
    return [write_text(folder / f"{name}.{suffix}", form(table)) for suffix, form in forms.items()]


def settings_sentence(table: Mapping[str, Any]) -> str:
    """Say which settings our own method was measured with: the preset, what differs from it, and what had to be changed."""
    differs = [f"{name}={value}" for name, value in table["differs"].items()]
    but = f" but for {', '.join(differs)}" if differs else ""
    return " ".join([f"TagRefine with preset {table['preset']}{but}.", *table["notes"]])


def tuning_sentence(table: Mapping[str, Any]) -> str:
    """Say by what budget each method was tuned, and that ours as it stands was not."""
    if table["budget"] == 1:
        return "No method was tuned."
    time = table["tuning_seconds"]
    within = "" if time is None else f" and {time / 60:g} minutes"
    return (
        f"Each method was tuned with up to {table['budget']} settings{within}, judged on {table['judged']:,} photos by mAP"
        f"{', none of which is measured here' if table['task'] == 'annotation' else ''}; TagRefine is its preset as it is, which "
        "was set by hand on half of a slice of MIRFLICKR, and TagRefine (tuned) was tuned as all others."
    )


def variant_table(rows: Sequence[Mapping[str, Any]], *, key: str, second: str | None = None) -> str:
    """Return rows of an ablation or of noise curves as Markdown, the best of each measure in bold."""
    return grid_markdown(*_variant_cells(rows, key, second, "**{}**", lambda text: text.replace("|", "\\|")))


def paired_variants(paired: Sequence[Mapping[str, Any]]) -> str:
    """Return the differences of an ablation as Markdown: questions by their names first, then the whole model less each variant."""
    cells: dict[tuple[str | None, str], dict[str, str]] = {}
    for pair in sorted(paired, key=lambda pair: pair["name"] is None):
        key = (pair["name"], pair["name"] or f"{pair['first']} less {pair['second']}")
        cells.setdefault(key, {})[pair["metric"]] = _difference(pair)
    body = [
        [title.replace("|", "\\|"), *(found.get(key, "-") for key in SHOWN)]
        for (_, title), found in cells.items()
    ]
    return grid_markdown(["difference", *SHOWN.values()], body)


def grid_texts(
    rows: Sequence[Mapping[str, Any]], name: str, *, key: str, second: str | None = None
) -> dict[str, str]:
    """Return rows of an ablation or of noise curves as "csv", "tex" and "md"; ``name`` is the caption in LaTeX."""
    columns = [column for column in (key, second, "status", "message", *_NUMBERS) if column]
    head, body = _variant_cells(rows, key, second, r"\textbf{{{}}}", _escape)
    return {
        "csv": grid_csv([{column: row[column] for column in columns} for row in rows]),
        "tex": grid_latex(head, body, caption=_escape(name)),
        "md": variant_table(rows, key=key, second=second) + "\n",
    }


def write_grid(
    rows: Sequence[Mapping[str, Any]], folder: Path, name: str, *, key: str, second: str | None = None
) -> list[Path]:
    """Write `grid_texts` as ``name.csv``, ``name.tex`` and ``name.md``; return their paths."""
    texts = grid_texts(rows, name, key=key, second=second)
    return [write_text(folder / f"{name}.{suffix}", text) for suffix, text in texts.items()]


def write_text(path: Path, text: str) -> Path:
    """Write a text file that is whole or absent; return its path."""
    write_file(path, lambda file: file.write(text.encode()))
    return path


def grid_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return mappings with the same keys as CSV; None is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    return out.getvalue()


def grid_markdown(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Return cells, escaped already, as a Markdown table: the first column left, the others right."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, body)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def grid_latex(head: Sequence[str], body: Iterable[Sequence[str]], *, caption: str) -> str:
    """Return cells, escaped already, as a LaTeX table for the booktabs package."""
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
        *(" & ".join(line) + r" \\" for line in body),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _display(
    table: Table, bold: str, escape: Callable[[str], str], plus_minus: str
) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return the tables to show, each as a sentence on what it holds, its head and its rows, as cells."""
    best, ahead = _best(table["rows"]), _ahead(table)
    body, paired, published = [], [], []
    for row in table["rows"]:
        name = escape(row["title"] + _MARK * row["reconstruction"])
        if row["status"] != "done":
            body.append([name, escape(row["status"]), *[""] * (len(SHOWN) + 1)])
        else:
            cells = []
            for key in SHOWN:
                value, deviation = row[key], row[f"{key}_sd"]
                text = _three(value) + ("" if deviation is None else plus_minus + _three(deviation))
                cells.append(_marked(text, value, best[key], bold))
            body.append([name, *cells, f"{row['seconds']:.1f}", f"{row['peak_mb']:.0f}"])
        if row["method"] in ahead:
            paired.append([name, *(_difference(ahead[row["method"]].get(key)) for key in SHOWN)])
        if row["published"]:
            published.append([name, *(_three(row["published"][key]) for key in SHOWN)])
    head = ["Method", *SHOWN.values()]
    found = [(_sentence(table), [*head, "seconds", "MB"], body)]
    decided = [row for row in table["rows"] if row.get("decisions")]
    if decided:
        found.append(_handed_out(decided, bold, escape, plus_minus))
    if paired:
        ours = next(escape(row["title"]) for row in table["rows"] if row["method"] == OURS)
        sentence = f"{ours} less each other method, with 95 % intervals over the same resampled photos."
        found.append((sentence, head, paired))
    if table.get("wider"):
        found.append(_wider(table, bold, escape, plus_minus))
    if published:
        found.append(
            ("As published by the paper, on its own photos, features and tie rules.", head, published)
        )
    return found


def _wider(
    table: Table, bold: str, escape: Callable[[str], str], plus_minus: str
) -> tuple[str, list[str], list[list[str]]]:
    """Return the table of the labels that are measured beside, with how far ours is ahead in mAP."""
    rows = [row for row in table["rows"] if row["wider"]]
    best = _best([row["wider"] for row in rows])
    ahead = {pair["against"]: pair for pair in table["wider"]["paired"] if pair["metric"] == "map"}
    body = []
    for row in rows:
        cells = [escape(row["title"] + _MARK * row["reconstruction"])]
        for key in SHOWN:
            value, deviation = row["wider"][key], row["wider"][f"{key}_sd"]
            text = _three(value) + ("" if deviation is None else plus_minus + _three(deviation))
            cells.append(_marked(text, value, best[key], bold))
        body.append([*cells, _difference(ahead.get(row["method"]))])
    labels = ", ".join(table["wider"]["labels"])
    sentence = f"On labels that nobody looked at while choosing settings ({labels}); the last column is how far ours is ahead in mAP."
    return sentence, ["Method", *SHOWN.values(), "ahead"], body


def _handed_out(
    rows: Sequence[Table], bold: str, escape: Callable[[str], str], plus_minus: str
) -> tuple[str, list[str], list[list[str]]]:
    """Return the table of what methods would hand out; a column that no row knows is left out."""
    values = {key: [value_of(row, key) for row in rows] for key in _HANDED_OUT}
    shown = [key for key, column in values.items() if any(value is not None for value in column)]
    body = [[escape(row["title"] + _MARK * row["reconstruction"])] for row in rows]
    for key in shown:
        known = [value for value in values[key] if value is not None]
        best = None if key == "added_per_photo" else min(known) if key in _LEAST else max(known)
        for row, value, cells in zip(rows, values[key], body, strict=True):
            deviation = row["decisions"]["sd"].get(key)
            text = _three(value) + ("" if deviation is None else plus_minus + _three(deviation))
            cells.append(_marked(text, value, best, bold))
    sentence = (
        "Labels handed out by one decision step for all methods, at a target precision of "
        f"{rows[0]['decisions']['precision']:g}: additions (added) and removals by precision (P) and recall (R), and the expected "
        "calibration error (ECE) of the probabilities behind them."
    )
    return sentence, ["Method", *(_HANDED_OUT[key] for key in shown)], body


def _ahead(table: Table) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the paired differences by the other method and the measure."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for pair in table["paired"]:
        found.setdefault(pair["against"], {})[pair["metric"]] = pair
    return found


def _difference(pair: Mapping[str, Any] | None) -> str:
    return "-" if pair is None else f"{pair['difference']:+.3f} [{pair['low']:+.3f}, {pair['high']:+.3f}]"


def _variant_cells(
    rows: Sequence[Mapping[str, Any]], key: str, second: str | None, bold: str, escape: Callable[[str], str]
) -> tuple[list[str], list[list[str]]]:
    best = _best(rows)
    names = [key] if second is None else [key, second]
    body = []
    for row in rows:
        cells = [
            _marked(_three(row[measure]), row[measure], best[measure], bold)
            if row["status"] == "done"
            else ""
            for measure in SHOWN
        ]
        heading = [escape(str(row[name])) for name in names]
        heading[-1] += "" if row["status"] == "done" else f" ({row['status']})"
        body.append([*heading, *cells])
    return [*names, *SHOWN.values()], body


def _best(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    return {key: max((row[key] for row in rows if row[key] is not None), default=None) for key in SHOWN}


def _marked(text: str, value: float | None, best: float | None, bold: str) -> str:
    return bold.format(text) if None not in (value, best) and _three(value) == _three(best) else text


def _sentence(table: Table) -> str:
    repeats = table["repeats"]
    if table["task"] == "annotation":
        part = f"{table['trained'] / table['photos']:.0%}"
        how = f"trained on {part} of {table['photos']:,} photos and measured on {table['measured']:,} others"
        how += f", mean and deviation of {repeats} disjoint parts" if repeats > 1 else ""
    else:
        how = f"all {table['photos']:,} photos"
        how += f", mean and deviation of {repeats} seeds where there is randomness" if repeats > 1 else ""
    what = f"{table['task'].capitalize()} on {table['collection']}: {how}; features of {table['backbone']}."
    return f"{what} {tuning_sentence(table)} {settings_sentence(table)}"


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _escape(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
