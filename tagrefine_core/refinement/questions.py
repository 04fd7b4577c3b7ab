"""What to ask a curator next: the queues of suspects without what is answered, and what answers say of the suggestions."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.refinement.changes import Changes
from tagrefine_core.refinement.estimate import Estimate, estimate, estimate_of_tag
from tagrefine_core.refinement.suspicious import SuspectKind, Suspects, suspicious
from tagrefine_core.refinement.verdicts import ACCEPT, REJECT, Verdicts

__all__ = ["Questions", "estimate_of", "open_questions", "sure_ones", "untagged_photos"]

_KEPT = 20_000  # length of a queue that is kept: so many verdicts later it is made anew


@dataclass(frozen=True, eq=False)
class Questions:
    """Where the questions of one queue come from.

    Attributes
    ----------
    scores : (N, C) float32 array
        Probabilities that tags fit.
    collection : Collection
    kind : {"wrong", "missing"}
    told : bool (C,)
        Tags to ask about.
    """

    scores: NDArray[np.float32]
    collection: Collection
    kind: SuspectKind
    told: NDArray[np.bool_]

    def __hash__(self) -> int:
        return hash((id(self.scores), id(self.collection), self.kind, self.told.tobytes()))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Questions)
            and self.scores is other.scores
            and self.collection is other.collection
            and self.kind == other.kind
            and np.array_equal(self.told, other.told)
        )


def open_questions(
    questions: Questions, verdicts: Verdicts, *, top: int = 500, least: float = 0.0
) -> Suspects:
    """Return the questions that nobody has answered yet, the most rewarding first.

    Parameters
    ----------
    questions : Questions
    verdicts : Verdicts
    top : int
        How many at most, up to twenty thousand.
    least : float
        Only those whose probability of a mistake is at least so high.
    """
    queue = _queue(questions, verdicts)
    found = _still_open(queue, verdicts)
    if len(found.rows) < top and len(queue.rows) == _KEPT and queue.scores[-1] >= least:
        found = _looked_for(questions, verdicts.matrix)
        _later(questions)[:] = [(found, verdicts.matrix)]
    return found.where(found.scores >= least).where(slice(top))


def _queue(questions: Questions, verdicts: Verdicts) -> Suspects:
    """Return a queue in which all is that stands first now: looking through all scores takes too long between two answers."""
    for queue, answered in _later(questions):
        if answered.multiply(verdicts.matrix != 0).nnz == answered.nnz:  # else an answer was withdrawn
            return queue
    return _first(questions)


@lru_cache(maxsize=8)
def _first(questions: Questions) -> Suspects:
    """Return the queue as it was before the first answer."""
    return _looked_for(questions, None)


@lru_cache(maxsize=8)
def _later(questions: Questions) -> list[tuple[Suspects, sparse.csr_matrix]]:
    """Return the place of the queue that was made when the first one ran short, with what was answered by then."""
    return []


def _looked_for(questions: Questions, answered: sparse.csr_matrix | None) -> Suspects:
    return suspicious(
        questions.scores,
        questions.collection.tags,
        questions.kind,
        told=questions.told,
        decided=answered,
        top=_KEPT,
    )


def _still_open(queue: Suspects, verdicts: Verdicts) -> Suspects:
    if not verdicts.matrix.nnz or not len(queue.rows):
        return queue
    open_ = np.asarray(verdicts.matrix[queue.rows, queue.columns]).ravel() == 0
    return queue.where(open_)


def sure_ones(questions: Questions, verdicts: Verdicts, *, above: float) -> Suspects:
    """Return all open questions whose probability of a mistake is at least ``above``, the surest first.

    Up to twenty thousand, which is more than anybody should decide at once.
    """
    return open_questions(questions, verdicts, top=_KEPT, least=above)


def estimate_of(
    suggested: Changes, verdicts: Verdicts, kind: SuspectKind, *, column: int | None = None
) -> Estimate:
    """Estimate how many of the suggestions are right, by the verdicts on some of them.

    Parameters
    ----------
    suggested : Changes
        What the run alone suggests.
    verdicts : Verdicts
    kind : {"wrong", "missing"}
        Removals, or additions.
    column : int, optional
        Only suggestions of this tag.
    """
    matrix = (suggested.removed if kind == "wrong" else suggested.added).tocoo()
    rows, columns, scores = matrix.row, matrix.col, matrix.data
    if column is not None:
        mine = columns == column
        rows, columns, scores = rows[mine], columns[mine], scores[mine]
    said = np.zeros(len(rows), dtype=np.int8)
    if verdicts.matrix.nnz and len(rows):
        c = suggested.shape[1]
        asked = verdicts.matrix.tocoo()
        places = asked.row.astype(np.int64) * c + asked.col
        mine = rows.astype(np.int64) * c + columns
        at = np.minimum(np.searchsorted(places, mine), len(places) - 1)
        said = np.where(places[at] == mine, asked.data[at], 0).astype(np.int8)
    right, wrong = (ACCEPT, REJECT) if kind == "missing" else (REJECT, ACCEPT)
    told = np.where(said == right, 1, np.where(said == wrong, -1, 0))
    probabilities = scores if kind == "missing" else 1 - scores
    return (estimate if column is None else estimate_of_tag)(np.clip(probabilities, 0, 1), told)


def untagged_photos(collection: Collection, verdicts: Verdicts) -> NDArray[np.int64]:
    """Return the photos to which nobody gave a tag, neither their user nor a verdict, int64 (n,) in row order."""
    given = np.diff(collection.tags.indptr) > 0
    accepted = verdicts.matrix.copy()
    accepted.data = (accepted.data == ACCEPT).astype(np.int8)
    accepted.eliminate_zeros()
    given |= np.diff(accepted.indptr) > 0
    return np.flatnonzero(~given).astype(np.int64)
