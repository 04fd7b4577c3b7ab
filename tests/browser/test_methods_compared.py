"""Compare in a real browser: the table, photos of two methods, charts that can be saved."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tagrefine_core.experiments import benchmark
from tagrefine_core.settings import train_config
from tests.browser.visitor import Visitor, pictures_load

pytestmark = pytest.mark.browser

METHODS = ("random_guess", "user_tags", "knn")


def test_compared_methods_can_be_looked_at_and_taken_home(visitor: Visitor, app, demo: str) -> None:
    table = benchmark(app.store, demo, train_config("small"), methods=METHODS, repeats=1, budget=1)
    page = visitor.open("compare", f"?collection={demo}")
    ranking, handed_out = page.locator(".tr-board").first, page.locator(".tr-board").last
    for board in (ranking, handed_out):
        expect(board.locator("tbody tr")).to_have_count(3)
    best = max(table["rows"], key=lambda row: row["map"])
    expect(ranking.locator("tr", has_text=best["title"]).locator(".best").first).to_be_visible()

    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["method", *METHODS]

    page.get_by_role("button", name="Save as a picture").click()
    expect(page.locator(".st-key-picture_frame .modebar-btn")).to_be_attached()
    visitor.settle()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save labels.svg").click()
    assert saved.value.suggested_filename == "labels.svg"
    assert Path(saved.value.path()).read_bytes().startswith(b"<svg")
    page.keyboard.press("Escape")

    page.get_by_text("Two methods, same photos").click()
    pictures_load(page.locator(".tr-pair img"), at_least=2)
    expect(page.locator(".tr-pair .tr-right").first).to_be_visible()
