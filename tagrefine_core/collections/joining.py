"""From the rows of tables to photos: several rows of one photo are joined.

Everywhere below, ``parts`` are tables of R rows altogether, ``owners`` (R,) says which of the N ``files`` a row is about, -1: none.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.columns import Columns
from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.cells import split_cells
from tagrefine_core.reading.rows import MAX_COLUMNS
from tagrefine_core.reading.text import some_of
from tagrefine_core.reading.values import as_items, as_text, is_nothing, without_decimals
from tagrefine_core.store import ImportIssue

__all__ = ["join_others", "join_tags", "join_truth", "join_users"]


def join_tags(
    parts: Sequence[Columns], owners: Sequence[int], files: Sequence[str], issues: list[ImportIssue]
) -> list[list[str]]:
    """Return the raw tags of every photo (N,); those of several rows in the order of the rows, without repeats."""
    found: list[list[str]] = [[] for _ in files]
    rows = [0] * len(files)
    for owner, tags in zip(
        owners, _entries(parts, lambda part: part.tags, as_items, "tags", issues), strict=True
    ):
        if owner >= 0:
            found[owner] += tags or ()
            rows[owner] += 1
    if several := [photo for photo, count in enumerate(rows) if count > 1]:
        for photo in several:
            found[photo] = list(dict.fromkeys(found[photo]))
        shown = some_of([files[photo] for photo in several])
        issues.append(
            ImportIssue(
                _shown(parts), f"{len(several):,} photos have several rows, which are joined: {shown}", "note"
            )
        )
    return found


def join_users(
    parts: Sequence[Columns], owners: Sequence[int], files: Sequence[str], issues: list[ImportIssue]
) -> list[str | None]:
    """Return the user of every photo (N,): the first that its rows name."""
    found: list[str | None] = [None] * len(files)
    others: dict[int, str] = {}
    users = without_decimals(
        [None if is_nothing(cell) else as_text(cell) for part in parts for cell in part.users]
    )
    for owner, user in zip(owners, users, strict=True):
        if owner < 0 or not user:
            continue
        if found[owner] is None:
            found[owner] = user
        elif found[owner] != user:
            others[owner] = user
    if others:
        shown = some_of([f"{files[photo]}: {found[photo]}, {user}" for photo, user in others.items()])
        reason = f"{len(others):,} photos have rows of several users, of whom the first is taken ({shown})"
        issues.append(ImportIssue(_shown(parts), reason, "note"))
    return found


def join_others(
    parts: Sequence[Columns], owners: Sequence[int], files: Sequence[str]
) -> dict[str, list[Any]]:
    """Return the cells (N,) of the columns that are not used, by title: the first of a photo's rows that says something."""
    found: dict[str, list[Any]] = {title: [None] * len(files) for part in parts for title in part.others}
    start = 0
    for part in parts:
        for title, cells in part.others.items():
            column = found[title]
            for owner, cell in zip(owners[start:], cells, strict=False):
                if owner >= 0 and column[owner] is None and not is_nothing(cell):
                    column[owner] = cell
        start += len(part.names)
    return found


