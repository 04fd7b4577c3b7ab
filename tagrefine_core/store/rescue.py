"""A second copy of the database beside it, and a database put together again from what can be read of both."""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tagrefine_core.errors import HomeError
from tagrefine_core.files import kept_where_possible, write_file, writing
from tagrefine_core.store.curation import stand_anew
from tagrefine_core.store.database import DATABASE, Database
from tagrefine_core.store.migrations import migrate, pending

__all__ = ["COPY", "Rescued", "is_sound", "keep_copy", "rescue"]

COPY = "tagrefine-copy.db"
"""The copy in a home: as the database was after the last import, training or deletion."""


@dataclass(frozen=True)
class Rescued:
    """What `rescue` put together.

    Attributes
    ----------
    rows : int
        Rows of the new database.
    of_copy : str or None
        When the copy was made (local time) that it builds on; None where there was none.
    lost : tuple of str
        Tables of which parts could not be read in the database itself; what of them is there is as the copy has it.
    kept : Path or None
        Where the damaged database lies now.
    """

    rows: int
    of_copy: str | None
    lost: tuple[str, ...]
    kept: Path | None


def is_sound(path: Path) -> bool:
    """Tell whether a file is a database without damage, as far as can be seen: it is read from front to back."""
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:  # a full disk, or one who writes, is no damage
        return error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def keep_copy(database: Database) -> None:
    """Write the copy, unless the database is damaged: then the one of before is worth more. Where no file can be written, it stays out."""
    if not database.writable:
        return

    def write(file: object) -> None:
        path = Path(str(getattr(file, "name", "")))
        with database.connect() as source, closing(sqlite3.connect(path)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        if not is_sound(path):
            raise _Damaged

    with suppress(_Damaged, HomeError), kept_where_possible():
        write_file(database.home / COPY, write)


class _Damaged(Exception):
    """The copy would be one of a damaged database."""


def rescue(home: Path) -> Rescued | None:
    """Put the database of a home together again: what the copy has, and above it all that can be read of the file itself.

    The damaged file is kept under another name. Nothing else in the home changes.

    Returns
    -------
    Rescued or None
        None where neither holds anything; nothing has changed then.

    Raises
    ------
    DiskFull, ReadOnly
        When the new one cannot be written.
    """
    path, copy = home / DATABASE, home / COPY
    with writing(path), tempfile.TemporaryDirectory(dir=home, prefix=".rescue-") as room:
        made = Path(room) / DATABASE
        of_copy = None
        if is_sound(copy):
            shutil.copyfile(copy, made)
            of_copy = datetime.fromtimestamp(copy.stat().st_mtime).isoformat(" ", "minutes")
        with closing(sqlite3.connect(made, isolation_level=None)) as target:
            target.row_factory = sqlite3.Row
            if pending(target):
                migrate(target)
            lost = _salvage(path, target)
            rows = _put_in_order(target)
        if not rows:
            return None
        kept = _set_aside(path)
        made.replace(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    return Rescued(rows, of_copy, lost, kept)


def _salvage(path: Path, target: sqlite3.Connection) -> tuple[str, ...]:
    """Write every row that can be read over those that are there; return the tables with rows that cannot."""
    if not path.is_file() or not path.stat().st_size:
        return ()
    lost = []
    with closing(sqlite3.connect(path, isolation_level=None)) as source:
        source.row_factory = sqlite3.Row
        source.text_factory = lambda text: text.decode()  # bytes that are no text are damage, not text
        for table in _tables(target):
            target.execute("BEGIN")
            try:
                whole = _copy_rows(source, target, table)
            except sqlite3.Error:  # not even its description can be read
                whole = False
            target.execute("COMMIT")
            if not whole:
                lost.append(table)
    return tuple(lost)


def _copy_rows(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> bool:
    """Copy a table from both its ends up to where it is damaged; tell whether it is whole."""
    # An earlier TagRefine had fewer.
    there = {row["name"] for row in source.execute(f"PRAGMA table_info({table})")}
    columns = [row["name"] for row in target.execute(f"PRAGMA table_info({table})") if row["name"] in there]
    if not columns:
        return False
    keys = [row["name"] for row in target.execute(f"PRAGMA table_info({table})") if row["pk"]] or ["rowid"]
    names, places = ", ".join(columns), ", ".join("?" * len(columns))
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{key} {direction}" for key in keys)
        with suppress(sqlite3.Error, UnicodeDecodeError):
            for row in source.execute(f"SELECT {names} FROM {table} ORDER BY {order}"):
                with suppress(sqlite3.IntegrityError):
                    target.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({places})", tuple(row))
            if direction == "ASC":
                return True
    return False


def _put_in_order(target: sqlite3.Connection) -> int:
    """Take away rows whose owner is lost, find anew what is in force of what people decided, and return how many rows of data there are."""
    target.execute("BEGIN")
    while found := target.execute("PRAGMA foreign_key_check").fetchall():
        for row in found:
            if row["rowid"] is not None:
                target.execute(f"DELETE FROM {row['table']} WHERE rowid = ?", (row["rowid"],))
        for table in {row["table"] for row in found if row["rowid"] is None}:  # has no row numbers
            for link in target.execute(f"PRAGMA foreign_key_list({table})").fetchall():
                target.execute(
                    f"DELETE FROM {table} WHERE {link['from']} NOT IN (SELECT {link['to']} FROM {link['table']})"
                )
    stand_anew(target)
    target.execute("COMMIT")
    return sum(target.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _tables(target))


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migrations'"
    )
    return [row["name"] for row in found.fetchall()]


def _set_aside(path: Path) -> Path | None:
    """Give the damaged database another name, with what belongs to it; return it."""
    if not path.exists():
        return None
    kept = path.with_name(f"tagrefine-damaged-{datetime.now():%Y%m%d-%H%M%S}.db")
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(kept.with_name(kept.name + ending))
    return kept
