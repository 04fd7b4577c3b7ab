"""Tables of delimited text, read strictly: whatever is no row is told with its line, and no quote takes other rows with it.

How lines are cut into cells: `tagrefine_core.reading.cutting`.
"""

import re
from collections.abc import Collection, Sequence

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.cutting import BEGINNING, MAX_CELL, Cutter
from tagrefine_core.reading.rows import MAX_COLUMNS, Rows, lines_of, one_line
from tagrefine_core.reading.text import some_of
from tagrefine_core.store import ImportIssue

__all__ = ["read_delimited"]

_DELIMITERS = ",;\t|"
_SEP = re.compile(r'"?sep=(.)"?[,;\s]*', re.IGNORECASE)  # Excel's own first line
_UNNAMED = re.compile(r"Unnamed: \d+")  # what pandas calls a column without a name


def read_delimited(text: str, name: str, *, known: Collection[str], lists: Collection[str]) -> Rows:
    """Read a table with a header.

    Parameters
    ----------
    text : str
    name : str
        Of the table, for the report.
    known : collection of str
        Names of columns that somebody looks for, in lower case: a delimiter that shows them is the right one.
    lists : collection of str
        Names of columns that hold lists: where the last one is such a column, further cells of a row belong to it.

    Returns
    -------
    Rows
        Cells are str, None where a row is too short, and list of str where a row had further cells. Columns without a name are left out.

    Raises
    ------
    CollectionError
        When there are more than `MAX_COLUMNS` columns.
    """
    lines = lines_of(text.removeprefix("\ufeff"))
    start = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    if start == len(lines):
        return Rows(name)
    if found := _SEP.fullmatch(lines[start]):
        delimiter, start = found[1], start + 1
    else:
        delimiter = _delimiter([line for line in lines[start : start + BEGINNING] if line.strip()], known)
    cutter = Cutter(lines, delimiter)
    first = next(cutter.records(start), None)
    if first is None:
        return Rows(name)
    header = [one_line(cell) for cell in first.cells]
    if len(header) > MAX_COLUMNS:
        raise CollectionError(
            f"{name} has {len(header):,} columns; at most {MAX_COLUMNS:,} are read. Check its delimiter."
        )
    cutter.width = len(header)
    if cutter.has_row_names(first.end):
        # R writes a name for every row, and none for their column.
        header.insert(0, "")
        cutter.width += 1
    return _collected(name, header, cutter, first.end, joined=header[-1].lower() in lists)


def _collected(name: str, header: list[str], cutter: Cutter, start: int, *, joined: bool) -> Rows:
    width = len(header)
    columns: list[list[object]] = [[] for _ in header]
    adders = [column.append for column in columns]
    rows = Rows(name)
    short: list[int] = []
    longer: list[int] = []
    stray: list[int] = []
    for cut, begin, end, is_stray in cutter.records(start):
        cells: list[object] = cut  # type: ignore[assignment]  # nobody else holds it
        place = begin + 1
        if (end > place or len(cutter.lines[begin]) > MAX_CELL) and max(map(len, cut)) > MAX_CELL:
            reason = f"cannot be read: a cell has more than {MAX_CELL:,} characters"
            rows.issues.append(ImportIssue(f"{name}, line {place}", reason))
            continue
        if len(cells) != width:
            while len(cells) > width and not str(cells[-1]).strip():
                cells.pop()
            if len(cells) > width and not joined:
                reason = (
                    f"has {len(cells)} cells, but there are {width} columns; "
                    f"put text that contains {cutter.delimiter!r} in quotes"
                )
                rows.issues.append(ImportIssue(f"{name}, line {place}", reason))
                continue
            if len(cells) > width:
                longer.append(place)
                cells[width - 1 :] = [cells[width - 1 :]]
            elif len(cells) < width:
                short.append(place)
                cells += [None] * (width - len(cells))
        if is_stray:
            stray.append(place)
        rows.lines.append(place)
        for add, cell in zip(adders, cells, strict=True):
            add(cell)
    for places, what in (
        (stray, "a quote that is not closed before the next row: it is read as text"),
        (longer, f"more cells than there are columns: they are read as one list in column {header[-1]!r}"),
        (short, "fewer cells than there are columns: the missing ones are read as empty"),
    ):
        if places:
            reason = f"{len(places):,} rows have {what} (line {some_of(list(map(str, places)))})"
            rows.issues.append(ImportIssue(name, reason, "note"))
    rows.columns.extend(
        (title, cells)
        for title, cells in zip(header, columns, strict=True)
        if title and not _UNNAMED.fullmatch(title)
    )
    return rows


def _delimiter(beginning: Sequence[str], known: Collection[str]) -> str:
    """Return the mark that cuts most known names out of the header, then most lines into as many cells as it, then most cells."""

    def worth(delimiter: str) -> tuple[int, float, int]:
        cutter = Cutter(beginning, delimiter)
        header, *rows = (cutter.cut(place).cells for place in range(len(beginning)))
        names = {cell.strip().lower() for cell in header}
        same = sum(len(row) == len(header) for row in rows)
        return len(names.intersection(known)), same / max(1, len(rows)), len(header)

    return max((mark for mark in _DELIMITERS if mark in beginning[0]), key=worth, default=",")
