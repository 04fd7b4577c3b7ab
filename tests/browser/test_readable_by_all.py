"""Every page for everybody: no violation that axe-core finds, nothing cut on narrow windows, calm when asked, by keyboard alone."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tagrefine_core.collections import Collection
from tagrefine_core.experiments import benchmark
from tagrefine_core.progress import silent
from tagrefine_core.runs.map import has_map
from tagrefine_core.runs.mapping import make_map
from tagrefine_core.runs.run import Run
from tagrefine_core.settings import train_config
from tests.browser.conftest import PATIENCE, App
from tests.browser.visitor import PAGES, Visitor, until

pytestmark = pytest.mark.browser

STATES = (
    "browse?photo=0",
    "tags?tag=tree",
    "tags?view=merges",
    "tags?view=pairs&tag=tree&other=sky",
    "neighbors?by=refined",
    "triage?queue=one&tag=tree",
    "triage?queue=untagged",
    "triage?queue=duplicates",
    "triage?queue=audit",
    "map?colour=tag&tag=tree",
)
"""Addresses that show more than a page does at first."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
SIZES = {"wide": (1280, 800), "half": (800, 900), "zoomed to 200 %": (640, 400), "narrow": (480, 900)}

_AXE = Axe()
_INNER = """
function* all(root) {
    for (const element of root.querySelectorAll("*")) {
        yield element;
        if (element.shadowRoot) yield* all(element.shadowRoot);
    }
}
"""
_MOVING = f"""() => {{ {_INNER}
    const roots = [document, ...[...all(document)].map((one) => one.shadowRoot).filter(Boolean)];
    return roots.flatMap((root) => root.getAnimations()).filter((one) => one.effect.getComputedTiming().duration > 50).length;
}}"""
_CUT = """() => {
    const main = document.querySelector('[data-testid="stMain"]');
    return main.scrollWidth - main.clientWidth;
}"""


def violations(page: Page) -> list[str]:
    """Return what axe-core finds, a line for each element: the rule, the element, what to do."""
    found = _AXE.run(page, options={"resultTypes": ["violations"], "runOnly": RULES}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:200]} {' '.join(node['failureSummary'].split())}"
        for rule in found
        for node in rule["nodes"]
    ]


def holds(page: Page, where: str) -> None:
    """See that axe-core finds nothing once the page is whole."""
    found: list[str] = []
    for _ in range(20):
        if not (found := violations(page)):
            return
        page.wait_for_timeout(500)
    raise AssertionError("\n".join([where, *found]))


@pytest.fixture
def visit(app: App, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return who makes visitors that like one theme, or no movement."""
    visitors: list[Visitor] = []

    def made(theme: str = "light", *, motion: str = "reduce") -> Visitor:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="en-US", color_scheme=theme, reduced_motion=motion
        )
        context.set_default_timeout(PATIENCE)
        visitors.append(Visitor(context, app.url))
        return visitors[-1]

    yield made
    for visitor in visitors:
        visitor.page.context.close()
        assert not visitor.problems


@pytest.fixture(scope="module")
def whole(app: App, demo: str) -> None:
    """A comparison and a map, so that their pages have something to show."""
    benchmark(app.store, demo, train_config("small"), methods=("user_tags", "knn"), repeats=1, budget=1)
    run = Run.open(app.store, app.newest_run(demo).id)
    if not has_map(run):
        make_map(run, Collection.open(app.store, demo), progress=silent)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", [*PAGES, *STATES])
def test_nothing_keeps_anybody_out(
    visit: Callable[..., Visitor], whole: None, demo: str, address: str, theme: str
) -> None:
    name, _, query = address.partition("?")
    visitor = visit(theme)
    page = visitor.open(name, f"?collection={demo}&{query}")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)  # Streamlit and our components follow the new size
        until(
            lambda: page.evaluate(_CUT) <= 0, what=f"a page that does not scroll sideways, {size}", seconds=10
        )
        if size in ("wide", "narrow"):
            holds(page, size)
    page.set_viewport_size({"width": 1280, "height": 800})
    for tab in page.get_by_role("tab").all()[1:]:
        tab.click()
        visitor.settle()
        holds(page, tab.inner_text())


def test_the_first_screen_keeps_nobody_out(browser: Browser, visit: Callable[..., Visitor], app: App) -> None:
    """Also what is opened on top of a page."""
    page = visit().open("collection")
    page.locator(".st-key-import button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    holds(page, "the dialog")


def test_nothing_moves_for_who_asked_for_calm(visit: Callable[..., Visitor], demo: str) -> None:
    for motion, moves in (("no-preference", True), ("reduce", False)):
        visitor = visit(motion=motion)
        page = visitor.open("neighbors", f"?collection={demo}")
        page.get_by_role("button", name="Play").click()
        seen = []
        for _ in range(20):
            page.wait_for_timeout(100)
            seen.append(page.evaluate(_MOVING))
        assert any(seen) == moves


def test_a_narrow_page_is_left_by_keys(visit: Callable[..., Visitor], demo: str) -> None:
    """The list of pages lies behind a button there."""
    visitor = visit()
    visitor.page.set_viewport_size({"width": 480, "height": 900})
    page = visitor.open("collection", f"?collection={demo}")
    shows = "document.activeElement.matches('a, button') && getComputedStyle(document.activeElement).outlineStyle != 'none'"

    def reach(name: str) -> None:
        def there() -> bool:
            page.keyboard.press("Tab")
            return name in page.evaluate(
                "document.activeElement.matches('a, button') ? document.activeElement.innerText : ''"
            )

        until(there, what=f"{name} by the tab key")
        assert page.evaluate(shows), "it shows that it has been reached"

    reach("keyboard_double_arrow_right")
    page.keyboard.press("Enter")
    reach("Browse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
