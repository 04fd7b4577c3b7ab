"""Editing in Browse: selections, words that complete, many photos at once as one step, and what cards tell of it."""

from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from pages.browse.routes import ROUTES, found_rows
from pages.browse.view import view
from pages.routes import routes
from tagrefine_core.store import Store
from tests.app.conftest import PHOTOS, VOCABULARY
from tests.app.test_verdict_routes import Window

PRECISION = 0.6


class Browser(Window):
    """A window of Browse."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.app = Starlette(routes=[*routes(), *ROUTES])

    def photos(self, path: str, query: str = "", sent: bytes | None = None) -> tuple[int, Any]:
        """Ask a route of /photos/run-new."""
        self.room, number = "photos", self.collection
        try:
            self.collection = type("", (), {"id": "run-new"})
            method = "GET" if sent is None else "POST"
            return self.ask(method, path, f"precision={PRECISION}&{query}", sent or b"")
        finally:
            self.room, self.collection = "verdicts", number

    def select(self, *rows: int) -> dict[str, Any]:
        bits = np.zeros(PHOTOS, dtype=np.uint8)
        bits[list(rows)] = 1
        status, answer = self.photos("/selections", sent=np.packbits(bits, bitorder="little").tobytes())
        assert status == 200, answer
        return answer

    def edit(self, selection: str, key: str = "e1", **words: str) -> tuple[int, Any]:
        step = {"kind": "edit", "key": key, "selection": selection, "run": "run-new", "by": "ann", **words}
        return self.ask("POST", sent={"steps": [{"precision": PRECISION, **step}]})

    def card(self, row: int) -> dict[str, dict[str, Any]]:
        """Return the tags on a card by name."""
        (photo,) = self.photos("/cards", f"rows={row}")[1]["photos"]
        return {one["tag"]: one for one in photo["tags"]}

    def carrying(self, tag: str) -> set[int]:
        """Return the photos on whose card a tag stands, one by one."""
        return {
            row
            for row in range(PHOTOS)
            if self.card(row).get(tag, {}).get("state") in ("kept", "added", "untold")
        }


@pytest.fixture
def browser(small_home: Store) -> Browser:
    return Browser(small_home)


def test_a_tag_is_added_to_many_photos_as_one_step(browser: Browser) -> None:
    browser.say(("k0", 3, "dog", "accept"))
    selection = browser.select(1, 3, 7)
    assert selection["photos"] == 3
    status, told = browser.edit(selection["name"], add="dog")
    assert status == 200 and told["saved"][0]["did"] == "+ dog on 2 photos", (
        "of the third it was said already"
    )
    assert {(file, value) for file, tag, value in browser.in_force()} == {
        ("im01.png", "accept"),
        ("im03.png", "accept"),
        ("im07.png", "accept"),
    }
    assert {1, 3, 7} <= browser.carrying("dog")
    assert browser.card(7)["dog"]["said"] == "accept"
    step, _ = browser.store.curation.steps(browser.collection.id)
    assert (step.size, step.note, step.run, step.by) == (2, "+ dog on 2 photos", "run-new", "ann")
    assert browser.turn("undo", "ann", "u1")["words"] == "+ dog on 2 photos"
    assert browser.in_force() == [("im03.png", "dog", "accept")]


def test_a_tag_is_removed_and_renamed_where_it_is_carried(browser: Browser) -> None:
    everywhere = browser.select(*range(PHOTOS))
    sea, sky = browser.carrying("sea"), browser.carrying("sky")
    counted = dict(everywhere["tags"])
    assert counted["sea"] == len(sea) and counted["sky"] == len(sky), "as the cards tell"
    assert list(counted.values()) == sorted(counted.values(), reverse=True)
    status, told = browser.edit(everywhere["name"], "e1", remove="sea")
    assert status == 200 and told["saved"][0]["did"] == f"− sea on {len(sea)} photos"
    assert browser.carrying("sea") == set()
    status, told = browser.edit(everywhere["name"], "e2", remove="sky", add="heaven above")
    assert told["saved"][0]["did"] == f"sky → heaven above on {len(sky)} photos"
    assert browser.carrying("sky") == set() and browser.carrying("heaven above") == sky
    assert "sea" not in dict(browser.select(*range(PHOTOS))["tags"])
    assert dict(browser.select(*range(PHOTOS))["tags"])["heaven above"] == len(sky)
    status, told = browser.edit(everywhere["name"], "e3", remove="heaven above", add="sky")
    assert browser.carrying("heaven above") == set() and browser.carrying("sky") == sky
    for key in ("u1", "u2", "u3"):
        assert browser.turn("undo", "ann", key)["words"]
    assert browser.carrying("sea") == sea and browser.carrying("sky") == sky


def test_sent_again_an_edit_is_not_done_again(browser: Browser) -> None:
    """The second time no photo carries the tag any more, which is no mistake."""
    name = browser.select(*range(PHOTOS))["name"]
    first = browser.edit(name, "e1", remove="sea")
    assert first[0] == 200 and browser.edit(name, "e1", remove="sea") == first
    assert len(browser.store.curation.steps(browser.collection.id)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "Name a tag to add"),
        ({"add": " ", "remove": ""}, "Name a tag to add"),
        ({"add": "sea", "remove": "sea"}, "own place"),
        ({"remove": "no such tag"}, "None of these photos has “no such tag”"),
        ({"add": "dog", "selection": "0123456789abcdef"}, "There is no selection"),
        ({"add": "dog", "run": "run-unchecked"}, "other photos or tags"),
        ({"add": "dog", "run": "none"}, "no run 'none'"),
        ({"add": "dog", "precision": "much"}, "A step has"),
        ({"add": "dog", "precision": 1.5}, "1.5"),
        ({"add": ["dog"]}, "A step has"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(browser: Browser, words: dict[str, Any], told: str) -> None:
    status, answer = browser.edit(**{"selection": browser.select(0, 1)["name"], **words})
    assert 400 <= status < 500 and told in answer
    assert browser.in_force() == []


def test_a_selection_has_as_many_bits_as_photos(browser: Browser) -> None:
    assert browser.photos("/selections", sent=b"12")[0] == 400
    assert browser.photos("/selections", sent=bytes(PHOTOS // 8))[0] == 400, "none selected"


def test_all_found_are_told_as_one_array(browser: Browser) -> None:
    of = view("run-new", PRECISION)
    query = "tag=sea&kind=kept&order=file"
    found = browser.photos("", f"{query}&limit=200")[1]
    rows = {row for row in range(PHOTOS) if 0 in of.changes.kept[[row]].indices}
    assert {one["row"] for one in found["photos"]} == rows
    scope = {
        "type": "http",
        "path_params": {"run_id": "run-new"},
        "query_string": f"precision={PRECISION}&{query}".encode(),
    }
    answer = found_rows(Request(scope))
    assert np.frombuffer(answer.body, "<i4").tolist() == [one["row"] for one in found["photos"]]


def test_words_complete_by_use_and_spellings_lead_to_their_tag(browser: Browser) -> None:
    def words(text: str) -> tuple[list[str], str | None]:
        answer = browser.photos("/words", f"text={quote(text)}")[1]
        return [one["tag"] for one in answer["options"]], answer["known"]

    uses = view("run-new", PRECISION).collection.tags.getnnz(axis=0)
    by_use = [VOCABULARY[column] for column in np.argsort(-uses, kind="stable")]
    assert (
        sorted(words("")[0]) == sorted(by_use)
        and [uses[VOCABULARY.index(tag)] for tag in words("")[0]] == sorted(uses)[::-1]
    )
    assert set(words("s")[0]) == {"sea", "sky", "sunset"} and words("s")[1] is None
    assert words(" SEA ")[1] == "sea"
    assert words("seas") == (["sea"], "sea"), "merged on import"
    assert words("Nikon")[1] is not None, "left out, but users gave it"
    assert words("zebra") == ([], None)
    assert words("<b>")[0] == ["<b>bold</b>"]
    browser.say(("k1", 0, "zebra", "accept"))
    assert words("zeb") == (["zebra"], None) and words("Zebra")[1] == "zebra", "a person's own word"


def test_cards_tell_what_was_said_and_the_panel_what_can_be_brought_back(browser: Browser) -> None:
    of = view("run-new", PRECISION)
    row = next(row for row in range(PHOTOS) if of.changes.added[[row]].nnz and of.changes.kept[[row]].nnz)
    added = VOCABULARY[of.changes.added[[row]].indices[0]]
    kept = VOCABULARY[of.changes.kept[[row]].indices[0]]
    assert browser.card(row)[added]["written"] is False and browser.card(row)[kept]["written"] is True
    browser.say(("k1", row, added, "reject"), ("k2", row, kept, "reject"), ("k3", row, "new word", "accept"))
    card = browser.card(row)
    assert added not in card
    assert (card[kept]["state"], card[kept]["said"]) == ("removed", "reject")
    assert (card["new word"]["state"], card["new word"]["said"], card["new word"]["column"]) == (
        "added",
        "accept",
        None,
    )
    panel = {one["tag"]: one for one in browser.photos(f"/{row}")[1]["tags"]}
    assert (panel[added]["state"], panel[added]["said"]) == ("absent", "reject")
    browser.say(("k4", row, added, None), ("k5", row, kept, None), ("k6", row, "new word", None))
    card = browser.card(row)
    assert card[added]["state"] == "added" and card[kept]["state"] == "kept" and "new word" not in card


def test_another_window_is_told_to_ask_anew_after_many(browser: Browser) -> None:
    """Two hundred thousand verdicts are not named one by one."""
    name = browser.select(*range(PHOTOS))["name"]
    for number in range(6):
        browser.edit(name, f"e{number}", add=f"word {number}")
    news = browser.ask("GET", query="since=0")[1]
    assert news == {"version": news["version"], "changed": None}
    browser.say(("k1", 0, "sea", "accept"))
    later = browser.ask("GET", query=f"since={news['version']}")[1]
    assert later["changed"] == [{"row": 0, "tag": "sea", "verdict": "accept"}]
