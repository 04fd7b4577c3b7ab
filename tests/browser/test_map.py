"""Map, as a visitor uses it: drawn by one click, a lasso selects what lies within it, and one answer for all of them."""

import json
import re

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tagrefine_core.collections import Collection
from tagrefine_core.runs.map import map_of
from tagrefine_core.runs.run import Run
from tests.browser.visitor import Visitor, pictures_load, until

pytestmark = pytest.mark.browser

Point = tuple[float, float]
LASSO: list[Point] = [
    (0.2, 0.15),
    (0.75, 0.1),
    (0.5, 0.5),
    (0.8, 0.85),
    (0.25, 0.8),
]  # parts of the canvas; not convex


def within(point: Point, polygon: list[Point]) -> bool:
    """Tell whether a point lies in a polygon by how often the polygon winds around it."""
    turned = 0.0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        a, b = (x1 - point[0], y1 - point[1]), (x2 - point[0], y2 - point[1])
        turned += np.arctan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1])
    return abs(turned) > np.pi


def from_side(point: Point, polygon: list[Point]) -> float:
    """Return how far a point is from the nearest side."""
    best = np.inf
    for a, b in zip(np.array(polygon), np.roll(polygon, -1, axis=0), strict=True):
        along = np.clip(np.dot(point - a, b - a) / np.dot(b - a, b - a), 0, 1)
        best = min(best, float(np.linalg.norm(point - a - along * (b - a))))
    return best


def on_screen(
    maps: list[NDArray[np.float32]], shown: NDArray[np.float32], width: float, height: float
) -> NDArray[np.float64]:
    """Return where photos are on a canvas that shows all of both maps, with a margin of 2 % at the narrower fit."""
    everything = np.concatenate(maps)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = 0.96 * min(width / (high - low)[0], height / (high - low)[1])
    return (shown - (low + high) / 2) * scale + (width / 2, height / 2)


def painted(page: Page) -> int:
    """Return how many pixels of the canvas are not its paper."""
    return page.locator("canvas.points").evaluate(
        """(canvas) => {
            const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            return pixels.reduce((count, one) => count + (one !== pixels[0]), 0);
        }"""
    )


def draw_lasso(page: Page, corners: list[Point]) -> list[Point]:
    """Draw around photos and return the corners in pixels of the canvas."""
    box = page.locator("canvas.over").bounding_box()
    assert box
    pixels = [(round(x * box["width"]), round(y * box["height"])) for x, y in corners]
    page.mouse.move(box["x"] + pixels[0][0], box["y"] + pixels[0][1])
    page.mouse.down()
    for x, y in [*pixels[1:], pixels[0]]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()
    return pixels


def test_one_click_draws_the_map(visitor: Visitor, app, demo: str) -> None:
    run = app.newest_run(demo)
    page = visitor.open("map", f"?collection={demo}&run={run.id}")
    page.get_by_role("button", name="Draw the map").click()
    expect(page.get_by_text(f"Drawing the map of {demo}")).to_be_visible()
    expect(page.locator("canvas.over")).to_be_visible(timeout=240_000)
    until(lambda: painted(page) > 500, what="points")
    assert map_of(Run.open(app.store, run.id)).frozen is not None
    expect(page.get_by_role("button", name="After learning")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".legend .kind").filter(has_text="without it")).to_be_visible()


def test_a_lasso_selects_what_lies_within_it(visitor: Visitor, app, demo: str) -> None:
    run, collection = Run.open(app.store, app.newest_run(demo).id), Collection.open(app.store, demo)
    found = map_of(run)
    page = visitor.open("map", f"?collection={demo}&run={run.id}")
    expect(page.locator(".legend .kind").first).to_be_visible()
    page.get_by_role("button", name="Select", exact=True).click()
    size = page.locator("canvas.over").bounding_box()
    assert size
    corners = draw_lasso(page, LASSO)
    expect(page.get_by_role("link", name="Show them in Browse")).to_be_visible()
    name = re.search("selection=([0-9a-f]{16})", page.url)
    assert name, "the address follows"
    answer = page.request.get(f"{visitor.url}/maps/{run.id}/selections/{name[1]}")
    chosen = set(json.loads(answer.text())["rows"])
    places = on_screen([found.learned, found.frozen], found.learned, size["width"], size["height"])
    sure = [row for row, place in enumerate(places) if from_side(place, corners) > 3]
    expected = {row for row in sure if within(tuple(places[row]), corners)}
    assert len(sure) > 100 and 5 < len(expected) < 115
    assert chosen & set(sure) == expected
    expect(page.locator(".chosen .title")).to_have_text(f"{len(chosen)} photos selected")
    pictures_load(page.locator(".tile img"), at_least=3)

    # Browse shows the same photos, and Back leads to the same selection.
    page.get_by_role("link", name="Show them in Browse").click()
    expect(page.get_by_text(re.compile(rf"^{len(chosen)} of {collection.n} photos$"))).to_be_visible()
    page.go_back()
    expect(page.locator(".chosen .title")).to_have_text(f"{len(chosen)} photos selected")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".chosen")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("selection="))


