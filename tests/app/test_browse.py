"""Browse: found photos, the address that restores them, one photo in full, and what its routes answer."""

import gc
import json
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from starlette.requests import Request
from streamlit.testing.v1 import AppTest

from pages.browse.balance import balance
from pages.browse.routes import near_photos, one_photo, photo_query, photos, tags, where_tag, why_tag
from pages.browse.view import found, photo, view, why, window
from pages.components.tag_choice import tag_names
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError, RunError
from tagrefine_core.refinement import Expectation
from tagrefine_core.refinement.query import PhotoQuery
from tagrefine_core.runs.refined import Expected
from tagrefine_core.store import Store
from tagrefine_core.workflow.verdicts import Answer, decide, undo
from tests.app.conftest import UNTOLD, VOCABULARY, components

OpenPage = Callable[..., AppTest]


def gallery(page: AppTest) -> dict[str, Any]:
    """Return what the page handed to its gallery."""
    (element,) = components(page)
    return json.loads(element.proto.json)


def ask(route: Callable[[Request], Any], query: str = "", **path: Any) -> tuple[int, Any]:
    scope = {"type": "http", "path_params": {"run_id": "run-new", **path}, "query_string": query.encode()}
    answer = route(Request(scope))
    text = answer.body.decode()
    return answer.status_code, json.loads(text) if answer.status_code == 200 else text


def test_page_hands_over_where_photos_come_from_and_what_the_address_asks(
    small_home: Store, open_page: OpenPage
) -> None:
    asked = {"tag": "sea", "kind": "removed", "order": "file", "photo": "7", "search": "(", "untold": "true"}
    page = open_page("browse", collection="demo", precision="0.6", **asked)
    assert not page.exception and page.select_slider[0].value == "0.6"
    shown = gallery(page)
    assert shown["address"] == "/photos/run-new" and shown["precision"] == 0.6 and shown["total"] == 40
    assert shown["state"] == asked and shown["saved"] == []


def test_routes_find_photos(small_home: Store) -> None:
    status, answer = ask(photos, "precision=0.6&tag=sea&kind=removed&order=file&photo=7")
    of = view("run-new", 0.6)
    rows = [row for row in range(40) if 0 in of.changes.removed[[row]].indices]
    assert status == 200 and rows and [photo["row"] for photo in answer["photos"]] == rows
    assert answer["total"] == len(rows)
    assert answer["place"] == (rows.index(7) if 7 in rows else None)
    assert (
        ask(photos, f"precision=0.6&tag=sea&kind=removed&order=file&photo={rows[-1]}")[1]["place"]
        == len(rows) - 1
    )
    assert ask(photos)[1]["total"] == 40


def test_photos_like_one(small_home: Store) -> None:
    of = view("run-new")
    features = np.asarray(of.run.features, dtype=np.float64)
    order = np.argsort(((features - features[4]) ** 2).sum(axis=1), kind="stable")
    _, answer = ask(photos, "like=4")
    assert [photo["row"] for photo in answer["photos"]] == [int(row) for row in order if row != 4]
    assert answer["like"]["file"] == of.collection.files[4] and answer["total"] == 39
    assert "wrong" in ask(photos, "like=40")[1] and "wrong" in ask(photos, "like=../x")[1]


def test_tags_to_choose_from(small_home: Store) -> None:
    of = view("run-new")
    _, answer = ask(tags)
    counts = of.changes.counts_by_tag()
    assert dict(answer["tags"]) == tag_names(of.collection, counts.added, counts.removed)
    assert {tag for tag, _ in answer["tags"]} == set(VOCABULARY)


def test_filters_are_kept_and_forgotten(small_home: Store, open_page: OpenPage) -> None:
    number = small_home.collection("demo").id
    small_home.save_filter(number, "my sea", "search=sea&order=random&seed=2")
    small_home.save_filter(number, "All dogs", "search=dog")
    small_home.save_filter(number, "my sea", "search=sea")
    assert gallery(open_page("browse", collection="demo"))["saved"] == [
        {"name": "All dogs", "query": "search=dog"},
        {"name": "my sea", "query": "search=sea"},
    ]
    assert gallery(open_page("browse", collection="unchecked"))["saved"] == []
    small_home.save_filter(number, "my sea", None)
    assert small_home.saved_filters(number) == {"All dogs": "search=dog"}


