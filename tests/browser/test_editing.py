"""Editing in Browse: chips that are decided on, tags by typing, photos selected in every way, and all of them edited as one step."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tests.browser.test_readable_by_all import holds
from tests.browser.visitor import Visitor, until

pytestmark = pytest.mark.browser

Said = dict[tuple[str, str], str]


@pytest.fixture
def said(app, demo: str) -> Iterator[Said]:
    """What people said before; what a test says is taken back after it."""
    before = in_force(app)
    yield before
    while in_force(app) != before:
        workflow.undo(app.store, demo)


def in_force(app) -> Said:
    return {(one.image, one.tag): one.verdict for one in workflow.verdicts(app.store, "demo")}


def undone(app) -> int:
    """Return how often something was undone."""
    steps = app.store.curation.steps(app.store.collection("demo").id, limit=10_000)
    return sum(step.kind == "undo" for step in steps)


def files(app) -> list[str]:
    return Collection.open(app.store, "demo").files


def browse(visitor: Visitor, query: str = "") -> Page:
    page = visitor.open("browse", f"?collection=demo&order=file{query}")
    expect(page.locator(".card[data-row]").nth(3)).to_be_visible()
    return page


def selected(page: Page) -> list[int]:
    """Return the rows of the cards that are marked."""
    cards = page.locator(".card[aria-checked=true]").all()
    return sorted(int(card.get_attribute("data-row")) for card in cards)


def selected_are(page: Page, rows: list[int]) -> None:
    until(lambda: selected(page) == rows, what=f"{rows} to be selected; {selected(page)} are", seconds=20)
    words = page.locator(".selection-bar strong")
    expect(words).to_have_text(f"{len(rows)} selected") if rows else expect(words).to_be_hidden()


def chip(page: Page, tag: str) -> Locator:
    return page.locator(f".detail [data-chip='{tag}']")


def told(page: Page, words: str) -> None:
    expect(page.locator(".selection-bar .told")).to_contain_text(words)


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name)


def test_chips_are_decided_on_by_pointer_and_keys(visitor: Visitor, app, said: Said) -> None:
    page = browse(visitor, "&photo=0")
    first = page.locator(".detail [data-chip]:has(.tr-kept[data-tag])").first
    tag = first.get_attribute("data-chip")
    file = files(app)[0]
    before = undone(app)
    # The server does not answer for a while: what was decided is seen nevertheless.
    page.route(
        "**/verdicts/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    chip(page, tag).hover()
    page.get_by_role("button", name=f"✗ {tag} does not fit").click()
    expect(chip(page, tag).locator(".tr-removed")).to_contain_text("✗")
    expect(page.locator(f".card[data-row='0'] .tr-removed[data-tag='{tag}']")).to_be_visible()
    assert in_force(app) == said
    page.unroute("**/verdicts/*")
    visitor.problems.clear()  # the console tells of what was aborted
    expect(page.locator(".add-tag")).to_contain_text("saved")
    assert in_force(app) == {**said, (file, tag): "reject"}
    # What is removed comes back: the same button takes back what was said, the other one says that it fits.
    chip(page, tag).hover()
    no = page.get_by_role("button", name=f"✗ {tag} does not fit")
    expect(no).to_have_attribute("aria-pressed", "true")
    no.click()
    until(lambda: in_force(app) == said, what="the verdict to be taken back")
    expect(chip(page, tag).locator(".tr-kept")).to_be_visible()
    chip(page, tag).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=f"✓ {tag} fits")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chip(page, tag).locator(".tr-said")).to_have_text(" ✓")
    expect(page.get_by_role("button", name=f"✓ {tag} fits")).to_be_focused()
    until(lambda: in_force(app) == {**said, (file, tag): "accept"}, what="the verdict")
    # Keys act on the chip that has the focus, not on the tag that is explained.
    page.wait_for_timeout(300)
    chip(page, tag).focus()
    page.keyboard.press("u")
    until(lambda: in_force(app) == {**said, (file, tag): "unsure"}, what="the verdict by key")
    page.keyboard.press("Delete")
    until(lambda: in_force(app) == {**said, (file, tag): "reject"}, what="the verdict by the delete key")
    # Reject, taken back, accept, unsure, reject: after four undone what is left is the first.
    for number in range(1, 6):
        page.keyboard.press("z")
        until(lambda number=number: undone(app) == before + number, what=f"undo {number}")
        if number == 4:
            assert in_force(app) == {**said, (file, tag): "reject"}
    assert in_force(app) == said
    expect(chip(page, tag).locator(".tr-kept")).to_be_visible()


def test_keys_in_the_reason_are_for_the_reason(visitor: Visitor, app, said: Said) -> None:
    """On a narrow window it stands between the chips, and the pointer may rest on another one."""
    page = visitor.page
    page.set_viewport_size({"width": 480, "height": 900})
    collection = Collection.open(app.store, "demo")
    row = int(collection.tags.getnnz(axis=1).argmax())
    visitor.open("browse", f"?collection=demo&order=file&photo={row}")
    yes = page.get_by_role("button", name="Yes A")
    expect(yes).to_be_visible()
    explained = page.locator(".detail [data-chip][aria-expanded=true]").get_attribute("data-chip")
    other = page.locator(".detail [data-chip]:not([aria-expanded=true])").first
    other.hover()
    expect(page.locator(".hand")).to_be_visible()
    yes.focus()
    page.keyboard.press("x")
    file = collection.files[row]
    until(
        lambda: in_force(app) == {**said, (file, explained): "reject"},
        what="the verdict on what is explained",
    )
    expect(page.locator(".why .sentence")).to_contain_text("A person said that it does not fit")
    expect(yes).to_be_focused()
    page.keyboard.press("Enter")
    until(lambda: in_force(app) == {**said, (file, explained): "accept"}, what="the other verdict on it")


def test_an_addition_that_is_declined_stays_to_be_brought_back(visitor: Visitor, app, said: Said) -> None:
    page = browse(visitor, "&kind=added")
    page.locator(".card[data-row]").first.click()
    added = page.locator(".detail [data-chip]:has(.tr-added)").first
    tag = added.get_attribute("data-chip")
    chip(page, tag).hover()
    page.get_by_role("button", name=f"✗ {tag} does not fit").click()
    expect(page.locator(".add-tag")).to_contain_text("saved")
    expect(chip(page, tag).locator(".tr-removed")).to_be_visible()
    visitor.reload()
    expect(chip(page, tag).locator(".tr-removed")).to_be_visible()
    chip(page, tag).hover()
    page.get_by_role("button", name=f"✓ {tag} fits").click()
    expect(chip(page, tag).locator(".tr-added")).to_be_visible()
    until(
        lambda: list(in_force(app).values()).count("accept") == list(said.values()).count("accept") + 1,
        what="it is saved",
    )


def test_a_tag_is_added_by_typing(visitor: Visitor, app, said: Said) -> None:
    page = browse(visitor, "&photo=1")
    file = files(app)[1]
    own = {one.get_attribute("data-chip") for one in page.locator(".detail [data-chip]").all()}
    tag = next(
        one for one in Collection.open(app.store, "demo").vocabulary if one not in own and len(one) > 3
    )
    box = field(page, "Add a tag to this photo")
    box.fill(tag[:-1])
    option = page.locator(".add-tag [role=option]").filter(has_text=re.compile(rf"^{tag}\d"))
    expect(option).to_be_visible()
    for _ in range(page.locator(".add-tag [role=option]").count()):
        page.keyboard.press("ArrowDown")
        if option.get_attribute("aria-selected") == "true":
            break
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    expect(chip(page, tag).locator(".tr-added")).to_contain_text("✓")
    until(lambda: in_force(app) == {**said, (file, tag): "accept"}, what="the tag")
    # Written otherwise it is the same tag; a new word is asked about once.
    box.fill("<i>new</i> word")
    page.keyboard.press("Enter")
    expect(page.locator(".add-tag .asks")).to_contain_text("Add the new tag “<i>new</i> word”?")
    assert in_force(app) == {**said, (file, tag): "accept"}
    page.keyboard.press("Enter")
    new = page.locator(".detail [data-chip]:has-text('<i>new</i> word')")
    expect(new).to_be_visible()
    expect(page.locator(".card[data-row='1']")).to_contain_text("<i>new</i> word")
    both = {**said, (file, tag): "accept", (file, "<i>new</i> word"): "accept"}
    until(lambda: in_force(app) == both, what="the new word")
    box.fill("<I>NEW")
    expect(page.locator(".add-tag [role=option]").filter(has_text="<i>new</i> word")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    new.hover()
    page.get_by_role("button", name="✗ <i>new</i> word does not fit").click()
    until(
        lambda: in_force(app) == {**both, (file, "<i>new</i> word"): "reject"},
        what="the new word to be removed",
    )


def test_photos_are_selected_by_click_range_and_keys(visitor: Visitor, demo: str) -> None:
    page = browse(visitor)
    cards = page.locator(".card")
    cards.nth(1).hover()
    cards.nth(1).locator(".check").click()
    selected_are(page, [1])
    cards.nth(3).click(modifiers=["Shift"])
    selected_are(page, [1, 2, 3])
    cards.nth(2).click(modifiers=["Control"])
    selected_are(page, [1, 3])
    expect(page.locator(".detail")).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="2 photos selected")).to_have_count(1)
    page.keyboard.press("Escape")
    selected_are(page, [])
    cards.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    selected_are(page, [1])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Space")
    selected_are(page, [1, 2, 3])
    expect(page.locator(".detail")).to_be_hidden()
    # A photo can be opened beside; the first Escape closes it, the second lets the photos go.
    cards.nth(0).click()
    expect(page.locator(".detail")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".detail")).to_be_hidden()
    selected_are(page, [1, 2, 3])
    page.keyboard.press("Escape")
    selected_are(page, [])
    # A range over photos that were never fetched.
    cards.nth(0).click(modifiers=["Control"])
    page.locator(".scroller").evaluate("(one) => (one.scrollTop = one.scrollHeight)")
    last = page.locator(".card[data-row='119']")
    last.click(modifiers=["Shift"])
    expect(page.locator(".selection-bar strong")).to_have_text("120 selected")


def test_photos_are_selected_by_a_rectangle(visitor: Visitor, demo: str) -> None:
    page = browse(visitor)
    places = [0, 1, 4]  # of cards; a grid that is laid out anew has none for a moment
    until(lambda: all(page.locator(".card").nth(place).bounding_box() for place in places), what="the cards")
    first, fifth = page.locator(".card").nth(0).bounding_box(), page.locator(".card").nth(4).bounding_box()
    columns = round((fifth["x"] - first["x"]) / (first["width"] + 16)) + 1 if fifth["y"] == first["y"] else 0
    assert columns >= 5
    second = page.locator(".card").nth(1).bounding_box()
    gap = second["x"] - 8  # between the first two
    page.mouse.move(gap, first["y"] + 60)
    page.mouse.down()
    page.mouse.move(gap + 20, first["y"] + 80)
    page.mouse.move(fifth["x"] - 30, first["y"] + 120, steps=4)
    expect(page.locator(".lasso")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".lasso")).to_have_count(0)
    selected_are(page, [1, 2, 3])
    # From the middle of a photo with a key held, what is inside comes to it; no photo opens.
    page.keyboard.down("Shift")
    page.mouse.move(first["x"] + 40, first["y"] + 60)
    page.mouse.down()
    page.mouse.move(first["x"] + 90, first["y"] + 100, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    selected_are(page, [0, 1, 2, 3])
    expect(page.locator(".detail")).to_be_hidden()
    page.locator(".card").nth(2).click()
    expect(page.locator(".detail")).to_be_visible()


def test_all_found_are_edited_as_one_step_and_undone(visitor: Visitor, app, said: Said) -> None:
    page = browse(visitor)
    page.get_by_role("searchbox", name="Search").fill("tree")
    page.keyboard.press("Enter")
    expect(page.locator(".count")).not_to_have_text("120 of 120 photos")
    found = int(page.locator(".count").inner_text().split()[0])
    assert 3 < found < 120
    page.locator(".card").first.click(modifiers=["Control"])
    page.get_by_role("button", name=f"Select all {found} found").click()
    expect(page.locator(".selection-bar strong")).to_have_text(f"{found} selected")
    page.get_by_role("button", name="Add tag").click()
    field(page, "Tag to add to all selected photos").fill("woodland")
    page.keyboard.press("Enter")
    expect(page.locator(".selection-bar .asks").first).to_contain_text("Add the new tag “woodland”?")
    page.keyboard.press("Enter")
    told(page, f"+ woodland on {found} photos · saved")
    expect(page.locator(".card").first).to_contain_text("woodland")
    new = {key for key in in_force(app) if key not in said}
    assert len(new) == found and {tag for _, tag in new} == {"woodland"}
    # Removing offers what is on them, with counts.
    page.get_by_role("button", name="Remove tag").click()
    option = page.locator(".selection-bar [role=option]").filter(has_text="woodland")
    expect(option).to_contain_text("all")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename").click()
    box, options = field(page, "Tag to rename"), page.locator(".selection-bar [role=option]:visible")
    expect(options.nth(1)).to_be_visible()
    # Keys that are quicker than the answer take nothing that is listed for another text.
    box.evaluate(
        """(box) => {
          box.value = "woodl";
          box.dispatchEvent(new InputEvent("input", { bubbles: true }));
          for (const key of ["ArrowDown", "Enter"]) box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }"""
    )
    expect(page.locator(".selection-bar .asks:not(:empty)")).to_have_text("None of these photos has “woodl”.")
    expect(options).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field(page, "The tag in its place")).to_be_focused()
    page.keyboard.type("forest fair")
    page.keyboard.press("Enter")
    expect(page.locator(".selection-bar .asks:not(:empty)")).to_contain_text("new tag “forest fair”")
    page.keyboard.press("Enter")
    told(page, f"woodland → forest fair on {found} photos · saved")
    expect(page.locator(".card").first).to_contain_text("forest fair")
    expect(page.locator(".card").first).not_to_contain_text("woodland")
    page.get_by_role("button", name="Remove tag").click()
    field(page, "Tag to remove").fill("forest")
    page.locator(".selection-bar [role=option]").filter(has_text="forest fair").click()
    told(page, f"− forest fair on {found} photos · saved")
    expect(page.locator(".card").first).not_to_contain_text("forest fair")
    # A tag that none of them has is told before anything is sent.
    field(page, "Tag to remove").fill("forest fair")
    page.keyboard.press("Enter")
    expect(page.locator(".selection-bar .asks:not(:empty)")).to_have_text(
        "None of these photos has “forest fair”."
    )
    for words in (
        f"− forest fair on {found} photos",
        f"woodland → forest fair on {found} photos",
        f"+ woodland on {found} photos",
    ):
        page.locator(".selection-bar").get_by_role("button", name="undo Z").click()
        told(page, f"undone: {words}")
    until(lambda: in_force(app) == said, what="all to be undone")
    expect(page.locator(".card").first).not_to_contain_text("woodland")
    expect(page.locator(".count")).to_have_text(f"{found} of 120 photos")


def test_another_window_sees_what_was_done_to_many(visitor: Visitor, app, said: Said) -> None:
    page = browse(visitor)
    other = Visitor(page.context, visitor.url)
    second = browse(other)
    second.locator(".card").nth(3).click(modifiers=["Control"])  # what is selected there stays
    page.locator(".card").nth(0).focus()
    page.keyboard.press("Control+a")
    expect(page.locator(".selection-bar strong")).to_have_text("120 selected")
    page.get_by_role("button", name="Add tag").click()
    page.keyboard.type("thing seen")
    page.keyboard.press("Enter")
    expect(page.locator(".selection-bar .asks").first).to_contain_text("new tag")
    page.keyboard.press("Enter")
    told(page, "+ thing seen on 120 photos · saved")
    second.bring_to_front()
    expect(second.locator(".card").first).to_contain_text("thing seen")
    selected_are(second, [3])
    second.keyboard.press("z")
    until(lambda: in_force(app) == said, what="the other window's undo")
    page.bring_to_front()
    expect(page.locator(".card").first).not_to_contain_text("thing seen")
    second.close()
    assert not other.problems


@pytest.mark.parametrize("width", [1280, 480])
def test_a_selection_keeps_nobody_out(visitor: Visitor, demo: str, width: int) -> None:
    page = browse(visitor)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(400)
    page.locator(".card").first.focus()
    page.keyboard.press("Space")
    expect(page.locator(".selection-bar")).to_be_in_viewport(ratio=1)
    holds(page, "a selection")
    page.get_by_role("button", name="Remove tag").click()
    expect(page.locator(".selection-bar [role=option]").first).to_be_visible()
    holds(page, "the tags on it")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".selection-bar")).to_be_hidden()
    page.locator(".card").first.click()
    page.locator(".detail [data-chip]").first.focus()
    expect(page.locator(".hand")).to_be_visible()
    holds(page, "the buttons beside a chip")
