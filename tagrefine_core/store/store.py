"""Everything the rest of TagRefine asks of the database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

from tagrefine_core.errors import JobError, RunError
from tagrefine_core.store.collection_rows import CollectionRows, now
from tagrefine_core.store.curation import CurationLog, Entry
from tagrefine_core.store.records import (
    EpochRecord,
    JobRecord,
    RunOrigin,
    RunRecord,
)

__all__ = ["Store"]

_RUN = (
    "SELECT runs.*, collections.name, metrics.numbers FROM runs JOIN collections ON collections.id = runs.collection_id \
LEFT JOIN metrics ON metrics.collection_id = runs.collection_id AND metrics.subject = runs.id"
)


class Store(CollectionRows):
    """What a home folder's database holds: collections, runs, metrics, the curator's list, jobs; opened as `Database`."""

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
                    now(),
                    None if origin is None else json.dumps(asdict(origin)),
                ),
            )

    def set_run_state(self, run_id: str, state: str, message: str = "") -> None:
        """Change the state of a run; every state but "running" also sets the time it finished."""
        finished = None if state == "running" else now()
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
                (command, collection, run_id, table_id, json.dumps(dict(options)), "starting", now()),
            )
            return int(cursor.lastrowid or 0)

    def update_job(self, job_id: int, **values: Any) -> None:
        """Change columns of a job; ``result`` is stored as JSON."""
        if "result" in values and values["result"] is not None:
            values["result"] = json.dumps(values["result"])
        if values.get("state") in ("finished", "cancelled", "failed", "interrupted"):
            values.setdefault("finished", now())
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
