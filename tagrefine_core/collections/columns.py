"""Which columns of a table hold files, tags, labels and users."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.rows import Rows
from tagrefine_core.reading.text import some_of
from tagrefine_core.reading.values import as_text, is_nothing
from tagrefine_core.store import ImportIssue

__all__ = ["KNOWN", "LISTS", "Columns", "find_columns"]

_FILE = ("file_name", "sourcefile", "filename", "file", "image", "path", "image_path")
_TAGS = ("tags", "tag", "user_tags", "keywords")
_TEXT = ("subject", "text", "caption", "captions")
_LABELS = ("labels", "label", "ground_truth")
_USER = ("user", "user_id", "owner")

LISTS = frozenset((*_TAGS, *_TEXT, *_LABELS))
"""Names of columns whose cells are lists."""
KNOWN = LISTS.union(_FILE, _USER)
"""Names of columns that are looked for, in lower case."""

_FITS = {"1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0}
_CROSS = "x"


@dataclass(frozen=True, eq=False)
class Columns:
    """The R rows of a table that name a file, by what their columns mean.

    Attributes
    ----------
    table : str
        Name of the table, for the report.
    names : list of str, length R
        Files, as they are written.
    tags_title : str
        What the column of tags is called.
    tags, labels : list of lists of length R
        Cells of every column of tags, and of lists of labels.
    users : list of length R
        Cells; None without such a column.
    flags : dict of str to int8 (R,)
        By label that has a column of its own: 1 fits, 0 does not, -1 not judged.
    others : dict of str to list of length R
        Cells of the columns that are not used, by their titles.
    issues : list of ImportIssue
        What the table left out, what was chosen where there was a choice, and columns that are not used.
    """

    table: str
    names: list[str]
    tags_title: str
    tags: list[list[Any]]
    labels: list[list[Any]]
    users: list[Any]
    flags: dict[str, NDArray[np.int8]]
    others: dict[str, list[Any]]
    issues: list[ImportIssue]


def find_columns(rows: Rows) -> Columns:
    """Tell the columns of a table by their names, in any case and with spaces around.

    Tags are in ``tags`` or a column of that meaning, else in one of texts (Hugging Face's ``text``), else the labels are taken for tags.
    A column of 0 and 1, true and false, yes and no, or x and nothing is a label of its own, unless there is a column of labels.

    Raises
    ------
    CollectionError
        When there is no column of files or of tags, or two that cannot both be meant.
    """
    named: dict[str, list[int]] = {}
    for column, (title, _) in enumerate(rows.columns):
        named.setdefault(title.lower(), []).append(column)

    def among(names: Sequence[str]) -> list[int]:
        return next((named[name] for name in names if name in named), [])

    cells = [column for _, column in rows.columns]
    file, user, labels = among(_FILE), among(_USER), among(_LABELS)
    tags = among(_TAGS) or among(_TEXT)
    issues = rows.issues
    for several in (file, user):
        if len(several) > 1:
            raise CollectionError(
                f"{rows.name} has {len(several)} columns named {rows.columns[several[0]][0]!r}. Rename the one that is not meant."
            )
    if not file:
        raise CollectionError(_missing(rows, "file_name"))
    if not tags and labels:
        title = rows.columns[labels[0]][0]
        tags, labels = labels, []
        issues.append(
            ImportIssue(
                rows.name,
                f"has no column of tags: {title!r} is read as the users' tags, and there is no ground truth",
                "note",
            )
        )
    used = {*file, *tags, *labels, *user}
    rest = {column: _flags(cells[column]) for column in range(len(cells)) if column not in used}
    flags = {
        column: values
        for column, values in rest.items()
        if values is not None and len(named[rows.columns[column][0].lower()]) == 1
    }
    if not tags:
        raise CollectionError(_missing(rows, "tags", [rows.columns[column][0] for column in flags]))
    if labels or not any((values == 1).any() for values in flags.values()):
        flags = {}
    if flags:
        issues.append(
            ImportIssue(
                rows.name,
                f"columns read as labels, one each: {some_of([rows.columns[column][0] for column in flags], 10)}",
                "note",
            )
        )
    others = {
        rows.columns[column][0]: column
        for column in rest
        if column not in flags and not all(map(is_nothing, cells[column]))
    }
    if others:
        issues.append(ImportIssue(rows.name, f"columns not used: {some_of(list(others), 10)}", "note"))
    names, kept = _names(rows, file[0])

    def of_kept(column: int) -> list[Any]:
        return cells[column] if len(kept) == len(rows.lines) else [cells[column][row] for row in kept]

    return Columns(
        rows.name,
        names,
        rows.columns[tags[0]][0],
        [of_kept(column) for column in tags],
        [of_kept(column) for column in labels],
        of_kept(user[0]) if user else [None] * len(kept),
        {rows.columns[column][0].lower(): values[kept] for column, values in flags.items()},
        {title: of_kept(column) for title, column in others.items()},
        issues,
    )


def _names(rows: Rows, column: int) -> tuple[list[str], list[int]]:
    """Return the files, and the rows that name one; the others are reported."""
    title, cells = rows.columns[column]
    names: list[str] = []
    kept: list[int] = []
    for row, cell in enumerate(cells):
        name = "" if is_nothing(cell) or isinstance(cell, list | dict) else as_text(cell)
        if name:
            names.append(name)
            kept.append(row)
        else:
            what = "does not hold one name" if isinstance(cell, list | dict) else "has nothing"
            rows.issues.append(ImportIssue(rows.place(row), f"{what} in column {title!r}"))
    return names, kept


def _flags(cells: Sequence[Any]) -> NDArray[np.int8] | None:
    """Return 1, 0 and -1 of a column that says for each photo whether one label fits; None when it says other things."""
    known: dict[str, int] = {}
    for cell in cells:
        text = "" if is_nothing(cell) else as_text(cell).lower() if not isinstance(cell, list | dict) else "?"
        if text not in known:
            if text and text != _CROSS and text not in _FITS:
                return None
            known[text] = _FITS.get(text, -1)
    if _CROSS in known:
        if set(known) - {_CROSS, ""}:
            return None
        known = {_CROSS: 1, "": 0}
    if set(known) <= {""}:
        return None
    return np.array(
        [known["" if is_nothing(cell) else as_text(cell).lower()] for cell in cells], dtype=np.int8
    )


def _missing(rows: Rows, needed: str, flags: Sequence[str] = ()) -> str:
    columns = shorten(", ".join(title for title, _ in rows.columns), 200, placeholder=" ...")
    shown = f"{rows.name} has no column {needed!r}; its columns are: {columns}."
    if flags:
        shown += f" Those of 0 and 1 ({some_of(flags)}) are ground truth."
    return f"{shown} Needed are file_name and tags, named in its first line."