def test_one_answer_for_all_selected_photos_is_one_step(visitor: Visitor, app, demo: str) -> None:
    run, collection = app.newest_run(demo), Collection.open(app.store, demo)
    tag = collection.vocabulary[0]
    log = app.store.curation
    page = visitor.open("map", f"?collection={demo}&run={run.id}&colour=verdict&tag={tag}")
    expect(page.locator(".legend .kind").first).to_be_visible()
    # By keys alone: the circle in the middle.
    page.locator("canvas.over").focus()
    page.keyboard.press("+")
    page.keyboard.press("Enter")
    expect(page.locator(".chosen .title")).to_be_visible()
    count = int(page.locator(".chosen .title").inner_text().split()[0])
    page.get_by_label("Tag for all selected photos").fill(tag)
    page.get_by_role("button", name="Fits none").click()
    expect(page.get_by_text(re.compile(f"^Saved: .*does not fit {count} photos?"))).to_be_visible()
    said = log.values(collection.id, "verdict")
    assert len(said) == count and {one[1:] for one in said} == {(tag, "reject")}
    step = log.steps(collection.id)[0]
    assert step.size == count and step.run == run.id
    expect(page.locator(".legend .kind").filter(has_text="it does not")).to_contain_text(str(count))
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile("^Undone: "))).to_be_visible()
    assert not log.values(collection.id, "verdict")
    expect(page.locator(".legend .kind").filter(has_text="it does not")).to_be_hidden()
    page.locator("canvas.over").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".chosen")).to_be_hidden()


def test_colours_and_maps_are_kept_in_the_address(visitor: Visitor, app, demo: str) -> None:
    run, collection = app.newest_run(demo), Collection.open(app.store, demo)
    page = visitor.open("map", f"?collection={demo}&run={run.id}")
    expect(page.locator(".legend .kind").first).to_be_visible()
    page.get_by_label("Colour by").select_option("probability")
    page.get_by_label("Tag", exact=True).fill(collection.vocabulary[1])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Before learning").click()
    expect(page).to_have_url(re.compile("when=frozen"))
    visitor.reload()
    expect(page.get_by_role("button", name="Before learning")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Tag", exact=True)).to_have_value(collection.vocabulary[1])
    expect(page.locator(".legend .ramp")).to_be_visible()
    page.get_by_label("Tag", exact=True).fill("no such tag")
    page.keyboard.press("Enter")
    expect(page.locator(".status")).to_have_text("“no such tag” is no tag of these photos.")
    expect(page).to_have_url(re.compile(f"tag={collection.vocabulary[1]}"))


def test_a_click_opens_the_photo(visitor: Visitor, app, demo: str) -> None:
    run = Run.open(app.store, app.newest_run(demo).id)
    found = map_of(run)
    page = visitor.open("map", f"?collection={demo}&run={run.id}")
    expect(page.locator(".legend .kind").first).to_be_visible()
    box = page.locator("canvas.over").bounding_box()
    assert box
    places = on_screen([found.learned, found.frozen], found.learned, box["width"], box["height"])
    # A photo that no other lies near.
    far = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(places))
    row = int(far.min(axis=1).argmax())
    page.mouse.move(box["x"] + places[row, 0], box["y"] + places[row, 1])
    pictures_load(page.locator(".tip img"))
    page.mouse.click(box["x"] + places[row, 0], box["y"] + places[row, 1])
    expect(page).to_have_url(re.compile(f"/browse.*photo={row}(&|$)"))
