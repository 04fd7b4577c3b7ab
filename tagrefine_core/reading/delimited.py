r"""Tables of delimited text, read strictly: whatever is no row is told with its line, and no quote takes other rows with it.

A cell is quoted when it begins with a quote and that quote is closed right before the next delimiter or the end of a line. Quotes
inside are doubled or follow a backslash. A quoted cell may go on over lines, unless one of them would be a row by itself; then, and when
it is never closed, the quote is a stray one: it is text like any other, and its line a row of its own.
"""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tagrefine_core.errors import CollectionError
from tagrefine_core.reading.rows import MAX_COLUMNS, Rows, lines_of
from tagrefine_core.reading.text import some_of
from tagrefine_core.store import ImportIssue

__all__ = ["read_delimited"]

_DELIMITERS = ",;\t|"
_BEGINNING = 200  # lines that the delimiter is decided by
_MAX_CELL = 2**20  # characters; the csv module's own limit is 131,072
_SEP = re.compile(r'"?sep=(.)"?[,;\s]*', re.IGNORECASE)  # Excel's own first line
_UNNAMED = re.compile(r"Unnamed: \d+")  # what pandas calls a column without a name
_KINDS = (re.compile(r"\S.*\.\w{1,5}"), re.compile(r"\d+"))  # a name of a file, a number
_BODIES = (r'(?:[^"]++|"")*+', r'(?:[^"\\]++|\\.?|"")*+')


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
        delimiter = _delimiter([line for line in lines[start : start + _BEGINNING] if line.strip()], known)
    cutter = _Cutter(lines, delimiter)
    first = next(cutter.records(start), None)
    if first is None:
        return Rows(name)
    header = [cell.strip() for cell in first.cells]
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


@dataclass(frozen=True, slots=True)
class _Record:
    """The cells of the lines from ``begin`` to before ``end``; ``stray``: a quote in it was taken for text."""

    cells: list[str]
    begin: int
    end: int
    stray: bool = False


def _collected(name: str, header: list[str], cutter: "_Cutter", start: int, *, joined: bool) -> Rows:
    width = len(header)
    columns: list[list[object]] = [[] for _ in header]
    adders = [column.append for column in columns]
    rows = Rows(name)
    short: list[int] = []
    longer: list[int] = []
    stray: list[int] = []
    for record in cutter.records(start):
        cells: list[object] = list(record.cells)
        place = record.begin + 1
        if any(len(cell) > _MAX_CELL for cell in record.cells):
            rows.issues.append(
                ImportIssue(
                    f"{name}, line {place}", f"cannot be read: a cell has more than {_MAX_CELL:,} characters"
                )
            )
            continue
        while len(cells) > width and not str(cells[-1]).strip():
            cells.pop()
        if len(cells) > width and not joined:
            rows.issues.append(
                ImportIssue(
                    f"{name}, line {place}",
                    f"has {len(cells)} cells, but there are {width} columns; put text that contains {cutter.delimiter!r} in quotes",
                )
            )
            continue
        if len(cells) > width:
            longer.append(place)
            cells[width - 1 :] = [cells[width - 1 :]]
        elif len(cells) < width:
            short.append(place)
            cells += [None] * (width - len(cells))
        if record.stray:
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
            rows.issues.append(
                ImportIssue(
                    name, f"{len(places):,} rows have {what} (line {some_of(list(map(str, places)))})", "note"
                )
            )
    rows.columns.extend(
        (title, cells)
        for title, cells in zip(header, columns, strict=True)
        if title and not _UNNAMED.fullmatch(title)
    )
    return rows


