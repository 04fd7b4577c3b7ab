"""How right a run's tags are: what is handed out against the truth, probabilities against the truth, hidden tags found again."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.evaluation.calibration import Reliability, reliability
from tagrefine_core.evaluation.decisions import Amounts, Decisions, amounts, evaluate_decisions
from tagrefine_core.evaluation.hidden import HiddenTags, found_again, hide_one
from tagrefine_core.model.implied import certain, implied_by_others
from tagrefine_core.model.posterior import had_he_not_written
from tagrefine_core.refinement import Changes, Limits
from tagrefine_core.refinement.changes import handed_out
from tagrefine_core.refinement.stored import stored
from tagrefine_core.runs.run import Run

__all__ = [
    "amounts_of",
    "decisions_of",
    "final_places",
    "hidden_of",
    "label_places",
    "measured_rows",
    "reliability_of",
    "why_not_hidden",
]


def measured_rows(run: Run, collection: Collection) -> NDArray[np.int64]:
    """Return the photos that a run is measured on: with the annotation task those that it did not train on, else all."""
    everything = np.arange(collection.n, dtype=np.int64)
    return np.setdiff1d(everything, run.rows) if run.config.task == "annotation" else everything


def amounts_of(changes: Changes, rows: NDArray[np.int64]) -> Amounts:
    """Return how much is changed on photos, by all tags."""
    return amounts(np.diff(changes.added.indptr)[rows], np.diff(changes.removed.indptr)[rows])


def decisions_of(collection: Collection, changes: Changes, rows: NDArray[np.int64]) -> Decisions | None:
    """Return how right the changes and the tags handed out are on photos; None without ground truth."""
    if collection.truth is None:
        return None
    columns = collection.label_columns
    return evaluate_decisions(
        label_places(collection.tags, rows, columns),
        final_places(changes, rows, columns),
        np.asarray(collection.truth[rows]),
        labels=collection.labels,
    )


def reliability_of(run: Run, collection: Collection, rows: NDArray[np.int64]) -> Reliability | None:
    """Return whether the scores of labels mean what they say on photos; None without ground truth."""
    if collection.truth is None:
        return None
    return reliability(run.scores_of(rows, collection.label_columns), np.asarray(collection.truth[rows]))


def why_not_hidden(run: Run) -> str | None:
    """Return why the hidden-tag test cannot be done on the run's scores; None where it can."""
    if run.config.task == "annotation":
        return None
    if run.config.scoring.crossfit == 1:
        return (
            "its network has learned from the very tags that would be hidden; train with "
            "scoring.crossfit=5, so that each photo is judged by a network that has not seen its tags"
        )
    if run.calibration is None and not (run.folder / "visualness.npy").exists():
        return "it was trained by an earlier TagRefine, whose scores hold the hidden tags; train again"
    return None


def hidden_of(
    run: Run,
    collection: Collection,
    changes: Changes,
    limits: Limits,
    rows: NDArray[np.int64],
    *,
    seed: int = 0,
) -> HiddenTags | None:
    """Hide one given tag of each photo and ask whether it would be added; None where `why_not_hidden` says why.

    Nothing is learned again. Scores of the annotation task never saw the tags. Those of refinement hold the user's tags as evidence,
    from which the hidden one is taken: what is left is the photo, and how far his other tags surely imply it. Tags that the hidden
    one implied keep what it said for them, so that the photo's other additions are those that it gets with all its tags.

    Parameters
    ----------
    changes, limits
        What is handed out.
    rows : int64 (n,)
        Photos, ascending.
    seed : int
        Of the choice.
    """
    if why_not_hidden(run) is not None:
        return None
    hidden = hide_one(collection.tags, rows, seed=seed)
    scores = np.empty(len(hidden.rows), dtype=np.float32)
    for start in range(0, len(scores), 4096):
        part = slice(start, start + 4096)
        scores[part] = run.scores[hidden.rows[part], hidden.columns[part]]
    unseen: NDArray[np.floating] = scores
    if run.calibration is not None and run.counts_words:
        links = certain(run.implied)
        unseen = had_he_not_written(
            scores,
            hidden.columns,
            run.calibration,
            implied_by_others(collection.tags[hidden.rows], links, hidden.columns),
            evidence=run.config.scoring.evidence,
        )
    additions = np.diff(changes.added.indptr)[hidden.rows]
    return found_again(hidden, unseen, limits.add, additions, told=limits.told)


def final_places(changes: Changes, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which tags are handed out on some photos, bool (n, L): those kept, added and left alone."""
    return label_places(handed_out(changes), rows, columns)


def label_places(
    part: sparse.csr_matrix, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return where a matrix (N, C) stores something on some photos and tags, bool (n, L); a stored 0 counts."""
    return np.asarray(stored(part)[rows][:, columns].toarray() > 0)
