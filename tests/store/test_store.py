import json
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tagrefine_core.errors import CollectionError, HomeError, JobError, RunError
from tagrefine_core.store import CollectionRecord, EpochRecord, ImportIssue, Store, TagRecord, rescue
from tagrefine_core.store.migrations import MIGRATIONS


def write(store, name="c", *, n=3, data_hash="h", **options):
    record = CollectionRecord(
        0, name, "table", "photos/x", n, 2, 1, 1, data_hash, "", {"min_fraction": 0.001}
    )
    return store.write_collection(
        record,
        images=[(f"{row}.jpg", 10, 20, None if row else "ann") for row in range(n)],
        vocabulary=["dog", "sea"],
        label_columns=[1],
        raw_tags=[
            TagRecord("Sea", 2, "merged", "sea", "spelling", ("water", "nature")),
            TagRecord("qq", 1, "dropped", None, "no word"),
        ],
        issues=[ImportIssue("bad.jpg", "is empty"), ImportIssue("a.gif", "animated", "note")],
        **options,
    )


def test_a_collection_comes_back_as_it_was_written(store):
    record = write(store)
    assert store.collection("c") == record and store.collections() == [record]
    assert record.details == {"min_fraction": 0.001} and record.created
    assert store.images(record.id) == [
        ("0.jpg", 10, 20, "ann"),
        ("1.jpg", 10, 20, None),
        ("2.jpg", 10, 20, None),
    ]
    assert store.vocabulary(record.id) == (["dog", "sea"], [1])
    assert [tag.raw for tag in store.raw_tags(record.id)] == store.raw_spellings(record.id) == ["Sea", "qq"]
    assert store.raw_tags(record.id)[0].tags == ("sea", "water", "nature")
    assert store.raw_tags(record.id)[1] == TagRecord("qq", 1, "dropped", None, "no word")
    assert store.import_issues(record.id)[1] == ImportIssue("a.gif", "animated", "note")
    assert store.image_file(record.id, 2) == "2.jpg"
    assert store.image_file(record.id, 3) is None and store.image_file(99, 0) is None


def test_label_columns_keep_the_order_of_the_labels(store):
    record = CollectionRecord(0, "c", "table", "x", 0, 3, 3, 0, "h", "")
    store.write_collection(
        record, images=[], vocabulary=["a", "b", "c"], label_columns=[2, 0, 1], raw_tags=[], issues=[]
    )
    assert store.vocabulary(1) == (["a", "b", "c"], [2, 0, 1])


def test_the_same_name_replaces_and_keeps_the_number(store):
    first = write(store, n=3)
    other = write(store, "other", n=1)
    again = write(store, n=2, data_hash="new")
    assert again.id == first.id and again.images == 2
    assert len(store.images(first.id)) == 2 and len(store.images(other.id)) == 1


def test_nothing_changes_when_the_last_step_fails(store):
    write(store)
    numbers = []

    def fail(number):
        numbers.append(number)
        raise OSError("disk full")

    with pytest.raises(OSError):
        write(store, n=1, data_hash="new", before_commit=fail)
    with pytest.raises(OSError):
        write(store, "second", before_commit=fail)
    assert numbers == [1, 2]
    assert store.collection("c").images == 3 and len(store.images(1)) == 3
    assert [record.name for record in store.collections()] == ["c"]


def test_deleting_takes_all_rows_along(store):
    record = write(store)
    store.create_run("r1", record.id, config={}, seed=0, data_hash="h", versions={})
    store.write_epoch("r1", EpochRecord("phi0", 1, 10, {}))
    store.write_metrics(record.id, "r1", {"map": 1.0})
    store.set_tag_rules(record.id, {"dog": "leave"})
    assert store.delete_collection("c") == record
    with store.connect() as connection:
        for table in (
            "collections",
            "images",
            "vocabulary",
            "raw_tags",
            "import_issues",
            "runs",
            "epochs",
            "metrics",
            "curation_steps",
            "curation_entries",
            "curation_standing",
        ):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    with pytest.raises(CollectionError, match="none yet"):
        store.delete_collection("c")


def test_unknown_names_list_what_there_is(store):
    write(store)
    with pytest.raises(CollectionError, match=r"no collection 'x'.*there are: c"):
        store.collection("x")
    with pytest.raises(RunError, match="none yet"):
        store.run("x")
    with pytest.raises(JobError, match="no job 7"):
        store.job(7)


