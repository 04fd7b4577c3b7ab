"""Browse: found photos, the address that restores them, one photo in full, and what its routes answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from pages.browse.reasons import reason
from pages.browse.routes import near_photos, one_photo, photo_query, photos
from pages.browse.view import photo, view, window
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.refinement import MAX_ADDED
from tagrefine_core.refinement.photo import PhotoTag
from tagrefine_core.runs.run import run_folder
from tagrefine_core.store import Store

OpenPage = Callable[..., AppTest]


def gallery(page: AppTest) -> dict[str, Any]:
    """Return what the page handed to its gallery."""
    (element,) = page.get("bidi_component")
    return json.loads(element.proto.json)


def texts(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(
        element.value for element in (*page.markdown, *page.subheader, *page.warning, *page.error)
    )


def ask(route: Callable[[Request], Any], query: str = "", **path: Any) -> tuple[int, Any]:
    scope = {"type": "http", "path_params": {"run_id": "run-new", **path}, "query_string": query.encode()}
    answer = route(Request(scope))
    text = answer.body.decode()
    return answer.status_code, json.loads(text) if answer.status_code == 200 else text


def test_all_photos_at_first(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("browse", collection="demo")
    assert "**40** of 40 photos" in texts(page)
    shown = gallery(page)
    assert shown["total"] == 40 and shown["opened"] is None
    assert shown["address"] == "/photos/run-new"


def test_address_restores_filter_and_photo(small_home: Store, open_page: OpenPage) -> None:
    page = open_page(
        "browse", collection="demo", tag="sea", kind="removed", order="file", strictness="0.2", photo="7"
    )
    of = view("run-new", 0.2)
    rows = np.flatnonzero(of.changes.removed[:, [0]].toarray().ravel())
    rows = [int(row) for row in rows if 0 in of.changes.removed[[row]].indices]
    assert f"**{len(rows)}** of 40 photos" in texts(page)
    assert {box.label: box.value for box in page.selectbox}.items() >= {"Tag": "sea", "Sort": "file"}.items()
    assert page.slider[0].value == 0.2
    if rows:
        shown = gallery(page)
        assert shown["opened"] == 7
        assert shown["place"] == (rows.index(7) if 7 in rows else None)


def test_choosing_goes_into_the_address(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("browse", collection="demo")
    next(box for box in page.selectbox if box.label == "Sort").set_value("file").run()
    next(box for box in page.selectbox if box.label == "Change").set_value("added").run()
    assert page.query_params["order"] == "file" and page.query_params["kind"] == "added"
    next(box for box in page.selectbox if box.label == "Change").set_value("any").run()
    assert "kind" not in page.query_params


def test_search_finds_files_and_says_what_is_unknown(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("browse", collection="demo")
    page.text_input(key="search").set_value('"im07"').run()
    assert "**1** of 40 photos" in texts(page)
    page.text_input(key="search").set_value("flowr").run()
    assert "Did you mean flower" in texts(page) and "No photo matches" in texts(page)
    page.text_input(key="search").set_value("(sea").run()
    assert "never closes it" in texts(page)
    assert not page.get("bidi_component")


def test_untagged_photos_can_be_found(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("browse", collection="demo", kind="untagged")
    empty = int((np.diff(Collection.open(small_home, "demo").tags.indptr) == 0).sum())
    assert empty and f"**{empty}** of 40 photos" in texts(page)


@pytest.mark.parametrize(("collection", "button"), [("fresh", "Go to Train"), (None, "Go to Collection")])
def test_empty_states_lead_on(
    collection: str | None, button: str, request: pytest.FixtureRequest, open_page: OpenPage
) -> None:
    request.getfixturevalue("small_home" if collection else "empty_home")
    page = open_page("browse", **({"collection": collection} if collection else {}))
    assert not page.exception
    assert [one.label for one in page.button] == [button]


def test_windows_make_up_the_whole(small_home: Store) -> None:
    parts = [ask(photos, f"offset={offset}&limit=15&order=file") for offset in (0, 15, 30, 45)]
    assert [len(answer["photos"]) for _, answer in parts] == [15, 15, 10, 0]
    shown = [photo["row"] for _, answer in parts for photo in answer["photos"]]
    assert shown == list(range(40))


def test_cards_agree_with_the_changes(small_home: Store) -> None:
    of = view("run-new", 0.0)
    names = of.collection.vocabulary
    for card in window(of, photo_query({}), 0, 40)["photos"]:
        for state in ("added", "removed", "kept"):
            expected = {names[column] for column in getattr(of.changes, state)[[card["row"]]].indices}
            assert {tag["tag"] for tag in card["tags"] if tag["state"] == state} == expected
        assert sum(tag["state"] == "added" for tag in card["tags"]) <= MAX_ADDED


def test_one_photo_in_full(small_home: Store) -> None:
    of = view("run-new")
    status, shown = ask(one_photo, "tag=dog", row=1)
    assert status == 200
    assert shown["raw"] == of.collection.raw_tags(1)
    listed = {score["tag"]: score for score in shown["scores"]}
    assert set(listed) == set(of.collection.vocabulary)  # it has all tags, so all are listed
    assert [score["score"] for score in shown["scores"]] == sorted(
        (float(score) for score in of.run.scores[1]), reverse=True
    )
    assert shown["why"] == "dog"
    assert f"{listed['dog']['score']:.2f}" in listed["dog"]["reason"]
    assert "size=1024" in shown["picture"]


def test_why_names_the_limit_that_counts_and_the_tag_that_implies(small_home: Store) -> None:
    """Every tag of every photo against a naive second implementation, with limits and implications of its own."""
    rng = np.random.default_rng(3)
    names = Collection.open(small_home, "demo").vocabulary
    implied = np.where(rng.random((len(names), len(names))) < 0.6, rng.random((len(names), len(names))), 0)
    folder = run_folder(small_home.home, "run-new")
    sparse.save_npz(folder / "implied.npz", sparse.csr_matrix(implied.astype(np.float32)))
    of = view("run-new")
    places = np.arange(len(names)) / 100
    limits = replace(of.thresholds, add=0.55 + places, remove=0.35 + places)
    of = replace(of, thresholds=limits)
    told = {"own": 0, "implied": 0, "not by the first": 0}
    for row in range(of.collection.n):
        given = [int(column) for column in of.collection.tags[[row]].indices]
        for score in photo(of, row)["scores"]:
            column = names.index(score["tag"])
            own = column in given
            limit = float((limits.remove if own else limits.add)[column])
            assert score["limit"] == limit and f"{limit:.2f}" in score["reason"]
            told["own"] += own
            speakers = [(implied[tag, column], tag) for tag in given if implied[tag, column] > 0]
            if own or not speakers:
                assert "implies" not in score["reason"]
                continue
            _, speaker = max(speakers)
            assert f"The user's “{names[speaker]}” implies it." in score["reason"]
            told["implied"] += 1
            told["not by the first"] += speaker != given[0]
    assert min(told.values()) > 20


def test_neighbors_are_the_nearest_others(small_home: Store) -> None:
    of = view("run-new")
    features = np.asarray(of.run.features, dtype=np.float64)
    order = np.argsort(((features - features[4]) ** 2).sum(axis=1), kind="stable")
    expected = [int(row) for row in order if row != 4]
    status, shown = ask(near_photos, row=4)
    assert status == 200 and shown["asked"] == 30
    assert [photo["row"] for photo in shown["photos"]] == expected[:15]
    tags = of.collection.tags[expected[:30]].toarray().sum(axis=0)
    assert shown["given"] == {
        tag: int(count) for tag, count in zip(of.collection.vocabulary, tags, strict=True) if count
    }


@pytest.mark.parametrize(
    ("route", "query", "path", "status"),
    [
        (photos, "kind=new", {}, 400),
        (photos, "tag=nothing", {}, 400),
        (photos, "search=(", {}, 400),
        (photos, "offset=x", {}, 400),
        (photos, "offset=-1", {}, 400),
        (photos, "strictness=nan", {}, 400),
        (photos, "strictness=7", {}, 400),
        (photos, "", {"run_id": "../../etc"}, 404),
        (one_photo, "", {"row": 40}, 404),
        (near_photos, "", {"row": 40}, 404),
    ],
)
def test_routes_refuse_in_plain_words(
    small_home: Store, route: Callable[[Request], Any], query: str, path: dict[str, Any], status: int
) -> None:
    got, text = ask(route, query, **path)
    assert got == status and "Traceback" not in text


def test_run_of_other_data_is_refused(small_home: Store) -> None:
    with small_home.transaction() as connection:
        connection.execute("UPDATE collections SET data_hash = 'other' WHERE name = 'demo'")
    with pytest.raises(RunError, match="has changed"):
        view("run-new")


def test_query_of_an_address() -> None:
    assert photo_query({"tag": ""}).tag is None
    with pytest.raises(ConfigError):
        photo_query({"order": "size"})


@pytest.mark.parametrize(
    ("state", "limit", "says"),
    [
        ("added", 0.4, "from 0.40 on it is added"),
        ("removed", 0.9, "removed at 0.90 and below"),
        ("kept", 0.2, "above 0.20 it stays"),
        ("absent", 0.9, "from 0.90 on it would be added"),
        ("absent", float("inf"), "too few photos"),
    ],
)
def test_reasons(state: Any, limit: float, says: str) -> None:
    text = reason(PhotoTag("sea", state, 0, 0.72), limit)
    assert "scores 0.72 for “sea”" in text and says in text
    implied = reason(PhotoTag("sea", state, 0, 0.72), limit, "beach")
    assert ("The user's “beach” implies it." in implied) == (state in ("added", "absent") and limit < 1)
