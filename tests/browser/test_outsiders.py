"""Nobody else decides: pages of others get nowhere, the app asks nobody, and a token keeps others out."""

import base64
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tagrefine_core.collections import Collection
from tests.browser.conftest import App, serving
from tests.browser.outgoing import Outgoing, watched
from tests.browser.visitor import PAGES, Visitor, until

pytestmark = pytest.mark.browser

SOCKET = """(url) => new Promise((told) => {
    const socket = new WebSocket(url);
    socket.onopen = () => { socket.close(); told("open"); };
    socket.onerror = () => told("refused");
})"""
# As a form sends it: without a question whether it may.
SEND = """([url, body]) => fetch(url, {method: "POST", mode: "no-cors", body}).then(() => "sent", () => "stopped")"""
COMMAND = ("-m", "tagrefine_core", "app", "--port", "{port}")


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Somebody's page on another port of this machine; its link leads to what stands behind its ?."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = f"<!doctype html><a href='{self.path.partition('?')[2]}'>Look</a>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _asked(url: str, path: str, headers: Mapping[str, str]) -> int:
    """Return the status of the answer to a request as no browser would send it."""
    address = urlsplit(url)
    with closing(HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().status


def _shake_hands(url: str, origin: str | None, cookie: str = "") -> int:
    """Return the status of the answer to a websocket's first request; 101 is a socket."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        "Cookie": cookie,
    }
    return _asked(url, "/_stcore/stream", headers | ({"Origin": origin} if origin is not None else {}))


def test_the_watch_sees_what_streamlit_would_ask(tmp_path: Path) -> None:
    """Its lookup of the own address outside goes to the proxy; one that goes past it is noted as well."""
    with watched(tmp_path) as outgoing:
        code = "from streamlit.net_util import *; get_external_ip(); get_internal_ip()"
        subprocess.run(
            [sys.executable, "-c", code], env=dict(outgoing.environment), check=False, capture_output=True
        )
        asked = outgoing.asked()
    assert any(line.startswith("proxy GET http://checkip") for line in asked)
    assert any(line.startswith("socket.connect 8.8.8.8") for line in asked)


def test_the_app_asks_nobody(visitor: Visitor, app: App) -> None:
    own = app.url
    port = urlsplit(own).port
    foreign = (
        "http://evil.example", f"http://evil.example:{port}", "http://192.0.2.9:8501", f"https://127.0.0.1:{port}",
        f"http://LOCALHOST:{port}", "http://127.0.0.1", "http://127.0.0.1:1", "null", "", None,
    )  # fmt: skip
    assert [_shake_hands(own, origin) for origin in foreign] == [403] * len(foreign)
    assert _shake_hands(own, own) == 101
    for name in PAGES:
        visitor.open(name)
    assert app.outgoing.asked() == []


def test_a_page_of_another_port_gets_nowhere(
    visitor: Visitor, browser: Browser, app: App, demo: str, elsewhere: str
) -> None:
    collection = Collection.open(app.store, demo)
    decide = f"{app.url}/verdicts/{collection.id}"
    step = {
        "key": "k",
        "kind": "do",
        "answers": [{"row": 0, "tag": collection.vocabulary[0], "verdict": "reject"}],
    }
    decided = lambda: app.store.curation.values(collection.id, "verdict")
    stream = app.url.replace("http", "ws") + "/_stcore/stream"
    before = decided()

    page = browser.new_context().new_page()
    page.goto(elsewhere)
    assert page.evaluate(SOCKET, stream) == "refused"
    page.evaluate(SEND, [decide, json.dumps({"steps": [step]})])
    page.context.close()
    assert decided() == before

    page = visitor.open("collection")
    assert page.evaluate(SOCKET, stream) == "open"
    page.evaluate(SEND, [decide, json.dumps({"steps": [step]})])
    assert len(decided()) == len(before) + 1
    app.store.curation.undo(collection.id)
    assert decided() == before


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, outgoing: Outgoing) -> Iterator[tuple[App, str]]:
    """A server that was started with --token, and the address that it printed."""
    with serving(outgoing, tmp_path_factory.mktemp("guarded"), *COMMAND, "--token") as app:
        yield app, _printed(app)


def _printed(app: App) -> str:
    (address,) = re.findall(r"http://\S+", app.said())
    return address


def _drawn(page: Page) -> None:
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink").first).to_be_visible()


def test_the_printed_address_lets_a_browser_in(
    guarded: tuple[App, str], browser: Browser, elsewhere: str
) -> None:
    app, address = guarded
    token = address.partition("token=")[2]
    assert address.startswith(f"{app.url}/?token=") and len(token) >= 32

    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{app.url}/browse")
    assert answer is not None and answer.status == 403
    expect(page.get_by_role("main")).to_contain_text("Open the address that was printed")
    assert _shake_hands(app.url, app.url) == 403

    for start in (address, address.replace("/?", "/browse?")):
        visitor = Visitor(context, app.url)
        visitor.page.goto(start)
        _drawn(visitor.page)
        assert token not in visitor.page.url
        visitor.page.close()
        assert not visitor.problems
    (cookie,) = [one for one in context.cookies() if one["name"].startswith("tagrefine-")]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert _shake_hands(app.url, app.url, f"{cookie['name']}={cookie['value']}") == 101
    assert _shake_hands(app.url, elsewhere, f"{cookie['name']}={cookie['value']}") == 403

    # A colleague's page links to the app: who has been let in gets there, who has not is told what to do.
    link = f"{elsewhere.replace('127.0.0.1', 'localhost')}/?{app.url}/tags"
    page.goto(link)
    page.get_by_role("link").click()
    _drawn(page)
    expect(page).to_have_url(re.compile("/tags"))
    context.close()
    page = browser.new_context().new_page()
    page.goto(link)
    page.get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text("Open the address that was printed")
    page.goto(elsewhere.replace("127.0.0.1", "localhost") + "/?" + address)
    page.get_by_role("link").click()
    _drawn(page)
    page.context.close()


def _addresses() -> list[str]:
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family.name == "AF_INET" and not address.address.startswith("127.")
    ]


@pytest.mark.skipif(not _addresses(), reason="this machine is in no network")
def test_a_shared_app_is_reached_by_its_name_and_with_its_token(
    tmp_path: Path, outgoing: Outgoing, browser: Browser
) -> None:
    host = _addresses()[0]
    with serving(outgoing, tmp_path, *COMMAND, "--share", host, host=host) as app:
        port = urlsplit(app.url).port
        for name, status in ((host, 403), ("evil.example", 400), ("127.0.0.1", 400)):
            assert _asked(app.url, "/", {"Host": f"{name}:{port}"}) == status
        visitor = Visitor(browser.new_context(), app.url)
        visitor.page.goto(_printed(app))
        _drawn(visitor.page)
        visitor.page.context.close()
        # Without encryption this header means nothing, which Chromium calls an error.
        assert [problem for problem in visitor.problems if "Cross-Origin-Opener-Policy" not in problem] == []


def test_the_server_says_one_address(guarded: tuple[App, str]) -> None:
    app, _ = guarded
    until(lambda: "TagRefine is at" in app.said(), what="the address")
    assert len(app.said().splitlines()) == 1
