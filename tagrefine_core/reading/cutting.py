r"""Delimited text cut into records and cells.

A cell is quoted when it begins with a quote and that quote is closed right before the next delimiter or the end of a line. Quotes
inside are doubled or follow a backslash. A quoted cell may go on over lines, unless one of them would be a row by itself; then, and when
it is never closed, the quote is a stray one: it is text like any other, and its line a row of its own.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

__all__ = ["BEGINNING", "MAX_CELL", "Cutter", "Record"]

BEGINNING = 200
"""Lines that tell how a table is written."""

MAX_CELL = 2**20
"""Characters; the csv module's own limit is 131,072."""

_KINDS = (re.compile(r"\S.*\.\w{1,5}"), re.compile(r"\d+"))  # a name of a file, a number
_BODIES = (r'(?:[^"]++|"")*+', r'(?:[^"\\]++|\\.?|"")*+')


class Record(NamedTuple):
    """The cells of the lines from ``begin`` to before ``end``; ``stray``: a quote in it was taken for text."""

    cells: list[str]
    begin: int
    end: int
    stray: bool = False


class Cutter:
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

    def records(self, start: int) -> Iterator[Record]:
        """Yield the records from a line on; lines without any text are none."""
        place, count, delimiter = start, len(self.lines), self.delimiter
        while place < count:
            line = self.lines[place]
            if not line.strip(self._blank):
                place += 1
            elif '"' not in line:
                yield Record(line.split(delimiter), place, place + 1)
                place += 1
            else:
                record = self._plainly_quoted(place) or self.cut(place, several=True)
                yield record
                place = record.end

    def has_row_names(self, start: int) -> bool:
        """Whether all rows of the beginning have a number of their own before the cells that the header names."""
        cells = [self.cut(place).cells for place in range(start, min(len(self.lines), start + BEGINNING))]
        rows = [row for row in cells if any(cell.strip() for cell in row)]
        numbers = {row[0] for row in rows if len(row) == self.width + 1 and row[0].isdecimal()}
        return self.width > 1 and len(rows) > 0 and len(numbers) == len(rows)

    def _plainly_quoted(self, place: int) -> Record | None:
        """Cut a line by the csv module, which is quick, where it leaves no doubt."""
        line = self.lines[place]
        if f'{self.delimiter} "' in line:
            return None
        try:
            cells = next(csv.reader((line,), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None
        return Record(cells, place, place + 1) if len(cells) == self.width else None

    def cut(self, begin: int, several: bool = False) -> Record:
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
        return Record(cells, begin, place + 1, stray)

    def _quoted(self, begin: int, start: int, several: bool) -> tuple[str, int, int] | None:
        """Return a quoted cell, the line of its end and where the next cell begins there (-1: nowhere); None when it is not closed."""
        for body in self._bodies:
            place, position, length, parts = begin, start, 0, list[str]()
            while True:
                line = self.lines[place]
                end = body.match(line, position).end()  # type: ignore[union-attr]  # it matches nothing too
                parts.append(line[position:end])
                length += end - position
                if end < len(line):
                    closed = self._closes.match(line, end)
                    break
                place, position = place + 1, 0
                if not several or place == len(self.lines) or length > MAX_CELL:
                    closed = None
                    break
            if closed and not self._has_rows(self.lines[begin + 1 : place + 1]):
                text = "\n".join(parts).replace('""', '"')
                if body is self._bodies[1]:
                    text = text.replace('\\"', '"')
                return text, place, closed.end() if closed[0].endswith(self.delimiter) else -1
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
        cells = Cutter([line], self.delimiter).cut(0).cells
        return len(cells) == self.width and all(
            kind.fullmatch(cells[column].strip()) for column, kind in self._kinds
        )

    @cached_property
    def _kinds(self) -> list[tuple[int, re.Pattern[str]]]:
        """Which columns hold names of files or numbers in nearly all rows of the beginning."""
        # Without a header this one trusts every quote: what it takes for one cell cannot speak against the others.
        records = Cutter(self.lines[:BEGINNING], self.delimiter).records(0)
        rows = [record.cells for record in records if len(record.cells) == self.width][1:]
        return [
            (column, kind)
            for column in range(self.width)
            for kind in _KINDS
            if 10 * sum(bool(kind.fullmatch(row[column].strip())) for row in rows) >= 9 * len(rows) > 0
        ]
