"""What Triage asks of a run: windows of questions, what answers say so far, photos of one tag at a glance. Asked for without a page run."""

import itertools
from dataclasses import asdict
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from pages.opening import open_store, run_by_id
from pages.routes.thumbnails import named_photo
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import PRECISION, Limits
from tagrefine_core.refinement.duplicates import conflicts
from tagrefine_core.refinement.questions import (
    Questions,
    estimate_of,
    open_questions,
    sure_ones,
    untagged_photos,
)
from tagrefine_core.refinement.verdicts import Verdict, Verdicts, verdicts_of
from tagrefine_core.runs.duplicates import duplicates_of
from tagrefine_core.runs.refined import limits_of, suggested_at, told_of
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow.verdicts import Answer, decide

__all__ = ["QUEUES", "Asked", "Queue", "accept_all", "asked", "glance", "sample_of_all", "window"]

Queue = Literal["wrong", "missing", "duplicates", "untagged", "one", "audit"]
QUEUES: tuple[Queue, ...] = get_args(Queue)

GLANCE = 30
"""Photos that are asked about at once."""

_WINDOW = 24  # questions an answer
_SUGGESTED = 9  # tags offered for a photo without any: as many as there are keys
_SAMPLE = 12  # photos shown of those that are decided at once
_LEAST = 0.05  # tags less probable than that are not offered


class Asked(NamedTuple):
    """What is asked: a queue of a run, of all tags that are judged or of one."""

    run: Run
    collection: Collection
    queue: Queue
    column: int | None
    limits: Limits

    @property
    def questions(self) -> Questions:
        """The questions behind the queue."""
        kind = "wrong" if self.queue == "wrong" else "missing"
        told = told_of(self.run, self.collection)
        if self.column is not None:
            told = np.arange(len(told)) == self.column
        return Questions(self.run.scores, self.collection, kind, told)

    @property
    def verdicts(self) -> Verdicts:
        """What was answered so far."""
        return verdicts_of(self.collection)


def asked(run_id: str, queue: str, tag: str | None, precision: float = PRECISION) -> Asked:
    """Read what an address asks for.

    Raises
    ------
    RunError
        When there is no such run, it is not finished, or the collection was imported anew since.
    ConfigError
        When there is no such queue or tag.
    """
    if queue not in QUEUES:
        raise ConfigError(f"queue={queue!r} is unknown; choose {', '.join(QUEUES)}.")
    collection, run = run_by_id(run_id)
    column = int(collection.columns_of([tag])[0]) if tag else None
    if queue == "one" and column is None:
        raise ConfigError("Choose the tag to ask about.")
    return Asked(run, collection, queue, column, limits_of(run, collection, precision))


def window(of: Asked, *, skip: int = 0) -> dict[str, Any]:
    """Return the next questions after the first ``skip`` open ones, and what the answers say so far."""
    if of.queue == "untagged":
        rows = untagged_photos(of.collection, of.verdicts)
        return {"questions": [_untagged(of, int(row)) for row in rows[skip : skip + _WINDOW]]}
    if of.queue == "duplicates":
        return _duplicates(of, skip)
    if of.queue == "audit":
        return _audit(of, skip)
    found = open_questions(of.questions, of.verdicts, top=skip + _WINDOW)
    questions = [
        _question(of, int(row), int(column), float(score))
        for row, column, score in zip(*found.where(slice(skip, None)), strict=True)
    ]
    return {"questions": questions, **so_far(of)}


def so_far(of: Asked) -> dict[str, Any]:
    """Return what the answers say: of an audit how right and complete all tags are, else how many of the suggestions are right."""
    if of.queue == "audit":
        return {"audit": _audited(workflow.audit(open_store(), of.run.id))}
    if of.queue not in ("wrong", "missing", "one"):
        return {}
    suggested = suggested_at(of.run, of.collection, of.limits)
    found = estimate_of(suggested, of.verdicts, of.questions.kind, column=of.column)
    told = {name: None if value != value else value for name, value in asdict(found).items()}  # nan
    return {"estimate": told, "answered": len(of.verdicts)}


def glance(of: Asked) -> dict[str, Any]:
    """Return open photos of one tag, the likeliest first, to look at all at once."""
    found = open_questions(of.questions, of.verdicts, top=GLANCE)
    photos = [
        {**named_photo(of.collection, int(row)), "probability": float(score)}
        for row, score in zip(found.rows, found.scores, strict=True)
    ]
    return {"photos": photos, **so_far(of)}