def test_runs_epochs_and_metrics(store):
    record = write(store)
    write(store, "other")
    for run_id in ("a", "b"):
        store.create_run(run_id, record.id, config={"s": 64}, seed=3, data_hash="h", versions={"torch": "2"})
    assert [run.id for run in store.runs()] == ["b", "a"] == [run.id for run in store.runs("c")]
    assert store.runs("other") == []
    run = store.run("a")
    assert (run.collection, run.state, run.config, run.versions, run.finished) == (
        "c",
        "running",
        {"s": 64},
        {"torch": "2"},
        None,
    )
    store.set_run_state("a", "failed", "out of memory")
    assert store.run("a").message == "out of memory" and store.run("a").finished

    store.write_epoch("a", EpochRecord("constraints", 1, 20, {"loss": 0.5, "macro": None}))
    store.write_epoch("a", EpochRecord("phi0", 1, 10, {"loss": 2.0}))
    store.write_epoch("a", EpochRecord("phi0", 1, 10, {"loss": 1.0}))  # the same epoch after a resume
    assert [(e.stage, e.step, e.values) for e in store.epochs("a")] == [
        ("phi0", 10, {"loss": 1.0}),
        ("constraints", 20, {"loss": 0.5, "macro": None}),
    ]
    assert store.metrics(record.id, "a") is None
    store.write_metrics(record.id, "a", {"map": 0.6})
    assert store.metrics(record.id, "a") == store.run("a").metrics == {"map": 0.6}
    store.delete_run("a")
    assert store.metrics(record.id, "a") is None and store.epochs("a") == []
    assert [run.id for run in store.runs()] == ["b"]


def test_jobs(store):
    options = {"settings": ["lr=0.1"], "seed": 3}
    first = store.create_job("train", "c", options, run_id="r", table_id="t")
    with pytest.raises(JobError, match="not now"):
        store.create_job("train", "c", {}, check=refuse)
    second = store.create_job("train", "other", {})
    store.update_job(first, state="finished", done=5, total=5, result={"run": "r"})
    job = store.job(first)
    assert (job.state, job.done, job.result) == ("finished", 5, {"run": "r"})
    assert (job.command, job.options, job.run_id, job.table_id) == ("train", options, "r", "t")
    assert job.finished and [job.id for job in store.jobs()] == [second, first]


def refuse():
    raise JobError("not now")


def test_jobs_of_an_older_database_are_kept_without_what_they_were_asked(home, monkeypatch):
    older = dict(list(MIGRATIONS.items())[: list(MIGRATIONS).index("0005_structured_jobs")])
    monkeypatch.setattr("tagrefine_core.store.migrations.MIGRATIONS", older)
    store = Store(home)
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO collections (id, name, kind, root, images, tags, labels, skipped, data_hash, created, details)"
            " VALUES (1, 'c', 'folder', '/photos', 2, 3, 1, 0, 'h', '2026-01-01T00:00:00+00:00', '{}')"
        )
        connection.execute(
            "INSERT INTO runs (id, collection_id, state, config, seed, data_hash, versions, created)"
            " VALUES ('r1', 1, 'running', '{}', 0, 'h', '{}', '2026-01-01T00:00:00+00:00')"
        )
    rows = [
        ("train", "c", "r1", "interrupted", None),
        ("refine", "r1", None, "finished", '{"images": 3}'),
        ("refine", "gone", None, "finished", None),
    ]
    with store.transaction() as connection:
        connection.executemany(
            "INSERT INTO jobs (kind, collection, run_id, state, result, arguments, created, message)"
            " VALUES (?,?,?,?,?,'[\"train\"]','2026-01-01T00:00:00+00:00','why')",
            rows,
        )
    monkeypatch.undo()
    jobs = Store(home).jobs()
    assert [(job.id, job.command, job.collection, job.run_id, job.state) for job in jobs] == [
        (3, "refine", "", "gone", "finished"),
        (2, "refine", "c", "r1", "finished"),
        (1, "train", "c", "r1", "interrupted"),
    ]
    assert all(job.options is None and job.table_id is None and job.message == "why" for job in jobs)
    assert jobs[1].result == {"images": 3}
    assert Store(home).create_job("train", "c", {}) == 4


def test_another_import_forgets_metrics_of_user_tags_only_when_the_data_changed(store):
    record = write(store)
    store.write_metrics(record.id, "user_tags", {"map": 0.5})
    write(store)
    assert store.metrics(record.id, "user_tags") == {"map": 0.5}
    write(store, data_hash="new")
    assert store.metrics(record.id, "user_tags") is None


# The curator's list


def test_rules_of_tags(store):
    first, other = write(store), write(store, "other")
    assert store.tag_rules(first.id) == {}
    store.set_tag_rules(first.id, {"sea": "leave", "dog": "judge"})
    store.set_tag_rules(other.id, {"sea": "judge"})
    assert list(store.tag_rules(first.id).items()) == [("dog", "judge"), ("sea", "leave")], "by tag"
    store.set_tag_rules(first.id, {"sea": "judge", "dog": None, "never there": None})
    assert store.tag_rules(first.id) == {"sea": "judge"} == store.tag_rules(other.id)


