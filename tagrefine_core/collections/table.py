"""Photos listed in a table: delimited text or JSON, in the style of Hugging Face's imagefolder and of other programs."""

import os
from pathlib import Path, PurePosixPath

from tagrefine_core.collections.columns import KNOWN, LISTS, Columns, find_columns
from tagrefine_core.collections.folder import EXTENSIONS, photo_files
from tagrefine_core.collections.joining import join_others, join_tags, join_truth, join_users
from tagrefine_core.collections.sources import Source
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.delimited import read_delimited
from tagrefine_core.reading.documents import read_documents
from tagrefine_core.reading.paths import is_absolute, match_names
from tagrefine_core.reading.rows import one_line
from tagrefine_core.reading.text import clean, read_text, some_of
from tagrefine_core.store import ImportIssue

__all__ = ["TABLE_ENDS", "find_tables", "read_table"]

TABLE_ENDS = (".jsonl", ".ndjson", ".csv", ".tsv", ".json")
"""Ends of file names that are taken for tables; of several tables ``metadata`` in one folder the first is read."""

_DELIMITED = (".csv", ".tsv")
# Bytes. A table of 200,000 photos has a tenth of them, and all are in memory at once.
_LARGEST = 2**30


def read_table(path: Path, progress: Progress) -> Source:
    """Read a table with a column of files and one of tags; ground truth and users are optional.

    ``path`` is the table, or a folder with ``metadata.jsonl``, ``metadata.csv`` and the like in it or in its sub-folders (Hugging Face's
    splits), or with a single table. Which columns are read: `find_columns`; which forms of JSON: `reading.documents`; how a name
    finds its file: `reading.paths`. Rows of one photo are joined.
    An empty ``labels`` cell says that none of the labels fits; ``null`` or ``?``, or a JSON line without labels,
    that nobody judged the photo.

    Raises
    ------
    CollectionError
        When there is no table, a column is missing, or no row can be read.
    """
    tables = [path] if path.is_file() else find_tables(path)
    if not tables or tables[0].suffix.lower() not in TABLE_ENDS:
        raise CollectionError(_nothing_found(path))
    root = path.parent if path.is_file() else path
    issues = [] if path.is_file() else _passed_over(tables, root)
    progress("Reading the table", 0, 0)
    parts = [_read(table, table.relative_to(root)) for table in tables]
    shown = some_of([columns.table for columns in parts])
    for columns in parts:
        issues += columns.issues
    if len(parts) > 1:
        counts = some_of([f"{columns.table} ({len(columns.names):,} rows)" for columns in parts])
        issues.append(ImportIssue(".", f"several tables are read: {counts}", "note"))
    names = [name for columns in parts for name in columns.names]
    files, owners = _find_photos(names, root, shown, issues)
    progress("Reading the table", 0, len(names))
    tags = join_tags(parts, owners, files, issues)
    if files and not any(tags):
        raise CollectionError(f"Column {parts[0].tags_title!r} of {tables[0]} is empty in every row.")
    users = join_users(parts, owners, files, issues)
    labels, truth = join_truth(parts, owners, files, issues)
    progress("Reading the table", len(names), len(names))
    others = join_others(parts, owners, files)
    return Source("table", root, files, tags, users, labels, truth, tuple(issues), others=others)


def find_tables(folder: Path) -> list[Path]:
    """Return the tables ``metadata`` of a folder and of the two levels below it, one a folder, else the folder's only table."""
    named = []
    top, level = _tables_and_folders(folder)
    named += _metadata(top)[:1]
    for _ in range(2):
        below = [_tables_and_folders(child) for child in level]
        named += [table for tables, _ in below for table in _metadata(tables)[:1]]
        level = [child for _, children in below for child in children]
    if named:
        return named
    # JSON beside a file of the same name tells of that file alone.
    others = {file.stem for file in folder.iterdir() if file not in top} if top else set()
    alone = [file for file in top if file.suffix.lower() != ".json"] or [
        file for file in top if others.isdisjoint((file.stem, Path(file.stem).stem))
    ]
    return alone if len(alone) == 1 else []


