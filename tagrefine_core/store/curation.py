"""What people decide about a collection: a log that only grows, undone and redone without limit, and what of it is in force.

An entry says one thing about a photo's tag (``verdict``), about a tag everywhere (``rule``, ``limit``, ``alias``) or about two (``apart``); a step is what one
person did at once, of one entry or of many. To undo is a step too. Photos and tags are named, not numbered, so that what was decided
outlives an import.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from tagrefine_core.store.database import Database

__all__ = ["CurationLog", "Decided", "Entry", "Step", "stand_anew", "stands_for"]


class Entry(NamedTuple):
    """One thing that is decided.

    Attributes
    ----------
    what : {"verdict", "rule", "limit", "alias", "apart"}
        An alias says which tag a name counts for, from the next import on; empty: for none. Two tags are apart when they are not one
        and the same: both, in alphabetical order with a line break between, are the ``tag``.
    file : str
        The photo, relative to the collection's folder; empty for what is said of a tag everywhere.
    tag : str
    value : str or None
        None takes back what was said before.
    """

    what: str
    file: str
    tag: str
    value: str | None


@dataclass(frozen=True)
class Decided:
    """An entry with who said it, when (UTC, ISO 8601), looking at which run, in which step; ``undone`` only in a history."""

    file: str
    tag: str
    value: str | None
    by: str
    at: str
    run: str | None
    step: int
    undone: bool = False


@dataclass(frozen=True)
class Step:
    """What one person did at once, or undid.

    Attributes
    ----------
    id : int
    kind : {"do", "undo", "redo"}
    of : int
        The step that is undone or redone; its own id where it does something.
    by, at, run, note
        Who, when, looking at which run, and in which words.
    entries : tuple of Entry
        Of the step ``of``; at most the first hundred.
    size : int
        How many entries that has.
    """

    id: int
    kind: str
    of: int
    by: str
    at: str
    run: str | None
    note: str
    entries: tuple[Entry, ...]
    size: int


def stands_for(aliases: Mapping[str, str], name: str) -> str:
    """Return the tag that a name counts for, from alias to alias; itself where nobody said anything.

    >>> stands_for({"warszawa": "warsaw", "warsaw": "capital"}, "warszawa")
    'capital'
    """
    seen = set()
    while name in aliases and name not in seen:
        seen.add(name)
        name = aliases[name]
    return name


_SHOWN = 100  # entries that a step names
_DECIDED = "e.file, e.tag, e.value, s.by, s.at, s.run, s.id AS step, s.undone"


class CurationLog:
    """The log of a home's collections.

    What a call returns from is on disk: unlike the rest of the database, the log is written through.

    Parameters
    ----------
    database : Database
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self,
        collection_id: int,
        entries: Iterable[Entry],
        *,
        by: str,
        run: str | None = None,
        note: str = "",
        key: str | None = None,
    ) -> int:
        """Write down what somebody decided, and return the number of the step.

        Parameters
        ----------
        entries : iterable of Entry
            Of two about the same the last counts. They stand above all that was said before.
        key : str, optional
            What the sender calls this step: sent again, it is the step that is there already.
        """
        listed = {entry[:3]: entry for entry in entries}
        with self.database.transaction(durable=True) as connection:
            if (known := _step_of(connection, collection_id, key)) is not None:
                return int(known["id"])
            step = _write_step(connection, collection_id, "do", by=by, run=run, note=note, key=key)
            connection.executemany(
                "INSERT INTO curation_entries (step, collection_id, what, file, tag, value) VALUES (?,?,?,?,?,?)",
                # In the order of the indices, which is quicker where there are hundreds of thousands.
                ((step, collection_id, *listed[about]) for about in sorted(listed)),
            )
            _stand(connection, step)
        return step

    def sent(self, collection_id: int, key: str) -> Step | None:
        """Return the step that was sent under a key before; None where none was."""
        with self.database.connect() as connection:
            found = _step_of(connection, collection_id, key)
            return None if found is None else _read_step(connection, found)

    def undo(self, collection_id: int, *, by: str | None = None, key: str | None = None) -> Step | None:
        """Undo the last step that is in force, of this person or of anybody; None where there is none. ``key`` as in `add`."""
        with self.database.transaction(durable=True) as connection:
            if (known := _step_of(connection, collection_id, key)) is not None:
                return _read_step(connection, known)
            found = connection.execute(
                "SELECT id FROM curation_steps WHERE collection_id = ? AND kind = 'do' AND undone = 0"
                " AND (? IS NULL OR by = ?) ORDER BY id DESC LIMIT 1",
                (collection_id, by, by),
            ).fetchone()
            return None if found is None else _turn(connection, collection_id, "undo", found["id"], by, key)

    def redo(self, collection_id: int, *, by: str | None = None, key: str | None = None) -> Step | None:
        """Do again what was undone last, unless this person (or anybody) has decided something since; None where there is nothing."""
        with self.database.transaction(durable=True) as connection:
            if (known := _step_of(connection, collection_id, key)) is not None:
                return _read_step(connection, known)
            found = connection.execute(
                "SELECT of FROM curation_steps AS u WHERE collection_id = :id AND kind = 'undo' AND (:by IS NULL OR by = :by)"
                " AND (SELECT undone FROM curation_steps WHERE id = u.of)"
                " AND id = (SELECT max(id) FROM curation_steps WHERE of = u.of)"
                " AND id > (SELECT coalesce(max(id), 0) FROM curation_steps"
                "           WHERE collection_id = :id AND kind = 'do' AND (:by IS NULL OR by = :by))"
                " ORDER BY id DESC LIMIT 1",
                {"id": collection_id, "by": by},
            ).fetchone()
            return None if found is None else _turn(connection, collection_id, "redo", found["of"], by, key)

    def version(self, collection_id: int) -> int:
        """Return the number of the last step, undone or not; 0 before the first."""
        with self.database.connect() as connection:
            found = connection.execute(
                "SELECT max(id) FROM curation_steps WHERE collection_id = ?", (collection_id,)
            ).fetchone()
        return int(found[0] or 0)

    def values(
        self, collection_id: int, what: str, *, files: Iterable[str] | None = None
    ) -> list[tuple[str, str, str]]:
        """Return (file, tag, value) of everything of a kind that is in force, by file and tag: of all photos or of some."""
        query = "SELECT file, tag, value FROM curation_standing WHERE collection_id = ? AND what = ?"
        with self.database.connect() as connection:
            connection.row_factory = None  # plain tuples: there may be hundreds of thousands
            if files is None:
                return connection.execute(f"{query} ORDER BY file, tag", (collection_id, what)).fetchall()
            return [
                row
                for file in sorted(files)
                for row in connection.execute(
                    f"{query} AND file = ? ORDER BY tag", (collection_id, what, file)
                )
            ]

    def newest(self, collection_id: int, what: str) -> list[tuple[str, int]]:
        """Return by photo the newest step of which something is in force."""
        with self.database.connect() as connection:
            rows = connection.execute(
                "SELECT file, max(step) FROM curation_standing WHERE collection_id = ? AND what = ? GROUP BY file",
                (collection_id, what),
            )
            rows.row_factory = None
            return rows.fetchall()

    def in_force(
        self, collection_id: int, what: str, *, file: str | None = None, tag: str | None = None
    ) -> list[Decided]:
        """Return what is in force, the oldest first: of all photos or one, of all tags or one."""
        return self._decided(
            f"SELECT {_DECIDED} FROM curation_standing AS e JOIN curation_steps AS s ON s.id = e.step"
            " WHERE e.collection_id = ? AND e.what = ? AND (? IS NULL OR e.file = ?) AND (? IS NULL OR e.tag = ?)"
            " ORDER BY s.id, e.file, e.tag",
            (collection_id, what, file, file, tag, tag),
        )

    def history(
        self, collection_id: int, *, file: str | None = None, tag: str | None = None, limit: int = 200
    ) -> list[Decided]:
        """Return all that was ever said of a photo or a tag, the newest first, and whether it was undone."""
        return self._decided(
            f"SELECT {_DECIDED} FROM curation_entries AS e JOIN curation_steps AS s ON s.id = e.step"
            " WHERE e.collection_id = ? AND (? IS NULL OR e.file = ?) AND (? IS NULL OR e.tag = ?)"
            " ORDER BY s.id DESC, e.file, e.tag LIMIT ?",
            (collection_id, file, file, tag, tag, limit),
        )

    def steps(self, collection_id: int, *, limit: int = 50) -> list[Step]:
        """Return what was done and undone, the newest first."""
        with self.database.connect() as connection:
            rows = connection.execute(
                "SELECT * FROM curation_steps WHERE collection_id = ? ORDER BY id DESC LIMIT ?",
                (collection_id, limit),
            ).fetchall()
            return [_read_step(connection, row) for row in rows]

    def changed_since(
        self, collection_id: int, version: int, *, limit: int = -1
    ) -> list[tuple[str, str, str, str | None]]:
        """Return (what, file, tag, value now) of all that steps after ``version`` touched, undone ones too; None: no longer decided.

        At most ``limit`` of them, where it is not negative.
        """
        with self.database.connect() as connection:
            rows = connection.execute(
                "SELECT DISTINCT e.what, e.file, e.tag, now.value FROM curation_steps AS s"
                " JOIN curation_entries AS e ON e.step = s.of"
                " LEFT JOIN curation_standing AS now ON now.collection_id = e.collection_id AND now.what = e.what"
                "  AND now.file = e.file AND now.tag = e.tag"
                " WHERE s.collection_id = ? AND s.id > ? LIMIT ?",
                (collection_id, version, limit),
            )
            rows.row_factory = None
            return rows.fetchall()

    def _decided(self, query: str, values: tuple[object, ...]) -> list[Decided]:
        with self.database.connect() as connection:
            rows = connection.execute(query, values).fetchall()
        return [Decided(**{**dict(row), "undone": bool(row["undone"])}) for row in rows]


