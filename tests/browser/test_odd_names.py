"""Tags, labels, file names and searches that are HTML or markdown stay text on every page."""

import io
import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tagrefine_core.collections import Collection
from tagrefine_core.demo import render
from tests.browser.conftest import ODD_FILES, ODD_TAGS
from tests.browser.visitor import PAGES, Visitor, until

pytestmark = pytest.mark.browser

ODD_SEARCH = "<b>zz</b>:red[**zz**]"
SHOWN = {"collection": len(ODD_TAGS), "browse": 1, "neighbors": 1, "tags": 1, "metrics": len(ODD_TAGS)}
"""Pages that show tags at once, and how many of ours they show at least: charts all of them."""
ALIVE = ("img[src*='evil']", "img[src='x']", "a[href*='evil']", "strong:text-is('loud')")


def _stays_text(page: Page) -> None:
    assert page.evaluate("window.caught") is None
    for selector in ALIVE:
        expect(page.locator(selector)).to_have_count(0)


def test_odd_labels_are_tags(app, odd: str) -> None:
    assert set(ODD_TAGS) < set(Collection.open(app.store, odd).vocabulary)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_brings_a_name_alive(visitor: Visitor, odd: str, name: str) -> None:
    # Of so few photos a picture can tell no tag: Browse shows them as ordinary tags all the same.
    page = visitor.open(name, "?collection=odd&untold=true")
    if name in SHOWN:
        shown = lambda: sum(page.get_by_text(tag).count() > 0 for tag in ODD_TAGS)
        until(lambda: shown() >= SHOWN[name], what="odd tags, letter for letter")
    for tab in page.get_by_role("tab").all():
        tab.click()
    visitor.settle()
    _stays_text(page)


@pytest.mark.parametrize(("tag", "other"), [ODD_TAGS[:2], ODD_TAGS[2:4], (ODD_TAGS[4], "sea")])
def test_odd_tags_from_the_address_are_told_letter_for_letter(
    visitor: Visitor, odd: str, tag: str, other: str
) -> None:
    page = visitor.open("tags", "?" + urlencode({"collection": odd, "tag": tag, "other": other}))
    expect(page.get_by_role("heading", name=f"Most like “{tag}”")).to_be_visible()
    expect(page.locator(".pair")).to_contain_text(f"{tag} and {other}")
    _stays_text(page)


def test_odd_search_and_odd_file_are_told_letter_for_letter(visitor: Visitor, odd: str) -> None:
    for search in (ODD_SEARCH, f'"{ODD_SEARCH}"'):  # one that cannot be read, and one that finds nothing
        page = visitor.open("browse", "?" + urlencode({"collection": odd, "search": search}))
        expect(page.locator(".message")).to_contain_text(ODD_SEARCH)
        _stays_text(page)
    page = visitor.open("browse", f"?collection={odd}&order=file&photo=0")
    expect(page.locator(".detail .about")).to_contain_text(ODD_FILES[0])
    expect(page.locator(".detail .near .thumb").first).to_be_visible()
    expect(page.locator(".why .part.sum")).to_be_visible()
    _stays_text(page)


def test_uploaded_file_of_an_odd_name_is_tagged(visitor: Visitor, odd: str) -> None:
    picture = io.BytesIO()
    render(98, 1, (64, 64))[0].save(picture, "PNG")
    page = visitor.open("annotate", "?collection=odd")
    files = [{"name": name, "mimeType": "image/png", "buffer": picture.getvalue()} for name in ODD_FILES]
    page.locator("input[type=file]").set_input_files(files)
    for number, name in enumerate(ODD_FILES):
        expect(page.locator(f".st-key-photo_{number}")).to_contain_text(name)
        said = page.locator(f".st-key-photo_{number}").get_by_text(
            re.compile("Nothing sure|that are not sure")
        )
        expect(said.first).to_be_visible()
    _stays_text(page)