def sample_of_all(of: Asked, above: float) -> dict[str, Any]:
    """Return what would be decided at once: how many, a sample of them, and how many of them are right by the probabilities."""
    found = sure_ones(of.questions, of.verdicts, above=above)
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.permutation(len(found.rows))[:_SAMPLE])
    return {
        "count": len(found.rows),
        "right": float(found.scores.mean()) if len(found.rows) else None,
        "sample": [
            {
                **named_photo(of.collection, int(found.rows[place])),
                "tag": of.collection.vocabulary[found.columns[place]],
                "probability": float(found.scores[place]),
            }
            for place in drawn
        ],
    }


def accept_all(of: Asked, above: float, *, by: str | None, key: str) -> dict[str, Any]:
    """Decide at once all open questions that are probable enough, as one step.

    Raises
    ------
    ConfigError
        When there are none.
    """
    found = sure_ones(of.questions, of.verdicts, above=above)
    if not len(found.rows):
        raise ConfigError(f"No open question is as sure as {above:.2f} any more.")
    said: Verdict = "reject" if of.queue == "wrong" else "accept"
    which = "" if of.column is None else f" “{of.collection.vocabulary[of.column]}”"
    what = "removed" if of.queue == "wrong" else "added"
    answers = [
        Answer(int(row), of.collection.vocabulary[column], said)
        for row, column in zip(found.rows, found.columns, strict=True)
    ]
    note = f"{len(answers):,} tags{which} {what}, all from {above:.2f} on"
    decide(of.collection.store, of.collection, answers, run=of.run.id, by=by, note=note, key=key)
    return {"count": len(answers), "words": note, **so_far(of)}


def _question(of: Asked, row: int, column: int, mistake: float) -> dict[str, Any]:
    return {
        **named_photo(of.collection, row, size=1024),
        "tag": of.collection.vocabulary[column],
        "probability": 1 - mistake if of.queue == "wrong" else mistake,
        "raw": of.collection.raw_tags(row),
    }


def _duplicates(of: Asked, skip: int) -> dict[str, Any]:
    """Return pairs of photos that are one picture, with the tags that only one of them has."""
    pairs = duplicates_of(of.run, of.collection)
    found = conflicts(
        pairs, of.collection.tags, told=told_of(of.run, of.collection), decided=of.verdicts.matrix
    )
    cards = []
    for one in itertools.islice(found, skip, skip + _WINDOW):
        scores = [np.asarray(of.run.scores[row], dtype=np.float64) for row in (one.first, one.second)]
        cards.append(
            {
                **named_photo(of.collection, one.first, size=1024),
                "tag": f"{one.second}",
                "second": named_photo(of.collection, one.second, size=1024),
                "likeness": one.likeness,
                "raw": of.collection.raw_tags(one.first),
                "offered": [
                    _offer(of, int(column), float(np.mean([score[column] for score in scores])), sure=0.5)
                    | {"only": only}
                    for only, columns in (("first", one.only_first), ("second", one.only_second))
                    for column in columns
                ],
            }
        )
    return {"questions": cards}


def _audit(of: Asked, skip: int) -> dict[str, Any]:
    """Return the photos of the run's last blind audit that are not answered, with their tags; nothing tells which are handed out."""
    sheet = workflow.audit(open_store(), of.run.id)
    rows = of.collection.rows_of(file for file, _ in sheet.open)
    cards = [
        {
            **named_photo(of.collection, row, size=1024),
            "tag": "",
            "raw": [],
            "offered": [{"tag": tag, "sure": False} for tag in tags],
        }
        for row, (_, tags) in zip(rows, sheet.open, strict=True)
        if row is not None
    ]
    return {"questions": cards[skip : skip + _WINDOW], "audit": _audited(sheet)}


def _audited(sheet: workflow.AuditSheet) -> dict[str, Any]:
    """Return what an audit says, as JSON."""
    found = sheet.result
    shares = {"precision": found.precision, "recall": found.recall} if found.photos > 1 else {}
    return {
        "photos": found.photos,
        "drawn": sheet.drawn,
        **{name: [share.value, share.low, share.high] for name, share in shares.items()},
    }


def _offer(of: Asked, column: int, probability: float, *, sure: float) -> dict[str, Any]:
    tag = of.collection.vocabulary[column]
    return {"tag": tag, "probability": probability, "sure": bool(probability >= sure)}


def _untagged(of: Asked, row: int) -> dict[str, Any]:
    scores = np.asarray(of.run.scores[row], dtype=np.float64)
    said = of.verdicts.matrix[[row]].indices
    likeliest = np.argsort(-scores, kind="stable")
    likeliest = likeliest[
        of.limits.told[likeliest] & ~np.isin(likeliest, said) & (scores[likeliest] >= _LEAST)
    ]
    return {
        **named_photo(of.collection, row, size=1024),
        "tag": "",
        "raw": of.collection.raw_tags(row),
        "offered": [
            _offer(of, int(column), float(scores[column]), sure=of.limits.add[column])
            for column in likeliest[:_SUGGESTED]
        ],
    }
