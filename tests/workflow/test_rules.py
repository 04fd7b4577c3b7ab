"""Who may do what while which job lives: each pair, and that each way in asks."""

import os

import psutil
import pytest

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tagrefine_core.errors import CollectionError, JobError, RunError
from tagrefine_core.workflow import Work, record_job, refusal
from tests import fake_data

COMMANDS = (
    "ablate",
    "benchmark",
    "demo",
    "import",
    "map",
    "noise",
    "refine",
    "reproduce",
    "setup",
    "train",
    "tune",
)
OF_COLLECTIONS = {*COMMANDS} - {"setup"}
IMPORTS = {"import", "demo"}

# By what is asked for: the commands whose live job on the same collection refuses it.
REFUSED = {
    "import": OF_COLLECTIONS,
    "demo": OF_COLLECTIONS,
    "delete collection": OF_COLLECTIONS,
    "delete run": {"reproduce"},
    "train": {*IMPORTS, "train", "reproduce"},
    "benchmark": {*IMPORTS, "benchmark"},
    "ablate": {*IMPORTS, "ablate"},
    "tune": {*IMPORTS, "tune"},
    "noise": {*IMPORTS, "noise"},
    "reproduce": {*IMPORTS, "reproduce"},
    "map": {*IMPORTS, "map"},
    "refine": IMPORTS,
}


@pytest.mark.parametrize("action", REFUSED)
def test_each_pair(store, action):
    run_id = "holiday-run" if action == "delete run" else None
    for command in COMMANDS:
        job = store.create_job(command, "" if command == "setup" else "holiday", {}, run_id="another")
        reason = refusal(store, action, "holiday", run_id=run_id)
        if command in REFUSED[action]:
            assert reason is not None and reason.startswith(f"Job {job} ") and "'holiday'" in reason
            assert reason.endswith("Wait for it, or cancel it.")
        else:
            assert reason is None, command
        assert refusal(store, action, "other") is None, "another collection is free"
        store.update_job(job, state="finished")
        assert refusal(store, action, "holiday", run_id=run_id) is None


@pytest.mark.parametrize("command", ["train", "demo", "refine", "map"])
@pytest.mark.parametrize("action", ["train", "delete run"])
def test_a_run_that_is_trained_or_read_stays(store, command, action):
    store.create_job(command, "holiday", {}, run_id="holiday-run")
    assert refusal(store, action, "holiday", run_id="holiday-run")
    if action == "delete run":
        assert refusal(store, action, "holiday", run_id="another") is None


def test_wordnet_is_got_once_at_a_time(store):
    job = record_job(store, Work("setup", ""))
    with pytest.raises(JobError, match=f"Job {job} gets WordNet"):
        record_job(store, Work("setup", ""))


def live(store, command, collection="holiday", run_id=None, process=None):
    """Record a job of a process that is there, by default another than this."""
    job = store.create_job(command, collection, {}, run_id=run_id)
    process = process or psutil.Process(os.getppid())
    store.update_job(job, state="running", pid=process.pid, pid_started=process.create_time())
    return job


def too_late(*_):
    pytest.fail("it began before it was refused")


CALLS = {
    "import": lambda store: workflow.import_collection(store, "folder", "nowhere", "holiday"),
    "demo": lambda store: workflow.make_demo(store, name="holiday", progress=too_late),
    "delete collection": lambda store: workflow.delete_collection(store, "holiday"),
    "delete run": lambda store: workflow.delete_run(store, "holiday-run"),
    "train": lambda store: workflow.train_collection(store, "holiday", resume="holiday-run"),
    "map": lambda store: workflow.make_map(store, "holiday-run"),
    "refine": lambda store: workflow.export_refined(store, "holiday-run", store.home / "out.csv"),
}
WORDS = {
    "import": ["import", "folder", "nowhere", "--name", "holiday"],
    "delete collection": ["delete", "collection", "holiday", "--yes"],
    "delete run": ["delete", "run", "holiday-run", "--yes"],
    "train": ["train", "holiday"],
    "map": ["map", "holiday-run"],
    "refine": ["refine", "holiday-run", "--out", "out.csv"],
    "benchmark": ["benchmark", "holiday", "--task", "refinement", "--methods", "knn"],
    "ablate": ["ablate", "holiday"],
    "tune": ["tune", "holiday", "--grid", "phi0.lr=1,2"],
    "noise": ["noise", "holiday", "--methods", "knn"],
    "reproduce": ["reproduce", "mirflickr", "--data", ".", "--name", "holiday", "--methods", "knn"],
}


@pytest.mark.parametrize("action", CALLS)
def test_who_calls_from_python_is_refused(store, action):
    command = "import" if action in ("refine", "train", "map") else "train"
    with store.transaction() as connection:
        connection.execute("UPDATE collections SET kind = 'demo'")
    job = live(store, command, run_id="holiday-run")
    with pytest.raises(JobError, match=f"Job {job} "):
        CALLS[action](store)
    assert store.collection("holiday") and store.run("holiday-run")


@pytest.mark.parametrize("action", WORDS)
def test_who_types_a_command_is_refused(store, action, capsys):
    command = action if action in ("benchmark", "ablate", "tune", "noise", "map") else "import"
    with store.transaction() as connection:
        connection.execute("UPDATE collections SET kind = 'mirflickr'")
    job = live(store, command, run_id="holiday-run")
    assert main(["--home", str(store.home), *WORDS[action]]) == 2
    assert f"Error: Job {job} " in capsys.readouterr().err
    assert store.collection("holiday") and store.run("holiday-run")
    assert len(store.jobs()) == 1, "what is refused leaves no job"


def test_a_job_does_not_stand_in_its_own_way(store):
    live(store, "train", run_id="holiday-run", process=psutil.Process())
    workflow.delete_run(store, "holiday-run")
    with pytest.raises(CollectionError):
        workflow.import_collection(store, "folder", "nowhere", "holiday")


def test_of_several_processes_only_the_first_is_asked(store, monkeypatch):
    live(store, "import")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(RunError):  # it goes on, to what is wrong with the photos of this collection
        workflow.train_collection(store, "holiday", resume="other-run")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(JobError):
        workflow.train_collection(store, "holiday", resume="other-run")


def test_a_dead_job_stands_in_nobodys_way(store):
    job = live(store, "import")
    store.update_job(job, pid_started=1.0)
    workflow.delete_collection(store, "holiday")
    assert [record.name for record in store.collections()] == ["other"]


def test_a_job_that_began_while_photos_were_read_keeps_the_collection_as_it_is(store, tmp_path):
    source = fake_data.sidecars(tmp_path / "own")
    first = workflow.import_collection(store, "folder", source, "own")

    def progress(stage, *_):
        if stage == "Building the vocabulary":
            store.create_job("train", "own", {})

    (source / next(source.rglob("*.txt"))).write_text("sea, sky")
    with pytest.raises(JobError, match="trains on 'own'"):
        workflow.import_collection(store, "folder", source, "own", progress=progress)
    assert store.collection("own").data_hash == first.data_hash
