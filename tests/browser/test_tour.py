"""The tour in a real browser: eight steps by key and by button, a verdict at its end, readable at any size."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import App
from tests.browser.visitor import Visitor, until

pytestmark = pytest.mark.browser


def test_eight_steps_of_one_idea_each_and_a_verdict(app: App, visitor: Visitor, demo: str) -> None:
    number = app.store.collection(demo).id
    before = len(app.store.curation.steps(number))
    page = visitor.open("tour", "?collection=demo")
    titles = []
    for step in range(1, 9):
        expect(page.get_by_text(f"{step} of 8", exact=True)).to_be_visible()
        titles.append(page.locator("h1").inner_text())
        assert len(page.locator(".sentence").inner_text()) < 200
        button = page.locator(".buttons button.first")
        expect(button).to_be_in_viewport()
        if step % 2 and step < 8:
            button.click()
        elif step < 8:
            page.keyboard.press("ArrowRight")
    assert len(set(titles)) == 8
    page.keyboard.press("a")
    until(lambda: len(app.store.curation.steps(number)) == before + 1, what="the verdict")
    expect(page.get_by_text("Z takes it back")).to_be_visible()
    page.keyboard.press("z")
    until(lambda: len(app.store.curation.steps(number)) == before + 2, what="the undone verdict")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("7 of 8", exact=True)).to_be_visible()
    assert "step=7" in page.url
    visitor.reload()
    expect(page.get_by_text("7 of 8", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_url("**/browse?**")
    visitor.settle()


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (2560, 1440), (480, 800)])
def test_every_step_fits_the_window(app: App, visitor: Visitor, demo: str, width: int, height: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": height})
    page = visitor.open("tour", "?collection=demo")
    for step in range(1, 9):
        expect(page.get_by_text(f"{step} of 8", exact=True)).to_be_visible()
        wide, tall = page.locator(".sentence").evaluate(
            "(one) => { const root = one.getRootNode().querySelector('.root'); "
            "return [root.scrollWidth - root.clientWidth, root.scrollHeight - root.clientHeight]; }"
        )
        assert wide <= 0
        assert tall <= 0 or width < 760
        if step < 8:  # after the last one a page is loaded, and a browser may hang that is closed meanwhile
            page.keyboard.press("ArrowRight")
