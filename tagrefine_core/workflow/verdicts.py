"""Verdicts: what people say of single tags of single photos. They stand above every run, and are undone and redone step by step."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.verdicts import Verdict
from tagrefine_core.store import Entry, Step, Store

__all__ = [
    "Answer",
    "GivenVerdict",
    "decide",
    "known_tag",
    "redo",
    "undo",
    "user_name",
    "verdict",
    "verdicts",
]


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict in force.

    Attributes
    ----------
    image : str
        The photo, relative to the collection's folder.
    tag : str
    verdict : {"accept", "reject", "unsure"}
    by : str
    at : str
        When, UTC, ISO 8601.
    run : str or None
        Whose evidence the person looked at.
    """

    image: str
    tag: str
    verdict: str
    by: str
    at: str
    run: str | None


@dataclass(frozen=True)
class Answer:
    """One answer: the row of a photo, a tag of the vocabulary or any word, and a verdict; None takes back what was said before."""

    row: int
    tag: str
    verdict: Verdict | None


def verdict(
    store: Store,
    collection: str,
    image: str | Path,
    tag: str,
    said: Verdict,
    *,
    run: str | None = None,
    by: str | None = None,
    new: bool = False,
) -> GivenVerdict:
    """Say whether a tag fits a photo.

    Parameters
    ----------
    collection : str
        Its name.
    image : str or Path
        As `Collection.row_of` takes it.
    tag : str
        Of the vocabulary, a spelling of one, or a word that users gave.
    said : {"accept", "reject", "unsure"}
    run : str, optional
        Whose evidence the person looked at.
    by : str, optional
        Who says so; by default who is logged in.
    new : bool
        Whether the tag may be a word that nobody gave yet.

    Raises
    ------
    CollectionError
        When there is no such collection or photo.
    RunError
        When there is no such run.
    ConfigError
        When the tag is not known, or belongs to a run of another collection; when the verdict is unknown.
    """
    opened = Collection.open(store, collection)
    row = opened.row_of(image)
    word = tag.strip() if new else known_tag(opened, tag)
    decide(store, opened, [Answer(row, word, said)], run=run, by=by)
    last = store.curation.in_force(opened.id, "verdict", file=opened.files[row], tag=word)[-1]
    return GivenVerdict(last.file, last.tag, said, last.by, last.at, last.run)


def decide(
    store: Store,
    collection: Collection,
    answers: Sequence[Answer],
    *,
    run: str | None = None,
    by: str | None = None,
    note: str = "",
    key: str | None = None,
) -> int:
    """Write answers down as one step, undone as one; return its number.

    Parameters
    ----------
    collection : Collection
    answers : sequence of Answer
    run, by
        As `verdict`.
    note : str
        What was done, for the history, where it is more than one answer.
    key : str, optional
        What the sender calls this step: sent again, nothing is written.

    Raises
    ------
    ConfigError
        When there is no answer, a verdict is unknown, a tag is empty, or the run is of another collection.
    CollectionError
        When there is no such row.
    RunError
        When there is no such run.
    """
    if not answers:
        raise ConfigError("There is no answer to write down.")
    for answer in answers:
        if answer.verdict is not None and answer.verdict not in get_args(Verdict):
            raise ConfigError(
                f"verdict={answer.verdict!r} is unknown; choose {', '.join(get_args(Verdict))}."
            )
        if not answer.tag.strip():
            raise ConfigError("The tag is empty.")
    if run is not None and (of := store.run(run).collection) != collection.name:
        raise ConfigError(f"Run {run} is of collection {of!r}, not of {collection.name!r}.")
    collection.check_rows(answer.row for answer in answers)
    files = collection.files
    entries = [Entry("verdict", files[answer.row], answer.tag, answer.verdict) for answer in answers]
    return store.curation.add(collection.id, entries, by=by or user_name(), run=run, note=note, key=key)


def verdicts(store: Store, collection: str, *, tag: str | None = None) -> list[GivenVerdict]:
    """Return the verdicts in force, the oldest first; CollectionError when there is no such collection."""
    number = store.collection(collection).id
    return [
        GivenVerdict(one.file, one.tag, str(one.value), one.by, one.at, one.run)
        for one in store.curation.in_force(number, "verdict", tag=tag)
    ]


def undo(store: Store, collection: str, *, by: str | None = None) -> Step:
    """Undo the last step that is in force, of this person or of anybody.

    Raises
    ------
    CollectionError
        When there is no such collection.
    ConfigError
        When there is nothing to undo.
    """
    step = store.curation.undo(store.collection(collection).id, by=by)
    if step is None:
        raise ConfigError(f"There is nothing to undo in {collection!r}{f' by {by}' if by else ''}.")
    return step


def redo(store: Store, collection: str, *, by: str | None = None) -> Step:
    """Do again what was undone last, unless something was decided since; errors as `undo`."""
    step = store.curation.redo(store.collection(collection).id, by=by)
    if step is None:
        raise ConfigError(f"There is nothing to redo in {collection!r}{f' by {by}' if by else ''}.")
    return step


def known_tag(collection: Collection, tag: str) -> str:
    """Return the tag that a word stands for: of the vocabulary, what a spelling was merged into, or a word that users gave.

    Raises
    ------
    ConfigError
        When nobody gave it, naming others spelled alike.
    """
    lower = tag.strip().lower()
    by_spelling = {known.lower(): known for known in collection.vocabulary}
    if lower not in by_spelling:
        by_spelling = {record.raw.lower(): record.tag or record.raw for record in collection.tag_records}
    if lower in by_spelling:
        return by_spelling[lower]
    return collection.vocabulary[int(collection.columns_of([tag])[0])]


def user_name() -> str:
    """Return who is logged in."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return "you"
