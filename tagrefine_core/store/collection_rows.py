"""Collections in the database: what was imported, by row, column and number."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from tagrefine_core.errors import CollectionError
from tagrefine_core.store.database import Database
from tagrefine_core.store.records import CollectionRecord, ImportIssue, TagRecord

__all__ = ["CollectionRows", "now"]


def now() -> str:
    """Return the time as the database stores it: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class CollectionRows(Database):
    """The part of a `Store` that is about collections and their import."""

    def collections(self) -> list[CollectionRecord]:
        """List all collections, the newest first."""
        with self.connect() as connection:
            return [
                CollectionRecord.read(row)
                for row in connection.execute("SELECT * FROM collections ORDER BY id DESC")
            ]

    def collection(self, name: str) -> CollectionRecord:
        """Find a collection by name; CollectionError lists the names there are."""
        with self.connect() as connection:
            row = connection.execute("SELECT * FROM collections WHERE name = ?", (name,)).fetchone()
        if row is None:
            names = ", ".join(record.name for record in self.collections()) or "none yet"
            raise CollectionError(f"There is no collection {name!r} in {self.home}; there are: {names}.")
        return CollectionRecord.read(row)

    def write_collection(
        self,
        record: CollectionRecord,
        *,
        images: Iterable[tuple[str, int, int, str | None]],
        vocabulary: Sequence[str],
        label_columns: Sequence[int],
        raw_tags: Iterable[TagRecord],
        issues: Iterable[ImportIssue],
        before_commit: Callable[[int], None] | None = None,
    ) -> CollectionRecord:
        """Write a collection whole, in one transaction; one of the same name is replaced and keeps its id and runs.

        Parameters
        ----------
        record : CollectionRecord
            ``id`` and ``created`` are ignored.
        images : iterable of (file, width, height, user)
            In row order; ``file`` is relative to the root.
        vocabulary : sequence of str
            Tags in column order.
        label_columns : sequence of int
            Column of each label, in the order of the ground-truth array.
        raw_tags, issues
            Preprocessing decisions in the order of the raw-tag numbers, and the import report.
        before_commit : callable, optional
            Given the collection's number once all rows are written; when it raises, nothing has changed.
        """
        label_of = {int(column): number for number, column in enumerate(label_columns)}
        with self.transaction() as connection:
            old = connection.execute(
                "SELECT id, data_hash FROM collections WHERE name = ?", (record.name,)
            ).fetchone()
            values = (
                record.kind,
                record.root,
                record.images,
                record.tags,
                record.labels,
                record.skipped,
                record.data_hash,
                now(),
                json.dumps(record.details),
            )
            if old is None:
                cursor = connection.execute(
                    "INSERT INTO collections (kind, root, images, tags, labels, skipped, data_hash, created, details, name, id)"
                    " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                    (*values, record.name, self._unused_number(connection)),
                )
                number = int(cursor.lastrowid or 0)
            else:
                number = old["id"]
                connection.execute(
                    "UPDATE collections SET kind=?, root=?, images=?, tags=?, labels=?, skipped=?, data_hash=?, created=?, details=?"
                    " WHERE id=?",
                    (*values, number),
                )
                for table in ("images", "vocabulary", "raw_tags", "import_issues"):
                    connection.execute(f"DELETE FROM {table} WHERE collection_id = ?", (number,))
                if old["data_hash"] != record.data_hash:
                    # Those of runs stay beside the run, which is no longer current.
                    connection.execute(
                        "DELETE FROM metrics WHERE collection_id = ? AND subject = 'user_tags'", (number,)
                    )
            connection.executemany(
                "INSERT INTO images VALUES (?,?,?,?,?,?)",
                ((number, row, *image) for row, image in enumerate(images)),
            )
            connection.executemany(
                "INSERT INTO vocabulary VALUES (?,?,?,?)",
                ((number, column, tag, label_of.get(column)) for column, tag in enumerate(vocabulary)),
            )
            connection.executemany(
                "INSERT INTO raw_tags VALUES (?,?,?,?,?,?,?,?)",
                (
                    (number, k, tag.raw, tag.count, tag.outcome, tag.tag, tag.reason, json.dumps(tag.above))
                    for k, tag in enumerate(raw_tags)
                ),
            )
            connection.executemany(
                "INSERT INTO import_issues VALUES (?,?,?,?,?)",
                ((number, k, issue.file, issue.reason, issue.severity) for k, issue in enumerate(issues)),
            )
            if before_commit is not None:
                before_commit(number)
        return self.collection(record.name)

    def _unused_number(self, connection: sqlite3.Connection) -> int:
        """Return a number for a new collection, beyond those of folders that the database knows nothing of."""
        folders = [int(path.name) for path in (self.home / "collections").glob("*") if path.name.isdecimal()]
        known = [int(row["id"]) for row in connection.execute("SELECT id FROM collections")]
        return max([0, *known, *folders]) + 1

    def delete_collection(self, name: str) -> CollectionRecord:
        """Forget a collection with its runs and metrics; arrays and thumbnails are the caller's to remove."""
        record = self.collection(name)
        with self.transaction() as connection:
            connection.execute("DELETE FROM collections WHERE id = ?", (record.id,))
        return record

    def images(self, collection_id: int) -> list[tuple[str, int, int, str | None]]:
        """Return (file, width, height, user) of every image in row order."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT file, width, height, user FROM images WHERE collection_id = ? ORDER BY row",
                (collection_id,),
            )
            rows.row_factory = None  # plain tuples: there may be hundreds of thousands
            return rows.fetchall()

    def image_file(self, collection_id: int, row: int) -> str | None:
        """Return the file of one image, or None; the quick look-up of the thumbnail route."""
        with self.connect() as connection:
            found = connection.execute(
                "SELECT file FROM images WHERE collection_id = ? AND row = ?", (collection_id, row)
            ).fetchone()
        return None if found is None else str(found["file"])

    def vocabulary(self, collection_id: int) -> tuple[list[str], list[int]]:
        """Return the tags in column order, and the column of each label in label order."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT tag, label, column FROM vocabulary WHERE collection_id = ? ORDER BY column",
                (collection_id,),
            ).fetchall()
        labelled = sorted((row["label"], row["column"]) for row in rows if row["label"] is not None)
        return [row["tag"] for row in rows], [column for _, column in labelled]

    def raw_tags(self, collection_id: int) -> list[TagRecord]:
        """Return every spelling that users gave and what preprocessing did with it, in number order."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT raw, count, outcome, tag, reason, above FROM raw_tags WHERE collection_id = ? ORDER BY number",
                (collection_id,),
            )
            rows.row_factory = None  # plain tuples: there may be hundreds of thousands
            return [
                TagRecord(raw, count, outcome, tag, reason, tuple(json.loads(above)) if above != "[]" else ())
                for raw, count, outcome, tag, reason, above in rows
            ]

    def raw_spellings(self, collection_id: int) -> list[str]:
        """Return only the spellings, in number order: several times faster than `raw_tags`."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT raw FROM raw_tags WHERE collection_id = ? ORDER BY number", (collection_id,)
            )
            return [row[0] for row in rows]

    def import_issues(self, collection_id: int) -> list[ImportIssue]:
        """Return the import report."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT file, reason, severity FROM import_issues WHERE collection_id = ? ORDER BY number",
                (collection_id,),
            )
            return [ImportIssue(*row) for row in rows]