def _write_step(
    connection: sqlite3.Connection,
    collection_id: int,
    kind: str,
    *,
    by: str,
    of: int | None = None,
    run: str | None = None,
    note: str = "",
    key: str | None = None,
) -> int:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    cursor = connection.execute(
        "INSERT INTO curation_steps (collection_id, kind, of, by, at, run, note, key) VALUES (?,?,?,?,?,?,?,?)",
        (collection_id, kind, of, by, at, run, note, key),
    )
    number = int(cursor.lastrowid or 0)
    if of is None:
        connection.execute("UPDATE curation_steps SET of = id WHERE id = ?", (number,))
    return number


def _step_of(connection: sqlite3.Connection, collection_id: int, key: str | None) -> sqlite3.Row | None:
    """Return the step that was sent under a key before."""
    if key is None:
        return None
    found: sqlite3.Row | None = connection.execute(
        "SELECT * FROM curation_steps WHERE collection_id = ? AND key = ?", (collection_id, key)
    ).fetchone()
    return found


def _turn(
    connection: sqlite3.Connection, collection_id: int, kind: str, of: int, by: str | None, key: str | None
) -> Step:
    """Undo or redo the step ``of``."""
    undone = connection.execute("SELECT by, note FROM curation_steps WHERE id = ?", (of,)).fetchone()
    number = _write_step(
        connection, collection_id, kind, of=of, by=by or undone["by"], note=undone["note"], key=key
    )
    connection.execute("UPDATE curation_steps SET undone = ? WHERE id = ?", (kind == "undo", of))
    _stand_anew(connection, collection_id, of)
    row = connection.execute("SELECT * FROM curation_steps WHERE id = ?", (number,)).fetchone()
    return _read_step(connection, row)


