"""Map: the page with and without a map, colours and what selected photos have in common against plain loops, and the routes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from pages.browse.routes import photos
from pages.map.routes import colour, select, selection
from pages.map.view import colours, in_common, view
from tagrefine_core import workflow
from tagrefine_core.collections import Collection, keep_selection
from tagrefine_core.errors import ConfigError
from tagrefine_core.files import write_arrays
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.store import Store
from tagrefine_core.workflow.verdicts import Answer, decide
from tests.app.conftest import PHOTOS, VOCABULARY, components

OpenPage = Callable[..., AppTest]
Started = list[tuple[str, str, Any]]


def add_map(store: Store, run: str = "run-new", *, frozen: bool = True) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(5)
    maps = {"learned": rng.uniform(-1, 1, (PHOTOS, 2)).astype(np.float32)}
    if frozen:
        maps["frozen"] = rng.uniform(-1, 1, (PHOTOS, 2)).astype(np.float32)
    write_arrays(run_folder(store.home, run) / "map.npz", kept=np.array([0.5, np.nan]), **maps)
    return maps


@pytest.fixture
def mapped_home(small_home: Store) -> Store:
    add_map(small_home)
    return small_home


def told(page: AppTest) -> dict[str, Any]:
    assert not page.exception and not page.error
    (element,) = components(page)
    return json.loads(element.proto.json)


def ask(
    route: Callable[[Request], Any], query: str = "", *, body: bytes = b"", **path: Any
) -> tuple[int, Any]:
    scope = {
        "type": "http",
        "path_params": {"run_id": "run-new", **path},
        "query_string": query.encode(),
        "headers": [],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    answer = asyncio.run(route(Request(scope, receive)))
    return answer.status_code, answer.body


# The page


def test_without_a_map_one_click_draws_it(small_home: Store, open_page: OpenPage, started: Started) -> None:
    page = open_page("map", collection="demo", run="run-new")
    assert not page.exception and not components(page)
    assert [one.value for one in page.header] == ["This run has no map yet"]
    (button,) = [one for one in page.button if one.label == "Draw the map"]
    page = button.click().run()
    assert started == [("map", "demo", {})]
    assert small_home.jobs()[0].run_id == "run-new"
    assert any("Drawing the map of demo" in one.value for one in page.markdown)
    assert not [one for one in page.button if one.label == "Draw the map"], "it is being drawn"


def test_the_page_hands_over_the_map(mapped_home: Store, open_page: OpenPage) -> None:
    page = open_page("map", collection="demo", run="run-new", colour="probability", tag="sea", when="frozen")
    data = told(page)
    assert data["count"] == PHOTOS and data["tags"] == list(VOCABULARY)
    assert data["shown"] == {"colour": "probability", "tag": "sea", "when": "frozen", "selection": None}
    assert data["maps"]["learned"].startswith("/arrays/") and data["maps"]["frozen"].startswith("/arrays/")
    assert "50 %" in data["notes"]["learned"] and data["notes"]["frozen"] == ""
    for places in data["landmarks"].values():
        for name, x, y in places:
            assert name in VOCABULARY and abs(x) <= 1 and abs(y) <= 1
    assert data["picture"].format(row=3).startswith("/thumbnails/")
    json.dumps(data, allow_nan=False)


def test_a_run_without_a_map_of_before_says_so(small_home: Store, open_page: OpenPage) -> None:
    add_map(small_home, frozen=False)
    page = open_page("map", collection="demo", run="run-new")
    data = told(page)
    assert data["maps"]["frozen"] is None and data["landmarks"]["frozen"] == []
    assert any("before learning is not kept" in one.value for one in page.caption)


def test_a_damaged_map_can_be_drawn_again(small_home: Store, open_page: OpenPage, started: Started) -> None:
    (run_folder(small_home.home, "run-new") / "map.npz").write_bytes(b"nothing")
    page = open_page("map", collection="demo", run="run-new")
    assert [one.value for one in page.header] == ["The map of this run cannot be read"]
    next(one for one in page.button if one.label == "Draw the map").click().run()
    assert started == [("map", "demo", {})]


def test_a_run_of_an_earlier_import_has_no_map(mapped_home: Store, open_page: OpenPage) -> None:
    with mapped_home.transaction() as connection:
        connection.execute("UPDATE collections SET data_hash = 'other' WHERE name = 'demo'")
    page = open_page("map", collection="demo", run="run-new")
    assert not page.exception and not components(page)
    assert [one.value for one in page.header] == ["This run is of an earlier import"]


# Colours


def test_colours_say_what_becomes_of_a_tag(mapped_home: Store) -> None:
    collection, run = Collection.open(mapped_home, "demo"), Run.open(mapped_home, "run-new")
    decide(
        mapped_home,
        collection,
        [Answer(0, "dog", "accept"), Answer(1, "dog", "reject"), Answer(2, "dog", "unsure")],
    )
    changes, of = changes_of(run, collection, 0.6), view("run-new", 0.6)
    for column, tag in enumerate(VOCABULARY):
        expected = np.zeros(PHOTOS, dtype=int)
        for number, kind in enumerate(("kept", "added", "removed", "untold"), start=1):
            for row in range(PHOTOS):
                if column in getattr(changes, kind)[[row]].indices:
                    expected[row] = number
        found = colours(of, "tag", tag)
        assert found.dtype == np.uint8 and found.tolist() == expected.tolist()
        scores = colours(of, "probability", tag)
        assert scores.dtype == np.uint8 and np.abs(scores / 255 - run.scores[:, column]).max() <= 1 / 255
    said = colours(of, "verdict", "dog")
    assert said[:4].tolist() == [1, 2, 3, 0] and not said[3:].any()
    assert colours(of, "tag", "dog")[0] in (1, 2) and colours(of, "tag", "dog")[1] in (0, 3)
    assert not colours(of, "verdict", "sea").any()


def test_colours_say_what_changes(mapped_home: Store) -> None:
    collection, run = Collection.open(mapped_home, "demo"), Run.open(mapped_home, "run-new")
    changes = changes_of(run, collection, 0.6)
    expected = [
        (changes.added[[row]].nnz > 0) + 2 * (changes.removed[[row]].nnz > 0) for row in range(PHOTOS)
    ]
    assert colours(view("run-new", 0.6), "change", None).tolist() == expected
    assert len(set(expected)) > 1


def test_a_verdict_is_seen_at_once(mapped_home: Store) -> None:
    collection = Collection.open(mapped_home, "demo")
    before = view("run-new", 0.75)
    decide(mapped_home, collection, [Answer(5, "sky", "accept")])
    after = view("run-new", 0.75)
    assert after.version > before.version
    assert ask(colour, "by=verdict&tag=sky&precision=0.75")[1][5] == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("by=tag&tag=elephant", "elephant"),
        ("by=tag", "No tag"),
        ("by=moon&tag=sea", "choose one of"),
        ("by=change&precision=much", "must be a number"),
        ("by=change&precision=2", "0.5"),
    ],
)
def test_what_cannot_be_coloured_says_why(mapped_home: Store, query: str, words: str) -> None:
    status, body = ask(colour, query)
    assert status == 400 and words in body.decode()


# Selections


def test_what_selected_photos_have_in_common(mapped_home: Store) -> None:
    of = view("run-new", 0.6)
    rows = np.array([1, 4, 7, 8, 20, 33])
    refined = np.stack([[tag in of.changes.refined(row)[0] for tag in range(7)] for row in range(PHOTOS)])
    others = np.setdiff1d(np.arange(PHOTOS), rows)
    found = in_common(of, rows)
    assert found
    for one in found:
        column = VOCABULARY.index(one["tag"])
        assert one["here"] == pytest.approx(refined[rows, column].mean())
        assert one["elsewhere"] == pytest.approx(refined[others, column].mean())
        assert one["here"] > one["elsewhere"] and refined[rows, column].sum() >= 2
    assert in_common(of, np.arange(PHOTOS)) == [] or all(
        one["elsewhere"] == 0 for one in in_common(of, np.arange(PHOTOS))
    )


def test_a_selection_is_kept_and_comes_back(mapped_home: Store) -> None:
    rows = [0, 7, 8, 39]
    bits = bytearray(5)
    for row in rows:
        bits[row // 8] |= 1 << (row % 8)
    status, body = ask(select, body=bytes(bits))
    answer = json.loads(body)
    assert status == 200 and answer.keys() == {"name", "tags"}
    assert json.loads(ask(selection, name=answer["name"])[1]) == {**answer, "rows": rows}
    # Browse shows the same photos.
    scope = {
        "type": "http",
        "path_params": {"run_id": "run-new"},
        "query_string": f"selection={answer['name']}&order=file".encode(),
    }
    shown = json.loads(photos(Request(scope)).body)["photos"]
    assert [photo["row"] for photo in shown] == rows


def test_browse_shows_only_what_was_selected(mapped_home: Store, open_page: OpenPage) -> None:
    collection = Collection.open(mapped_home, "demo")
    name = keep_selection(collection, [3, 5, 9])
    page = open_page("browse", collection="demo", run="run-new", selection=name)
    (element,) = components(page)
    assert json.loads(element.proto.json)["state"] == {"selection": name}

    def found(selection: str) -> dict[str, Any]:
        query = f"selection={selection}&order=file".encode()
        return json.loads(
            photos(
                Request({"type": "http", "path_params": {"run_id": "run-new"}, "query_string": query})
            ).body
        )

    assert (found(name)["total"], found(name)["selected"]) == (3, 3)
    assert (found("")["total"], found("")["selected"]) == (40, None)
    assert "Select the photos again" in found("0123456789abcdef")["wrong"]


@pytest.mark.parametrize("body", [b"", b"\0\0\0\0", b"\0\0\0\0\0", b"\xff" * 6])
def test_what_is_no_selection_is_refused(mapped_home: Store, body: bytes) -> None:
    status, words = ask(select, body=body)
    assert status == 400 and words
    assert ask(selection, name="../x")[0] == 400


def test_unknown_colours_are_refused_in_python_too(mapped_home: Store) -> None:
    with pytest.raises(ConfigError):
        colours(view("run-new", 0.75), "nothing", "sea")  # type: ignore[arg-type]


def test_a_limit_of_the_curator_s_makes_other_colours(mapped_home: Store, open_page: OpenPage) -> None:
    def version() -> str:
        return told(open_page("map", collection="demo", run="run-new"))["version"]

    before = version()
    workflow.set_tag_limit(mapped_home, "demo", "sky", 0.4)
    limited = version()
    workflow.set_tag_rules(mapped_home, "demo", ["sky"], "leave")
    assert len({before, limited, version()}) == 3
