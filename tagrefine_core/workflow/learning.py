"""What a run that learned from verdicts does otherwise than the run it started from."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tagrefine_core.errors import RunError
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.moved import moved
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of, suspicious

__all__ = ["MovedTag", "Question", "WhatMoved", "what_moved"]

_FIRST = 10


@dataclass(frozen=True)
class MovedTag:
    """A tag that is handed out on other photos: on how many it was before, on how many it is now and was not, and the reverse."""

    tag: str
    before: int
    gained: int
    lost: int


@dataclass(frozen=True)
class Question:
    """A photo and a tag to ask about: "wrong" or "missing" with this probability."""

    image: str
    tag: str
    kind: str
    probability: float


@dataclass(frozen=True)
class WhatMoved:
    """What changed from one run to another, beside what people decided, and what the second would ask now.

    Attributes
    ----------
    tags : tuple of MovedTag
        Those that moved, the most first.
    photos : int
        How many have other tags than before.
    images : tuple of str
        The first of them, those with the most other tags first.
    questions : tuple of Question
        The first ones, the surest mistake first.
    """

    tags: tuple[MovedTag, ...]
    photos: int
    images: tuple[str, ...]
    questions: tuple[Question, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def what_moved(
    store: Store, before: str, after: str, *, precision: float = PRECISION, top: int = _FIRST
) -> WhatMoved:
    """Compare the tags that two runs of one collection hand out; verdicts stand above both.

    Parameters
    ----------
    before, after : str
        Ids of the runs.
    precision : float
        Target precision of both.
    top : int
        How many photos and questions.

    Raises
    ------
    RunError
        When there is no such run, it has no scores, or they are of different data.
    """
    runs = [Run.open(store, run) for run in (before, after)]
    if (
        runs[0].record.collection != runs[1].record.collection
        or len({run.record.data_hash for run in runs}) > 1
    ):
        raise RunError(f"Runs {before} and {after} were not trained on the same photos and tags.")
    collection = collection_of(store, runs[1])
    found = moved(*(refined.changes_of(run, collection, precision) for run in runs))
    amount = found.gained + found.lost
    order = np.argsort(-amount, kind="stable")[: np.count_nonzero(amount)]
    asked = [
        Question(image, tag, kind, probability)
        for kind in ("wrong", "missing")
        for image, tag, probability in suspicious(store, after, kind, top=top)
    ]
    return WhatMoved(
        tags=tuple(
            MovedTag(
                collection.vocabulary[tag],
                *(int(part[tag]) for part in (found.before, found.gained, found.lost)),
            )
            for tag in order
        ),
        photos=len(found.rows),
        images=tuple(collection.files[row] for row in found.rows[:top]),
        questions=tuple(sorted(asked, key=lambda one: -one.probability)[:top]),
    )