class _Cutter:
    """Cuts lines into records, and those into cells."""

    def __init__(self, lines: Sequence[str], delimiter: str):
        mark = re.escape(delimiter)
        self.lines = lines
        self.delimiter = delimiter
        self.width = 0  # columns, once the header is known
        self._blank = f'{delimiter} \t"'
        self._opens = re.compile(' *+"')
        self._closes = re.compile(rf'" *+(?:{mark}|\Z)')
        self._bodies = [re.compile(body) for body in _BODIES]

    def records(self, start: int) -> Iterator[_Record]:
        """Yield the records from a line on; lines without any text are none."""
        place, count, delimiter = start, len(self.lines), self.delimiter
        while place < count:
            line = self.lines[place]
            if not line.strip(self._blank):
                place += 1
            elif '"' not in line:
                yield _Record(line.split(delimiter), place, place + 1)
                place += 1
            else:
                record = self._plainly_quoted(place) or self._cut(place, several=True)
                yield record
                place = record.end

    def has_row_names(self, start: int) -> bool:
        """Whether all rows of the beginning have a number of their own before the cells that the header names."""
        cells = [self._cut(place).cells for place in range(start, min(len(self.lines), start + _BEGINNING))]
        rows = [row for row in cells if any(cell.strip() for cell in row)]
        numbers = {row[0] for row in rows if len(row) == self.width + 1 and row[0].isdecimal()}
        return self.width > 1 and len(rows) > 0 and len(numbers) == len(rows)

    def _plainly_quoted(self, place: int) -> _Record | None:
        """Cut a line by the csv module, which is quick, where it leaves no doubt."""
        line = self.lines[place]
        if f'{self.delimiter} "' in line:
            return None
        try:
            cells = next(csv.reader((line,), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return _Record(cells, place, place + 1) if len(cells) == self.width else None

    def _cut(self, begin: int, several: bool = False) -> _Record:
        """Cut a record that begins at a line; it ends there too unless ``several`` lines are allowed."""
        cells: list[str] = []
        stray = False
        place, position = begin, 0
        while position >= 0:
            line = self.lines[place]
            if opened := self._opens.match(line, position):
                found = self._quoted(place, opened.end(), several)
                if found:
                    cell, place, position = found
                    cells.append(cell)
                    continue
                stray = True
            end = line.find(self.delimiter, position)
            cells.append(line[position:end] if end >= 0 else line[position:])
            position = end + 1 if end >= 0 else -1
        return _Record(cells, begin, place + 1, stray)

    def _quoted(self, begin: int, start: int, several: bool) -> tuple[str, int, int] | None:
        """Return a quoted cell, the line of its end and where the next cell begins there (-1: nowhere); None when it is not closed."""
        # What ends on its own line, by either way of writing quotes, is not looked for on others.
        for over in (False, True) if several else (False,):
            for body in self._bodies:
                place, position, parts = begin, start, list[str]()
                length = 0
                while True:
                    line = self.lines[place]
                    end = body.match(line, position).end()  # type: ignore[union-attr]  # it matches nothing too
                    parts.append(line[position:end])
                    length += end - position
                    if end < len(line):
                        closed = self._closes.match(line, end)
                        break
                    place, position = place + 1, 0
                    if not over or place == len(self.lines) or length > _MAX_CELL:
                        closed = None
                        break
                if closed and not self._has_rows(self.lines[begin + 1 : place + 1]):
                    text = "\n".join(parts).replace('""', '"')
                    if body is self._bodies[1]:
                        text = text.replace('\\"', '"')
                    more = closed[0].endswith(self.delimiter)
                    return text, place, closed.end() if more else -1
        return None

    def _has_rows(self, lines: Sequence[str]) -> bool:
        """Whether a quoted cell that goes on over some lines would take rows with it.

        A row has as many cells as the header, of the kinds that stand in the columns elsewhere; where no column shows a kind,
        several lines must have that many cells, and all do.
        """
        if self.width < 2:
            return False
        rows = [self._is_row(line) for line in lines]
        return any(rows) if self._kinds else len(rows) > 1 and all(rows)

    def _is_row(self, line: str) -> bool:
        if line.count(self.delimiter) < self.width - 1:
            return False
        cells = _Cutter([line], self.delimiter)._cut(0).cells
        return len(cells) == self.width and all(
            kind.fullmatch(cells[column].strip()) for column, kind in self._kinds
        )

    @cached_property
    def _kinds(self) -> list[tuple[int, re.Pattern[str]]]:
        """Which columns hold names of files or numbers in nearly all rows of the beginning."""
        # Without a header this one trusts every quote: what it takes for one cell cannot speak against the others.
        _, *rows = (record.cells for record in _Cutter(self.lines[:_BEGINNING], self.delimiter).records(0))
        rows = [row for row in rows if len(row) == self.width]
        return [
            (column, kind)
            for column in range(self.width)
            for kind in _KINDS
            if 10 * sum(bool(kind.fullmatch(row[column].strip())) for row in rows) >= 9 * len(rows) > 0
        ]


def _delimiter(beginning: Sequence[str], known: Collection[str]) -> str:
    """Return the mark that cuts most known names out of the header, then most lines into as many cells as it, then most cells."""

    def worth(delimiter: str) -> tuple[int, float, int]:
        cutter = _Cutter(beginning, delimiter)
        header, *rows = (cutter._cut(place).cells for place in range(len(beginning)))
        names = {cell.strip().lower() for cell in header}
        same = sum(len(row) == len(header) for row in rows)
        return len(names.intersection(known)), same / max(1, len(rows)), len(header)

    return max((mark for mark in _DELIMITERS if mark in beginning[0]), key=worth, default=",")
