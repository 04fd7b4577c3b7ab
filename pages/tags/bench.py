"""What the bench of one tag shows, as JSON, and what is said of a tag there. Asked for without a run of the page."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from pages.opening import collection_by_id, open_run, refuse_earlier
from pages.routes.answers import number
from pages.routes.thumbnails import named_photo
from pages.tags.table import columns, measured_row, written_row
from pages.tags.words import sentence
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.model.visualness import ENOUGH
from tagrefine_core.refinement import BINS, LEAST_BIN, PRECISION
from tagrefine_core.refinement.verdicts import SAID
from tagrefine_core.runs.refined import limits_of
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.summaries import summaries_of, summary_of
from tagrefine_core.runs.tag_bench import Curve, Side, TagBench, bench_of
from tagrefine_core.workflow import set_tag_limit, set_tag_rules, tag_rules
from tagrefine_core.workflow.verdicts import Answer, decide

__all__ = ["Opened", "accept_above", "opened", "photos", "rows", "sample_above", "say", "told"]

_WINDOW = 24  # photos an answer
_SAMPLE = 12  # photos shown of those that are decided at once
_MOST = 50_000  # photos decided at once
_SPELLINGS = 12


class Opened(NamedTuple):
    """A tag on the bench; without a run only what people wrote is known."""

    collection: Collection
    run: Run | None
    tag: str
    precision: float

    @property
    def column(self) -> int:
        """Its place in the vocabulary; ConfigError where it is no tag of the collection."""
        return int(self.collection.columns_of([self.tag])[0])

    @property
    def bench(self) -> TagBench:
        """Its photos by probability; RunError where nothing has been learned."""
        if self.run is None:
            raise RunError("Nothing has been learned from these photos yet. Train once.")
        return bench_of(self.run, self.collection, self.column)


def opened(collection_id: int, values: Mapping[str, Any]) -> Opened:
    """Read what an address asks for.

    Raises
    ------
    CollectionError
        When there is no such collection.
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    """
    collection, run = collection_by_id(collection_id), None
    if run_id := str(values.get("run") or ""):
        run = open_run(collection.store.run(run_id))
        refuse_earlier(run.record, collection)
    return Opened(collection, run, str(values.get("tag", "")), number(values, "precision", PRECISION))


def rows(of: Opened) -> dict[str, Any]:
    """Return the whole table, as it is now."""
    summaries = None if of.run is None else summaries_of(of.run, of.collection, of.precision)
    return {"columns": columns(of.collection, summaries, tag_rules(of.collection.store, of.collection.name))}


def told(of: Opened) -> dict[str, Any]:
    """Return what the bench shows of a tag, and its row of the table."""
    column, collection = of.column, of.collection
    spellings = [
        {"raw": one.raw, "count": one.count} for one in collection.tag_records if of.tag in one.tags
    ][:_SPELLINGS]
    if of.run is None:
        rule = collection.store.tag_rules(collection.id).get(of.tag)
        row = written_row(of.tag, int((collection.tags.indices == column).sum()), rule)
        return {"tag": of.tag, "row": row, "spellings": spellings}
    summary = summary_of(of.run, collection, column, of.precision)
    bench = of.bench
    seen = (summary.visualness, summary.visualness_low, summary.visualness_high)
    promised = limits_of(of.run, collection, of.precision).add[column]
    return {
        "tag": of.tag,
        "row": measured_row(summary),
        "sentence": sentence(summary.told, summary.rule, seen, ENOUGH, limit=summary.limit),
        "calibrated": of.run.calibration is not None,
        "levels": BINS,
        "least": LEAST_BIN,
        "limit": round(promised * BINS) if isfinite(promised) else None,
        "own": None if summary.limit is None else round(summary.limit * BINS),
        "accepted": bench.accepted,
        "gains": bench.gains[LEAST_BIN:].tolist(),
        "curves": {
            name: curve and _curve(curve)
            for name, curve in (
                ("expected", bench.expected),
                ("verdicts", bench.by_verdicts),
                ("labels", bench.by_labels),
            )
        },
        "given": int(bench.given.sum()),
        "spellings": spellings,
    }


def photos(of: Opened, side: str, limit: int, skip: int) -> dict[str, Any]:
    """Return photos of one side of a limit, the nearest first, with what was said of the tag on each."""
    if of.run is None:
        found = _carriers(of.collection, of.column)[skip : skip + _WINDOW]
        return {"photos": [named_photo(of.collection, int(row)) for row in found]}
    bench = of.bench
    found = bench.beside(limit, cast(Side, side))[skip : skip + _WINDOW]
    return {"photos": [_judged(of, bench, int(row)) for row in found]}


def sample_above(of: Opened, limit: int) -> dict[str, Any]:
    """Return what would be accepted at once: how many photos, a sample of them, how many are right by the probabilities."""
    bench = of.bench
    found = bench.open_above(limit)
    drawn = np.sort(np.random.default_rng(0).permutation(len(found))[:_SAMPLE])
    right = (bench.levels[found].astype(np.float64) + 0.5) / BINS
    return {
        "count": len(found),
        "right": float(right.mean()) if len(found) else None,
        "sample": [_judged(of, bench, int(row)) | {"tag": of.tag} for row in found[drawn]],
    }


def accept_above(of: Opened, limit: int, *, by: str | None, key: str) -> dict[str, Any]:
    """Say that the tag fits all photos that gain it at a limit and that nobody has decided on: one step, undone as one.

    Raises
    ------
    ConfigError
        When there are none, or too many to be one step.
    """
    found = of.bench.open_above(limit)
    if not len(found):
        raise ConfigError("No photo above this limit is open any more.")
    if len(found) > _MOST:
        raise ConfigError(
            f"These are {len(found):,} photos; at most {_MOST:,} are accepted at once. Raise the limit."
        )
    note = f"{of.tag}: {len(found):,} photos from {limit / BINS:.2f} on accepted"
    run = None if of.run is None else of.run.id
    answers = [Answer(int(row), of.tag, "accept") for row in found]
    decide(of.collection.store, of.collection, answers, run=run, by=by, note=note, key=key)
    return {"count": len(found), "words": note}


def say(of: Opened, what: str, value: Any, *, by: str | None, key: str) -> dict[str, Any]:
    """Write down what is said of the tag everywhere: ``rule`` leave, judge or None; ``limit`` k of 256 or None.

    Raises
    ------
    ConfigError
        When that cannot be said.
    """
    store, name = of.collection.store, of.collection.name
    if what == "rule":
        set_tag_rules(store, name, [of.tag], value, by=by, key=key)
    elif what == "limit":
        set_tag_limit(
            store,
            name,
            of.tag,
            None if value is None else number({"limit": value}, "limit", 0) / BINS,
            by=by,
            key=key,
        )
    else:
        raise ConfigError(f"what={what!r} is unknown; choose rule or limit.")
    return {}


def _curve(curve: Curve) -> dict[str, Any]:
    told: dict[str, Any] = {"known": curve.known}
    for name in ("precision", "low", "high", "recall"):
        values = getattr(curve, name)
        told[name] = None if values is None else _numbers(values[LEAST_BIN:])
    return told


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [round(value, 4) if isfinite(value) else None for value in values.tolist()]


def _carriers(collection: Collection, column: int) -> NDArray[np.int64]:
    """Return some photos whose users wrote a tag, spread over the collection."""
    found = np.flatnonzero(collection.tags.indices == column)
    carriers = np.searchsorted(collection.tags.indptr, found, side="right") - 1
    return carriers[np.linspace(0, len(carriers) - 1, min(_WINDOW, len(carriers))).astype(np.int64)]


def _judged(of: Opened, bench: TagBench, row: int) -> dict[str, Any]:
    score = None if of.run is None else float(of.run.scores[row, bench.column])
    return {
        **named_photo(of.collection, row),
        "probability": score,
        "verdict": SAID.get(int(bench.said[row])),
    }
