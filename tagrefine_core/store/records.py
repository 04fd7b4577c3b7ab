"""Rows of the database as plain frozen records."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal, Self

__all__ = [
    "CollectionRecord",
    "EpochRecord",
    "ImportIssue",
    "JobRecord",
    "JobState",
    "RunOrigin",
    "RunRecord",
    "RunState",
    "TagRecord",
]

RunState = Literal["running", "finished", "cancelled", "failed", "interrupted"]
JobState = Literal["starting", "running", "finished", "cancelled", "failed", "interrupted"]


@dataclass(frozen=True)
class CollectionRecord:
    """One collection: N images, C tags in the vocabulary, L labels with ground truth."""

    id: int
    name: str
    kind: str
    root: str
    images: int
    tags: int
    labels: int
    skipped: int
    data_hash: str
    created: str
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, row: sqlite3.Row) -> Self:
        """Make one of a row of the table ``collections``."""
        return cls(**{**dict(row), "details": json.loads(row["details"])})


@dataclass(frozen=True)
class ImportIssue:
    """One row of the import report. ``severity`` "skipped": the photo is not in the collection; "note": it is."""

    file: str
    reason: str
    severity: Literal["skipped", "note"] = "skipped"


@dataclass(frozen=True)
class TagRecord:
    """What preprocessing did with one spelling of a user tag, and why.

    Attributes
    ----------
    raw : str
        As users typed it.
    count : int
        Photos that carry this spelling.
    outcome : {"kept", "merged", "dropped"}
        Merged: the spelling counts for a tag that is spelled otherwise.
    tag : str or None
        The tag it counts for, the most specific one; None when dropped.
    reason : str
        In words for a curator.
    above : tuple of str
        Other tags that it counts for as well: upper levels of a hierarchy, from below to above.
    """

    raw: str
    count: int
    outcome: Literal["kept", "merged", "dropped"]
    tag: str | None
    reason: str
    above: tuple[str, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags that it counts for, the most specific first; none when dropped."""
        return () if self.tag is None else (self.tag, *self.above)


@dataclass(frozen=True)
class RunOrigin:
    """What a run began with besides its settings.

    Attributes
    ----------
    run : str or None
        The run whose model it started from; None: from nothing.
    verdicts : int
        How many verdicts it learned from.
    step : int
        The last step of the log of decisions that these knew of.
    """

    run: str | None
    verdicts: int
    step: int


@dataclass(frozen=True)
class RunRecord:
    """One training run; ``state`` is what the database says, `Store.runs` callers see dead ones as interrupted.

    ``origin`` is None for a run that began with its settings alone. ``title`` and ``note`` are a person's words, empty while
    nobody gave any; a ``kept`` run is not deleted.
    """

    id: str
    collection_id: int
    collection: str
    state: RunState
    config: dict[str, Any]
    seed: int
    data_hash: str
    versions: dict[str, str]
    created: str
    finished: str | None
    message: str
    metrics: dict[str, Any] | None
    origin: RunOrigin | None = None
    title: str = ""
    note: str = ""
    kept: bool = False

    @classmethod
    def read(cls, row: sqlite3.Row) -> Self:
        """Make one of a row of the table ``runs``, with its collection's name and its metrics."""
        return cls(
            id=row["id"],
            collection_id=row["collection_id"],
            collection=row["name"],
            state=row["state"],
            config=json.loads(row["config"]),
            seed=row["seed"],
            data_hash=row["data_hash"],
            versions=json.loads(row["versions"]),
            created=row["created"],
            finished=row["finished"],
            message=row["message"],
            metrics=None if row["numbers"] is None else json.loads(row["numbers"]),
            origin=None if row["origin"] is None else RunOrigin(**json.loads(row["origin"])),
            title=row["title"],
            note=row["note"],
            kept=bool(row["kept"]),
        )


@dataclass(frozen=True)
class EpochRecord:
    """Losses and monitors after one epoch of one stage ("phi0" or "constraints").

    Attributes
    ----------
    stage : str
    epoch, step : int
        Of the stage, from 1.
    values : dict of str to float or None
        By name; losses are means over the epoch.
    points : tuple of (int, dict of str to float)
        Within the epoch: a step, and the mean losses since the point before. Empty in runs of an earlier TagRefine.
    """

    stage: str
    epoch: int
    step: int
    values: dict[str, float | None]
    points: tuple[tuple[int, dict[str, float]], ...] = ()


@dataclass(frozen=True)
class JobRecord:
    """One job: what it was asked to do, and its progress.

    ``options`` are the command's own parameters by name, those that are not the default; None in rows that an older
    TagRefine wrote. ``run_id`` is the run that the job makes or reads, ``table_id`` the table that it makes, both
    known from its start.
    """

    id: int
    command: str
    collection: str
    run_id: str | None
    table_id: str | None
    options: dict[str, Any] | None
    state: JobState
    pid: int | None
    pid_started: float | None
    stage: str
    done: int
    total: int
    seconds_left: float | None
    message: str
    created: str
    finished: str | None
    result: dict[str, Any] | None

    @classmethod
    def read(cls, row: sqlite3.Row) -> Self:
        """Make one of a row of the table ``jobs``."""
        parsed = {name: json.loads(row[name] or "null") for name in ("options", "result")}
        return cls(**{**dict(row), **parsed})
