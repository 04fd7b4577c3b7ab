"""What a visitor takes home: pictures on white paper from a dark page, tables, and the report, which needs nothing but itself."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Download, Page, expect

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.workflow import Work, start_job
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def in_the_dark(app, browser: Browser) -> Iterator[Visitor]:
    """A visitor whose system is dark."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-US", color_scheme="dark"
    )
    context.set_default_timeout(60_000)
    visitor = Visitor(context, app.url)
    yield visitor
    context.close()
    assert not visitor.problems


def taken(page: Page, name: str, *, exact: bool = True) -> Download:
    with page.expect_download() as found:
        page.get_by_role("button", name=name, exact=exact).first.click()
    return found.value


def picture(download: Download, folder: Path) -> np.ndarray:
    path = folder / download.suggested_filename
    download.save_as(path)
    return np.asarray(Image.open(path).convert("RGB"))


def is_on_white_paper(pixels: np.ndarray) -> bool:
    """Tell whether corners are white, most is light, and there is something on it."""
    edges = np.concatenate([pixels[:4].reshape(-1, 3), pixels[:, :4].reshape(-1, 3)])
    return bool((edges == 255).all() and (pixels.min(axis=2) < 128).any())


def test_a_chart_is_saved_on_white_paper_with_its_title(
    in_the_dark: Visitor, demo: str, tmp_path: Path
) -> None:
    page = in_the_dark.open("metrics", f"?collection={demo}")
    page.get_by_role("tab", name="How training went").click()
    page.locator(".st-key-picture_trained_losses button").click()
    expect(page.locator(".st-key-picture_frame .modebar-btn")).to_be_attached()
    in_the_dark.settle()
    svg = taken(page, "Save losses-losses.svg")
    svg.save_as(tmp_path / "losses.svg")
    text = (tmp_path / "losses.svg").read_text(encoding="utf-8")
    assert "Losses, which training makes small" in text and f"{demo} · run" in text
    assert "rgb(255, 255, 255)" in text and "http://evil" not in text
    page.get_by_text("PNG, for slides").click()
    expect(page.get_by_role("button", name="Save losses-losses.png")).to_be_visible()
    in_the_dark.settle()
    assert is_on_white_paper(picture(taken(page, "Save losses-losses.png"), tmp_path))


def test_losses_are_taken_as_a_table(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("metrics", f"?collection={demo}")
    page.get_by_role("tab", name="How training went").click()
    with page.expect_download() as found:
        page.locator(".st-key-take_trained_csv button").click()
    rows = list(csv.DictReader(io.StringIO(Path(found.value.path()).read_text(encoding="utf-8"))))
    run = app.newest_run(demo)
    epochs = app.store.epochs(run.id)
    assert {row["name"] for row in rows} >= {"loss", "val_map"}
    assert sum(row["name"] == "loss" for row in rows) == sum(len(epoch.points) for epoch in epochs)


def test_the_matrix_is_saved_as_picture_and_table(
    in_the_dark: Visitor, app, demo: str, tmp_path: Path
) -> None:
    page = in_the_dark.open("tags", f"?collection={demo}&view=pairs")
    expect(page.get_by_role("button", name="PNG: Save as a picture")).to_be_visible()
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some((one) => one.shadowRoot?.querySelector('canvas')?.width > 300)"
        " || document.querySelector('canvas')?.width > 300"
    )
    in_the_dark.settle()
    assert is_on_white_paper(picture(taken(page, "PNG: Save as a picture"), tmp_path))
    with page.expect_download() as found:
        page.get_by_role("button", name="CSV: Save as a table").click()
    rows = list(csv.DictReader(io.StringIO(Path(found.value.path()).read_text(encoding="utf-8"))))
    tags = set(Collection.open(app.store, demo).vocabulary)
    assert rows and {row["tag"] for row in rows} | {row["other"] for row in rows} <= tags
    assert all(0 < float(row["similarity"]) <= 1 for row in rows)


def test_a_neighborhood_is_saved_as_picture_and_table(
    in_the_dark: Visitor, demo: str, tmp_path: Path
) -> None:
    page = in_the_dark.open("neighbors", f"?collection={demo}")
    expect(page.get_by_role("button", name="Save PNG")).to_be_visible()
    page.wait_for_timeout(1500)  # photos load
    pixels = picture(taken(page, "Save PNG"), tmp_path)
    assert is_on_white_paper(pixels)
    red, green = (
        np.abs(pixels.astype(int) - color).max(axis=2).__lt__(12).sum()
        for color in ((207, 79, 66), (47, 143, 107))
    )
    assert red + green > 1000, "frames"
    with page.expect_download() as found:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(Path(found.value.path()).read_text(encoding="utf-8"))))
    assert len(rows) > 2 and all(0 <= float(row["this_photo"]) <= 1 for row in rows)


def test_the_report_is_handed_out_and_asks_for_nothing(
    visitor: Visitor, app, browser: Browser, demo: str, tmp_path: Path
) -> None:
    page = visitor.open("metrics", f"?collection={demo}")
    page.get_by_role("button", name="Write a report").click()
    expect(page.get_by_role("button", name="Download the report")).to_be_visible()
    download = taken(page, "Download the report", exact=False)
    assert download.suggested_filename == f"audit-{demo}.html"
    path = tmp_path / download.suggested_filename
    download.save_as(path)
    asked: list[str] = []
    for scheme in ("light", "dark"):
        context = browser.new_context(
            color_scheme=scheme, java_script_enabled=False, viewport={"width": 480, "height": 900}
        )
        report = context.new_page()
        report.on("request", lambda request: asked.append(request.url))
        report.goto(path.as_uri())
        expect(report.get_by_role("heading", name=f"Audit of {demo}")).to_be_visible()
        assert report.locator("figure img").count() > 3
        context.close()
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    context = browser.new_context(viewport={"width": 480, "height": 900})
    report = context.new_page()
    report.goto(path.as_uri())
    assert min(report.locator("figure img").evaluate_all("(all) => all.map((one) => one.naturalWidth)")) > 50
    assert report.evaluate("document.documentElement.scrollWidth") <= 480, (
        "nothing is wider than a narrow screen"
    )
    context.close()


def test_a_run_that_ends_is_offered_and_takes_nobodys_place(visitor: Visitor, app, demo: str) -> None:
    before = app.newest_run(demo)
    page = visitor.open("browse", f"?collection={demo}&run={before.id}")
    app.wait(start_job(app.store, Work("train", demo, {"preset": "fast"})))
    new = app.newest_run(demo)
    assert new.id != before.id
    workflow.name_run(app.store, new.id, title="the quick one")
    page.get_by_text("Metrics", exact=True).first.click()
    expect(page.get_by_text("A new run is ready:")).to_be_visible()
    assert f"run={before.id}" in page.url
    page.get_by_role("button", name="See the new run").click()
    expect(page).to_have_url(re.compile(f"run={new.id}"))
    expect(page.get_by_text("A new run is ready:")).to_have_count(0)
    workflow.delete_run(app.store, new.id)  # other tests look at the newest
