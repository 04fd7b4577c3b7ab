"""The app on a large collection, in a browser: when each page has settled, how soon it answers, and how much memory it takes.

Run with ``python -m benchmarks.pages HOME COLLECTION RUN [--photos 200000] [--tags 3010] [--into FOLDER] [--pictures FOLDER]``. The large
collection is drawn from that run (`benchmarks.large`); with ``--into`` it is kept there, and used again. The run should have a map.
Every page is opened by its address in a tab of its own: for the first time after the app has started, then again. An answer is timed in
the page, from the key or click to what is drawn.
"""

import argparse
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.large import drawn, parser
from benchmarks.serving import start

_AGAIN = 3
_PATIENCE = 120  # seconds
_LOOK = 1000  # milliseconds that one looks at what was found before one asks again
_PAGES = {
    "collection": '[data-testid="stMetric"], [data-testid="stHeading"]',
    "train": '[data-testid="stHeading"]',
    "browse": ".card img",
    "triage": "h2.tag",
    "neighbors": ".cell img",
    "tags": ".scroller .row",
    "map": ".legend .kind",
    "metrics": '[data-testid="stPlotlyChart"]',
    "compare": '[data-testid="stHeading"]',
    "annotate": '[data-testid="stHeading"]',
    "tour": ".sentence",
}
"""What has to be there on a page for it to have settled; beside it no script may be running."""

_WATCH = """
const deep = (selector, root = document) => {
  const found = root.querySelector(selector);
  if (found) return found;
  for (const one of root.querySelectorAll("*")) {
    const inside = one.shadowRoot && deep(selector, one.shadowRoot);
    if (inside) return inside;
  }
  return null;
};
window.inside = (selector) => deep(selector)?.getRootNode(); // looked for once: looking through all elements takes longer than an answer
window.watch = () => {
  Object.assign(window, { settled: null, clicked: null });
  // Before anything else hears of the click: from then on the old page does not count.
  document.addEventListener("click", () => (window.clicked = performance.now()), { capture: true, once: true });
  const from = location.pathname, first = performance.now() < 1000 || !deep('[data-testid="stApp"]');
  const clock = setInterval(() => {
    const wanted = SELECTORS[location.pathname.slice(1)];
    const still = document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]');
    if (still && (first || location.pathname !== from) && deep(wanted)) window.settled ??= performance.now();
    else window.settled = null;
    if (window.settled && performance.now() - window.settled > 400) clearInterval(clock);
  }, 20);
};
window.watch();
window.answered = async (act, is) => {
  const start = performance.now();
  act();
  while (!is()) {
    if (performance.now() - start > 20000) return null;
    await new Promise((go) => setTimeout(go, 4));
  }
  return performance.now() - start;
};
"""

_SEARCHES = ("dog", "not dog and sky", "added:*", "flower>.6", "night or portrait", "added:p>.9", "file:1234")


