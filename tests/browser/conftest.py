"""A real server with a home of its own, a real browser, and what the tests look at: a demo and an odd collection."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tagrefine_core import jobs
from tagrefine_core.demo import render
from tagrefine_core.store import RunRecord, Store
from tagrefine_core.workflow import Work, start_job
from tests.browser.outgoing import Outgoing, watched
from tests.browser.visitor import Visitor, until

ROOT = Path(__file__).resolve().parents[2]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 60_000  # milliseconds: the machine may be busy with other tests

ODD_TAGS = (
    "<img/src=x/onerror=window.caught=1>",
    "![x](http://evil.example/a.png)",
    "<script>window.caught=1</script>",
    "<a/href='http://evil.example'>link</a>",
    ":red[**loud**]",
)
"""Tags that show as themselves, and that do harm wherever a page takes them for HTML or markdown."""

ODD_FILES = ("<img src=x onerror=window.caught=1>.png", "![x](evil) **b** :red[c].png")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the main flow go before all others in a browser: it begins with an empty home."""
    items.sort(
        key=lambda item: (
            ("/browser/" in item.nodeid)
            + ("/browser/" in item.nodeid and "test_main_flow" not in item.nodeid)
        )
    )


@dataclass(frozen=True)
class App:
    """A server of the app and the database that it works on."""

    url: str
    store: Store
    outgoing: Outgoing
    log: Path

    def said(self) -> str:
        """Return what the server has written so far."""
        return self.log.read_text(encoding="utf-8")

    def wait(self, job: int) -> None:
        """Wait for a job that has to succeed."""
        until(lambda: self._ended(job), what=f"job {job}", seconds=300)
        record = jobs.watch(self.store, job)
        assert record.state == "finished", f"{record.state}: {record.message}\n{jobs.tail(self.store, job)}"

    def _ended(self, job: int) -> bool:
        return jobs.watch(self.store, job).state not in ("starting", "running")

    def newest_run(self, collection: str) -> RunRecord:
        """Return the newest finished run of a collection."""
        return next(run for run in self.store.runs(collection) if run.state == "finished")


@contextmanager
def serving(outgoing: Outgoing, folder: Path, *command: str, host: str = "127.0.0.1") -> Iterator[App]:
    """Run a command of Python that serves the app on the port {port}, with an empty home; nothing has asked it yet."""
    home, log = folder / "home", folder / "log.txt"
    home.mkdir()
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, *(word.format(port=port) for word in command)],
            cwd=ROOT,
            env={**outgoing.environment, "TAGREFINE_HOME": str(home)},
            stdout=output,
            stderr=output,
        )
    app = App(f"http://{host}:{port}", Store(home), outgoing, log)
    try:
        until(lambda: server.poll() is not None or _listens(host, port), what="the server")
        assert server.poll() is None, app.said()
        yield app
    finally:
        for job in jobs.jobs(app.store):
            jobs.cancel(app.store, job.id, grace=0)
        server.terminate()
        server.wait(timeout=30)
    assert "Traceback" not in app.said(), app.said()
    assert outgoing.asked() == [], "the app asked others"


@pytest.fixture(scope="session")
def outgoing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outgoing]:
    """What all servers of the tests ask of others: nothing."""
    with watched(tmp_path_factory.mktemp("outgoing")) as log:
        yield log


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, outgoing: Outgoing) -> Iterator[App]:
    """The app as README.md starts it from a checkout."""
    command = ("-m", "streamlit", "run", "app.py", "--server.port={port}")
    with serving(outgoing, tmp_path_factory.mktemp("server"), *command) as app:
        yield app


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's own browser where there is one, else Playwright's."""
    expect.set_options(timeout=PATIENCE)
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(app: App, browser: Browser) -> Iterator[Visitor]:
    """A visitor with a tab of their own; whatever the page does that no page may do fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(PATIENCE)
    visitor = Visitor(context, app.url)
    yield visitor
    context.close()
    assert not visitor.problems


@pytest.fixture(scope="session")
def demo(app: App) -> str:
    """The demo collection, small, with one finished run; made here when no test before has made it."""
    if not any(record.name == "demo" for record in app.store.collections()):
        app.wait(start_job(app.store, Work("demo", "demo", {"images": 120})))
    return "demo"


@pytest.fixture(scope="session")
def odd_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photos with a table, in which tags, labels, files and users are named to do harm."""
    folder = tmp_path_factory.mktemp("odd")
    rows: list[dict[str, object]] = []
    for number in range(24):
        file = ODD_FILES[number] if number < len(ODD_FILES) else f"odd{number:02d}.png"
        render(7, number, (64, 64))[0].save(folder / file)
        shown = [ODD_TAGS[number % len(ODD_TAGS)], ("sea", "sky", "tree")[number % 3]]
        rows.append({"file_name": file, "tags": [*shown, "flower"], "labels": shown, "user": ODD_TAGS[0]})
    rows.append({"file_name": f"gone {ODD_FILES[0]}", "tags": list(ODD_TAGS), "labels": [], "user": None})
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def odd(app: App, odd_photos: Path) -> str:
    """A collection of odd names with a run; imported here when no test before has imported it."""
    if not any(record.name == "odd" for record in app.store.collections()):
        app.wait(start_job(app.store, Work("import", "odd", {"kind": "table", "source": str(odd_photos)})))
    short = [
        "phi0.epochs=1",
        "constraints.epochs=1",
        "neighbors.s=16",
        "neighbors.m=4",
    ]
    app.wait(start_job(app.store, Work("train", "odd", {"preset": "small", "settings": short})))
    return "odd"


def _listens(host: str, port: int) -> bool:
    # Not a request: the first one is left to the tests.
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
