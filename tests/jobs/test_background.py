import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tagrefine_core.errors import JobError
from tagrefine_core.jobs import cancel, jobs, process, recording, run_states, tail, watch
from tagrefine_core.jobs.recording import stop_file
from tagrefine_core.store import CollectionRecord, Store
from tagrefine_core.workflow import Work, start_job

from .conftest import wait_for

ENDLESS = 1_000_000


def start(store: Store, command: str, collection: str, steps: int | None = None) -> int:
    return start_job(store, Work(command, collection, {} if steps is None else {"steps": steps}))


def running(store: Store, job: int) -> Callable[[], bool]:
    return lambda: watch(store, job).state == "running" and watch(store, job).done > 0


def ended(store: Store, job: int) -> Callable[[], bool]:
    return lambda: watch(store, job).state not in ("starting", "running")


def test_a_job_runs_to_its_end(store: Store, counting: Path) -> None:
    job = start(store, "train", "holiday", 30)
    assert watch(store, job).state in ("starting", "running")
    wait_for(ended(store, job))
    record = watch(store, job)
    assert (record.command, record.collection, record.state) == ("train", "holiday", "finished")
    assert record.result == {"counted": 30}
    assert record.options == {"steps": 30}
    assert record.finished is not None
    assert tail(store, job) == "counting to 30"


def test_progress_is_visible_while_it_runs(store: Store, counting: Path) -> None:
    job = start(store, "train", "holiday", 2000)
    wait_for(running(store, job))
    first = watch(store, job)
    wait_for(lambda: watch(store, job).done > first.done and watch(store, job).seconds_left is not None)
    record = watch(store, job)
    assert (record.stage, record.total) == ("Counting", 2000)
    assert record.seconds_left is not None and record.seconds_left > 0


def test_a_job_leads_its_own_session(store: Store, counting: Path) -> None:
    job = start(store, "train", "holiday", ENDLESS)
    wait_for(running(store, job))
    pid = watch(store, job).pid
    assert pid is not None
    assert os.getsid(pid) == pid != os.getsid(0)


def test_cancel_stops_at_the_next_step(store: Store, counting: Path) -> None:
    job = start(store, "train", "holiday", ENDLESS)
    wait_for(running(store, job))
    cancel(store, job)
    wait_for(ended(store, job))
    assert watch(store, job).state == "cancelled"
    assert not stop_file(store.home, job).exists()
    assert cancel(store, job).state == "cancelled"  # once more changes nothing


def test_cancel_kills_what_does_not_listen_only_after_the_grace(
    store: Store, counting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = counting.with_name("deaf.py")
    text = counting.read_text().replace(
        "    for step", "    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    for step"
    )
    deaf.write_text(text.replace("        progress(", "        if step == 0: progress(") + "\n")
    monkeypatch.setattr("tagrefine_core.jobs.background._PROGRAM", (sys.executable, str(deaf)))
    job = start(store, "train", "holiday", ENDLESS)
    wait_for(lambda: watch(store, job).stage == "Counting")
    pid = watch(store, job).pid
    assert pid is not None
    cancel(store, job)
    cancel(store, job)
    assert psutil.pid_exists(pid) and watch(store, job).state == "running"
    cancel(store, job, grace=0)
    wait_for(ended(store, job))
    assert watch(store, job).state == "cancelled"
    wait_for(lambda: not psutil.pid_exists(pid))  # nobody leaves a zombie


def test_a_killed_job_shows_as_interrupted(store: Store, counting: Path) -> None:
    job = start(store, "train", "holiday", ENDLESS)
    wait_for(running(store, job))
    pid = watch(store, job).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(ended(store, job))
    assert [record.state for record in jobs(store)] == ["interrupted"]
    assert store.job(job).state == "interrupted", "it is stored, too"
    assert store.job(job).finished is not None
    start(store, "train", "holiday", 1)  # and is in nobody's way


def test_a_program_that_fails_before_its_work_tells_why(
    store: Store, counting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(store, "train", "holiday")  # the number is missing
    wait_for(ended(store, job))
    assert watch(store, job).state == "failed"
    assert "KeyError" in watch(store, job).message
    monkeypatch.setattr("tagrefine_core.jobs.background._PROGRAM", (str(counting.with_name("missing")),))
    with pytest.raises(JobError, match="cannot be started"):
        start(store, "train", "other")
    assert jobs(store)[0].state == "failed"


def test_a_terminal_is_refused_as_the_app_is(
    store: Store, counting: Path, in_terminal: Callable[..., subprocess.Popen[bytes]]
) -> None:
    first = start(store, "train", "holiday", ENDLESS)
    with pytest.raises(JobError, match=f"Job {first} trains on 'holiday'"):
        start(store, "train", "holiday", ENDLESS)
    wait_for(running(store, first))
    child = in_terminal("train", "holiday", 1)
    assert b"JobError" in child.communicate()[1]
    start(store, "train", "other", 1)
    assert len(jobs(store)) == 2


def test_of_many_starts_at_once_one_wins(store: Store, counting: Path) -> None:
    ids, refused = [], []
    gate = threading.Barrier(8)

    def attempt() -> None:
        gate.wait()
        try:
            ids.append(start(store, "train", "holiday", ENDLESS))
        except JobError as error:
            refused.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ids), len(refused)) == (1, 7)


