"""Everything the rest of TagRefine asks of the database."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tagrefine_core.errors import CollectionError, JobError, RunError
from tagrefine_core.store.curation import CurationLog, Entry
from tagrefine_core.store.database import Database
from tagrefine_core.store.records import (
    CollectionRecord,
    EpochRecord,
    ImportIssue,
    JobRecord,
    RunOrigin,
    RunRecord,
    TagRecord,
)

__all__ = ["Store"]

_RUN = (
    "SELECT runs.*, collections.name, metrics.numbers FROM runs JOIN collections ON collections.id = runs.collection_id \
LEFT JOIN metrics ON metrics.collection_id = runs.collection_id AND metrics.subject = runs.id"
)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Store(Database):
    """What a home folder's database holds: collections, runs, metrics, the curator's list, jobs; opened as `Database`."""

    # Collections

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
                _now(),
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

    # Runs

    def create_run(
        self,
        run_id: str,
        collection_id: int,
        *,
        config: dict[str, Any],
        seed: int,
        data_hash: str,
        versions: dict[str, str],
        origin: RunOrigin | None = None,
    ) -> None:
        """Record a run that starts now."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO runs (id, collection_id, state, config, seed, data_hash, versions, created, origin)"
                " VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    run_id,
                    collection_id,
                    "running",
                    json.dumps(config),
                    seed,
                    data_hash,
                    json.dumps(versions),
                    _now(),
                    None if origin is None else json.dumps(asdict(origin)),
                ),
            )

    def set_run_state(self, run_id: str, state: str, message: str = "") -> None:
        """Change the state of a run; every state but "running" also sets the time it finished."""
        finished = None if state == "running" else _now()
        with self.transaction() as connection:
            connection.execute(
                "UPDATE runs SET state=?, message=?, finished=? WHERE id=?",
                (state, message, finished, run_id),
            )

    def run(self, run_id: str) -> RunRecord:
        """Find a run; RunError lists the latest ones there are."""
        with self.connect() as connection:
            row = connection.execute(f"{_RUN} WHERE runs.id = ?", (run_id,)).fetchone()
        if row is None:
            # What can be looked at is meant more often than what failed.
            usable = sorted(self.runs(), key=lambda run: run.state != "finished")
            names = ", ".join(run.id for run in usable[:8]) or "none yet"
            raise RunError(f"There is no run {run_id!r} in {self.home}; the latest are: {names}.")
        return RunRecord.read(row)

    def runs(self, collection: str | None = None) -> list[RunRecord]:
        """List the runs, of one collection or of all, the newest first."""
        where, values = (" WHERE collections.name = ?", (collection,)) if collection else ("", ())
        with self.connect() as connection:
            return [
                RunRecord.read(row)
                for row in connection.execute(
                    f"{_RUN}{where} ORDER BY runs.created DESC, runs.rowid DESC", values
                )
            ]

    def describe_run(self, run_id: str, **values: str | bool) -> None:
        """Change a run's ``title``, ``note`` or ``kept``; those that are not given stay."""
        columns = ", ".join(f"{name} = ?" for name in values)
        with self.transaction() as connection:
            connection.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values.values(), run_id))

    def delete_run(self, run_id: str) -> None:
        """Forget a run with its epochs and metrics; its folder is the caller's to remove."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM metrics WHERE subject = ?", (run_id,))
            connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def write_epoch(self, run_id: str, epoch: EpochRecord) -> None:
        """Record an epoch; the same epoch again (after a resume) replaces it."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO epochs (run_id, stage, epoch, step, numbers, points) VALUES (?,?,?,?,?,?)",
                (
                    run_id,
                    epoch.stage,
                    epoch.epoch,
                    epoch.step,
                    json.dumps(epoch.values),
                    json.dumps(epoch.points),
                ),
            )

    def epochs(self, run_id: str) -> list[EpochRecord]:
        """Return the epochs of a run, stage 1 first."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT * FROM epochs WHERE run_id = ? ORDER BY stage DESC, epoch", (run_id,)
            )
            return [
                EpochRecord(
                    row["stage"],
                    row["epoch"],
                    row["step"],
                    json.loads(row["numbers"]),
                    tuple((step, losses) for step, losses in json.loads(row["points"])),
                )
                for row in rows
            ]

    # Metrics: of a run, or of the collection's "user_tags"

    def write_metrics(self, collection_id: int, subject: str, numbers: dict[str, Any]) -> None:
        """Record the metrics of a run id or of ``"user_tags"``."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO metrics VALUES (?,?,?)", (collection_id, subject, json.dumps(numbers))
            )

    def metrics(self, collection_id: int, subject: str) -> dict[str, Any] | None:
        """Return recorded metrics, or None."""
        with self.connect() as connection:
            row = connection.execute(
                "SELECT numbers FROM metrics WHERE collection_id = ? AND subject = ?",
                (collection_id, subject),
            ).fetchone()
        return None if row is None else dict(json.loads(row["numbers"]))

    # What people decide

    @cached_property
    def curation(self) -> CurationLog:
        """The log of what people decided."""
        return CurationLog(self)

    def tag_rules(self, collection_id: int) -> dict[str, str]:
        """Return the tags that are to be judged, or left alone, whatever was measured: ``"judge"`` or ``"leave"`` by tag."""
        return {tag: rule for _, tag, rule in self.curation.values(collection_id, "rule")}

    def set_tag_rules(
        self,
        collection_id: int,
        rules: Mapping[str, str | None],
        *,
        by: str = "",
        note: str = "",
        key: str | None = None,
    ) -> None:
        """Put tags on the list, or take them off with None; all at once, other tags stay as they are. Nothing new is no step."""
        now = self.tag_rules(collection_id)
        entries = [Entry("rule", "", tag, rule) for tag, rule in rules.items() if now.get(tag) != rule]
        if entries:
            self.curation.add(collection_id, entries, by=by, note=note, key=key)

    def tag_limits(self, collection_id: int) -> dict[str, float]:
        """Return from which probability on people said that a tag is added, by tag."""
        return {tag: float(limit) for _, tag, limit in self.curation.values(collection_id, "limit")}

    def tag_aliases(self, collection_id: int) -> dict[str, str]:
        """Return which tag a name counts for from the next import on, as people said it; see `tagrefine_core.store.stands_for`."""
        return {name: tag for _, name, tag in self.curation.values(collection_id, "alias")}

    # Filters kept by name

    def saved_filters(self, collection_id: int) -> dict[str, str]:
        """Return the kept filters by name, in the order of their names: each the query of an address."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT name, query FROM saved_filters WHERE collection_id = ? ORDER BY name COLLATE NOCASE",
                (collection_id,),
            ).fetchall()
        return {row["name"]: row["query"] for row in rows}

    def save_filter(self, collection_id: int, name: str, query: str | None) -> None:
        """Keep a filter, in the place of one of the same name; None forgets it."""
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM saved_filters WHERE collection_id = ? AND name = ?", (collection_id, name)
            )
            if query is not None:
                connection.execute("INSERT INTO saved_filters VALUES (?,?,?)", (collection_id, name, query))

    # Jobs

    def create_job(
        self,
        command: str,
        collection: str,
        options: Mapping[str, Any],
        *,
        run_id: str | None = None,
        table_id: str | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> int:
        """Record a job that is about to start, and return its number; the fields are those of `JobRecord`.

        ``check`` is called inside the write transaction, so that of two who ask at once the second sees the first's
        job; when it raises, nothing is recorded.
        """
        with self.transaction() as connection:
            check()
            cursor = connection.execute(
                "INSERT INTO jobs (command, collection, run_id, table_id, options, state, created) VALUES (?,?,?,?,?,?,?)",
                (command, collection, run_id, table_id, json.dumps(dict(options)), "starting", _now()),
            )
            return int(cursor.lastrowid or 0)

    def update_job(self, job_id: int, **values: Any) -> None:
        """Change columns of a job; ``result`` is stored as JSON."""
        if "result" in values and values["result"] is not None:
            values["result"] = json.dumps(values["result"])
        if values.get("state") in ("finished", "cancelled", "failed", "interrupted"):
            values.setdefault("finished", _now())
        columns = ", ".join(f"{name} = ?" for name in values)
        with self.transaction() as connection:
            connection.execute(f"UPDATE jobs SET {columns} WHERE id = ?", (*values.values(), job_id))

    def job(self, job_id: int) -> JobRecord:
        """Find a job."""
        with self.connect() as connection:
            row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise JobError(f"There is no job {job_id} in {self.home}.")
        return JobRecord.read(row)

    def jobs(self, limit: int = 50) -> list[JobRecord]:
        """List the jobs, the newest first."""
        with self.connect() as connection:
            return [
                JobRecord.read(row)
                for row in connection.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT ?", (limit,))
            ]
