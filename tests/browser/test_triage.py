"""Triage in a real browser: quick keys, two windows, a broken connection, undo, many at once, thirty at a glance."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import App
from tests.browser.visitor import Visitor, until

pytestmark = pytest.mark.browser


@pytest.fixture
def clean(app: App, demo: str) -> Iterator[int]:
    """The demo's number, with nothing decided before and after."""
    number = app.store.collection(demo).id
    forget(app, number)
    yield number
    forget(app, number)


def forget(app: App, number: int) -> None:
    with app.store.transaction() as connection:
        connection.execute("DELETE FROM curation_standing WHERE collection_id = ?", (number,))
        connection.execute("DELETE FROM curation_steps WHERE collection_id = ?", (number,))


def asked(app: App, queue: str = "missing", **more: Any) -> list[dict[str, Any]]:
    """Return the next questions, as the page is told them."""
    run = app.newest_run("demo").id
    values = "&".join(f"{name}={value}" for name, value in {"queue": queue, **more}.items())
    with urllib.request.urlopen(f"{app.url}/triage/{run}/questions?{values}") as answer:
        questions: list[dict[str, Any]] = json.load(answer)["questions"]
    return questions


def in_force(app: App, number: int) -> list[tuple[str, str, str | None]]:
    return [(one.file, one.tag, one.value) for one in app.store.curation.in_force(number, "verdict")]


def open_triage(visitor: Visitor, query: str = "") -> Page:
    page = visitor.open("triage", f"?collection=demo{query}")
    expect(page.locator(".tag").first).to_be_visible()
    return page


def test_twenty_answers_in_a_blink_are_kept_in_their_order_beside_another_window(
    app: App, visitor: Visitor, clean: int
) -> None:
    questions = asked(app)
    page, other = open_triage(visitor), visitor.page.context.new_page()
    other.goto(f"{app.url}/triage?collection=demo")
    expect(other.locator(".tag").first).to_be_visible()
    expect(page.locator(".tag")).to_contain_text(f"{questions[0]['tag']}?")
    keys = "axuaaxxauaxaxaxuaxaa"
    for key in keys:
        page.keyboard.press(key, delay=0)
        page.wait_for_timeout(30)
    said = {"a": "accept", "x": "reject", "u": "unsure"}
    expected = [(one["file"], one["tag"], said[key]) for one, key in zip(questions, keys, strict=False)]
    until(lambda: len(in_force(app, clean)) >= len(keys), what="twenty verdicts")
    expect(page.locator(".saved")).to_have_text("saved")
    assert in_force(app, clean) == expected
    steps = app.store.curation.steps(clean)
    assert [step.size for step in steps] == [1] * len(keys) and steps[0].run == app.newest_run("demo").id
    # The other window still shows its first card, and hears that it is answered.
    expect(other.locator(".tag .tr-chip")).to_have_text("+ yes")
    other.close()


def test_keys_at_once_lose_nothing(app: App, visitor: Visitor, clean: int) -> None:
    page = open_triage(visitor)
    page.evaluate(
        "for (const key of 'axaxaxaxax') document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true}))"
    )
    until(lambda: len(in_force(app, clean)) == 10, what="ten verdicts")


def test_a_broken_connection_loses_nothing(app: App, visitor: Visitor, clean: int) -> None:
    questions, page = asked(app), open_triage(visitor)

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.abort()
        else:
            route.continue_()

    page.route("**/verdicts/*", refuse)
    page.keyboard.press("a")
    page.keyboard.press("x")
    expect(page.locator(".saved")).to_contain_text("does not answer")
    assert in_force(app, clean) == []
    page.unroute("**/verdicts/*")
    expect(page.locator(".saved")).to_have_text("saved")
    assert in_force(app, clean) == [
        (one["file"], one["tag"], said) for one, said in zip(questions, ("accept", "reject"), strict=False)
    ]
    visitor.problems[:] = [one for one in visitor.problems if "ERR_FAILED" not in one]


def test_undo_and_redo_go_back_to_the_question_also_after_a_reload(
    app: App, visitor: Visitor, clean: int
) -> None:
    questions, page = asked(app), open_triage(visitor)
    page.keyboard.press("a")
    page.keyboard.press("x")
    until(lambda: len(in_force(app, clean)) == 2, what="two verdicts")
    expect(page.locator(".saved")).to_have_text("saved")
    page = visitor.reload()
    expect(page.locator(".tag")).to_contain_text(f"{questions[2]['tag']}?")
    page.keyboard.press("z")
    until(lambda: len(in_force(app, clean)) == 1, what="the undone verdict")
    page.keyboard.press("z")
    until(lambda: in_force(app, clean) == [], what="the other one")
    page.keyboard.press("y")
    until(lambda: len(in_force(app, clean)) == 1, what="it again")
    assert in_force(app, clean)[0] == (questions[0]["file"], questions[0]["tag"], "accept")


def test_many_are_decided_at_once_and_undone_as_one(app: App, visitor: Visitor, clean: int) -> None:
    page = open_triage(visitor)
    page.get_by_role("button", name="Accept many at once").click()
    slider = page.get_by_label("Least probability")
    slider.fill("80")
    button = page.get_by_role("button", name="Accept all")
    expect(button).to_be_enabled()
    expect(page.locator(".sample figure").first).to_be_visible()
    number = int(button.inner_text().split()[-1].replace(",", ""))
    assert number > 0
    button.click()
    until(lambda: len(in_force(app, clean)) == number, what="all of them")
    assert {verdict for _, _, verdict in in_force(app, clean)} == {"accept"}
    page.keyboard.press("z")
    until(lambda: in_force(app, clean) == [], what="none of them")


