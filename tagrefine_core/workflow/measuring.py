"""How right the tags are that a run hands out: measured on the labels, and without ground truth by hidden tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.evaluation.calibration import Reliability
from tagrefine_core.evaluation.decisions import Agreement, Amounts, Decisions
from tagrefine_core.evaluation.hidden import HiddenTags
from tagrefine_core.refinement import PRECISION, Expectation
from tagrefine_core.runs import measured, refined
from tagrefine_core.runs.refined import Expected
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of

__all__ = ["HandedOut", "handed_out_of", "measure_handed_out"]


@dataclass(frozen=True, eq=False, kw_only=True)
class HandedOut:
    """The tags that a run hands out, and how right they are.

    Attributes
    ----------
    target : float
        Share of the changes that shall be right.
    tags : tuple of C str
        The vocabulary.
    amounts : Amounts
        How much is changed on the photos measured, by all tags.
    expected : Expected
        What the probabilities say of the changes on all photos.
    decisions, reliability : Decisions, Reliability or None
        On the labels; None without ground truth.
    hidden : HiddenTags or None
        None where it cannot be told.
    why_not_hidden : str or None
        Why not.
    """

    target: float
    tags: tuple[str, ...]
    amounts: Amounts
    expected: Expected
    decisions: Decisions | None
    reliability: Reliability | None
    hidden: HiddenTags | None
    why_not_hidden: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values, NaN and what cannot be told as None."""
        amounts, found, bins = self.amounts, self.decisions, self.reliability
        added, removed, final, user = (
            (None,) * 4 if found is None else (found.added, found.removed, found.final, found.user)
        )
        most_common, share = amounts.most_common
        return {
            "target_precision": self.target,
            "photos": amounts.photos,
            "added": {
                **_changes(added, self.expected.added),
                "count": amounts.added,
                "per_photo": _number(amounts.added_per_photo),
                "per_photo_interval": amounts.added_interval,
            },
            "removed": {
                **_changes(removed, self.expected.removed),
                "count": amounts.removed,
                "per_photo": _number(amounts.removed_per_photo),
                "per_photo_interval": amounts.removed_interval,
            },
            "untouched": _number(amounts.untouched),
            "untouched_interval": amounts.untouched_interval,
            "most_common": {"additions": most_common, "share": _number(share)},
            **_lists("", "final", final),
            **_lists("user_", "user", user),
            "ece": {
                "pooled": bins and _number(bins.pooled),
                "mean": bins and _number(bins.mean),
            },
            "by_tag": None if found is None else self._by_tag(found),
            "hidden": self._hidden(),
        }

    def _by_tag(self, found: Decisions) -> list[dict[str, Any]]:
        errors = None if self.reliability is None else self.reliability.by_label
        rows = []
        for number, label in enumerate(found.labels or ()):
            row: dict[str, Any] = {"tag": label}
            for name in ("added", "removed"):
                of: Agreement = getattr(found, name)
                row[name] = {"judged": int(of.chosen[number])}
                row[name] |= {
                    measure: _number(of.by_tag(measure)[number]) for measure in ("precision", "recall")
                }
            row["f1"] = _number(found.final.by_tag("f1")[number])
            row["user_f1"] = _number(found.user.by_tag("f1")[number])
            row["ece"] = None if errors is None else _number(errors[number])
            rows.append(row)
        return rows

    def _hidden(self) -> dict[str, Any]:
        hidden = self.hidden
        if hidden is None:
            return {"recall": None, "additions_per_hit": None, "reason": self.why_not_hidden}
        asked = np.flatnonzero(hidden.asked)
        return {
            "recall": _number(hidden.recall),
            "recall_interval": hidden.recall_interval,
            "recall_told": _number(hidden.recall_told),
            "additions_per_hit": _number(hidden.additions_per_hit),
            "photos": int(hidden.asked.sum()),
            "by_tag": [
                {
                    "tag": self.tags[column],
                    "hidden": int(hidden.asked[column]),
                    "added": int(hidden.hits[column]),
                }
                for column in asked
            ],
        }


def measure_handed_out(store: Store, run_id: str, *, precision: float = PRECISION) -> HandedOut:
    """Measure the tags that a run hands out at a target precision.

    A run of the annotation task is measured on the photos it did not train on. Nothing is recorded: the answer hangs on the
    precision and on the curator's list.

    Raises
    ------
    RunError
        When the run has no scores, or is of data that has changed since.
    ConfigError
        When the precision is out of range.
    """
    run = Run.open(store, run_id)
    return handed_out_of(run, collection_of(store, run), precision)


def handed_out_of(
    run: Run,
    collection: Collection,
    precision: float = PRECISION,
    *,
    rows: NDArray[np.int64] | None = None,
) -> HandedOut:
    """Measure as `measure_handed_out`, for who has the run and its collection open.

    Parameters
    ----------
    run, collection : Run, Collection
    precision : float
    rows : int64 (n,), optional
        Only these photos, ascending; limits are those of all photos.
    """
    rows = measured.measured_rows(run, collection) if rows is None else rows
    limits = refined.limits_of(run, collection, precision)
    handed_out = refined.suggested_at(run, collection, limits)
    return HandedOut(
        target=precision,
        tags=collection.vocabulary,
        amounts=measured.amounts_of(handed_out, rows),
        expected=refined.expected_of(run, collection, limits),
        decisions=measured.decisions_of(collection, handed_out, rows),
        reliability=measured.reliability_of(run, collection, rows),
        hidden=measured.hidden_of(run, collection, handed_out, limits, rows),
        why_not_hidden=measured.why_not_hidden(run),
    )


def _changes(found: Agreement | None, expected: Expectation) -> dict[str, Any]:
    intervals: Mapping[str, Any] = {} if found is None else found.intervals
    return {
        "precision": found and _number(found.precision),
        "precision_interval": intervals.get("precision"),
        "recall": found and _number(found.recall),
        "recall_interval": intervals.get("recall"),
        "macro_precision": found and _number(found.macro_precision),
        "macro_recall": found and _number(found.macro_recall),
        "judged": found and int(found.chosen.sum()),
        "expected_precision": _number(expected.precision),
        "expected_interval": [_number(end) for end in expected.interval] if expected.total else None,
    }


def _lists(prefix: str, name: str, found: Agreement | None) -> dict[str, Any]:
    return {
        f"{prefix}f1_micro": found and _number(found.f1),
        f"{prefix}f1_micro_interval": found and found.intervals["f1"],
        f"{prefix}f1_macro": found and _number(found.macro_f1),
        f"{prefix}f1_macro_interval": found and found.intervals["macro_f1"],
        name: {
            "precision": found and _number(found.precision),
            "recall": found and _number(found.recall),
        },
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
