"""Why a tag: it opens where it is asked for, in view; its parts sum; it shows where, and takes a verdict."""

import re

import numpy as np
import pytest
from playwright.sync_api import Error, Locator, Page, expect

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tests.browser.visitor import Visitor, until

pytestmark = pytest.mark.browser

SIZES = [(1280, 720), (1280, 1100), (480, 900)]


def in_view(page: Page, part: Locator) -> bool:
    """Whether the whole part lies in the window and nothing lies over its corners and its middle."""
    size = page.viewport_size
    box = part.bounding_box()
    return (
        box is not None
        and box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
        and part.evaluate(
            """(part) => {
              const { left, top, right, bottom } = part.getBoundingClientRect();
              const spots = [[left + 6, top + 6], [right - 6, bottom - 6], [(left + right) / 2, (top + bottom) / 2]];
              return spots.every(([x, y]) => {
                const found = part.getRootNode().elementFromPoint(x, y);
                return found && (part.contains(found) || found.contains(part) || found.closest(".close"));
              });
            }"""
        )
    )


def told(why: Locator) -> tuple[list[float], float]:
    """Return the four parts and their sum, as they are written."""
    expect(why.locator(".part.sum")).to_be_visible()
    values = [float(value.replace("\u2212", "-")) for value in why.locator(".part .value").all_inner_texts()]
    assert len(values) == 5
    return values[:4], values[4]


def scroll_to(part: Locator) -> None:
    """Scroll to something that may be drawn anew meanwhile."""

    def reached() -> bool:
        try:
            part.scroll_into_view_if_needed(timeout=2000)
        except Error:
            return False
        return True

    until(reached, what="a part that stays")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_reason_is_in_view_after_a_click_on_a_chip(
    visitor: Visitor, app, demo: str, width: int, height: int
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": height})
    visitor.open("browse", "?collection=demo")
    why, detail = page.locator(".why"), page.locator(".detail")
    # On a card: as far down as cards can be seen.
    cards = page.locator(".card:has([data-tag])")
    scroll_to(cards.first.locator("[data-tag]").first)
    card = [one for one in cards.all() if in_view(page, one.locator("[data-tag]").first)][-1]
    row, chip = card.get_attribute("data-row"), card.locator("[data-tag]").first
    tag = chip.get_attribute("data-tag")
    chip.click()
    told(why)
    expect(why.locator("h2")).to_contain_text(tag)
    expect(page).to_have_url(re.compile(rf"photo={row}\b"))
    until(lambda: in_view(page, why), what="the reason in view")
    # Beside the photo: each chip, and each bar at the very end of the panel.
    for opener in (detail.locator("button[data-why]:has(> .tr-chip)").last, detail.locator(".bar").last):
        if opener.get_attribute("aria-expanded") != "true":  # else the card has opened it
            opener.click()
        parts, total = told(why)
        assert sum(parts) == pytest.approx(total, abs=0.26), "four numbers and a sum of one digit each"
        expect(opener).to_have_attribute("aria-expanded", "true")
        expect(detail.locator("[aria-expanded=true]")).to_have_count(1)
        until(lambda: in_view(page, why), what="the reason in view")
        assert in_view(page, opener), "what was clicked stays"
        expect(why.locator("h2")).to_contain_text(opener.get_attribute("data-why"))
    opener.click()
    expect(why).to_have_count(0)
    expect(detail.locator("[aria-expanded=true]")).to_have_count(0)


def test_what_is_told_is_what_the_core_finds(visitor: Visitor, app, demo: str) -> None:
    run = Run.open(app.store, app.newest_run(demo).id)
    collection = Collection.open(app.store, demo)
    row = int(np.diff(changes_of(run, collection).added.indptr).argmax())
    page = visitor.open("browse", f"?collection=demo&photo={row}")
    for chip in page.locator(".detail button[data-why]:has(> .tr-added)").all()[:3]:
        tag = chip.get_attribute("data-why")
        if chip.get_attribute("aria-expanded") != "true":  # else it is told already
            chip.click()
        expect(page.locator(".why h2")).to_contain_text(tag)
        parts, total = told(page.locator(".why"))
        found = workflow.explain(app.store, run.id, collection.files[row], tag)
        expected = [found.parts.picture, found.parts.neighbors, found.parts.tags, found.parts.user]
        assert parts == pytest.approx(expected, abs=0.051) and total == pytest.approx(
            found.parts.total, abs=0.051
        )
        carriers = sum(one.carries for one in found.neighbors)
        expect(page.locator(".why .part").nth(1)).to_contain_text(
            f"{carriers} of {len(found.neighbors)} carry it"
        )
        shown = page.locator(".why .thumb")
        expect(shown.locator("xpath=self::*[not(contains(@class, 'other'))]")).to_have_count(min(6, carriers))


def test_where_and_why_not(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo&photo=3")
    told(page.locator(".why"))
    where = page.get_by_role("button", name="Where?")
    where.click()
    heat = page.locator("canvas.heat")
    expect(heat).to_be_visible()
    expect(page.locator(".note")).to_contain_text(re.compile("Where .* is seen|No place in it"))
    warm = """(canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let place = 0; place < data.length; place += 4) count += data[place] > 120 && data[place + 3] > 120;
        return count / (data.length / 4);
    }"""
    assert 0 < heat.evaluate(warm) < 0.9
    assert heat.evaluate("(canvas) => canvas.width / canvas.height") == pytest.approx(4 / 3, abs=0.01)
    expect(where).to_have_attribute("aria-pressed", "true")
    where.click()
    expect(heat).to_have_count(0)

    asked = page.get_by_label("Another tag")
    asked.fill("firework")
    asked.press("Enter")
    expect(page.locator(".why")).to_contain_text(re.compile("similar: fireworks|Why not firework"))
    vocabulary = Collection.open(app.store, demo).vocabulary
    asked.fill(vocabulary[-1].upper())
    asked.press("Enter")
    expect(page.locator(".why h2")).to_contain_text(vocabulary[-1])
    told(page.locator(".why"))


def test_a_verdict_is_given_where_the_reason_is_read(visitor: Visitor, app, demo: str) -> None:
    collection = Collection.open(app.store, demo)
    page = visitor.open("browse", "?collection=demo&photo=8")
    bar = page.locator(".detail .bar.absent").first
    bar.click()
    tag = bar.get_attribute("data-why")
    told(page.locator(".why"))
    before = {(one.image, one.tag): one.verdict for one in workflow.verdicts(app.store, demo)}
    page.keyboard.press("a")
    expect(page.locator(".why .sentence")).to_contain_text("A person said that it fits")
    expect(page.locator(".why .saved")).to_have_text("saved")
    given = {(one.image, one.tag): one.verdict for one in workflow.verdicts(app.store, demo)}
    assert given == {**before, (collection.files[8], tag): "accept"}
    expect(page.locator(f".detail .tr-chips > [data-why='{tag}'] .tr-added")).to_be_visible()
    expect(page.get_by_role("button", name="Yes A")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("z")
    expect(page.locator(".why .sentence")).not_to_contain_text("A person said")
    expect(page.get_by_role("button", name="Yes A")).to_have_attribute("aria-pressed", "false")
    assert {(one.image, one.tag): one.verdict for one in workflow.verdicts(app.store, demo)} == before
    # In the search nothing is decided by typing.
    page.get_by_role("searchbox", name="Search").press_sequentially("axu")
    assert {(one.image, one.tag): one.verdict for one in workflow.verdicts(app.store, demo)} == before
