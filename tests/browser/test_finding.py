"""Finding photos: searches and open photos are steps that the browser's way back leads over; the photo as large as the screen."""

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run
from tests.browser.visitor import Visitor, pictures_load, until

pytestmark = pytest.mark.browser


def asked(page: Page) -> dict[str, str]:
    """Return what the address asks, but for collection and run."""
    values = parse_qs(urlsplit(page.evaluate("location.href")).query)
    return {name: value[0] for name, value in values.items() if name not in ("collection", "run")}


def address_is(page: Page, **wanted: str) -> None:
    until(
        lambda: asked(page) == wanted, what=f"the address to ask {wanted}; it asks {asked(page)}", seconds=20
    )


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox", name="Search").fill(text)
    page.keyboard.press("Enter")


def test_back_leads_over_neighbors_photo_and_searches(visitor: Visitor, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo&order=file")
    box, count, detail = (
        page.get_by_role("searchbox", name="Search"),
        page.locator(".count"),
        page.locator(".detail"),
    )
    expect(count).to_have_text("120 of 120 photos")
    search(page, "tree")
    address_is(page, order="file", search="tree")
    expect(count).not_to_have_text("120 of 120 photos")
    trees = count.inner_text()
    search(page, "not tree")
    address_is(page, order="file", search="not tree")
    expect(count).not_to_have_text(trees)
    others = count.inner_text()

    scroller = page.locator(".scroller")
    scroller.evaluate("(one) => (one.scrollTop = 700)")
    page.wait_for_timeout(300)
    card = page.locator(".card").nth(7)
    row = card.get_attribute("data-row")
    card.dispatch_event("click")
    expect(detail.get_by_text(f"demo{int(row) + 1:05d}")).to_be_visible()
    address_is(page, order="file", search="not tree", photo=row)
    cards = page.locator(".card").first.get_attribute("aria-setsize")
    detail.locator(".thumb").nth(2).click()
    expect(detail.locator(".about strong")).not_to_contain_text(f"demo{int(row) + 1:05d}")
    assert page.locator(".card").first.get_attribute("aria-setsize") == cards, "the grid stays"
    until(lambda: asked(page)["photo"] != row, what="the neighbor in the address")

    page.go_back()
    expect(detail.locator(".about strong")).to_contain_text(f"demo{int(row) + 1:05d}")
    address_is(page, order="file", search="not tree", photo=row)
    page.go_back()
    expect(detail).to_be_hidden()
    address_is(page, order="file", search="not tree")
    assert count.inner_text() == others
    until(lambda: scroller.evaluate("(one) => one.scrollTop") == 700, what="the grid where it was")
    page.go_back()
    expect(count).to_have_text(trees)
    expect(box).to_have_value("tree")
    page.go_back()
    expect(count).to_have_text("120 of 120 photos")
    expect(box).to_have_value("")
    page.go_forward()
    expect(count).to_have_text(trees)
    visitor.settle()
    visitor.reload()
    expect(count).to_have_text(trees)
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("tree")


def test_back_leads_over_the_promise_and_to_the_page_before(visitor: Visitor, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo")
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    address_is(page, precision="0.7")
    visitor.settle()
    search(page, "tree")
    address_is(page, precision="0.7", search="tree")
    page.go_back()
    address_is(page, precision="0.7")
    page.go_back()
    address_is(page)
    expect(slider).to_have_attribute("aria-valuetext", "at least 3 of 4 changes right")
    page.get_by_test_id("stTopNavLink").filter(has_text="Collection").click()
    expect(page.get_by_role("heading", name="demo")).to_be_visible()
    page.go_back()
    expect(page.locator(".count")).to_have_text("120 of 120 photos")


def test_searches_and_photos_run_no_page_and_stay_in_the_address_when_one_runs(
    visitor: Visitor, demo: str
) -> None:
    sent: list[object] = []
    visitor.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page = visitor.open("browse", "?collection=demo&order=file&photo=3")
    expect(page.locator(".thumb").first).to_be_visible()
    visitor.settle()
    assert sent
    sent.clear()
    search(page, "tree")
    address_is(page, order="file", photo="3", search="tree")
    page.locator(".card").nth(1).click()
    until(lambda: asked(page)["photo"] != "3", what="another photo")
    page.keyboard.press("Escape")
    address_is(page, order="file", search="tree")
    page.wait_for_timeout(500)
    assert not sent
    # The page runs and writes its own name: what it knew of the address is out of date.
    page.get_by_role("slider").press("ArrowRight")
    address_is(page, order="file", search="tree", precision="0.7")
    visitor.settle()
    assert sent
    page.go_back()
    address_is(page, order="file", search="tree")
    expect(page.locator(".detail")).to_be_hidden()


def test_a_mistake_leaves_the_photos_where_they_are(visitor: Visitor, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo")
    search(page, "tree")
    address_is(page, search="tree")
    before = page.locator(".count").inner_text(), page.locator(".card").first.get_attribute("data-row")
    search(page, "tree and (car")
    expect(page.locator(".message")).to_contain_text("opens a parenthesis and never closes it")
    expect(page.locator(".message")).to_contain_text("character 10")
    assert before == (
        page.locator(".count").inner_text(),
        page.locator(".card").first.get_attribute("data-row"),
    )
    assert asked(page) == {"search": "tree"}
    search(page, "tree")
    expect(page.locator(".message")).to_have_text("")
    # An address with a mistake shows all photos and what is wrong.
    visitor.open("browse", "?collection=demo&search=tree+and")
    expect(page.locator(".count")).to_have_text("120 of 120 photos")
    expect(page.locator(".message")).to_contain_text("ends too early")
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("tree and")


def test_photos_like_one_in_order_of_likeness(visitor: Visitor, app, demo: str) -> None:
    run = Run.open(app.store, app.newest_run(demo).id)
    features = np.asarray(run.features, dtype=np.float64)
    order = [
        int(row) for row in np.argsort(((features - features[9]) ** 2).sum(axis=1), kind="stable") if row != 9
    ]
    page = visitor.open("browse", "?collection=demo&photo=9&search=tree")
    page.get_by_role("button", name="Photos like this one").click()
    address_is(page, like="9", photo="9")
    expect(page.locator(".like")).to_contain_text("like photos/demo00010")
    expect(page.locator(".count")).to_have_text("119 of 120 photos")
    shown = [int(card.get_attribute("data-row")) for card in page.locator(".card[data-row]").all()[:4]]
    assert shown == order[:4]
    page.get_by_role("button", name="No longer by likeness").click()
    expect(page.locator(".count")).to_have_text("120 of 120 photos")


def test_photos_like_one_that_is_dropped_in(visitor: Visitor, app, demo: str) -> None:
    collection = Collection.open(app.store, demo)
    page = visitor.open("browse", "?collection=demo")
    page.get_by_role("button", name="Find by a photo").click()
    files = page.locator("input[type=file]")
    files.set_input_files(
        {"name": "fake.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0 no photo at all"}
    )
    expect(page.get_by_text("This file is")).to_be_visible()
    content = collection.image_path(9).read_bytes()
    files.set_input_files({"name": "../mine.png", "mimeType": "image/png", "buffer": content})
    expect(page.locator(".like")).to_contain_text("like your photo")
    pictures_load(page.locator(".like img"))
    expect(page.locator(".card").first).to_have_attribute("data-row", "9")
    assert asked(page)["like"].startswith("photo-")
    page.go_back()
    expect(page.locator(".like")).to_be_hidden()
    visitor.open("browse", f"?collection=demo&like=photo-{'0' * 32}")
    expect(page.locator(".message")).to_contain_text("forgotten")


def test_photo_as_large_as_the_screen(visitor: Visitor, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo&order=file&photo=3")
    detail, box = page.locator(".detail"), page.locator("dialog.lightbox")
    detail.get_by_role("button", name="Enlarge").click()
    image = box.locator("img")
    expect(image).to_have_attribute("src", re.compile("/originals/"))
    pictures_load(image)
    assert box.evaluate("(one) => [one.clientWidth, one.clientHeight]") == [1280, 800]
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(image).to_have_attribute("style", re.compile(r"scale\(2\.25\)"))
    page.mouse.move(640, 400)
    page.mouse.down()
    page.mouse.move(540, 400)
    page.mouse.up()
    expect(image).to_have_attribute("style", re.compile(r"translate\(-100px"))
    page.keyboard.press("0")
    expect(image).to_have_attribute("style", re.compile(r"translate\(0px, 0px\) scale\(1\)"))
    page.keyboard.press("ArrowRight")
    expect(box.locator(".name")).to_contain_text("demo00005")
    box.get_by_role("button", name="Previous photo").click()
    expect(box.locator(".name")).to_contain_text("demo00004")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(detail).to_contain_text("demo00004")
    detail.get_by_role("button", name="Next photo").click()
    expect(detail).to_contain_text("demo00005")
    page.keyboard.press("ArrowRight")
    expect(detail).to_contain_text("demo00006")
    address_is(page, order="file", photo="5")


def test_filter_is_kept_by_name(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo")
    search(page, "tree and not car")
    page.get_by_label("Sort", exact=True).select_option("random")
    page.get_by_role("button", name="Shuffle").click()
    address_is(page, search="tree and not car", order="random", seed="1")
    rows = [card.get_attribute("data-row") for card in page.locator(".card[data-row]").all()[:4]]
    page.get_by_text("Saved filters").click()
    page.get_by_label("Name of the filter").fill("<b>my</b> trees")
    page.get_by_role("button", name="Save").click()
    kept = page.locator(".kept-filters").get_by_role("button", name="<b>my</b> trees", exact=True)
    expect(kept).to_be_visible()
    collection = Collection.open(app.store, demo)
    assert list(app.store.saved_filters(collection.id)) == ["<b>my</b> trees"]
    visitor.open("browse", "?collection=demo")
    page.get_by_text("Saved filters").click()
    kept.click()
    address_is(page, search="tree and not car", order="random", seed="1")
    until(
        lambda: (
            [card.get_attribute("data-row") for card in page.locator(".card[data-row]").all()[:4]] == rows
        ),
        what="the same photos in the same order",
    )
    page.get_by_role("button", name="Forget <b>my</b> trees").click()
    expect(kept).to_have_count(0)
    until(lambda: not app.store.saved_filters(collection.id), what="the filter to be forgotten")
