"""One decision step for the scores of any method: which labels it would add and remove, and how right that is.

Methods rank; what is handed out has to be decided. So that a comparison is of methods and not of rules, all go through one step, which
never looks at the truth: scores become probabilities that a label fits (`fitting`), labels that the scores cannot tell are left alone,
and limits keep the same target precision (`tagrefine_core.refinement.decision`). Only labels are decided about.

What this cannot know: scores that have seen the photo's own tags, as those of most methods in refinement have, follow these. Then
giving looks certain, hardly anything is changed, and every label seems to be told; nothing but the truth shows that from a good
method. In annotation no method has seen the tags; there they tell how often a label is given among photos that score alike, which
our own probabilities learn from the training photos alone.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import logit
from scipy.stats import rankdata

from tagrefine_core.evaluation import evaluate_decisions, reliability
from tagrefine_core.evaluation.decisions import resampled_decisions
from tagrefine_core.evaluation.resampling import means
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.model.posterior import final_scores
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.refinement import PRECISION, Prospects, changes
from tagrefine_core.runs.measured import final_places

__all__ = ["DECIDED", "Decided", "decide", "fitting"]

DECIDED = (
    "f1_micro",
    "added_precision",
    "added_recall",
    "added_per_photo",
    "removed_precision",
    "removed_recall",
)
"""Measures of what is handed out, in the order of the columns of `Decided.draws`."""

_WRITTEN = 1.0  # the user's own tag counts as evidence in full: there is nothing to tune it by


class Decided(NamedTuple):
    """How right it is what a method would hand out.

    Attributes
    ----------
    measures : dict
        ``precision`` (the target), ``f1_micro``, ``user_f1_micro``, ``added`` and ``removed`` (``precision``, ``recall``, ``count``,
        ``per_photo``) and ``ece`` (``pooled``, ``mean``); NaN where undefined. With tags that are not known there are no
        ``user_f1_micro`` and ``removed``: None.
    draws : float64 (B, 6)
        `DECIDED` of every resample of the photos, with the limits as they are.
    """

    measures: dict[str, Any]
    draws: NDArray[np.float64]


def fitting(scores: NDArray[Any], given: sparse.csr_matrix, *, known: bool) -> NDArray[np.float32]:
    """Return how likely each label fits, by scores of any scale and by what users gave; the truth is not asked.

    Of the scores of a label only the order of the photos is used: a photo's place becomes a logit, from 1 / 2V for the last to
    1 - 1 / 2V for the first, ties share theirs. On that scale the share of users who gave the label rises to a ceiling, the
    rate at which it is reported (`Calibration`). Isotonic regression of what users gave on the scores would be no such scale: its
    logits are calibrated for "given" as they are, so that every ceiling would be found at 1.

    A method that scores given tags alone says nothing of how many of them fit: then all do, and nothing else does.

    Parameters
    ----------
    scores : (V, L) array
        Of labels; higher is likelier, -inf where there is none: last.
    given : csr (V, L)
        Nonzero where the photo's user gave the label.
    known : bool
        Whether the user's tags are evidence on their own photo (refinement), or only tell how often a label is given among photos
        that score alike (annotation).

    Returns
    -------
    float32 (V, L)
    """
    return _fitting(_places(scores), given, known=known)


def _fitting(places: NDArray[np.float32], given: sparse.csr_matrix, *, known: bool) -> NDArray[np.float32]:
    written = (given != 0).astype(np.float32).tocsr()
    calibration = Calibration.measure([(places, written)], places.shape[1], len(places))
    return final_scores(places, calibration, written if known else None, evidence=_WRITTEN)


def _places(scores: NDArray[Any]) -> NDArray[np.float32]:
    places = np.empty(scores.shape, dtype=np.float32)
    for label in range(scores.shape[1]):
        places[:, label] = logit((rankdata(scores[:, label]) - 0.5) / len(scores))
    return places


def decide(
    scores: NDArray[Any],
    given: sparse.csr_matrix,
    truth: NDArray[np.int8],
    counts: NDArray[np.uint8],
    *,
    known: bool,
    probabilities: bool = False,
    precision: float = PRECISION,
) -> Decided:
    """Decide by a method's scores, and measure what is handed out.

    Where the user's tags are not known, the list that is handed out consists of additions alone, as for a new photo.

    Parameters
    ----------
    scores, given, known
        As in `fitting`.
    truth : int8 (V, L)
        1, 0, or -1 for not judged.
    counts : uint8 (V, B)
        Resamples of the photos.
    probabilities : bool
        The scores are probabilities that a label fits already, and are taken at their word.
    precision : float
        Share of the changes that shall be right.
    """
    places = _places(scores)
    fits = np.asarray(scores, dtype=np.float32) if probabilities else _fitting(places, given, known=known)
    start = (given != 0).tocsr() if known else sparse.csr_matrix(given.shape, dtype=bool)
    told = Visualness.measure([(places, given.tocsr())], scores.shape[1]).enough
    found = changes(fits, start, Prospects(fits, start).limits(precision, told))
    own = start.toarray()
    final = final_places(found, np.arange(len(own)), np.arange(own.shape[1]))
    photos, added = len(final), np.diff(found.added.indptr)
    exact, right = evaluate_decisions(own, final, truth, draws=0), reliability(fits, truth)
    drawn = resampled_decisions(own, final, truth, counts)

    def measured(name: str) -> dict[str, Any]:
        agreement, part = getattr(exact, name), getattr(found, name)
        return {
            "precision": agreement.precision,
            "recall": agreement.recall,
            "count": int(part.nnz),
            "per_photo": part.nnz / max(1, photos),
        }

    columns = {
        "f1_micro": drawn["final"]["f1"],
        "added_precision": drawn["added"]["precision"],
        "added_recall": drawn["added"]["recall"],
        "added_per_photo": means(added, counts),
        "removed_precision": drawn["removed"]["precision"],
        "removed_recall": drawn["removed"]["recall"],
    }
    return Decided(
        {
            "precision": precision,
            "f1_micro": exact.final.f1,
            "user_f1_micro": exact.user.f1 if known else None,
            "added": measured("added"),
            "removed": measured("removed") if known else None,
            "ece": {"pooled": right.pooled, "mean": right.mean},
        },
        np.stack([columns[name] for name in DECIDED], axis=1),
    )
