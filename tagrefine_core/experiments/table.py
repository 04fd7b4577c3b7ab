"""Tables of comparisons: rows with mean, deviation and interval, paired differences, and where they are kept."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import RunError
from tagrefine_core.evaluation.published import published
from tagrefine_core.experiments.deciding import DECIDED
from tagrefine_core.experiments.intervals import MEASURES, interval
from tagrefine_core.experiments.keeping import OURS, answers, experiments_folder, key_of, read_result
from tagrefine_core.files import read_array
from tagrefine_core.methods import Method
from tagrefine_core.store import Store

__all__ = [
    "Table",
    "add_published",
    "arrays_of",
    "forget",
    "paired_differences",
    "row_of",
    "scores_of",
    "stopped_row",
    "table_id",
    "tables",
    "value_of",
]

Table = dict[str, Any]

# Options of the command that say nothing.
_DEFAULTS = {
    "methods": "all",
    "repeats": 5,
    "budget": 12,
    "tuning_seconds": 1200,
    "preset": "default",
    "mode": "all",
    "seed": 0,
}


def table_id(data_hash: str, options: Mapping[str, Any]) -> str:
    """Return the id of the table that the command ``benchmark`` makes, from its options; where copies go does not count."""
    asked = {**_DEFAULTS, **{name: value for name, value in options.items() if name != "out"}}
    asked["methods"] = [word.strip() for word in asked["methods"].split(",") if word.strip()]
    return key_of(data_hash, asked)


def arrays_of(folder: Path, repeat: int) -> dict[str, Path]:
    """Return where a repeat of a method is kept: ``result`` (JSON, written last), ``scores``, ``draws`` and ``wider_draws``.

    What is decided by the scores has files of its own, ``decided`` (JSON, written last) and ``decided_draws``: it can be made anew
    without fitting again.
    """
    return {
        "result": folder / f"repeat{repeat}.json",
        "scores": folder / f"repeat{repeat}-scores.npy",
        "draws": folder / f"repeat{repeat}-draws.npy",
        "wider_draws": folder / f"repeat{repeat}-wider.npy",
        "decided": folder / f"repeat{repeat}-decided.json",
        "decided_draws": folder / f"repeat{repeat}-decided.npy",
    }


def row_of(
    kind: type[Method],
    results: Sequence[Mapping[str, Any]],
    decided: Sequence[Mapping[str, Any]],
    draws: NDArray[np.float64],
    wider_draws: NDArray[np.float64] | None = None,
) -> Table:
    """Return the row of a method that was measured.

    Parameters
    ----------
    results : sequence of mapping
        One a repeat: ``metrics``, ``parameters``, ``settings``, ``fit_seconds``, ``score_seconds``, ``peak_mb``.
    decided : sequence of mapping
        One a repeat: `Decided.measures` as JSON values.
    draws : (B, 11) float64 array
        `MEASURES`, then `DECIDED` of every resample, averaged over the repeats.
    wider_draws : (B, 5) float64 array, optional
        `MEASURES` on wider labels, where there are any.

    Returns
    -------
    dict
        Measures are means over the repeats; ``*_sd`` is their sample deviation, None of a single repeat;
        ``intervals`` has [low, high] of 95 % over photos; ``seconds`` is of fit and scoring of one repeat. ``decisions`` are as in
        `Decided.measures`, with ``sd`` and ``intervals`` by the names of `DECIDED`; ``wider`` has the measures on wider labels, or is
        None.
    """
    row = {**_heading(kind), "status": "done", "message": "", "repeats": len(results)}
    row |= _measures([result["metrics"] for result in results])
    for key in ("fit_seconds", "score_seconds"):
        row[key] = float(np.mean([result[key] for result in results]))
    by_label = np.array(
        [[_number(value) for value in result["metrics"]["per_label_ap"]] for result in results]
    )
    return {
        **row,
        "seconds": row["fit_seconds"] + row["score_seconds"],
        "settings": results[0]["settings"],
        "peak_mb": max(result["peak_mb"] for result in results),
        "parameters": results[0]["parameters"],
        "per_label_ap": [_value(value) for value in by_label.mean(axis=0)],
        "intervals": _intervals(draws),
        "decisions": _decisions(decided, draws[:, len(MEASURES) :]),
        "wider": None
        if wider_draws is None
        else _measures([result["wider"] for result in results]) | {"intervals": _intervals(wider_draws)},
    }


def _measures(results: Sequence[Mapping[str, Any]]) -> Table:
    """Return mean and deviation of each measure over repeats."""
    found: Table = {}
    for measure in MEASURES:
        values = np.array([_number(result[measure]) for result in results])
        found[measure] = _value(values.mean())
        found[f"{measure}_sd"] = _value(values.std(ddof=1)) if len(values) > 1 else None
    return found


def _intervals(draws: NDArray[np.float64]) -> Table:
    return {measure: interval(draws[:, column]) for column, measure in enumerate(MEASURES)}


def stopped_row(kind: type[Method], status: str, message: str) -> Table:
    """Return the row of a method that failed or was too large, every number None."""
    empty = dict.fromkeys(
        [
            *MEASURES,
            *(f"{measure}_sd" for measure in MEASURES),
            "fit_seconds",
            "score_seconds",
            "seconds",
            "peak_mb",
        ]
    )
    rest: Table = {"repeats": 0, "parameters": {}, "settings": None}
    rest |= dict.fromkeys(["per_label_ap", "intervals", "decisions", "wider"])
    return {**_heading(kind), "status": status, "message": message, **empty, **rest}


def paired_differences(
    rows: Sequence[Table], draws: Mapping[str, NDArray[np.float64]], *, wider: bool = False
) -> list[Table]:
    """Compare our method with every other, over the same resamples of the photos.

    Parameters
    ----------
    rows : sequence of dict
        Of `row_of` and `stopped_row`.
    draws : mapping
        Name of a method to its (B, 11) resampled `MEASURES` and `DECIDED`, of wider labels (B, 5) `MEASURES`.
    wider : bool
        Compare on the wider labels.

    Returns
    -------
    list of dict
        ``method``, ``against``, ``metric``, ``difference`` (ours less the other's), ``low`` and ``high`` of 95 %.
    """
    measured = {row["method"]: row for row in rows if row["status"] == "done"}
    if OURS not in measured:
        return []
    found = []
    for other in measured:
        for column, measure in enumerate(MEASURES if wider else (*MEASURES, *DECIDED)):
            ours, theirs = (
                measured[name]["wider"][measure] if wider else value_of(measured[name], measure)
                for name in (OURS, other)
            )
            limits = interval(draws[OURS][:, column] - draws[other][:, column])
            if other != OURS and ours is not None and theirs is not None and limits:
                pair = {"method": OURS, "against": other, "metric": measure, "difference": ours - theirs}
                found.append({**pair, "low": limits[0], "high": limits[1]})
    return found


def value_of(row: Mapping[str, Any], measure: str) -> float | None:
    """Return a measure of a row, one of `MEASURES`, of `DECIDED`, or "ece_pooled" or "ece_mean"; None where there is none.

    An earlier table knows nothing of what is handed out.
    """
    if measure in MEASURES:
        return row[measure]  # type: ignore[no-any-return]
    found = row.get("decisions") or {}
    part, _, name = measure.partition("_")
    return found.get(measure) if part == "f1" else (found.get(part) or {}).get(name)


def _decisions(decided: Sequence[Mapping[str, Any]], draws: NDArray[np.float64]) -> Table:
    """Average what was decided over the repeats; what is not defined for the task stays None."""

    def mean(values: Sequence[Any]) -> Any:
        if isinstance(values[0], Mapping):
            return {key: mean([value[key] for value in values]) for key in values[0]}
        return None if None in values else float(np.mean(values))

    row: Table = mean(decided)
    each = {
        measure: [_number(value_of({"decisions": one}, measure)) for one in decided] for measure in DECIDED
    }
    row["sd"] = {
        measure: _value(float(np.std(values, ddof=1))) if len(decided) > 1 else None
        for measure, values in each.items()
    }
    row["intervals"] = {measure: interval(draws[:, column]) for column, measure in enumerate(DECIDED)}
    return row


def tables(store: Store, name: str) -> list[Table]:
    """Return the tables of a collection, the newest first, unfinished ones among them.

    Returns
    -------
    list of dict
        As `tagrefine_core.experiments.benchmark` answers them; ``state`` is "finished" or "partial" (rows so far),
        ``current`` tells whether the collection still holds the data that was measured.
    """
    record = store.collection(name)
    found = answers(store.home, "*/table-*.json", name)
    return [{**table, "current": table["data_hash"] == record.data_hash} for table in found]


def forget(store: Store, name: str) -> None:
    """Delete the tables of a collection, and the results that they were made of."""
    for path in experiments_folder(store.home).glob("*/table-*.json"):
        if path.exists() and read_result(path)["collection"] == name:
            shutil.rmtree(path.parent, ignore_errors=True)


def scores_of(
    store: Store, table: Table, method: str, *, repeat: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return what a method gave the photos of a table, for looking at methods side by side.

    Returns
    -------
    rows : int64 (V,)
        Photos measured, as rows of the collection.
    scores : float32 (V, L)
        Scores of the labels, higher is likelier, -inf where the method gives none; memory-mapped.

    Raises
    ------
    RunError
        When the table has no such scores.
    """
    row = next((row for row in table["rows"] if row["method"] == method), None)
    if row is None or row["status"] != "done":
        names = ", ".join(row["method"] for row in table["rows"] if row["status"] == "done")
        raise RunError(f"The table has no scores of {method!r}; it has those of: {names or 'no method'}.")
    folder = experiments_folder(store.home) / table["key"]
    path = arrays_of(folder / row["results"], min(repeat, row["repeats"] - 1))["scores"]
    rows = folder / f"rows{repeat}.npy"
    if not path.exists() or not rows.exists():
        raise RunError(f"The scores of {method!r} are gone. Run the benchmark again.")
    return read_array(rows), read_array(path)


def _heading(kind: type[Method]) -> Table:
    return {
        "method": kind.name,
        "title": kind.title or kind.name,
        "reference": kind.reference,
        "reconstruction": kind.reconstruction,
    }


def add_published(rows: Sequence[Table], collection_kind: str, task: str) -> None:
    """Put the paper's own numbers beside the rows, as ``published``; None where it has none."""
    for row in rows:
        row["published"] = published(collection_kind, task, row["method"])


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _value(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
