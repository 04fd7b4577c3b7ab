"""How right the tags are that a run hands out, on two halves of its photos: one to develop on, the other to judge.

    python -m benchmarks.decisions HOME RUN [--precision P] [--seed 2026]

Limits are those of all photos, as in use. "queue" is the share of real mistakes among the first 500 suspects of the labels (250 of a
half, which holds half as many mistakes), "doubtful" the share of photos with a wrong or missing label among the first 100 of the order
"most doubtful first", of labels only. "unseen" counts tags that are added somewhere though their logits, which have not seen the
photo's own tags, order photos by who was given the tag with an AUC below .6. The halves of seed 2026 are those of the slice that the
decision was chosen on, and not; another seed draws others.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.evaluation import evaluate
from tagrefine_core.evaluation.auc import auc
from tagrefine_core.refinement import PRECISION, changes, suspicious
from tagrefine_core.refinement.suspicious import SuspectKind
from tagrefine_core.runs import measured, refined
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow import handed_out_of

QUEUE, DOUBTFUL, UNSEEN = 500, 100, 0.6
_OFTEN = 3  # additions from which on no number may be shared by many photos


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("run")
    parser.add_argument("--precision", type=float, default=PRECISION)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    store = Store(options.home)
    run = Run.open(store, options.run)
    collection = Collection.open(store, run.record.collection)
    if collection.truth is None:
        parser.error(f"{collection.name!r} has no ground truth to judge by.")
    rows = measured.measured_rows(run, collection)
    parts = halves(rows, options.seed)
    print(f"run {run.id}, target precision {options.precision:g}, seed {options.seed}")
    columns = [
        figures(run, collection, part, options.precision, top=round(QUEUE * len(part) / len(rows)))
        for part in parts.values()
    ]
    print(f"{'':<44}" + "".join(f"{name:>14}" for name in parts))
    print(f"{'photos':<44}" + "".join(f"{len(part):>14,}" for part in parts.values()))
    for name in columns[0]:
        print(f"{name:<44}" + "".join(f"{column[name]:>14}" for column in columns))
    names = unseen(run, collection, options.precision)
    print(f"unseen tags added anywhere: {len(names)}" + (f" ({', '.join(names)})" if names else ""))


def halves(rows: NDArray[np.int64], seed: int) -> dict[str, NDArray[np.int64]]:
    chosen = np.random.default_rng(seed).permutation(len(rows)) < len(rows) // 2
    return {"development": rows[chosen], "judging": rows[~chosen], "all": rows}


def figures(
    run: Run, collection: Collection, rows: NDArray[np.int64], precision: float, *, top: int
) -> dict[str, str]:
    """Return every figure of some photos in words."""
    assert collection.truth is not None
    found = handed_out_of(run, collection, precision, rows=rows)
    assert found.decisions is not None and found.reliability is not None
    decisions, amounts = found.decisions, found.amounts
    shares = np.pad(amounts.by_additions / max(1, amounts.photos), (0, _OFTEN))
    scores, truth = run.scores_of(rows, collection.label_columns), np.asarray(collection.truth[rows])
    ranked = evaluate(scores, truth)
    hidden = found.hidden
    shown: Callable[[float], str] = "{:.3f}".format
    return {
        "micro-F1, users' tags": shown(decisions.user.f1),
        "micro-F1, handed out": shown(decisions.final.f1),
        "macro-F1, handed out": shown(decisions.final.macro_f1),
        "additions: precision": shown(decisions.added.precision),
        "additions: recall": shown(decisions.added.recall),
        "removals: precision": shown(decisions.removed.precision),
        "removals: recall": shown(decisions.removed.recall),
        "additions a photo, all tags": shown(amounts.added_per_photo),
        "removals a photo, all tags": shown(amounts.removed_per_photo),
        **{f"photos with {number} additions": shown(float(shares[number])) for number in range(_OFTEN)},
        f"largest share of one number from {_OFTEN} on": shown(float(shares[_OFTEN:].max(initial=0.0))),
        "photos untouched": shown(amounts.untouched),
        "calibration error: mean over labels": shown(found.reliability.mean),
        "calibration error: pooled": shown(found.reliability.pooled),
        "queue wrong": shown(queue(collection, rows, scores, truth, "wrong", top)),
        "queue missing": shown(queue(collection, rows, scores, truth, "missing", top)),
        f"doubtful, first {DOUBTFUL} photos": shown(doubtful(run, collection, rows, precision)),
        "hidden tags: recall": "-" if hidden is None else shown(hidden.recall),
        "hidden tags: recall, judged": "-" if hidden is None else shown(hidden.recall_told),
        "hidden tags: additions a hit": "-" if hidden is None else shown(hidden.additions_per_hit),
        "MiAP of labelled photos": shown(ranked.miap_labelled),
        "mAP": shown(ranked.map),
        "MicroAUC": shown(ranked.micro_auc),
        "MacroAUC": shown(ranked.macro_auc),
    }


def queue(
    collection: Collection,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    truth: NDArray[np.int8],
    kind: SuspectKind,
    top: int,
) -> float:
    """Return the share of real mistakes among the judged ones of a queue of the labels."""
    given = collection.tags[rows][:, collection.label_columns]
    suspects = suspicious(scores, given, kind, top=top)
    judged = truth[suspects.rows, suspects.columns]
    judged = judged[judged != -1]
    return float((judged == (0 if kind == "wrong" else 1)).mean()) if len(judged) else float("nan")


def doubtful(run: Run, collection: Collection, rows: NDArray[np.int64], precision: float) -> float:
    """Return the share of photos with a wrong or missing label among those whose labels are most doubtful."""
    assert collection.truth is not None
    columns = collection.label_columns
    limits = refined.limits_of(run, collection, precision)
    of_labels = replace(
        limits, add=limits.add[columns], remove=limits.remove[columns], told=limits.told[columns]
    )
    given = collection.tags[rows][:, columns]
    doubt = changes(run.scores_of(rows, columns), given, of_labels).doubt
    first = np.argsort(-doubt, kind="stable")[:DOUBTFUL]
    truth, has = np.asarray(collection.truth[rows])[first], given[first].toarray() > 0
    wrong = ((truth == 0) & has) | ((truth == 1) & ~has)
    return float(wrong.any(axis=1).mean())


def unseen(run: Run, collection: Collection, precision: float) -> list[str]:
    """Return tags that are added somewhere though nothing tells who was given them."""
    added = refined.changes_of(run, collection, precision).counts_by_tag().added
    given = collection.tags[run.rows].tocsc()
    logits = np.asarray(run.logits[run.rows])
    names = []
    for column in np.flatnonzero(added):
        truth = given[:, [column]].toarray()[:, 0]
        if auc(logits[:, column], truth) < UNSEEN:
            names.append(collection.vocabulary[column])
    return names


if __name__ == "__main__":
    main()
