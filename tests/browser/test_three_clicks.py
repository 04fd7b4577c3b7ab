"""Who has a folder of photos with keywords, as Lightroom and digiKam leave it, has it back refined after three clicks."""

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tagrefine_core import jobs
from tagrefine_core.demo import generate
from tagrefine_core.metadata import read_keywords
from tests.browser.conftest import PATIENCE, serving
from tests.browser.outgoing import Outgoing
from tests.browser.visitor import Visitor, until
from tests.metadata.test_keywords import array, packet

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn photos: half with keywords inside, half with an ``.xmp`` file beside them."""
    folder = tmp_path_factory.mktemp("album")
    generate(folder, images=160, seed=3)
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    (folder / "metadata.jsonl").unlink()
    for number, row in enumerate(rows):
        path = folder / row["file_name"]
        text = packet(array("dc:subject", *row["tags"])) if row["tags"] else ""
        if text and number % 2:
            path.with_name(f"{path.name}.xmp").write_text(text, encoding="utf-8")
        elif text:
            with Image.open(path) as picture:
                picture.load()
            picture.save(path, xmp=text.encode())
    return folder


def test_in_and_back_with_three_clicks(
    browser: Browser, outgoing: Outgoing, album: Path, tmp_path: Path
) -> None:
    photos = {path: path.read_bytes() for path in album.rglob("*.jpg")}
    command = ("-m", "streamlit", "run", "app.py", "--server.port={port}")
    with serving(outgoing, tmp_path, *command) as app:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(context, app.url)
        page = visitor.open("collection")
        page.get_by_role("textbox", name="Or your own photos").fill(str(album))
        page.get_by_role("button", name="Import and learn").click()
        until(lambda: bool(jobs.jobs(app.store)), what="the job")
        app.wait(jobs.jobs(app.store)[0].id)
        visitor.settle()
        page.get_by_role("button", name="Export tags").click()
        expect(page.get_by_role("button", name="Write ")).to_be_visible()
        visitor.settle()
        page.get_by_role("button", name="Write ").click()
        expect(page.get_by_text("written.")).to_be_visible()
        (run,) = app.store.runs()
        assert run.state == "finished" and not visitor.problems
        (written,) = [
            job
            for job in jobs.jobs(app.store)
            if not (job.options or {}).get("dry_run") and job.command == "export"
        ]
        assert written.result is not None and written.result["changed"] > 0
        one = written.result["photos"][0]
        tags = read_keywords(album / f"{one['file_name']}.xmp").tags
        assert set(one["added"]) <= set(tags) and not set(one["removed"]) & set(tags)
        assert {path: path.read_bytes() for path in photos} == photos, "photos are only read"
        context.close()
