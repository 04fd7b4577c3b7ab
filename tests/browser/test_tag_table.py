"""The table of tags: sorted, searched, walked by keys, and what it opens."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tagrefine_core import workflow
from tests.browser.conftest import ODD_TAGS
from tests.browser.visitor import Visitor, pictures_load

pytestmark = pytest.mark.browser


def tags(page: Page) -> list[str]:
    """Return the tags of the rows that exist, from the top down."""
    rows = page.locator(".scroller .row")
    expect(rows.first).to_be_visible()
    return page.locator(".scroller").evaluate(
        """(scroller) => [...scroller.querySelectorAll(".row")]
        .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.querySelector(".tag .tag").textContent)"""
    )


def test_the_table_is_sorted_and_searched(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("tags", "?collection=demo")
    summaries = workflow.tag_summaries(app.store, app.newest_run("demo").id)
    changes = sorted(
        summaries, key=lambda one: (-one.added - one.removed, -one.given, one.tag.lower())
    )  # fmt: skip
    assert tags(page)[:5] == [one.tag for one in changes[:5]]
    height = page.locator(".scroller").evaluate("(scroller) => scroller.scrollHeight")
    assert page.locator(".scroller .row").count() * 38 <= height == 38 * len(summaries)

    page.get_by_role("button", name="people wrote").click()
    header = page.get_by_role("columnheader", name="people wrote")
    expect(header).to_have_attribute("aria-sort", "descending")
    most = max(summaries, key=lambda one: one.given)
    assert tags(page)[0] == most.tag
    expect(page).to_have_url(re.compile("by=-given"))
    page.get_by_role("button", name="people wrote").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(re.compile("by=given"))
    visitor.settle()
    visitor.reload()
    expect(header).to_have_attribute("aria-sort", "ascending")

    page.get_by_label("Search tags").fill("tr")
    found = sorted(one.tag for one in summaries if "tr" in one.tag)
    assert found and sorted(tags(page)) == found
    expect(page.get_by_text(f"{len(found)} of {len(summaries)} tags")).to_be_visible()
    page.get_by_role("button", name="Most changes first").click()
    page.get_by_label("Search tags").fill("")
    expect(header).to_have_attribute("aria-sort", "none")
    assert tags(page)[:5] == [one.tag for one in changes[:5]]


def test_a_tag_is_opened_by_keys_overruled_and_looked_at(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("tags", "?collection=demo")
    second = tags(page)[1]
    page.locator(".scroller .row [tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    bench = page.locator(".bench")
    expect(bench.get_by_role("heading", name=second, exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(f"tag={second}"))
    pictures_load(bench.locator(".tile img"), at_least=5)
    opened = page.locator(".scroller .row[aria-selected='true']")
    before = opened.inner_text()

    number = app.store.collection("demo").id
    bench.get_by_role("button", name="Always leave alone").click()
    expect(opened).to_contain_text("you said: leave alone")
    assert app.store.tag_rules(number) == {second: "leave"}
    bench.get_by_role("button", name="As measured").click()
    expect(opened).not_to_contain_text("you said")
    assert app.store.tag_rules(number) == {} and opened.inner_text() == before

    bench.get_by_role("button", name="Always judge").click()
    expect(opened).to_contain_text("you said: always judge")
    expect(bench.get_by_role("button", name="Always judge")).to_have_attribute("aria-pressed", "true")
    bench.get_by_role("link", name=re.compile("kept$")).click()
    expect(page).to_have_url(re.compile(f"browse.*tag={second}.*kind=kept"))
    visitor.settle()
    workflow.set_tag_rules(app.store, "demo", [second], None)
    kept = page.locator(".card .tr-asked")
    if kept.count():
        assert set(kept.all_inner_texts()) == {second}


def test_odd_tags_in_the_table_stay_text(visitor: Visitor, odd: str) -> None:
    for tag in ODD_TAGS:
        page = visitor.open("tags", "?" + urlencode({"collection": odd, "tag": tag}))
        expect(page.locator(".scroller .row[aria-selected='true'] .tag .tag")).to_have_text(tag)
        expect(page.locator(".bench").get_by_role("heading", name=tag)).to_be_visible()
        assert page.evaluate("window.caught") is None
        expect(page.locator("img[src*='evil'], img[src='x'], a[href^='http://evil']")).to_have_count(0)
