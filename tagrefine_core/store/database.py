"""The database file: opened and brought up to date, short connections, write transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagrefine_core.errors import HomeError
from tagrefine_core.folders import home_folder
from tagrefine_core.store.migrations import migrate

__all__ = ["Database"]


class Database:
    """The database ``tagrefine.db`` of a home folder.

    Every call opens its own short connection, so a database can be shared by threads and processes.

    Parameters
    ----------
    home : str or Path
        A folder, made when missing.

    Raises
    ------
    HomeError
        When the folder is not writable, or the file is not a database or is of a newer version.
    """

    def __init__(self, home: str | Path) -> None:
        self.home = home_folder(home)
        self.path = self.home / "tagrefine.db"
        try:
            with self.connect() as connection:
                migrate(connection)
        except sqlite3.DatabaseError as error:
            raise HomeError(
                f"{self.path} cannot be used as TagRefine's database ({error}). Move it away or choose another home."
            ) from error

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open a connection in autocommit mode with foreign keys on."""
        connection = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Open a connection inside one write transaction; a ``durable`` one survives a power failure once it is committed."""
        with self.connect() as connection:
            if durable:
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