def _stand(connection: sqlite3.Connection, step: int) -> None:
    """Let the entries of the newest step stand, whatever was said before."""
    connection.execute(
        "DELETE FROM curation_standing WHERE rowid IN (SELECT now.rowid FROM curation_entries AS e JOIN curation_standing AS now"
        " ON now.collection_id = e.collection_id AND now.what = e.what AND now.file = e.file AND now.tag = e.tag"
        " WHERE e.step = ? AND e.value IS NULL)",
        (step,),
    )
    connection.execute(
        "INSERT OR REPLACE INTO curation_standing (collection_id, what, file, tag, value, step)"
        " SELECT collection_id, what, file, tag, value, step FROM curation_entries WHERE step = ? AND value IS NOT NULL",
        (step,),
    )


def _stand_anew(connection: sqlite3.Connection, collection_id: int, step: int) -> None:
    """Let the newest entry that is not undone stand, of all that a step speaks of."""
    connection.execute(
        "DELETE FROM curation_standing WHERE rowid IN (SELECT now.rowid FROM curation_entries AS e JOIN curation_standing AS now"
        " ON now.collection_id = e.collection_id AND now.what = e.what AND now.file = e.file AND now.tag = e.tag WHERE e.step = ?)",
        (step,),
    )
    connection.execute(
        # With max(), SQLite takes the other columns from the row that has it (its documentation of SELECT, "bare columns").
        "INSERT INTO curation_standing (collection_id, what, file, tag, value, step)"
        " SELECT * FROM (SELECT e.collection_id, e.what, e.file, e.tag, e.value, max(e.step)"
        "  FROM curation_entries AS mine JOIN curation_entries AS e ON e.collection_id = mine.collection_id AND e.what = mine.what"
        "   AND e.file = mine.file AND e.tag = mine.tag JOIN curation_steps AS s ON s.id = e.step"
        "  WHERE mine.step = ? AND s.undone = 0 GROUP BY e.what, e.file, e.tag) WHERE value IS NOT NULL",
        (step,),
    )


def _read_step(connection: sqlite3.Connection, row: sqlite3.Row) -> Step:
    entries = connection.execute(
        "SELECT what, file, tag, value FROM curation_entries WHERE step = ? LIMIT ?", (row["of"], _SHOWN)
    ).fetchall()
    size = connection.execute("SELECT count(*) FROM curation_entries WHERE step = ?", (row["of"],)).fetchone()
    named = {name: row[name] for name in ("id", "kind", "of", "by", "at", "run", "note")}
    return Step(**named, entries=tuple(Entry(*entry) for entry in entries), size=int(size[0]))


def stand_anew(connection: sqlite3.Connection) -> None:
    """Find out from the steps alone what is undone and what is in force: for a log that was put together from parts."""
    connection.execute(
        "UPDATE curation_steps SET undone = coalesce((SELECT u.kind = 'undo' FROM curation_steps AS u"
        " WHERE u.of = curation_steps.id AND u.kind <> 'do' ORDER BY u.id DESC LIMIT 1), 0) WHERE kind = 'do'"
    )
    connection.execute("DELETE FROM curation_standing")
    connection.execute(
        "INSERT INTO curation_standing (collection_id, what, file, tag, value, step)"
        " SELECT collection_id, what, file, tag, value, step FROM ("
        "  SELECT e.collection_id, e.what, e.file, e.tag, e.value, max(e.step) AS step FROM curation_entries AS e"
        "  JOIN curation_steps AS s ON s.id = e.step WHERE s.undone = 0 GROUP BY e.collection_id, e.what, e.file, e.tag)"
        " WHERE value IS NOT NULL"
    )