def test_a_pid_that_was_given_out_again_is_not_the_job(store: Store) -> None:
    pid, started = process.identity()
    job = store.create_job("train", "holiday", {})
    store.update_job(job, state="running", pid=pid, pid_started=started)
    assert watch(store, job).state == "running"
    store.update_job(job, pid_started=started - 100)
    cancel(store, job)  # must not end this very process
    assert watch(store, job).state == "interrupted"


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    pid, started = process.identity(child.pid)
    wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert not process.is_alive(pid, started)
    child.wait()


def test_a_job_that_never_got_a_process(store: Store) -> None:
    job = store.create_job("train", "holiday", {})
    assert watch(store, job).state == "starting"
    with store.transaction() as connection:
        connection.execute("UPDATE jobs SET created = '2020-01-01T00:00:00+00:00'")
    assert watch(store, job).state == "failed"
    other = store.create_job("train", "holiday", {})
    assert cancel(store, other).state == "cancelled"


def test_tail_gives_the_last_lines_only(store: Store) -> None:
    assert tail(store, 1) == ""
    (store.home / "jobs").mkdir()
    (store.home / "jobs" / "1.log").write_bytes(
        b"x" * 200_000 + b"\n" + b"\n".join(b"%d" % n for n in range(50)) + b"\xff"
    )
    assert tail(store, 1, 3) == "47\n48\n49\N{REPLACEMENT CHARACTER}"


@pytest.fixture
def collection(store: Store) -> CollectionRecord:
    record = CollectionRecord(0, "holiday", "folder", "photos", 0, 0, 0, 0, "hash", "")
    return store.write_collection(record, images=[], vocabulary=[], label_columns=[], raw_tags=[], issues=[])


def make_run(store: Store, collection: CollectionRecord, name: str) -> str:
    store.create_run(name, collection.id, config={}, seed=0, data_hash="hash", versions={})
    return name


def test_runs_without_a_live_job_are_interrupted(
    store: Store, collection: CollectionRecord, counting: Path
) -> None:
    dead = make_run(store, collection, "dead")
    finished = make_run(store, collection, "finished")
    store.set_run_state(finished, "finished")
    assert {run.id: run.state for run in run_states(store)} == {"dead": "interrupted", "finished": "finished"}
    assert store.run(dead).state == "interrupted"

    job = start(store, "train", "holiday", ENDLESS)
    wait_for(running(store, job))
    live = watch(store, job).run_id
    assert live is not None, "known before the run is there"
    make_run(store, collection, live)
    assert next(run for run in run_states(store, "holiday") if run.id == live).state == "running"
    pid = watch(store, job).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: run_states(store)[0].state == "interrupted")


def test_a_killed_run_can_be_resumed_at_once(
    store: Store, collection: CollectionRecord, counting: Path
) -> None:
    dead = make_run(store, collection, "dead")
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET created = '2020-01-01T00:00:00+00:00'")
    job = start(store, "train", "holiday", ENDLESS)
    wait_for(running(store, job))
    assert run_states(store)[0].state == "interrupted", "a new job of its collection does not keep it alive"
    store.set_run_state(dead, "running")
    store.update_job(job, run_id=dead)
    assert run_states(store)[0].state == "running", "the job that resumes it does"


def test_reading_a_run_does_not_keep_it_alive(
    store: Store, collection: CollectionRecord, counting: Path
) -> None:
    make_run(store, collection, "dead")
    job = start_job(store, Work("refine", "holiday", {"steps": ENDLESS}, "dead"))
    wait_for(running(store, job))
    assert watch(store, job).run_id == "dead" and run_states(store)[0].state == "interrupted"


def test_a_job_that_was_cancelled_cannot_begin(store: Store) -> None:
    job = store.create_job("train", "holiday", {})
    cancel(store, job)
    with pytest.raises(JobError, match="cancelled already"), recording(store, job):
        pass
    assert store.job(job).state == "cancelled"