def test_address_of_an_earlier_tagrefine_opens_the_default(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("browse", collection="demo", strictness="0.2")
    assert not page.exception and page.select_slider[0].value == "0.75"


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("0.99", "99 of 100"),
        ("0.9", "9 of 10"),
        ("1", "3 of 4"),
        ("0.2", "3 of 4"),
        ("nan", "3 of 4"),
        ("x", "3 of 4"),
    ],
)
def test_any_promise_that_can_be_kept_can_be_linked_to(
    small_home: Store, open_page: OpenPage, asked: str, shown: str
) -> None:
    page = open_page("browse", collection="demo", precision=asked)
    (slider,) = page.select_slider
    assert slider.format_func(slider.value) == f"at least {shown} changes right"
    words = slider.options  # from few and sure to many
    assert words[-1] == "at least 1 of 2 changes right" and len(words) == 10 + (asked == "0.99")
    assert words[0] == f"at least {'99 of 100' if asked == '0.99' else '19 of 20'} changes right"
    assert gallery(page)["precision"] == float(asked if shown != "3 of 4" else 0.75)


def counted(page: AppTest) -> list[str]:
    """Return the lines beside the slider, without their stars."""
    return page.caption[0].value.replace("*", "").split("  \n")


def test_slider_tells_what_changes_and_how_much_of_it_is_right(
    small_home: Store, open_page: OpenPage
) -> None:
    page = open_page("browse", collection="demo")
    told = {}
    for name in ("0.75", "0.9", "0.5"):
        page.select_slider[0].set_value(name).run()
        assert page.query_params.get("precision", "0.75") == name
        of = view("run-new", float(name))
        scores, given = np.array(of.run.scores, dtype=np.float64), of.collection.tags.toarray() > 0
        added = ~given & (scores >= of.limits.add)
        removed = given & (scores <= of.limits.remove)
        photos, additions, removals = counted(page)
        assert photos == f"{(added | removed).any(axis=1).sum()} photos change"
        low, high = of.expected.added.interval
        assert additions == (
            f"{added.sum()} tags added · {100 * scores[added].mean():.0f} % expected right "
            f"({100 * low:.0f} to {100 * high:.0f})"
        )
        assert removals.startswith(
            f"{removed.sum()} tags removed · {100 * (1 - scores[removed]).mean():.0f} %"
        )
        told[name] = (int(added.sum()), int(removed.sum()))
    assert told["0.9"] < told["0.75"] < told["0.5"]


def test_balance_in_words(small_home: Store) -> None:
    of = view("run-new")
    one = Expectation(np.array([1, 0]), np.array([0.9, 0.0]), np.zeros(2))
    none = Expectation(np.zeros(2, dtype=np.int64), np.zeros(2), np.zeros(2))
    single = sparse.csr_matrix((np.array([0.9], np.float32), [2], [0, 1, *[1] * 39]), shape=(40, 7))
    changes = replace(of.changes, added=single, removed=sparse.csr_matrix((40, 7), dtype=np.float32))
    expected = Expected(one, none)
    # One tag of probability .9: its own chance is sqrt(.09) = .3, so that .9 - 1.28 x .3 = .52, at most 1.
    counts = {"judged": 1, "tags": 7}
    assert balance(changes, expected, calibrated=True, **counts).replace("*", "").split("  \n") == [
        "1 photo changes",
        "1 tag added · 90 % expected right (52 to 100)",
        "0 tags removed",
    ]
    assert "No tag is judged" in balance(changes, expected, calibrated=True, judged=0, tags=7)
    told = balance(changes, expected, calibrated=False, **counts)
    assert "expected" not in told and "no probabilities" in told
    nothing = replace(changes, added=sparse.csr_matrix((40, 7), dtype=np.float32))
    assert "1 of 7 tags is judged" in balance(nothing, Expected(none, none), calibrated=True, **counts)


def test_search_finds_files_and_says_what_is_unknown_or_wrong(small_home: Store) -> None:
    assert ask(photos, 'search="im07"')[1]["total"] == 1
    assert ask(photos, "search=seas")[1]["read"] == {"seas": "sea"}
    _, unknown = ask(photos, "search=flowr")
    assert unknown["total"] == 0 and unknown["unknown"] == {"flowr": ["flower"]}
    status, wrong = ask(photos, "search=(sea")
    assert status == 200 and "never closes it" in wrong["wrong"]
    assert "flower" in ask(photos, "tag=flowr")[1]["wrong"]


