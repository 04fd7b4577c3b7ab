"""What an importer found, before any picture is opened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import DataError
from tagrefine_core.store import ImportIssue

__all__ = ["Source", "first_existing"]


@dataclass(frozen=True, eq=False)
class Source:
    """N photos with the tags that users gave, column by column.

    Attributes
    ----------
    kind : str
        Format it was read from: "mirflickr", "nuswide", "table" or "folder".
    root : Path
        Folder that ``files`` are relative to; absolute.
    files : list of str, length N
        Distinct, with ``/`` between folders.
    tags : list of list of str, length N
        User tags, in their order and spelling.
    users : list of str or None, length N
        Who gave the tags, where it is known.
    labels : tuple of str, length L
        Names of the ground-truth labels.
    truth : int8 (N, L) or None
        1 relevant, 0 not relevant, -1 not judged; None without ground truth.
    issues : tuple of ImportIssue
        What the importer had to leave out or to guess.
    beside : mapping of str to str
        Labels that judge once more what a tag names already -> that tag: who carries it carries them.
    others : mapping of str to list of length N
        What else a table says of the photos, by column; None where it says nothing. Only an export wants it.
    """

    kind: str
    root: Path
    files: list[str]
    tags: list[list[str]]
    users: list[str | None]
    labels: tuple[str, ...] = ()
    truth: NDArray[np.int8] | None = None
    issues: tuple[ImportIssue, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.files)
        if len(self.tags) != n or len(self.users) != n:
            raise DataError(
                f"{n} files come with {len(self.tags)} lists of tags and {len(self.users)} users."
            )
        if self.truth is not None and self.truth.shape != (n, len(self.labels)):
            raise DataError(f"The ground truth has shape {self.truth.shape}, not {(n, len(self.labels))}.")

    def select(self, rows: NDArray[np.int64], issues: Iterable[ImportIssue] = ()) -> "Source":
        """Return the source of some of the photos, with further rows in its report."""
        return replace(
            self,
            files=[self.files[row] for row in rows],
            tags=[self.tags[row] for row in rows],
            users=[self.users[row] for row in rows],
            truth=None if self.truth is None else self.truth[rows],
            issues=(*self.issues, *issues),
            others={title: [cells[row] for row in rows] for title, cells in self.others.items()},
        )


def first_existing(folder: Path, *names: str) -> Path | None:
    """Return the first of some relative paths that exists."""
    return next((folder / name for name in names if (folder / name).exists()), None)
