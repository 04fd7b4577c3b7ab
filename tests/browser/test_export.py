"""From Collection and Browse to Export: what would change is shown first, then it is written, then put back."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tagrefine_core.collections import Collection
from tagrefine_core.metadata import read_keywords
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def test_tags_go_beside_the_photos_and_back_again(app, demo: str, visitor: Visitor) -> None:
    root = Collection.open(app.store, demo).root
    before = sorted(root.rglob("*"))
    page = visitor.open("collection", f"?collection={demo}")
    page.get_by_role("button", name="Export tags").click()
    expect(page.get_by_text("Photos that change")).to_be_visible()
    assert sorted(root.rglob("*")) == before, "what would change is only shown"
    visitor.settle()
    page.get_by_role("button", name="Write ").click()
    back = page.get_by_role("button", name="Put everything back")
    expect(back).to_be_visible()
    written = [path for path in root.rglob("*.xmp") if path not in before]
    assert written and all(read_keywords(path).tags for path in written)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Nothing to write")).to_be_visible()
    back.click()
    expect(page.get_by_text("taken away")).to_be_visible()
    expect(back).to_have_count(0)
    assert sorted(root.rglob("*")) == before


def test_only_what_is_on_screen_is_exported(app, demo: str, visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open("browse", f"?collection={demo}&search=dog")
    told = page.get_by_text(" of 120 photos")
    expect(told).to_be_visible()
    count = int(told.inner_text().split()[0])
    page.get_by_role("button", name="Export these").click()
    expect(page.get_by_text("as they were on Browse")).to_contain_text(f"{count} of 120")
    expect(page.get_by_text("Photos that change")).to_be_visible()
    page.get_by_text("In another folder").click()
    expect(page.get_by_text("Photos that change")).to_have_count(0)
    page.get_by_role("textbox", name="Folder on the machine").fill(str(tmp_path / "out"))
    page.get_by_role("textbox", name="Folder on the machine").press("Enter")
    visitor.settle()
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Photos that change")).to_be_visible()
    assert not (tmp_path / "out").exists()
    visitor.settle()  # a click that meets the page while it is drawn anew is lost
    page.get_by_role("button", name="Write ").click()
    expect(page.get_by_text("written.")).to_be_visible()
    assert 0 < len(list((tmp_path / "out").rglob("*.xmp"))) <= count