def test_verdicts_are_searched_and_sorted_by(small_home: Store) -> None:
    collection = Collection.open(small_home, "demo")
    for row, said in ((3, "accept"), (9, "reject"), (5, "unsure"), (3, "reject")):
        decide(small_home, collection, [Answer(row, "dog", said)])

    def found(query: str) -> list[int]:
        return [photo["row"] for photo in ask(photos, query)[1]["photos"]]

    assert sorted(found("search=rejected:dog")) == [3, 9]
    assert found("search=verdict:accept") == [] and found("search=unsure:*") == [5]
    assert found("search=decided:*&order=verdict") == [3, 5, 9]
    assert found("order=verdict")[:3] == [3, 5, 9]
    undo(small_home, "demo")
    assert found("search=accepted:dog") == [3] and found("search=decided:*&order=verdict") == [5, 9, 3]


def test_untagged_photos_can_be_found(small_home: Store) -> None:
    empty = int((np.diff(Collection.open(small_home, "demo").tags.indptr) == 0).sum())
    assert empty and ask(photos, "kind=untagged")[1]["total"] == empty


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


def states(of: Any) -> list[dict[str, str]]:
    """Return what happens to each tag of each photo, by the limits alone: tag to state, as `PhotoTag` has it."""
    scores, given = np.array(of.run.scores, dtype=np.float64), of.collection.tags.toarray() > 0
    found = []
    for row in range(of.collection.n):
        found.append({})
        for column, tag in enumerate(of.collection.vocabulary):
            score, own = scores[row, column], given[row, column]
            if own and not of.limits.told[column]:
                found[-1][tag] = "untold"
            elif own:
                found[-1][tag] = "removed" if score <= of.limits.remove[column] else "kept"
            elif score >= of.limits.add[column]:
                found[-1][tag] = "added"
    return found


@pytest.mark.parametrize("precision", [0.5, 0.75, 0.9])
def test_cards_agree_with_the_limits_and_surest_additions_come_first(
    small_home: Store, precision: float
) -> None:
    of = view("run-new", precision)
    expected = states(of)
    assert {"untold", "added"} <= {state for one in expected for state in one.values()}
    for card in window(of, photo_query({}), 0, 40)["photos"]:
        assert {tag["tag"]: tag["state"] for tag in card["tags"]} == expected[card["row"]]
        added = [tag["score"] for tag in card["tags"] if tag["state"] == "added"]
        assert added == sorted(added, reverse=True)
        assert not any(tag["asked"] for tag in card["tags"])
    if precision == 0.5:
        assert max(len([state for state in one.values() if state == "added"]) for one in expected) >= 4


@pytest.mark.parametrize("tag", ["dog", UNTOLD])
def test_tag_asked_for_stands_first_on_every_card(small_home: Store, tag: str) -> None:
    of = view("run-new", 0.5)
    cards = window(of, photo_query({"tag": tag}), 0, 40)["photos"]
    seen = set()
    for card in cards:
        first, *others = card["tags"]
        assert first["tag"] == tag and first["asked"] and not any(one["asked"] for one in others)
        # The others stand as they would without it.
        assert [one["tag"] for one in others] == [
            one["tag"] for one in photo(of, card["row"])["tags"] if one["tag"] != tag
        ]
        assert photo(of, card["row"], tag)["tags"] == card["tags"]
        seen.add(first["state"])
    assert seen >= ({"untold"} if tag == UNTOLD else {"added", "kept"})


def test_doubtful_by_the_tag_that_is_chosen(small_home: Store) -> None:
    of = view("run-new")
    shown = window(of, photo_query({"tag": "dog", "order": "doubtful"}), 0, 40)["photos"]
    column = VOCABULARY.index("dog")
    given = of.collection.tags.toarray()[:, column] > 0
    doubt = [
        1 - of.run.scores[card["row"], column] if given[card["row"]] else of.run.scores[card["row"], column]
        for card in shown
    ]
    assert doubt == sorted(doubt, reverse=True) and len(doubt) > 10


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
    assert shown["why"] == "dog" and shown["calibrated"]
    assert "size=1024" in shown["picture"]


def test_what_a_picture_cannot_tell_is_not_among_the_likeliest(small_home: Store) -> None:
    """Unless the user gave it, or it is asked for: a tag like "california" would stand on every photo."""
    of = view("run-new")
    own = of.collection.tags[:, [of.collection.vocabulary.index(UNTOLD)]].toarray()[:, 0] > 0
    assert own.any() and not own.all()
    for row in range(of.collection.n):
        assert (UNTOLD in {one["tag"] for one in photo(of, row)["scores"]}) == own[row]
        asked = photo(of, row, UNTOLD)
        assert asked["why"] == UNTOLD and UNTOLD in {one["tag"] for one in asked["scores"]}


