"""Photos listed in a table: CSV, TSV or JSON lines, in the style of Hugging Face's imagefolder."""

import ast
import csv
import io
import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from textwrap import shorten
from typing import Any

import numpy as np

from tagrefine_core.collections.sources import Source, first_existing
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.text import clean, read_text
from tagrefine_core.store import ImportIssue

__all__ = ["find_table", "read_table"]

_ENDS = (".jsonl", ".csv", ".tsv")
_COLUMNS = {
    "file": ("file_name", "filename", "file", "image", "path", "image_path"),
    "tags": ("tags", "tag", "user_tags", "keywords"),
    "labels": ("labels", "label", "ground_truth"),
    "user": ("user", "user_id", "owner"),
}
_NOT_JUDGED = ("null", "?")
_MAX_CELL = 2**20  # characters; the csv module's own limit is 131,072


def read_table(path: Path, progress: Progress) -> Source:
    """Read a table with a column of files and one of tags; ground truth and users are optional.

    ``path`` is the table, or a folder with ``metadata.jsonl``, ``metadata.csv``, ``metadata.tsv`` or a single table.
    Columns: ``file_name`` (or file, image, path) relative to the table's folder; ``tags``; ``labels``; ``user``.
    Lists are JSON, or text with ``|``, ``;`` or ``,`` between entries (the one that most cells of the column use).
    An empty ``labels`` cell says that none of the labels fits; ``null`` or ``?``, or a JSON line without labels,
    that nobody judged the photo.

    Raises
    ------
    CollectionError
        When there is no table, a column is missing, or no row can be read.
    """
    table = path if path.is_file() else find_table(path)
    if table is None or table.suffix.lower() not in _ENDS:
        raise CollectionError(_nothing_found(path))
    text, guess = read_text(table)
    issues = [ImportIssue(table.name, f"is not UTF-8; read as {guess}", "note")] if guess else []
    progress("Reading the table", 0, 0)
    read = _json_lines(text) if table.suffix.lower() == ".jsonl" else _separated(text, table)
    places: list[int] = []
    rows: list[dict[str, Any]] = []
    for place, row in read:
        if isinstance(row, str):
            issues.append(ImportIssue(f"{table.name}, line {place}", row))
        else:
            places.append(place)
            rows.append(row)
    if not rows:
        reason = f" The first problem: {issues[-1].file} {issues[-1].reason}." if issues else ""
        raise CollectionError(f"{table} has no row that can be read.{reason}")
    names = _columns(rows, table)

    files: dict[str, int] = {}
    for number, (place, row) in enumerate(zip(places, rows, strict=True)):
        value = row.get(names["file"])
        file = _existing(table.parent, clean(str(value))) if value not in (None, "") else ""
        if not file:
            issues.append(
                ImportIssue(f"{table.name}, line {place}", f"has nothing in column {names['file']!r}")
            )
        elif file in files:
            issues.append(ImportIssue(file, f"is listed again in line {place}; the first row is used"))
        else:
            files[file] = number
    used = [rows[number] for number in files.values()]
    tags = _lists([row.get(names["tags"]) for row in used])
    if tags and not any(tags):
        raise CollectionError(f"Column {names['tags']!r} of {table} is empty in every row.")
    users = [row.get(names["user"]) for row in used]
    labels, truth = _truth(_lists([row.get(names["labels"]) for row in used]))
    progress("Reading the table", len(files), len(files))
    return Source(
        "table",
        table.parent,
        list(files),
        [values or [] for values in tags],
        [None if user in (None, "") else clean(str(user)) for user in users],
        labels,
        truth,
        tuple(issues),
    )


def find_table(folder: Path) -> Path | None:
    """Return a folder's ``metadata`` table, else its only table."""
    if found := first_existing(folder, *(f"metadata{end}" for end in _ENDS)):
        return found
    tables = [
        file for file in folder.iterdir() if file.suffix.lower() in _ENDS and not file.name.startswith(".")
    ]
    return tables[0] if len(tables) == 1 else None