def _tables_and_folders(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the tables in a folder, those with the earlier end of `TABLE_ENDS` first, and the folders in it."""
    tables, folders = [], []
    try:
        with os.scandir(folder) as entries:  # tells what is a folder without a look at each of 200,000 photos
            for entry in entries:
                if entry.name[0] in ".@" or entry.name == "__MACOSX":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(folder / entry.name)
                elif entry.name.lower().endswith(TABLE_ENDS):
                    tables.append(folder / entry.name)
    except OSError:
        pass  # it may not be looked into; what a table lists there is reported as missing
    tables.sort(key=lambda file: (TABLE_ENDS.index(file.suffix.lower()), file.name))
    return tables, sorted(folders)


def _metadata(tables: list[Path]) -> list[Path]:
    return [table for table in tables if table.stem.lower() == "metadata"]


def _passed_over(tables: list[Path], root: Path) -> list[ImportIssue]:
    """Say which tables lie beside those that are read."""
    folders = dict.fromkeys(table.parent for table in tables)
    others = [
        other.relative_to(root).as_posix()
        for folder in folders
        for other in _tables_and_folders(folder)[0]
        if other not in tables
    ]
    return [ImportIssue(".", f"other tables are not read: {some_of(others)}", "note")] if others else []


def _nothing_found(path: Path) -> str:
    ends = ", ".join(TABLE_ENDS)
    if path.is_file():
        return f"{path} is not a table that is read ({ends})."
    tables, folders = _tables_and_folders(path)
    if tables:
        return f"{path} has several tables ({some_of([table.name for table in tables])}); name the one to import."
    below = [
        table.relative_to(path).as_posix() for child in folders for table in _tables_and_folders(child)[0]
    ]
    if below:
        return f"No table in {path}: looked for metadata.jsonl, metadata.csv or one other {ends} file. Below it there is {some_of(below)}; name the one to import."
    return f"No table in {path}: looked for metadata.jsonl, metadata.csv or one other {ends} file."


def _read(table: Path, place: Path) -> Columns:
    name = place.as_posix()
    text, guess = read_text(table, max_bytes=_LARGEST)
    if table.suffix.lower() in _DELIMITED:
        rows = read_delimited(text, name, known=KNOWN, lists=LISTS)
    else:
        rows = read_documents(text, name, known=KNOWN)
    if guess:
        rows.issues.insert(0, ImportIssue(name, f"is not plain UTF-8; read as {guess}", "note"))
    if not rows.lines:
        lost = next((issue for issue in rows.issues if issue.severity == "skipped"), None)
        first = f" The first problem: {lost.file} {lost.reason}." if lost else ""
        raise CollectionError(f"{table} has no row that can be read.{first}")
    columns = find_columns(rows)
    folder = PurePosixPath(name).parent
    if folder.name:
        columns.names[:] = [file if is_absolute(file) else f"{folder}/{file}" for file in columns.names]
    return columns


def _find_photos(
    names: list[str], root: Path, tables: str, issues: list[ImportIssue]
) -> tuple[list[str], list[int]]:
    """Return the distinct files (N,), and which of them each row is about (R,): -1 where it leads to none."""
    photos = [file for file in photo_files(root) if file[file.rfind(".") :].lower() in EXTENSIONS]
    found = match_names(names, photos, root)
    for name in found.elsewhere:
        found.reasons.setdefault(
            name,
            f"lies elsewhere: copy the table to {found.common_folder or 'its folder'} and import it there",
        )
    issues += [ImportIssue(name, reason) for name, reason in found.reasons.items()]
    places: dict[str, int] = {}
    owners = [
        -1 if name in found.reasons else places.setdefault(found.files[name], len(places)) for name in names
    ]
    if names and not places:
        name, reason = next(iter(found.reasons.items()))
        raise CollectionError(
            f"None of the {len(names):,} rows of {tables} leads to a photo in {root}. The first: {one_line(name)} {reason}."
        )
    if found.respelled:
        pairs = some_of([f"{name} is {file}" for name, file in found.respelled.items()])
        reason = f"{len(found.respelled):,} names are spelled otherwise on disk: {pairs}"
        issues.append(ImportIssue(tables, reason, "note"))
    if unlisted := sorted(set(photos).difference(found.files.values())):
        reason = f"{len(unlisted):,} photos are not listed in {tables}, so they are left out: {some_of(list(map(clean, unlisted)))}"
        issues.append(ImportIssue(".", reason, "note"))
    return list(places), owners
