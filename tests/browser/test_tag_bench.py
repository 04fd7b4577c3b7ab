"""The bench of a tag in a real browser: the limit is dragged, kept, used; many photos are accepted as one step; all is undone."""

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tests.browser.conftest import App
from tests.browser.test_triage import forget
from tests.browser.visitor import Visitor, pictures_load, until

pytestmark = pytest.mark.browser


class Truth:
    """A tag of the demo that changes much, counted plainly from the scores."""

    def __init__(self, app: App) -> None:
        self.store = app.store
        self.collection = Collection.open(app.store, "demo")
        self.run = Run.open(app.store, app.newest_run("demo").id)
        summaries = workflow.tag_summaries(app.store, self.run.id)
        self.tag = max((one for one in summaries if one.told), key=lambda one: one.added).tag
        column = self.collection.vocabulary.index(self.tag)
        self.scores = np.asarray(self.run.scores[:, column], dtype=np.float64)
        self.given = self.collection.tags[:, [column]].toarray()[:, 0] > 0
        self.column = column

    def gains(self, limit: float) -> int:
        return int((~self.given & (self.scores >= limit)).sum())

    def added(self) -> int:
        """Photos that gain the tag by what is in force."""
        return int(changes_of(self.run, self.collection).added[:, [self.column]].nnz)


@pytest.fixture
def truth(app: App, demo: str) -> Iterator[Truth]:
    number = app.store.collection(demo).id
    forget(app, number)
    yield Truth(app)
    forget(app, number)


def opened(visitor: Visitor, truth: Truth) -> Page:
    page = visitor.open("tags", f"?collection=demo&tag={truth.tag}")
    expect(page.locator(".bench").get_by_role("heading", name=truth.tag, exact=True)).to_be_visible()
    expect(page.locator(".bench .tile").first).to_be_visible()
    return page


def limit_of(page: Page) -> float:
    return float(page.get_by_role("slider", name="Limit").get_attribute("aria-valuenow") or "nan")


def told(page: Page) -> int:
    """Return how many photos the bench says gain the tag."""
    return int(page.locator(".bench .foot strong").inner_text().split()[0].replace(",", ""))


def drag(page: Page, pixels: int) -> None:
    grip = page.locator(".handle .grip")
    until(lambda: grip.bounding_box() is not None, what="a handle that stays")
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=6)
    page.mouse.up()


def test_what_the_limit_does_is_counted_while_it_is_dragged_and_moved_by_keys(
    visitor: Visitor, truth: Truth
) -> None:
    page = opened(visitor, truth)
    first = limit_of(page)
    assert told(page) == truth.gains(first) == truth.added()
    drag(page, -70)
    assert limit_of(page) < first and told(page) == truth.gains(limit_of(page))
    drag(page, 120)
    assert limit_of(page) > first and told(page) == truth.gains(limit_of(page))
    for key, step in (("ArrowLeft", -1), ("ArrowRight", 1), ("PageDown", -13), ("ArrowDown", -1)):
        before = limit_of(page)
        page.keyboard.press(key)
        assert limit_of(page) == before + step / 256 and told(page) == truth.gains(limit_of(page)), key
    page.keyboard.press("End")
    assert told(page) == 0
    page.keyboard.press("Home")
    assert limit_of(page) == 1 / 16 and told(page) == truth.gains(1 / 16)
    page.get_by_role("button", name="against recall").click()
    drag(page, -60)
    assert told(page) == truth.gains(limit_of(page))
    assert truth.store.curation.version(truth.collection.id) == 0, "to look is not to decide"


def test_photos_lie_on_both_sides_of_the_limit(visitor: Visitor, truth: Truth) -> None:
    page = opened(visitor, truth)
    drag(page, -40)
    limit = limit_of(page)
    nearest = np.floor(truth.scores * 256) / 256
    above = min(
        score for score, given in zip(nearest, truth.given, strict=True) if not given and score >= limit
    )
    lane = page.get_by_role("group", name="Just above the limit")
    expect(lane.locator("figcaption span").first).to_have_text(re.compile(r"\d+ %"))
    until(
        lambda: (
            abs(float(lane.locator("figcaption span").first.inner_text().split()[0]) / 100 - above) < 0.011
        ),
        what="the photo nearest to the limit",
    )
    expect(lane.locator("img").first).to_have_js_property("complete", True)


