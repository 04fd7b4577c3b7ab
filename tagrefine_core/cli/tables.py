"""Rows as text for people."""

from collections.abc import Sequence
from typing import Any

__all__ = ["table"]


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Return some columns of rows, aligned, under their names."""
    if not rows:
        return "None yet."
    cells = [list(columns), *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