def _nothing_found(path: Path) -> str:
    if path.is_file():
        return f"{path} is not a table that is read ({', '.join(_ENDS)})."
    tables = sorted(file.name for file in path.iterdir() if file.suffix.lower() in _ENDS)
    if tables:
        return f"{path} has several tables ({', '.join(tables[:5])}); name the one to import."
    return (
        f"No table in {path}: looked for metadata.jsonl, metadata.csv or one other {', '.join(_ENDS)} file."
    )


def _json_lines(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    # Not str.splitlines: it also cuts at characters that may stand inside a JSON text.
    for place, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield place, f"is not JSON ({error})"
            continue
        yield place, value if isinstance(value, dict) else "is not a JSON object {...}"


def _separated(text: str, table: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    header_line = text.split("\n", 1)[0]
    delimiter = "\t" if table.suffix.lower() == ".tsv" else max(",;\t", key=header_line.count)
    csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] | None = None
    while True:
        place = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield place, f"cannot be read ({error})"
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
        elif any(cell.strip() for cell in cells[len(header) :]):
            yield (
                place,
                f"has {len(cells)} cells, but there are {len(header)} columns; put text that contains {delimiter!r} "
                "in quotes",
            )
        else:
            yield place, dict(zip(header, cells, strict=False))


def _columns(rows: Sequence[dict[str, Any]], table: Path) -> dict[str, str]:
    """Return the name that this table uses for each kind of column; "" for an optional one it lacks."""
    given = {str(name).strip().lower(): name for row in reversed(rows) for name in row}
    names = {
        kind: next((given[name] for name in known if name in given), "") for kind, known in _COLUMNS.items()
    }
    for kind, example in (("file", "file_name"), ("tags", "tags")):
        if not names[kind]:
            columns = shorten(", ".join(map(str, given.values())), 200, placeholder=" ...")
            raise CollectionError(f"{table} has no column {example!r}; its columns are: {columns}.")
    return names


def _existing(root: Path, name: str) -> str:
    """Return the path as the disk spells it: a table may come from Windows or from a Mac (decomposed accents)."""
    spellings = dict.fromkeys(
        str(PurePosixPath(form))
        for slashes in (name, name.replace("\\", "/"))
        for form in (slashes, unicodedata.normalize("NFC", slashes), unicodedata.normalize("NFD", slashes))
        if form.strip()
    )
    if len(spellings) > 1:
        return next((file for file in spellings if (root / file).exists()), next(iter(spellings)))
    return next(iter(spellings), "")


def _lists(cells: Sequence[Any]) -> list[list[str] | None]:
    """Return the entries of every cell of a column; None where the cell says that nothing is known."""
    values = [_parsed(cell) for cell in cells]
    texts = [value for value in values if isinstance(value, str)]
    separator = max("|;,", key=lambda mark: sum(mark in text for text in texts))
    lists: list[list[str] | None] = []
    for value in values:
        parts = value.split(separator) if isinstance(value, str) else value
        lists.append(
            None if parts is None else [text for text in (clean(str(part)) for part in parts) if text]
        )
    return lists


def _parsed(cell: Any) -> list[Any] | str | None:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, list):
        return [part for part in cell if part is not None]
    if not isinstance(cell, str):
        return [cell]
    text = cell.strip()
    if text.lower() in _NOT_JUDGED:
        return None
    if text.startswith("[") and text.endswith("]"):
        # JSON, or how Python (hence pandas) writes a list into a cell.
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(value, list):
                return _parsed(value)
    return text


def _truth(judged: Sequence[list[str] | None]) -> tuple[tuple[str, ...], Any]:
    """Return the labels in alphabetical order and int8 (N, L): 1, 0, or -1 in the rows of photos not judged."""
    rows = [None if names is None else {name.lower() for name in names} for names in judged]
    labels = sorted(set().union(*(row for row in rows if row)))
    if not labels:
        return (), None
    column = {label: i for i, label in enumerate(labels)}
    truth = np.zeros((len(rows), len(labels)), dtype=np.int8)
    for row, names in enumerate(rows):
        if names is None:
            truth[row] = -1
        else:
            truth[row, [column[name] for name in names]] = 1
    return tuple(labels), truth
