import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tagrefine_core
from tagrefine_core.jobs import background
from tagrefine_core.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


# What the program does in these tests: count to a number, a step every hundredth of a second. It gets its job as
# `start` gives it, or makes one as a command in a terminal does.
COUNTING = """
import sys, time
from pathlib import Path
from tagrefine_core.jobs import recording
from tagrefine_core.store import Store
from tagrefine_core.workflow import Work, record_job

_, home, *words = sys.argv[1:]
store = Store(Path(home))
if words[0] == "work":
    job = int(words[1])
else:
    job = record_job(store, Work(words[0], words[1], {"steps": int(words[2])}))
steps = store.job(job).options["steps"]
print("counting to", steps, flush=True)
with recording(store, job) as progress:
    for step in range(steps):
        progress("Counting", step, steps)
        time.sleep(0.01)
    progress.result = {"counted": steps}
"""


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let `start` run the counting program instead of the command line."""
    script = tmp_path / "counting.py"
    script.write_text(textwrap.dedent(COUNTING))
    monkeypatch.setattr(background, "_PROGRAM", (sys.executable, str(script)))
    yield script
    for job in background.jobs(Store(tmp_path)):
        background.cancel(Store(tmp_path), job.id)
        background.cancel(Store(tmp_path), job.id, grace=0)


@pytest.fixture
def in_terminal(counting: Path, store: Store) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Run the counting program as a terminal would: nobody made a job for it."""
    children = []

    def run(kind: str, collection: str, steps: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(counting), "--home", str(store.home), kind, collection, str(steps)]
        environment = {**os.environ, "PYTHONPATH": str(Path(tagrefine_core.__file__).parents[1])}
        children.append(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        )
        return children[-1]

    yield run
    for child in children:
        child.kill()
        child.communicate()
