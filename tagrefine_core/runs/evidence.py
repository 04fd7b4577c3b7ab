"""What a decision about a tag of a photo rests on, read back from the score, the limits and what the users wrote."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit

from tagrefine_core.collections import Collection
from tagrefine_core.model.implied import certain
from tagrefine_core.model.posterior import log_odds
from tagrefine_core.refinement import Limits
from tagrefine_core.runs.refined import visualness_of
from tagrefine_core.runs.run import Run

__all__ = ["Evidence", "evidence_of", "links_of"]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a tag of a photo and against it, and the limits that it meets.

    Attributes
    ----------
    score : float
        Probability that the tag fits, in [0, 1]; of a run that is not calibrated, how likely its network finds it.
    calibrated : bool
        Whether the score is a probability.
    picture : float or None
        The same by the picture and its look-alikes alone; None where the users' tags are no evidence for the run.
    written : bool
        Whether the photo's user gave the tag.
    implied_by : str or None
        The user's tag that counts most for this one, which he did not give; None where none does.
    add, remove : float
        From which score on the tag is added, and up to which it is removed; inf and -inf where never.
    told : bool
        Whether the tag is judged.
    rule : str or None
        What the curator's list says: "judge" or "leave".
    visualness, low, high : float
        How well a picture tells the tag, with its interval.
    """

    score: float
    calibrated: bool
    picture: float | None
    written: bool
    implied_by: str | None
    add: float
    remove: float
    told: bool
    rule: str | None
    visualness: float
    low: float
    high: float


def links_of(run: Run) -> sparse.csr_matrix:
    """Return how far a user's tag counts as evidence for others, csr (C, C) ``[given, implied]``; empty where none does."""
    if run.counts_words:
        return certain(run.implied)
    return sparse.csr_matrix(run.implied.shape, dtype=np.float32)


def evidence_of(
    run: Run,
    collection: Collection,
    row: int,
    columns: Sequence[int],
    limits: Limits,
    *,
    links: sparse.csr_matrix,
    rules: dict[str, str],
) -> list[Evidence]:
    """Return what the decisions about some tags of a photo rest on.

    Parameters
    ----------
    run : Run
        Finished.
    collection : Collection
    row : int
        The photo.
    columns : sequence of int
        The tags.
    limits : Limits
        From `tagrefine_core.runs.refined.limits_of`.
    links : csr (C, C)
        From `links_of`.
    rules : dict of str to str
        The curator's list (`Store.tag_rules`).

    Raises
    ------
    RunError
        When files of the run are gone or damaged.
    """
    scores = np.asarray(run.scores[row], dtype=np.float64)
    given = collection.tags[[row]].indices
    weights = np.asarray(links[given].toarray()) if len(given) else np.zeros((1, links.shape[1]))
    strongest = weights.argmax(axis=0)
    how_far = weights.max(axis=0)
    written = np.zeros(len(scores), dtype=bool)
    written[given] = True
    pictures = None
    if run.calibration is not None and run.counts_words:
        words = run.calibration.words(np.where(written, 1.0, how_far), run.config.scoring.evidence)
        pictures = expit(log_odds(scores) - words)
    seen = visualness_of(run, collection)
    found = []
    for column in columns:
        tag = collection.vocabulary[column]
        implied = how_far[column] > 0 and not written[column]
        found.append(
            Evidence(
                score=float(scores[column]),
                calibrated=run.calibration is not None,
                picture=None if pictures is None else float(pictures[column]),
                written=bool(written[column]),
                implied_by=collection.vocabulary[given[strongest[column]]] if implied else None,
                add=float(limits.add[column]),
                remove=float(limits.remove[column]),
                told=bool(limits.told[column]),
                rule=rules.get(tag),
                visualness=float(seen.value[column]),
                low=float(seen.low[column]),
                high=float(seen.high[column]),
            )
        )
    return found
