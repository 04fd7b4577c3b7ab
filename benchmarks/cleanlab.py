"""TagRefine beside cleanlab (Northcutt, Jiang and Chuang, JAIR 2021): which labels are wrong or missing, by a run's labels.

    pip install .[cleanlab]
    python -m benchmarks.cleanlab --home DIR [--run RUN] [--folds 5]

The run is a finished one of the refinement task, on a collection with ground truth; by default the newest. cleanlab is asked
twice, label by label: by a logistic regression of scikit-learn on the features that the run was trained on, out of fold, and
by the run's own logits, which have not seen the photo's tags either where its networks are cross-fitted. "wrong" and
"missing" are the precision of the first 100, 500 and 1,000 photos and labels in a queue over all labels: by cleanlab's label quality,
by TagRefine's probability of a mistake. "removed" and "added" are what is decided: by cleanlab's filter, by the limits of TagRefine's
usual target precision.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tagrefine_core.collections import Collection
from tagrefine_core.errors import TagRefineError
from tagrefine_core.evaluation import Decisions, evaluate_decisions
from tagrefine_core.experiments.protocol import feature_material, need_truth
from tagrefine_core.runs.measured import final_places, label_places
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of

TOPS = (100, 500, 1000)
_COST = 0.001  # C of the logistic regression, on features of unit variance: of .0001 to .01 the best for cleanlab on MIRFLICKR


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--run", help="by default the newest of the refinement task")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        import cleanlab  # noqa: F401
    except ImportError:
        parser.exit(2, "cleanlab is not installed. Install it with: pip install .[cleanlab]\n")
    try:
        compare(Store(options.home), options.run, folds=options.folds, seed=options.seed)
    except TagRefineError as error:
        parser.exit(2, f"{error}\n")


def compare(store: Store, run_id: str | None, *, folds: int, seed: int) -> None:
    run = Run.open(store, run_id or newest(store))
    collection = collection_of(store, run)
    truth, columns = need_truth(collection), collection.label_columns
    every = np.arange(collection.n)
    given = label_places(collection.tags, every, columns)
    print(f"run {run.id}: {collection.n:,} photos, {len(columns)} labels, {given.sum():,} given")
    print(
        f"{'':<34}{'wrong: first 100':>18}{'500':>7}{'1000':>7}{'missing: first 100':>20}{'500':>7}{'1000':>7}"
    )

    scores = run.scores_of(every, columns)
    final = handed_out(run, collection)
    rows = [("TagRefine", scores, final, 0.0)]
    start = time.perf_counter()
    features = np.asarray(feature_material(store, collection, run.config).features)
    regression = out_of_fold(features, given, folds=folds, seed=seed)
    fitted = time.perf_counter() - start
    for name, probabilities, seconds in (
        ("cleanlab, logistic regression", regression, fitted),
        ("cleanlab, TagRefine's logits", expit(np.asarray(run.logits[:, columns], np.float64)), 0.0),
    ):
        start = time.perf_counter()
        wrong = issues(given, probabilities)
        seconds += time.perf_counter() - start
        rows.append((name, fits(given, probabilities), given ^ wrong, seconds))
    for name, likely, _, _ in rows:
        print(
            f"{name:<34}{_cells(precisions(likely, given, truth, True), 18)}{_cells(precisions(likely, given, truth, False), 20)}"
        )
    print(
        f"\n{'':<34}{'removed: right':>16}{'found':>8}{'added: right':>15}{'found':>8}{'F1':>8}{'seconds':>9}"
    )
    for name, _, lists, seconds in rows:
        found = evaluate_decisions(given, lists, truth, draws=0)
        print(f"{name:<34}{_decided(found)}{seconds:>9.0f}")


def newest(store: Store) -> str:
    """Return the newest finished run of the refinement task."""
    for record in store.runs():
        if record.state == "finished" and record.config["task"] == "refinement":
            return record.id
    raise TagRefineError("There is no finished run of the refinement task in this home. Train one first.")


def handed_out(run: Run, collection: Collection) -> NDArray[np.bool_]:
    """Return the labels that TagRefine hands out, (N, L)."""
    return final_places(changes_of(run, collection), np.arange(collection.n), collection.label_columns)


def out_of_fold(
    features: NDArray[np.float32], given: NDArray[np.bool_], *, folds: int, seed: int
) -> NDArray[np.float64]:
    """Return how likely each label is given, (N, L), by logistic regressions that have not seen the photo."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    found = np.empty(given.shape)
    for held_out in np.array_split(np.random.default_rng(seed).permutation(len(features)), folds):
        seen = np.setdiff1d(np.arange(len(features)), held_out)
        scaler = StandardScaler().fit(features[seen])
        learned, asked = scaler.transform(features[seen]), scaler.transform(features[held_out])
        for label in range(given.shape[1]):
            targets = given[seen, label]
            if targets.min() == targets.max():  # nothing to learn: as likely as it is given
                found[held_out, label] = targets.mean()
                continue
            model = LogisticRegression(C=_COST, max_iter=500).fit(learned, targets)
            found[held_out, label] = model.predict_proba(asked)[:, 1]
    return found


def issues(given: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where cleanlab's filter, as it is by default, finds a label that is given wrongly or left out, (N, L)."""
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    found = find_multilabel_issues_per_class(_lists(given), probabilities, n_jobs=1)
    return np.asarray(found, dtype=bool)


def fits(given: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each label fits by cleanlab's label quality, (N, L): of a label that is not given, quality speaks against it."""
    from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

    quality = np.asarray(get_label_quality_scores_per_class(_lists(given), probabilities))
    return np.where(given, quality, 1 - quality)


def precisions(
    likely: NDArray[np.floating], given: NDArray[np.bool_], truth: NDArray[np.int8], asked: bool
) -> list[float]:
    """Return which share of the first `TOPS` is a mistake: of given labels (``asked``) the least likely ones, else the likeliest."""
    places = np.flatnonzero((given == asked) & (truth != -1))
    order = places[np.argsort(likely.ravel()[places] * (1 if asked else -1), kind="stable")]
    right = truth.ravel()[order] == (0 if asked else 1)
    return [float(right[:top].mean()) for top in TOPS]


def _lists(given: NDArray[np.bool_]) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in given]


def _cells(values: Iterable[float], width: int) -> str:
    first, *rest = values
    return f"{first:>{width}.3f}" + "".join(f"{value:>7.3f}" for value in rest)


def _decided(found: Decisions) -> str:
    removed, added = found.removed, found.added
    return f"{removed.precision:>16.3f}{removed.recall:>8.3f}{added.precision:>15.3f}{added.recall:>8.3f}{found.final.f1:>8.3f}"


if __name__ == "__main__":
    main()