def test_a_change_is_explained_first(small_home: Store) -> None:
    of = view("run-new")
    seen = set()
    for row, happens in enumerate(states(of)):
        shown = photo(of, row)
        changed = set(happens.values()) & {"added", "removed"}
        if changed:
            wanted = "added" if "added" in changed else "removed"
            assert happens[shown["why"]] == wanted
            seen.add(wanted)
    assert seen == {"added", "removed"}


def test_a_changed_list_is_seen_at_once_and_kept_views_stay(small_home: Store, open_page: OpenPage) -> None:
    before = view("run-new")
    assert view("run-new") is before
    page = open_page("browse", collection="demo")
    column = VOCABULARY.index("sea")
    assert before.changes.added[:, [column]].nnz
    small_home.set_tag_rules(before.collection.id, {"sea": "leave"})
    after = view("run-new")
    assert not after.changes.added[:, [column]].nnz and not after.changes.removed[:, [column]].nnz
    old = gallery(page)
    assert gallery(page.run())["version"] != old["version"], "the gallery has to ask anew"
    row = int(before.changes.added[:, [column]].tocoo().row[0])
    assert "Your list says to leave it alone, so it is never added." in why(after, row, "sea")["sentence"]
    small_home.set_tag_rules(before.collection.id, {"sea": None})
    assert (view("run-new").changes.added != before.changes.added).nnz == 0


def test_another_promise_reads_the_scores_once(small_home: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    for name in ("decision", "changes"):
        module = sys.modules[f"tagrefine_core.refinement.{name}"]  # its package has a function of that name

        def counting(*args: Any, name: str = name, real: Any = module.tag_blocks, **options: Any) -> Any:
            reads.append(name)
            return real(*args, **options)

        monkeypatch.setattr(module, "tag_blocks", counting)
    view("run-new", 0.8)
    assert reads == ["decision", "changes"]
    view("run-new", 0.7)
    assert reads == ["decision", "changes", "changes"]
    view("run-new", 0.8)
    assert len(reads) == 3


def test_neighbors_are_the_nearest_others(small_home: Store) -> None:
    of = view("run-new")
    features = np.asarray(of.run.features, dtype=np.float64)
    order = np.argsort(((features - features[4]) ** 2).sum(axis=1), kind="stable")
    expected = [int(row) for row in order if row != 4]
    status, shown = ask(near_photos, row=4)
    assert status == 200
    assert [photo["row"] for photo in shown["photos"]] == expected[:15]


@pytest.mark.parametrize(
    ("route", "query", "path", "status"),
    [
        (photos, "kind=new", {}, 400),
        (photos, "order=likeness", {}, 400),
        (photos, "order=random&seed=x", {}, 400),
        (photos, "photo=x", {}, 400),
        (photos, "offset=x", {}, 400),
        (photos, "offset=-1", {}, 400),
        (photos, "precision=nan", {}, 400),
        (photos, "precision=7", {}, 400),
        (photos, "precision=1", {}, 400),
        (photos, "precision=0.4", {}, 400),
        (photos, "", {"run_id": "../../etc"}, 404),
        (one_photo, "", {"row": 40}, 404),
        (near_photos, "", {"row": 40}, 404),
        (why_tag, "tag=sea", {"row": 40}, 404),
        (why_tag, "tag=nothing", {"row": 4}, 400),
        (why_tag, "", {"row": 4}, 400),
        (where_tag, "tag=sea", {"row": 40}, 404),
        (where_tag, "tag=nothing", {"row": 4}, 400),
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


def test_answers_are_kept_as_long_as_what_they_come_from(small_home: Store) -> None:
    of = view("run-new")
    query = PhotoQuery(tag="sea")
    assert found(of, query) is found(of, query)
    decide(small_home, of.collection, [Answer(4, "sea", "accept")])
    table = weakref.ref(of.table)
    assert found(view("run-new"), query) is not found(of, query)
    del of
    for precision in (0.6, 0.7, 0.8):
        view("run-new", precision)
    gc.collect()
    assert table() is None


def test_query_of_an_address() -> None:
    assert photo_query({"tag": ""}).tag is None
    with pytest.raises(ConfigError):
        photo_query({"order": "size"})
