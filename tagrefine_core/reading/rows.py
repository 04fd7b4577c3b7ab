"""What a table holds, column by column, whatever it was written as."""

from dataclasses import dataclass, field
from typing import Any

from tagrefine_core.reading.text import clean
from tagrefine_core.store import ImportIssue

__all__ = ["MAX_COLUMNS", "Rows", "lines_of", "one_line"]

MAX_COLUMNS = 4096
"""More columns are refused: short rows below a header of a megabyte would fill the memory."""


@dataclass(frozen=True, eq=False)
class Rows:
    """R rows of one table.

    Attributes
    ----------
    name : str
        Name of the table, for the report.
    columns : list of (str, list of length R)
        Names as they are written but in one line, in their order, and the cells: text, or what JSON holds; None where a row has none. Two columns
        may have one name.
    lines : list of int, length R
        Where each row begins, from 1.
    issues : list of ImportIssue
        Rows that were left out, and what had to be guessed.
    unit : {"line", "entry"}
        What ``lines`` counts: a document of JSON does not tell its lines.
    """

    name: str
    columns: list[tuple[str, list[Any]]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    issues: list[ImportIssue] = field(default_factory=list)
    unit: str = "line"

    def place(self, row: int) -> str:
        """Return where a row stands, for the report."""
        return f"{self.name}, {self.unit} {self.lines[row]}"


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, cut at CR, LF and CRLF alone: ``str.splitlines`` also cuts at marks that stand inside cells."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def one_line(text: str) -> str:
    """Return a name from a table as it can be shown and stored: without line ends and halves of characters."""
    return " ".join(clean(text).split())
