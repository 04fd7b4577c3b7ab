import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.jobs import Recorder, cancel, jobs, recording
from tagrefine_core.store import Store

from .conftest import wait_for


def work(store: Store, command: str) -> AbstractContextManager[Recorder]:
    return recording(store, store.create_job(command, "a", {}))


def test_every_end_is_written(store: Store) -> None:
    with work(store, "import") as progress:
        assert jobs(store)[0].state == "running"
        progress.result = {"images": 3}
    assert (jobs(store)[0].state, jobs(store)[0].result) == ("finished", {"images": 3})
    for error, state in [
        (RunError("no such run"), "failed"),
        (OSError("disk full"), "failed"),
        (Cancelled(), "cancelled"),
    ]:
        with pytest.raises(type(error)), work(store, "import"):
            raise error
        assert jobs(store)[0].state == state
    assert [job.message for job in jobs(store)][1:3] == ["OSError: disk full", "no such run"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_at_the_next_call(store: Store, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    steps = []
    with pytest.raises(Cancelled), work(store, "train") as progress:
        os.kill(os.getpid(), number)
        steps.append("goes on until then")
        progress("Training", 1, 2)
        steps.append("never")
    assert steps == ["goes on until then"]
    assert progress.signal == number
    assert jobs(store)[0].state == "cancelled"
    assert signal.getsignal(number) == before


def test_a_second_interrupt_does_not_wait(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), work(store, "train"):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert jobs(store)[0].state == "cancelled"


def test_work_that_breaks_because_it_is_stopped_is_cancelled(store: Store) -> None:
    # As when the signal ends a helper process too, and its pool breaks.
    with pytest.raises(Cancelled, match="SIGTERM"), work(store, "demo"):
        os.kill(os.getpid(), signal.SIGTERM)
        raise OSError("a helper process died")
    assert (jobs(store)[0].state, jobs(store)[0].message) == ("cancelled", "Stopped on request.")


def test_a_job_of_a_thread_records_too(store: Store) -> None:
    def train() -> None:
        with work(store, "train") as progress:
            progress("Training", 1, 1)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert jobs(store)[0].state == "finished"


def test_at_most_four_writes_a_second(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = []
    monkeypatch.setattr(store, "update_job", lambda _job, **values: writes.append(values))
    with work(store, "train") as progress:
        writes.clear()
        for step in range(1000):
            progress("Training", step, 1000)
        progress("Evaluating", 0, 1)  # a new stage is told at once
        assert [write["stage"] for write in writes if "stage" in write][-1] == "Evaluating"
        assert len(writes) <= 6


def test_work_of_a_terminal_is_seen_and_cancelled(
    store: Store, in_terminal: Callable[..., subprocess.Popen[bytes]]
) -> None:
    child = in_terminal("train", "holiday", 1_000_000)
    wait_for(lambda: bool(jobs(store)) and jobs(store)[0].done > 0)
    assert jobs(store)[0].pid == child.pid
    cancel(store, jobs(store)[0].id)  # reaches the child alone, though it is in the group of these tests
    _, errors = child.communicate(timeout=60)
    assert b"Cancelled" in errors
    assert jobs(store)[0].state == "cancelled"


def test_a_request_is_seen_without_a_signal(store: Store) -> None:
    (store.home / "jobs").mkdir()
    with pytest.raises(Cancelled), work(store, "train") as progress:
        (store.home / "jobs" / f"{progress.job.id}.stop").touch()
        progress("Training", 0, 1)
    assert not list((store.home / "jobs").iterdir())
