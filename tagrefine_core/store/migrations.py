"""Named migrations, applied in order, each committed together with its own record."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime

from tagrefine_core.errors import HomeError

__all__ = ["MIGRATIONS", "migrate", "pending"]

# Where the settings of runs of 0.1.0 are since; those that are not named had no use and are gone.
_GROUPED = {
    "network": {
        name: name
        for name in (
            "backbone", "weights", "finetune", "image_size", "views", "augment", "normalize", "center", "adapter", "dropout",
        )
    },
    "optimizer": {name: name for name in ("schedule", "lr_backbone", "weight_decay", "average")},
    "phi0": {"epochs": "epochs_phi0", "lr": "lr_phi0"},
    "neighbors": {name: name for name in ("s", "m", "M", "refresh")},
    "constraints": {
        name: name
        for name in ("epochs", "lr", "lambda_vis", "lambda1", "lambda2", "eta", "reduction", "alpha", "implied")
    },
    "scoring": {
        "crossfit": "folds",
        **{name: name for name in ("closed_form", "smooth", "evidence", "related", "reporting")},
    },
    "run": {
        "part": "fold",
        **{
            name: name
            for name in (
                "train_fraction", "device", "precision", "validation", "trace_queries", "checkpoint_seconds",
            )
        },
    },
}  # fmt: skip


def _group_settings(connection: sqlite3.Connection) -> None:
    for row in connection.execute("SELECT id, config FROM runs").fetchall():
        old = json.loads(row[1])
        new = {name: old[name] for name in ("preset", "task", "seed") if name in old}
        for group, names in _GROUPED.items():
            new[group] = {name: old[before] for name, before in names.items() if before in old}
        if new["phi0"].get("lr") is None and "lr" in old:  # it stood for that of stage 2
            new["phi0"]["lr"] = old["lr"]
        connection.execute("UPDATE runs SET config = ? WHERE id = ?", (json.dumps(new), row[0]))


def _uncalibrated(connection: sqlite3.Connection) -> None:
    """Scores of runs so far are no probabilities that a tag fits; what made them up for that is gone."""
    for row in connection.execute("SELECT id, config FROM runs").fetchall():
        config = json.loads(row[1])
        for name in ("related", "reporting"):
            config.get("scoring", {}).pop(name, None)
        connection.execute("UPDATE runs SET config = ? WHERE id = ?", (json.dumps(config), row[0]))


def _trace_of_all(connection: sqlite3.Connection) -> None:
    """Say whether neighbors are recorded: of all photos, where it was of so many."""
    for row in connection.execute("SELECT id, config FROM runs").fetchall():
        config = json.loads(row[1])
        if "trace_queries" in config.get("run", {}):
            config["run"]["trace"] = config["run"].pop("trace_queries") > 0
        connection.execute("UPDATE runs SET config = ? WHERE id = ?", (json.dumps(config), row[0]))


MIGRATIONS: dict[str, str | Callable[[sqlite3.Connection], None]] = {
    "0001_collections": """
        CREATE TABLE collections (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            root TEXT NOT NULL,
            images INTEGER NOT NULL,
            tags INTEGER NOT NULL,
            labels INTEGER NOT NULL,
            skipped INTEGER NOT NULL,
            data_hash TEXT NOT NULL,
            created TEXT NOT NULL,
            details TEXT NOT NULL
        );
        CREATE TABLE images (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            row INTEGER NOT NULL,
            file TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            user TEXT,
            PRIMARY KEY (collection_id, row)
        ) WITHOUT ROWID;
        CREATE TABLE vocabulary (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            column INTEGER NOT NULL,
            tag TEXT NOT NULL,
            label INTEGER,
            PRIMARY KEY (collection_id, column)
        ) WITHOUT ROWID;
        CREATE TABLE raw_tags (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            raw TEXT NOT NULL,
            count INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            tag TEXT,
            reason TEXT NOT NULL,
            PRIMARY KEY (collection_id, number)
        ) WITHOUT ROWID;
        CREATE TABLE import_issues (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            file TEXT NOT NULL,
            reason TEXT NOT NULL,
            severity TEXT NOT NULL,
            PRIMARY KEY (collection_id, number)
        ) WITHOUT ROWID;
    """,
    "0002_runs": """
        CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            state TEXT NOT NULL,
            config TEXT NOT NULL,
            seed INTEGER NOT NULL,
            data_hash TEXT NOT NULL,
            versions TEXT NOT NULL,
            created TEXT NOT NULL,
            finished TEXT,
            message TEXT NOT NULL DEFAULT ''
        );
        CREATE TABLE epochs (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            step INTEGER NOT NULL,
            numbers TEXT NOT NULL,
            PRIMARY KEY (run_id, stage, epoch)
        ) WITHOUT ROWID;
        CREATE TABLE metrics (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            numbers TEXT NOT NULL,
            PRIMARY KEY (collection_id, subject)
        ) WITHOUT ROWID;
    """,
    "0003_jobs": """
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            collection TEXT NOT NULL,
            run_id TEXT,
            arguments TEXT NOT NULL,
            state TEXT NOT NULL,
            pid INTEGER,
            pid_started REAL,
            stage TEXT NOT NULL DEFAULT '',
            done INTEGER NOT NULL DEFAULT 0,
            total INTEGER NOT NULL DEFAULT 0,
            seconds_left REAL,
            message TEXT NOT NULL DEFAULT '',
            created TEXT NOT NULL,
            finished TEXT,
            result TEXT
        );
    """,
    "0004_grouped_settings": _group_settings,
    # What the words of an old row meant is not known: its options are null.
    "0005_structured_jobs": """
        ALTER TABLE jobs RENAME COLUMN kind TO command;
        ALTER TABLE jobs RENAME COLUMN arguments TO options;
        ALTER TABLE jobs ADD COLUMN table_id TEXT;
        UPDATE jobs SET options = 'null';
        UPDATE jobs SET run_id = collection WHERE command = 'refine';
        UPDATE jobs SET collection = coalesce((SELECT collections.name FROM runs
                JOIN collections ON collections.id = runs.collection_id WHERE runs.id = jobs.run_id), '')
            WHERE command = 'refine';
    """,
    "0006_calibrated_scores": _uncalibrated,
    # Tags by name, so that a list outlives an import.
    "0007_tag_rules": """
        CREATE TABLE tag_rules (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            tag TEXT NOT NULL,
            rule TEXT NOT NULL CHECK (rule IN ('leave', 'judge')),
            PRIMARY KEY (collection_id, tag)
        ) WITHOUT ROWID;
    """,
    "0008_trace_of_all_photos": _trace_of_all,
    # The preset was called after the demo, which learns with preset default since.
    "0009_preset_small": """
        UPDATE runs SET config = json_set(config, '$.preset', 'small') WHERE json_extract(config, '$.preset') = 'demo';
        UPDATE jobs SET options = json_set(options, '$.preset', 'small') WHERE json_extract(options, '$.preset') = 'demo';
    """,
    # The log of what people decide; the list of tags of 0007 is part of it since. What is undone and what stands could be told from the
    # steps alone, and is kept since it is asked for all the time.
    "0010_curation": """
        CREATE TABLE curation_steps (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('do', 'undo', 'redo')),
            of INTEGER,
            by TEXT NOT NULL,
            at TEXT NOT NULL,
            run TEXT,
            note TEXT NOT NULL DEFAULT '',
            key TEXT,
            undone INTEGER NOT NULL DEFAULT 0,
            UNIQUE (collection_id, key)
        );
        CREATE INDEX curation_steps_of ON curation_steps (of);
        CREATE INDEX curation_steps_last ON curation_steps (collection_id, id);
        CREATE TABLE curation_entries (
            step INTEGER NOT NULL REFERENCES curation_steps(id) ON DELETE CASCADE,
            collection_id INTEGER NOT NULL,
            what TEXT NOT NULL CHECK (what IN ('verdict', 'rule', 'limit', 'alias', 'apart')),
            file TEXT NOT NULL,
            tag TEXT NOT NULL,
            value TEXT,
            PRIMARY KEY (step, what, file, tag),
            CHECK (what <> 'verdict' OR value IS NULL OR value IN ('accept', 'reject', 'unsure')),
            CHECK (what <> 'rule' OR value IS NULL OR value IN ('leave', 'judge'))
        ) WITHOUT ROWID;
        CREATE INDEX curation_entries_about ON curation_entries (collection_id, what, file, tag, step);
        CREATE TABLE curation_standing (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            what TEXT NOT NULL,
            file TEXT NOT NULL,
            tag TEXT NOT NULL,
            value TEXT NOT NULL,
            step INTEGER NOT NULL,
            UNIQUE (collection_id, what, file, tag)
        );
        INSERT INTO curation_steps (collection_id, kind, by, at, note)
            SELECT DISTINCT collection_id, 'do', '', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 'the list of an earlier TagRefine' FROM tag_rules;
        UPDATE curation_steps SET of = id;
        INSERT INTO curation_entries (step, collection_id, what, file, tag, value)
            SELECT curation_steps.id, tag_rules.collection_id, 'rule', '', tag, rule
            FROM tag_rules JOIN curation_steps ON curation_steps.collection_id = tag_rules.collection_id;
        INSERT INTO curation_standing (collection_id, what, file, tag, value, step)
            SELECT collection_id, what, file, tag, value, step FROM curation_entries;
        DROP TABLE tag_rules;
    """,
    "0011_run_origin": """
        ALTER TABLE runs ADD COLUMN origin TEXT;
    """,
    "0012_named_runs": """
        ALTER TABLE runs ADD COLUMN title TEXT NOT NULL DEFAULT '';
        ALTER TABLE runs ADD COLUMN note TEXT NOT NULL DEFAULT '';
        ALTER TABLE runs ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE epochs ADD COLUMN points TEXT NOT NULL DEFAULT '[]';
    """,
    # What a curator looks for again and again, as the query of Browse's address.
    "0013_saved_filters": """
        CREATE TABLE saved_filters (
            collection_id INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            query TEXT NOT NULL,
            PRIMARY KEY (collection_id, name)
        ) WITHOUT ROWID;
    """,
    # A spelling may count for several tags: "Places|Italy|Rome".
    "0014_tags_above": """
        ALTER TABLE raw_tags ADD COLUMN above TEXT NOT NULL DEFAULT '[]';
    """,
}


def pending(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that a database lacks, in their order; nothing is written.

    Raises
    ------
    HomeError
        When the database was written by a newer TagRefine.
    """
    made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    known = {row[0] for row in connection.execute("SELECT name FROM migrations")} if made else set()
    if newer := sorted(known - MIGRATIONS.keys()):
        raise HomeError(
            f"The database was written by a newer TagRefine (it knows {', '.join(newer)}). Update TagRefine to open this home."
        )
    return [name for name in MIGRATIONS if name not in known]


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Apply what is missing and return the names applied; errors as `pending`."""
    waiting = pending(connection)
    if waiting:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied TEXT NOT NULL)"
        )
    applied = []
    for name in waiting:
        script = MIGRATIONS[name]
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have applied it while this one waited for the lock.
            if connection.execute("SELECT 1 FROM migrations WHERE name = ?", (name,)).fetchone() is None:
                if callable(script):
                    script(connection)
                else:
                    for statement in filter(str.strip, script.split(";")):
                        connection.execute(statement)
                connection.execute(
                    "INSERT INTO migrations VALUES (?, ?)", (name, datetime.now(UTC).isoformat())
                )
                applied.append(name)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return applied
