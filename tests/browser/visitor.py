"""A visitor of the app: opens pages, waits until they are drawn, and notes what no page may do."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

__all__ = ["PAGES", "Visitor", "pictures_load", "until"]

PAGES = (
    "collection",
    "train",
    "browse",
    "triage",
    "neighbors",
    "tags",
    "map",
    "metrics",
    "compare",
    "annotate",
    "tour",
    "export",
)

# Below an address such as /browse, Streamlit first looks for its own server there, and then at the root.
_PROBE = re.compile(rf"/({'|'.join(PAGES)})/_stcore/(health|host-config)$")


class Visitor:
    """One tab of a browser of its own.

    Attributes
    ----------
    page : Page
    url : str
        Of the app, without a slash at its end.
    problems : list of str
        Requests to other servers, errors of scripts and of the policy, dialogs, answers without the policy.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.url = url
        self.problems: list[str] = []
        self.page.on("request", self._request)
        self.page.on("websocket", lambda socket: self._address(socket.url))
        self.page.on("response", self._response)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("dialog", self._dialog)

    def open(self, name: str, query: str = "") -> Page:
        """Open a page by its address, as from a bookmark, and wait until it is drawn."""
        self.page.goto(f"{self.url}/{name}{query}")
        return self.settle()

    def reload(self) -> Page:
        """Load the page again: a new session of the app."""
        self.page.reload()
        return self.settle()

    def settle(self) -> Page:
        """Wait until the script of the page has run, and see that it met no error of ours."""
        ready = self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
        expect(ready).to_be_visible()
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        return self.page

    def choose(self, key: str, text: str) -> None:
        """Choose an option of the select box with this key, by its text before any counts; long lists show only what is typed."""
        self.page.locator(f".st-key-{key} input").fill(text)
        self.page.get_by_role("option", name=re.compile(rf"^{re.escape(text)}( |$)")).first.click()
        self.settle()

    def _request(self, request: Request) -> None:
        self._address(request.url)

    def _address(self, address: str) -> None:
        if not address.startswith((self.url + "/", self.url.replace("http", "ws") + "/", "data:", "blob:")):
            self.problems.append(f"asked another server: {address}")

    def _dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} from {response.url}")
        if response.url.startswith("http") and "content-security-policy" not in response.headers:
            self.problems.append(f"no content security policy: {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _PROBE.search(message.location.get("url", "")):
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")


def until(condition: Callable[[], bool], *, what: str, seconds: float = 60.0) -> None:
    """Wait for something that is not an element of the page."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.1)


def pictures_load(pictures: Locator, *, at_least: int = 1) -> None:
    """Wait for pictures that are in view, and see that each has pixels."""
    expect(pictures.nth(at_least - 1)).to_be_attached()
    for picture in pictures.all()[:at_least]:
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 0