class Walk:
    """A browser that opens pages of the app and times them."""

    def __init__(self, browser: Browser, url: str, pictures: Path | None) -> None:
        self.url, self.pictures = url, pictures
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.context.set_default_timeout(1000 * _PATIENCE)
        self.context.add_init_script(_WATCH.replace("SELECTORS", repr(_PAGES)))

    @contextlib.contextmanager
    def opened(self, name: str, query: str = "") -> Iterator[tuple[Page, float]]:
        """Open a page in a tab of its own, and tell how many seconds it took to settle."""
        page = self.context.new_page()
        page.goto(f"{self.url}/{name}?collection=big{query}")
        self._settled(page, name)
        if self.pictures:
            page.wait_for_timeout(1500)
            page.screenshot(path=str(self.pictures / f"{name}.png"))
        yield page, page.evaluate("window.settled") / 1000
        page.close()

    def _settled(self, page: Page, name: str) -> None:
        start = time.perf_counter()
        while not page.evaluate("window.settled !== null && performance.now() - window.settled > 400"):
            if time.perf_counter() - start > _PATIENCE:
                raise SystemExit(f"{name} has not settled in {_PATIENCE} s.")
            page.wait_for_timeout(100)

    def clicks(self) -> None:
        """Print for every page with a link the seconds after a click on it, the median of some rounds and the longest."""
        seconds: dict[str, list[float]] = {}
        with self.opened("collection") as (page, _):
            for _ in range(_AGAIN):
                for name in [*_PAGES][1:] + [*_PAGES][:1]:
                    link = page.locator(f'a[href$="/{name}"]')
                    if not link.count():
                        continue
                    page.evaluate("watch()")
                    link.first.click(no_wait_after=True)
                    self._settled(page, name)
                    seconds.setdefault(name, []).append(
                        page.evaluate("(window.settled - window.clicked) / 1000")
                    )
        for name, found in seconds.items():
            print(
                f"{name:12s} by a click {np.median(found):5.2f} s (longest {max(found):5.2f})  {load()}",
                flush=True,
            )

    def pages(self) -> None:
        """Print for every page the seconds of the first visit, and the median and the longest of later ones."""
        for name in _PAGES:
            seconds = []
            for _ in range(1 + _AGAIN):
                with self.opened(name) as (_, one):
                    seconds.append(one)
            again = seconds[1:]
            print(
                f"{name:12s} first {seconds[0]:6.2f} s, then {np.median(again):5.2f} s (longest {max(again):5.2f})  {load()}",
                flush=True,
            )

    def answers(self) -> None:
        """Print how long searches, answers of Triage and the neighbors of a photo take in the page."""
        with self.opened("browse") as (page, _):
            for text in _SEARCHES * 2:
                self._print(f"search {text}", [self._search(page, text)])
            self._print("a photo and its neighbors", [self._photo(page, place) for place in range(8)])
        with self.opened("triage") as (page, _):
            self._print("next question", [self._question(page) for _ in range(20)])

    def _search(self, page: Page, text: str) -> float | None:
        page.wait_for_timeout(_LOOK)
        return page.evaluate(  # type: ignore[no-any-return]
            """(text) => {
                const root = inside("input.search"), box = root.querySelector("input.search"), first = root.querySelector(".card");
                return answered(() => {
                    box.value = text;
                    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, composed: true }));
                }, () => root.querySelector(".message").textContent || (!first.isConnected && root.querySelector(".card img")));
            }""",
            text,
        )

    def _photo(self, page: Page, place: int) -> float | None:
        page.wait_for_timeout(_LOOK)
        return page.evaluate(  # type: ignore[no-any-return]
            """(place) => {
                const root = inside(".detail"), detail = root.querySelector(".detail");
                const card = root.querySelector(`.card[aria-posinset="${place + 1}"]`), file = card.title;
                return answered(() => card.click(), () => detail.textContent.includes(file) && detail.querySelector(".thumb"));
            }""",
            place,
        )

    def _question(self, page: Page) -> float | None:
        return page.evaluate(  # type: ignore[no-any-return]
            """() => {
                const root = inside("h2.tag");
                const shown = () => root.querySelector(".stage img").src + root.querySelector("h2.tag").textContent;
                const before = shown();
                const key = new KeyboardEvent("keydown", { key: "u", bubbles: true, composed: true });
                return answered(() => document.dispatchEvent(key), () => shown() !== before);
            }"""
        )

    def _print(self, what: str, found: list[float | None]) -> None:
        seconds = [one / 1000 for one in found if one is not None]
        told = f"median {np.median(seconds):5.3f} s, longest {max(seconds):5.3f}" if seconds else ""
        lost = f", {len(found) - len(seconds)} not answered" if len(seconds) < len(found) else ""
        print(f"{what:32s} {told}{lost}  {load()}", flush=True)


def load() -> str:
    """Return how busy the machine is."""
    return f"load {os.getloadavg()[0]:.1f}"


def memory(process: int) -> str:
    """Return the memory of a process: its own, what it has mapped of files (which the system takes back at need), and its peak."""
    values = {}
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if value.strip().endswith("kB"):
            values[name] = int(value.split()[0]) / 2**20
    return (
        f"memory {values['RssAnon']:.2f} GB of its own, {values['RssFile']:.2f} GB of files mapped, "
        f"peak of both {values['VmHWM']:.2f} GB"
    )


def main() -> None:
    reader = parser(__doc__)
    reader.add_argument("--into", type=Path, help="keep the large collection in this folder")
    reader.add_argument("--answers", action="store_true", help="only what pages answer")
    reader.add_argument("--pictures", type=Path, help="keep a picture of every page in this folder")
    options = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="tagrefine-bench-") as scratch:
        home = options.into or Path(scratch)
        if not (home / "runs" / "big").is_dir():
            drawn(options, home)
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
        walk_all(home, options)


def walk_all(home: Path, options: argparse.Namespace) -> None:
    """Open all pages, ask, and print the memory after each part."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    server, port = start(home)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            walk = Walk(browser, f"http://127.0.0.1:{port}", options.pictures)
            if not options.answers:
                walk.pages()
                walk.clicks()
                print(f"after all pages: {memory(server.pid)}", flush=True)
            walk.answers()
            print(f"in the end: {memory(server.pid)}", flush=True)
    finally:
        server.terminate()
        server.wait(timeout=60)


if __name__ == "__main__":
    main()