def test_rules_are_set_all_at_once_or_not_at_all(store):
    record = write(store)
    store.set_tag_rules(record.id, {"dog": "leave"})
    with pytest.raises(sqlite3.IntegrityError):
        store.set_tag_rules(record.id, {"dog": "judge", "sea": "perhaps"})
    assert store.tag_rules(record.id) == {"dog": "leave"}


def test_rules_outlive_an_import_and_not_the_collection(store):
    record = write(store)
    store.set_tag_rules(record.id, {"dog": "leave", "gone": "judge"})
    for data_hash in ("h", "new"):
        assert store.tag_rules(write(store, data_hash=data_hash).id) == {"dog": "leave", "gone": "judge"}
    store.delete_collection("c")
    assert store.tag_rules(write(store).id) == {}


def test_two_processes_write_rules_at_once_and_lose_none(home):
    record = write(Store(home))
    program = """if True:
        import sys
        from tagrefine_core.store import Store
        store = Store(sys.argv[1])
        input()  # both are ready
        for number in range(60):
            store.set_tag_rules(int(sys.argv[2]), {f"{sys.argv[3]}{number}": "leave", "shared": sys.argv[3]})
    """
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home), str(record.id), rule], stdin=subprocess.PIPE, text=True
        )
        for rule in ("leave", "judge")
    ]
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    rules = Store(home).tag_rules(record.id)
    assert rules.pop("shared") in ("leave", "judge")
    assert rules == {f"{rule}{number}": "leave" for rule in ("leave", "judge") for number in range(60)}


# Migrations


def test_every_migration_is_recorded_once(home):
    for _ in range(2):
        store = Store(home)
    with store.connect() as connection:
        names = [row["name"] for row in connection.execute("SELECT name FROM migrations ORDER BY name")]
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert names == list(MIGRATIONS)


def test_an_older_database_is_brought_up_to_date(home):
    first = next(iter(MIGRATIONS))
    with sqlite3.connect(home / "tagrefine.db") as connection:
        connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied TEXT NOT NULL)")
        connection.executescript(MIGRATIONS[first])
        connection.execute("INSERT INTO migrations VALUES (?, '')", (first,))
        connection.execute("INSERT INTO collections VALUES (1,'old','table','x',0,0,0,0,'h','','{}')")
    connection.close()
    store = Store(home)
    assert [record.name for record in store.collections()] == ["old"] and store.runs() == []


def test_a_newer_database_is_refused_and_left_alone(home):
    store = Store(home)
    with store.connect() as connection:
        connection.execute("INSERT INTO migrations VALUES ('9999_future', '')")
    before = (home / "tagrefine.db").read_bytes()
    with pytest.raises(HomeError, match=r"newer TagRefine.*9999_future"):
        Store(home)
    assert (home / "tagrefine.db").read_bytes() == before


def test_a_migration_that_fails_leaves_nothing(home, monkeypatch):
    Store(home)
    broken = {**MIGRATIONS, "9999_broken": "CREATE TABLE half (x); CREATE NONSENSE"}
    monkeypatch.setattr("tagrefine_core.store.migrations.MIGRATIONS", broken)
    with pytest.raises(HomeError):
        Store(home)
    monkeypatch.undo()
    with Store(home).connect() as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone()[0] == 0


def test_a_file_that_is_no_database(home):
    (home / "tagrefine.db").write_bytes(b"This is no database, however long it may be." * 100)
    with pytest.raises(HomeError, match="cannot be used as TagRefine's database"):
        Store(home)


def test_many_open_and_write_at_once(home):
    barrier = threading.Barrier(8)

    def work(number):
        barrier.wait()
        store = Store(home)  # all of them want to migrate
        write(store, f"c{number}")
        return store.create_job("train", f"c{number}", {})

    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(work, range(8)))
    assert sorted(jobs) == list(range(1, 9))
    assert len(Store(home).collections()) == 8


def test_records_hold_plain_json(store):
    record = write(store)
    assert json.loads(json.dumps(record.details)) == record.details


def test_a_database_of_an_earlier_version_is_rescued_with_the_columns_it_had(store):
    record = write(store)
    with store.connect() as connection:
        connection.execute("ALTER TABLE raw_tags DROP COLUMN above")
    found = rescue(store.home)
    assert found is not None and found.lost == ()
    assert Store(store.home).raw_tags(record.id)[0] == TagRecord("Sea", 2, "merged", "sea", "spelling")
