"""What sends decisions, in a real browser without the app: an address that is not encrypted, no storage, two collections, a component that is gone."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from pages.components import base
from tests.browser.conftest import PATIENCE
from tests.browser.visitor import until

pytestmark = pytest.mark.browser

PLAIN = "http://photos.example"  # another machine without https: no secure context
SENDER = (base._HERE / "verdicts.js").read_text(encoding="utf-8")
OPEN = f"""() => {{
    {SENDER}
    window.heard = [];
    window.changes = [];
    window.sender = new Sender((state) => heard.push(state), (changed) => changes.push(changed));
}}"""


class Server:
    """Answers what a sender asks, by ``/verdicts/<collection>``; holds back what is posted while ``held`` is a list."""

    def __init__(self, page: Page) -> None:
        self.steps: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.held: list[Route] | None = None
        page.route(f"{PLAIN}/**", self.answer)

    def answer(self, route: Route) -> None:
        collection = route.request.url.partition("?")[0].rpartition("/")[2]
        if "/verdicts/" not in route.request.url:
            route.fulfill(body="<!doctype html>", content_type="text/html")
        elif route.request.method == "GET":
            self.asked.append(collection)
            route.fulfill(json={"version": 7, "changed": []})
        elif self.held is not None:
            self.held.append(route)
        else:
            self.save(route)

    def save(self, route: Route) -> None:
        collection = route.request.url.rpartition("/")[2]
        steps: list[dict[str, Any]] = json.loads(route.request.post_data or "")["steps"]
        self.steps += [(collection, step["answers"][0]["tag"]) for step in steps]
        assert len({step["key"] for step in steps}) == len(steps)
        route.fulfill(json={"version": 7, "saved": [{"key": step["key"]} for step in steps]})

    def release(self) -> None:
        held, self.held = self.held or [], None
        for route in held:
            self.save(route)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def say(page: Page, tag: str) -> None:
    page.evaluate("(tag) => sender.say([{ row: 0, tag, verdict: 'accept' }])", tag)


def saved(page: Page) -> None:
    page.wait_for_function("heard.length && heard.at(-1).waiting === 0 && !heard.at(-1).error")


def test_an_address_that_is_not_encrypted_and_a_storage_that_refuses(page: Page) -> None:
    server = Server(page)
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };"
    )
    page.goto(PLAIN)
    assert not page.evaluate("window.isSecureContext || !!crypto.randomUUID")
    page.evaluate(OPEN)
    page.evaluate("sender.open(1, 'r')")
    say(page, "sea")
    say(page, "sky")
    saved(page)
    assert server.steps == [("1", "sea"), ("1", "sky")]


def test_what_is_decided_on_two_collections_reaches_each(page: Page) -> None:
    server = Server(page)
    page.goto(PLAIN)
    page.evaluate(OPEN)
    page.evaluate("sender.open(1, 'r')")
    server.held = []
    for tag in ("sea", "sky"):  # one is on its way, the other waits
        say(page, tag)
    page.wait_for_function("heard.length")
    until(lambda: page.evaluate("sender.waiting.length") == 2 and bool(server.held), what="two that wait")
    page.evaluate("sender.open(2, 's')")
    say(page, "tree")
    server.release()
    saved(page)
    assert server.steps == [("1", "sea"), ("1", "sky"), ("2", "tree")]
    assert page.evaluate("sessionStorage.getItem('tagrefine-waiting')") == "[]"
    say(page, "dog")
    until(lambda: page.evaluate("sender.waiting.length") == 0, what="one more")
    assert server.steps[3:] == [("2", "dog")]


def test_what_waits_outlives_a_reload_and_a_component_that_is_gone(page: Page) -> None:
    server = Server(page)
    page.goto(PLAIN)
    page.evaluate(OPEN)
    page.evaluate("sender.open(1, 'r')")
    server.held = []
    say(page, "sea")
    until(lambda: page.evaluate("1") == 1 and bool(server.held), what="the request")
    page.evaluate("window.old = sender; old.stop();")
    page.evaluate(OPEN)  # the next page: it takes over what waits
    assert page.evaluate("sender.waiting.length") == 1
    page.evaluate("sender.open(1, 'r')")
    say(page, "sky")
    server.release()
    saved(page)
    assert page.evaluate("[old.waiting.length, sessionStorage.getItem('tagrefine-waiting')]") == [0, "[]"]
    assert set(server.steps) == {("1", "sea"), ("1", "sky")}
    server.asked.clear()
    page.evaluate("sender.stop()")
    page.wait_for_timeout(3500)
    assert server.asked == [], "who is gone asks no more"


def test_who_leaves_is_asked_only_where_something_may_be_lost(page: Page) -> None:
    server, asked = Server(page), []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    for refused in (False, True):  # what the browser cannot keep is lost with the tab
        page.goto(PLAIN)
        if refused:
            page.evaluate(
                "() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
            )
        page.evaluate(OPEN)
        page.evaluate("sender.open(1, 'r')")
        server.held = []
        page.locator("html").click()  # browsers ask for pages that somebody has touched
        say(page, "sea")
        until(lambda: page.evaluate("1") == 1 and bool(server.held), what="the request")
        page.goto(f"{PLAIN}/elsewhere")
        assert asked == (["beforeunload"] if refused else [])
        server.held = None
        page.evaluate("sessionStorage.clear()")