def join_truth(
    parts: Sequence[Columns], owners: Sequence[int], files: Sequence[str], issues: list[ImportIssue]
) -> tuple[tuple[str, ...], NDArray[np.int8] | None]:
    """Return the labels in alphabetical order, and int8 (N, L): 1, 0, or -1 where nobody judged; (), None without labels.

    A label that one row of a photo gives is given; a row that says nothing takes nothing back.

    Raises
    ------
    CollectionError
        When there are so many labels that the column cannot hold labels.
    """
    table = _shown(parts)
    judged = [
        None if entries is None else {entry.lower() for entry in entries}
        for entries in _entries(parts, lambda part: part.labels, _label_items, "labels", issues)
    ]
    labels = sorted(set().union(*(names for names in judged if names), *(part.flags for part in parts)))
    if not labels:
        return (), None
    if len(labels) > MAX_COLUMNS:
        raise CollectionError(
            f"{table} has {len(labels):,} different labels, at most {MAX_COLUMNS:,} are read. Rename its column if it holds no labels."
        )
    column = {label: i for i, label in enumerate(labels)}
    truth = np.full((len(files), len(labels)), -1, dtype=np.int8)
    by_photo = np.asarray(owners, dtype=np.int64)
    start = 0
    for part in parts:
        here = by_photo[start : start + len(part.names)]
        start += len(part.names)
        for label, values in part.flags.items():
            np.maximum.at(truth[:, column[label]], here[here >= 0], values[here >= 0])
    said = np.zeros(len(files), dtype=bool)
    silent = np.zeros(len(files), dtype=bool)
    for owner, names in zip(owners, judged, strict=True):
        if owner >= 0:
            (silent if names is None else said)[owner] = True
    truth[said] = np.maximum(truth[said], 0)
    given = [
        (owner, column[name])
        for owner, names in zip(owners, judged, strict=True)
        if owner >= 0 and names
        for name in names
    ]
    if given:
        truth[tuple(np.array(given).T)] = 1
    _tell(table, labels, judged, files, said & silent, issues)
    return tuple(labels), truth


def _tell(
    table: str,
    labels: Sequence[str],
    judged: Sequence[set[str] | None],
    files: Sequence[str],
    both: NDArray[np.bool_],
    issues: list[ImportIssue],
) -> None:
    """Say how labels were read where that may not be what was meant."""
    reasons = []
    if all(label.replace(".", "", 1).removeprefix("-").isdecimal() for label in labels):
        reasons.append(
            f"the labels are numbers ({some_of(labels)}), so no tag is measured by them: write their names instead"
        )
    empty, filled = (
        sum(names is not None and bool(names) == full for names in judged) for full in (False, True)
    )
    if empty > filled:
        reasons.append(
            f"{empty:,} of {empty + filled:,} cells of labels are empty: read as photos that no label fits; "
            "write ? where nobody judged"
        )
    if both.any():
        shown = some_of([files[photo] for photo in np.flatnonzero(both).tolist()])
        reasons.append(
            f"{int(both.sum()):,} photos have rows with and without labels: those with labels count ({shown})"
        )
    issues += [ImportIssue(table, reason, "note") for reason in reasons]


def _entries(
    parts: Sequence[Columns],
    columns_of: Callable[[Columns], list[list[Any]]],
    items_of: Callable[[Any], list[str] | str | None],
    what: str,
    issues: list[ImportIssue],
) -> list[list[str] | None]:
    """Return the entries of every row (R,), all texts split alike; None where no column of the row says anything."""
    items = [
        items_of(cell) for part in parts for cells in zip(*columns_of(part), strict=True) for cell in cells
    ]
    split = split_cells([item for item in items if isinstance(item, str)], where=f"{_shown(parts)}, {what}")
    issues += split.issues
    cut = iter(split.tags)
    lists = [next(cut) if isinstance(item, str) else item for item in items]
    found: list[list[str] | None] = []
    start = 0
    for part in parts:
        width, height = len(columns_of(part)), len(part.names)
        if width == 0:
            found += [None] * height
        elif width == 1:
            found += lists[start : start + height]
        else:
            for row in range(start, start + width * height, width):
                several = [entries for entries in lists[row : row + width] if entries is not None]
                found.append(
                    list(dict.fromkeys(entry for entries in several for entry in entries))
                    if several
                    else None
                )
        start += width * height
    return found


def _label_items(cell: Any) -> list[str] | str | None:
    """Return what a cell of labels says: an empty one that none fits, ``?`` and what programs write for nothing that nobody judged."""
    if isinstance(cell, str):
        text = cell.strip()
        return [] if not text else None if text == "?" else as_items(text)
    return as_items(cell)


def _shown(parts: Sequence[Columns]) -> str:
    return some_of([part.table for part in parts])