def test_a_kept_limit_is_used_in_browse_and_export_and_dropped_again(
    visitor: Visitor, app: App, truth: Truth, tmp_path
) -> None:
    page = opened(visitor, truth)
    row = page.locator(".scroller .row[aria-selected='true']")
    before = row.inner_text()
    drag(page, -50)
    limit, gains = limit_of(page), told(page)
    page.get_by_role("button", name="Keep limit").click()
    expect(row).to_contain_text(f"you said: from {limit:.2f} on")
    assert app.store.tag_limits(truth.collection.id) == {truth.tag: limit} and truth.added() == gains
    page.locator(".bench").get_by_role("link", name=re.compile("added$")).click()
    expect(page).to_have_url(re.compile("browse.*kind=added"))
    visitor.settle()
    expect(
        page.get_by_text(re.compile(rf"\b{gains:,} of {truth.collection.n:,} photos")).first
    ).to_be_visible()
    workflow.export_refined(app.store, truth.run.id, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(f'"{truth.tag}"' in line.split('"added"')[1].split("]")[0] for line in lines) == gains
    page = opened(visitor, truth)
    assert limit_of(page) == limit
    page.get_by_role("button", name="Drop limit").click()
    expect(row).not_to_contain_text("you said")
    assert row.inner_text() == before and app.store.tag_limits(truth.collection.id) == {}


def test_all_above_are_accepted_as_one_step_and_undone(visitor: Visitor, app: App, truth: Truth) -> None:
    page = opened(visitor, truth)
    drag(page, -30)
    limit, gains = limit_of(page), told(page)
    page.get_by_role("button", name=f"Accept {gains:,} …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=f"Accept all {gains:,}")).to_be_enabled()
    pictures_load(dialog.locator("img"), at_least=1)
    dialog.get_by_role("button", name="Accept all").click()
    until(lambda: len(app.store.curation.values(truth.collection.id, "verdict")) == gains, what="verdicts")
    (step,) = app.store.curation.steps(truth.collection.id)
    assert step.size == gains and f"from {limit:.2f} on" in step.note
    expect(page.locator(".bench .saved")).to_contain_text("accepted")
    page.locator(".bench").get_by_role("button", name="undo").click()
    until(lambda: not app.store.curation.values(truth.collection.id, "verdict"), what="nothing decided")
    until(lambda: told(page) == truth.added(), what="the count as before")


def test_one_photo_is_rejected_where_it_lies(visitor: Visitor, app: App, truth: Truth) -> None:
    page = opened(visitor, truth)
    gains = told(page)
    tile = page.get_by_role("group", name="Just above the limit").locator(".tile").first
    tile.get_by_role("button").click()
    expect(tile).to_have_attribute("data-verdict", "reject")
    until(lambda: told(page) == gains - 1, what="one photo less")
    ((_, tag, verdict),) = app.store.curation.values(truth.collection.id, "verdict")
    assert (tag, verdict) == (truth.tag, "reject") and truth.added() == gains - 1
    tile.get_by_role("button").click()
    until(lambda: told(page) == gains, what="the photo back")
    assert app.store.curation.values(truth.collection.id, "verdict") == []


def test_a_tag_is_opened_before_the_page_hears_of_it_which_then_knows(visitor: Visitor, truth: Truth) -> None:
    page = opened(visitor, truth)
    for place in (0, 3, 1):
        row = page.locator(f".scroller .row[aria-rowindex='{place + 2}']")
        tag = row.locator(".tag .tag").inner_text()
        row.click()
        expect(page.locator(".bench").get_by_role("heading", name=tag, exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(f"tag={tag}"))
    visitor.settle()
    expect(page.locator(".bench").get_by_role("heading", name=tag, exact=True)).to_be_visible()
    page.get_by_text("Pairs", exact=True).click()
    expect(page.locator(".st-key-tag input")).to_have_value(re.compile(rf"^{tag}\b"))
    visitor.settle()
