"""The database file: opened and brought up to date, short connections, write transactions; what goes wrong is said in one line."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tagrefine_core.errors import DataError, DiskFull, HomeError, ReadOnly
from tagrefine_core.folders import home_folder
from tagrefine_core.store.migrations import migrate, pending

__all__ = ["DATABASE", "Database", "data_folders"]

DATABASE = "tagrefine.db"

_FULL = 2**20  # bytes; with fewer left, an error of the disk is that it is full


class Database:
    """The database ``tagrefine.db`` of a home folder.

    Every call opens its own short connection, so a database can be shared by threads and processes.

    Parameters
    ----------
    home : str or Path
        A folder, made when missing. One that cannot be written is opened for looking at.

    Raises
    ------
    HomeError
        When the file is not a database, is damaged or of a newer version; when it is missing or empty while folders of collections and
        runs are there: a new one would take their places.
    """

    def __init__(self, home: str | Path) -> None:
        self.home = home_folder(home)
        self.path = self.home / DATABASE
        if not self.path.exists() or not self.path.stat().st_size:
            self._refuse_lost()
        try:
            with self.connect() as connection:
                waiting = pending(connection)
                if waiting and self.writable:
                    connection.execute("PRAGMA journal_mode = WAL")  # it is kept in the file
                    migrate(connection)
        except sqlite3.DatabaseError as error:
            raise HomeError(f"{self.path} cannot be brought up to date ({error}).") from error
        if waiting and not self.writable:
            raise ReadOnly(
                f"{self.path} is of an earlier TagRefine and has to be brought up to date first, but cannot be written. "
                "Copy the home to where it can be, and open it there."
            )

    @property
    def writable(self) -> bool:
        """Whether this process may write into the home."""
        return os.access(self.home, os.W_OK) and (not self.path.exists() or os.access(self.path, os.W_OK))

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection in autocommit mode with foreign keys on.

        Raises
        ------
        DiskFull, ReadOnly, HomeError
            When the database refuses.
        DataError
            When what it is given is no text or too large a number.
        """
        with self._plain_errors(), self._open(alone=True) as connection:
            yield connection

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Open a connection inside one write transaction; a ``durable`` one survives a power failure once it is committed."""
        with self._plain_errors(), self._open() as connection:
            if durable:
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # SQLite ends it itself when the disk is full
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _open(self, *, alone: bool = False) -> Iterator[sqlite3.Connection]:
        """Open a connection; where there is no room to share the file with others, for one who reads ``alone``."""
        connection = self._connection()
        try:
            try:
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
            except sqlite3.OperationalError as error:
                no_room = _primary(error) in (
                    sqlite3.SQLITE_IOERR,
                    sqlite3.SQLITE_FULL,
                    sqlite3.SQLITE_CANTOPEN,
                )
                if not (alone and no_room):
                    raise
                connection.close()
                connection = self._connection()
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._address(), uri=True, timeout=30.0, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    def _address(self) -> str:
        """Return the address of the file: one that cannot be written is read as it lies, or beside who writes it."""
        address = f"file:{quote(os.fsencode(self.path))}"
        if self.writable:
            return address
        waiting = self._log.exists() and self._log.stat().st_size
        return f"{address}?mode=ro" if waiting else f"{address}?immutable=1"

    @property
    def _log(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _refuse_lost(self) -> None:
        if found := data_folders(self.home):
            names = ", ".join(found[:4]) + (" ..." if len(found) > 4 else "")
            raise HomeError(
                f"{self.path} is {'empty' if self.path.exists() else 'missing'}, though data of collections and runs is there ({names}). "
                "Nothing was changed. Put the file back if you have a copy; else `doctor --mend` restores what it can."
            )
        if not self.writable:
            raise ReadOnly(
                f"{self.home} cannot be written, and holds nothing to look at. Choose another home with --home DIR."
            )

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            raise DataError(f"{ascii(error.object)[:100]} holds bytes that are no text (UTF-8).") from error
        except OverflowError as error:
            raise DataError("A number is larger than any in the database.") from error
        except sqlite3.DatabaseError as error:
            if (code := _primary(error)) is None:  # our own SQL
                raise
            raise self._named(code, error) from error

    def _named(self, code: int, error: Exception) -> HomeError:
        free = shutil.disk_usage(self.home).free
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and free < _FULL):
            return DiskFull(
                f"The disk of {self.home} is full ({free // 1024:,} KB left), so nothing can be written there. What is there can be "
                "looked at; make room, or delete a collection or a run that you do not need (`delete`)."
            )
        if not self.writable or code == sqlite3.SQLITE_READONLY:
            if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) and self._log.exists():
                return ReadOnly(
                    f"{self.path} was left by a program that was killed, and cannot be put in order where nothing can be written. "
                    "Copy the home, with its tagrefine.db-wal, to where it can be, and open it there."
                )
            return ReadOnly(
                f"The home {self.home} is read-only: it can be looked at, and nothing can be changed."
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return HomeError(
                f"{self.path} cannot be used as TagRefine's database ({error}). `doctor --mend` saves what can be read of it and keeps the "
                "damaged file under another name."
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return HomeError(f"{self.path} is being written by another process. Try again in a moment.")
        return HomeError(f"{self.path} cannot be used ({error}). Check the disk and its permissions.")


_NAMED = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
)


def _primary(error: sqlite3.DatabaseError) -> int | None:
    """Return what kind of refusal an error is; None where it is a mistake of ours."""
    # Python raises one without a number where a text is none: a garbled page.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code if code in _NAMED else None


def data_folders(home: Path) -> list[str]:
    """Return the folders of collections and runs that hold data, relative to the home."""
    return [
        folder.relative_to(home).as_posix()
        for kind in ("collections", "runs")
        for folder in sorted((home / kind).glob("*"))
        if folder.is_dir() and any(folder.iterdir())
    ]