def test_thirty_photos_of_one_tag_at_a_glance(app: App, visitor: Visitor, clean: int) -> None:
    tag = asked(app)[0]["tag"]
    page = open_triage(visitor, f"&queue=one&tag={tag}")
    tiles = page.locator(".tile")
    expect(tiles.first).to_be_visible()
    shown = tiles.count()
    tiles.nth(1).click()
    expect(tiles.nth(1)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=f"Save: {shown - 1} yes, 1 no").click()
    until(lambda: len(in_force(app, clean)) == shown, what="the verdicts")
    verdicts = [verdict for _, _, verdict in in_force(app, clean)]
    assert verdicts.count("reject") == 1 and verdicts.count("accept") == shown - 1
    assert len(app.store.curation.steps(clean)) == 1


def test_keys_are_for_what_has_the_focus(app: App, visitor: Visitor, clean: int) -> None:
    page = open_triage(visitor)
    first = page.locator("figcaption").inner_text()
    page.locator(".st-key-promise input[type=range]").focus()
    page.keyboard.press("ArrowRight")  # makes another promise, and turns no page
    assert page.locator("figcaption").inner_text() == first
    visitor.settle()
    expect(page.locator("figcaption")).to_have_text(first)
    page = open_triage(visitor, f"&queue=one&tag={asked(app)[0]['tag']}")
    tile = page.locator(".tile").first
    tile.focus()
    page.keyboard.press("Enter")
    expect(tile).to_have_attribute("aria-pressed", "true")
    assert in_force(app, clean) == []
    page.locator(".tile").nth(1).click()
    page.keyboard.press("Enter")  # of who clicks, it is the key that is printed on the button
    until(lambda: [one[2] for one in in_force(app, clean)].count("reject") == 2, what="the verdicts")


def test_wrong_tags_and_photos_without_any(app: App, visitor: Visitor, clean: int) -> None:
    page = open_triage(visitor, "&queue=wrong")
    question = asked(app, "wrong")[0]
    expect(page.locator(".tag")).to_contain_text(f"{question['tag']}?")
    page.get_by_role("button", name="No, remove it").click()
    until(lambda: len(in_force(app, clean)) == 1, what="the verdict")
    assert in_force(app, clean)[0] == (question["file"], question["tag"], "reject")
    photos = asked(app, "untagged")
    if photos:
        page = visitor.open("triage", "?collection=demo&queue=untagged")
        expect(page.locator(".offer").first).to_be_visible()
        pressed = page.locator(".offer[aria-pressed=true]").count()
        page.keyboard.press("1")
        expect(page.locator(".offer[aria-pressed=true]")).not_to_have_count(pressed)


def test_a_blind_audit_is_drawn_answered_and_tells_of_all_photos(
    app: App, visitor: Visitor, clean: int
) -> None:
    page = visitor.open("triage", "?collection=demo&queue=audit")
    page.get_by_role("button", name="Draw 50 photos").click()
    expect(page.locator(".offer").first).to_be_visible()
    assert page.locator(".offer[aria-pressed=true]").count() == 0, "nothing tells which are handed out"
    assert "%" not in page.locator(".offered").inner_text()
    answered = 0
    for photo in range(3):
        expect(page.locator(".stage img")).to_be_visible()
        answered += page.locator(".offer").count()
        file = page.locator("figcaption").inner_text()
        page.keyboard.press("1")
        page.keyboard.press("Enter")
        expect(page.locator("figcaption")).not_to_have_text(file)
        until(lambda step=photo + 1: len(app.store.curation.steps(clean)) == step, what="the step")
    assert len(in_force(app, clean)) == answered
    assert [verdict for _, _, verdict in in_force(app, clean)].count("accept") == 3
    expect(page.locator(".box")).to_contain_text("3 of 50 photos answered")
    expect(page.locator(".box .value").first).to_contain_text("to")


def test_one_picture_with_other_tags(app: App, visitor: Visitor, clean: int) -> None:
    page = visitor.open("triage", "?collection=demo&queue=duplicates")
    pairs = asked(app, "duplicates")
    if not pairs:
        expect(page.locator(".end")).to_contain_text("nothing to ask")
        return
    pair = pairs[0]
    expect(page.locator(".stage img")).to_have_count(2)
    page.keyboard.press("Enter")
    until(lambda: bool(in_force(app, clean)), what="the verdicts")
    said = {(file, tag) for file, tag, _ in in_force(app, clean)}
    tags = [one["tag"] for one in pair["offered"]]
    assert said == {(photo["file"], tag) for photo in (pair, pair["second"]) for tag in tags}


def test_a_wrong_address_is_told_in_words(app: App, visitor: Visitor, clean: int) -> None:
    run = app.newest_run("demo").id
    for query, words in (("queue=all", "unknown"), ("queue=missing&tag=nosuch", "No tag of")):
        answer = visitor.page.request.get(f"{app.url}/triage/{run}/questions?{query}")
        assert answer.status == 400 and words in answer.text()
    assert visitor.page.request.get(f"{app.url}/triage/nosuch/questions?queue=missing").status == 404
