"""Cells of tags: stands in for the one of room cells until that is merged."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagrefine_core.reading.text import clean
from tagrefine_core.store import ImportIssue

__all__ = ["Split", "split_cells"]


@dataclass(frozen=True, eq=False)
class Split:
    """Raw tags by cell, and how they were found."""

    tags: list[list[str]]
    issues: list[ImportIssue]


def split_cells(cells: Sequence[str | None], *, where: str) -> Split:
    """Split at the mark that most cells use."""
    separator = max("|;,", key=lambda mark: sum(mark in cell for cell in cells if cell))
    return Split([[tag for tag in map(clean, (cell or "").split(separator)) if tag] for cell in cells], [])
