"""Neighbors: what the player is told, and the page around it."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from pages.neighbors.story import story
from tagrefine_core.collections import Collection
from tagrefine_core.files import write_array, write_arrays
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.app.conftest import UNTOLD, VOCABULARY, components, set_config

OpenPage = Callable[..., AppTest]


K = train_config("small").neighbors.m - 1


def write_trace(store: Store, run: str, neighbors: NDArray[np.int32]) -> None:
    """Let a run have recorded these neighbors (T, 30, k) of every photo but the last ten."""
    steps = np.arange(len(neighbors)) * 10
    stages = np.array(["frozen", "phi0", *["constraints"] * (len(steps) - 2)])
    path = run_folder(store.home, run) / "trace.npz"
    write_arrays(path, photos=np.arange(30), stages=stages, steps=steps, neighbors=neighbors)


@pytest.fixture
def traced_home(small_home: Store) -> Store:
    """Add a trace of thirty photos and four moments to two runs."""
    rng = np.random.default_rng(2)
    for run in ("run-new", "run-unchecked"):
        found = [[rng.choice(40, K, replace=False) for _ in range(30)] for _ in range(4)]
        write_trace(small_home, run, np.array(found, dtype=np.int32))
    return small_home


def told(page: AppTest) -> dict[str, Any]:
    assert not page.exception and not page.error
    (element,) = components(page)
    return json.loads(element.proto.json)


def test_story_is_that_of_the_trace(traced_home: Store) -> None:
    collection, run = Collection.open(traced_home, "demo"), Run.open(traced_home, "run-new")
    tale = story(collection, run, "labels")
    truth = np.asarray(collection.truth) == 1
    counts = truth.sum(axis=0)
    assert tale["moments"] == [
        ("before", "learning"),
        ("stage 1", "step 10"),
        ("stage 2", "step 20"),
        ("stage 2", "step 30"),
    ]
    for query in tale["queries"]:
        row, label = query["row"], query["label"]
        assert truth[row, label] and counts[label] == counts[truth[row]].min()
        assert query["neighbors"] == run.trace.neighbors[:, row].tolist()
        assert query["relevant"] == truth[run.trace.neighbors[:, row], label].astype(int).tolist()
        assert query["chance"] == pytest.approx((counts[label] - 1) / 39)
    # In the order of the groups, each as often as it is said to be shown.
    gains = [sum(query["relevant"][-1]) - sum(query["relevant"][0]) for query in tale["queries"]]
    (_, better, some), (_, same, alike), (_, worse, few) = tale["groups"]
    assert [np.sign(gain) for gain in gains] == [1] * some + [0] * alike + [-1] * few
    assert better + same + worse == truth[:30].any(axis=1).sum()
    rarity = np.asarray(collection.tags.sum(axis=0)).ravel()
    added = changes_of(run, collection).added
    for row, (file, tags, labels) in tale["photos"].items():
        assert file == collection.files[row]
        assert labels == np.flatnonzero(truth[row]).tolist()
        assert set(tags) == {*collection.tags[[row]].indices, *added[[row]].indices} - {
            VOCABULARY.index(UNTOLD)
        }
        assert (np.diff(rarity[tags]) >= 0).all(), "the rarest first"
    json.dumps(tale, allow_nan=False)


@pytest.mark.parametrize(
    ("moments", "title"),
    [
        (("worst", "worst", "best"), "A neighborhood learns"),
        (("best", "best", "worst"), "These neighborhoods moved, and got worse"),
        (("best", "worst", "best"), "These neighborhoods did not learn"),
    ],
)
def test_the_title_says_what_became_of_them(
    traced_home: Store, open_page: OpenPage, moments: tuple[str, ...], title: str
) -> None:
    truth = np.asarray(Collection.open(traced_home, "demo").truth) == 1
    # Of each photo the neighbors that have fewest of its labels, and those that have most; it itself comes last.
    common = truth[:30].astype(int) @ truth.T + 0.0
    common[np.arange(30), np.arange(30)] = np.inf
    order = np.argsort(common, axis=1)[:, :39].astype(np.int32)
    named = {"worst": order[:, :K], "best": order[:, -K:]}
    write_trace(traced_home, "run-new", np.stack([named[moment] for moment in moments]))
    page = open_page("neighbors", collection="demo", run="run-new")
    assert [one.value for one in page.title] == [title] and told(page)["title"] == title
    assert ("did not move" in page.markdown[0].value) == ("did not" in title)


def test_moments_name_stages_only_where_two_have_steps(traced_home: Store) -> None:
    collection, run = Collection.open(traced_home, "demo"), Run.open(traced_home, "run-new")
    found = np.stack([run.trace.neighbors[0]] * 3)
    path = run.folder / "trace.npz"
    with np.load(path) as arrays:
        rest = {name: arrays[name] for name in ("photos",)}
    stages, steps = np.array(["frozen", "phi0", "constraints"]), np.array([0, 0, 30])
    write_arrays(path, **rest, stages=stages, steps=steps, neighbors=found)
    tale = story(collection, Run.open(traced_home, "run-new"), "labels")
    assert tale["moments"] == [("before", "learning"), ("step 0", ""), ("step 30", "")]
    assert "Change +0.0 points (+0.0 to +0.0)" in tale["about"]


def test_where_no_photo_has_a_label_there_is_nothing_to_show(traced_home: Store, open_page: OpenPage) -> None:
    collection = Collection.open(traced_home, "demo")
    write_array(collection.folder / "truth.npy", np.zeros_like(collection.truth))
    page = open_page("neighbors", collection="demo", run="run-new")
    assert [one.value for one in page.title] == ["What became of these neighborhoods cannot be told"]
    assert not components(page) and [one.label for one in page.button] == ["Go to Tags"]
    assert "None of these photos has a true label" in " ".join(text.value for text in page.markdown)


def test_what_is_done_before_the_first_step_is_told_apart_from_learning(traced_home: Store) -> None:
    collection = Collection.open(traced_home, "demo")
    truth = np.asarray(collection.truth) == 1
    common = truth[:30].astype(int) @ truth.T + 0.0
    common[np.arange(30), np.arange(30)] = np.inf
    order = np.argsort(common, axis=1)[:, :39].astype(np.int32)
    best, worst = order[:, -K:], order[:, :K]
    write_arrays(
        run_folder(traced_home.home, "run-new") / "trace.npz",
        photos=np.arange(30),
        stages=np.array(["frozen", "phi0", "constraints"]),
        steps=np.array([0, 0, 10]),
        neighbors=np.stack([best, worst, worst]),
    )
    about = story(collection, Run.open(traced_home, "run-new"), "labels")["about"]
    change, start, learned = map(float, re.findall(r"(?:Change|:|,) ([+-][0-9.]+)", about))
    assert change == start < 0 and learned == 0
    assert "by preparing features" in about and "by learning" in about


def test_static_neighbors_are_said_to_be_static(traced_home: Store, open_page: OpenPage) -> None:
    set_config(traced_home, "run-new", train_config("small").replaced({"neighbors.refresh": "static"}))
    page = open_page("neighbors", collection="demo", run="run-new")
    assert told(page)["notes"] == [
        "Training itself kept the neighbors of its start, with neighbors.refresh=static."
    ]


def test_refined_tags_judge_where_there_is_no_truth(traced_home: Store, open_page: OpenPage) -> None:
    page = open_page("neighbors", collection="unchecked")
    assert told(page)["by"] == "refined"
    assert "these photos have no true labels" in " ".join(text.value for text in page.markdown)


def test_choice_of_judge_and_query_come_from_the_address(traced_home: Store, open_page: OpenPage) -> None:
    assert told(open_page("neighbors", collection="demo"))["by"] == "labels"
    page = open_page("neighbors", collection="demo", by="refined", query="9")
    assert told(page)["by"] == "refined" and told(page)["chosen"] == 9


def test_a_photo_that_a_link_names_is_shown_though_it_was_not_chosen(
    traced_home: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.neighbors.story._EACH", 1)
    collection, run = Collection.open(traced_home, "demo"), Run.open(traced_home, "run-new")
    few = {query["row"] for query in story(collection, run, "labels")["queries"]}
    judged = np.flatnonzero((np.asarray(collection.truth) == 1).any(axis=1)[:30]).tolist()
    other = next(row for row in judged if row not in few)
    tale = story(collection, run, "labels", other)
    assert {query["row"] for query in tale["queries"]} == few | {other}
    assert sum(shown for _, _, shown in tale["groups"]) == len(few) + 1
    for unknown in (35, 4000, -1):  # not recorded, not there, none
        assert {query["row"] for query in story(collection, run, "labels", unknown)["queries"]} == few


def test_run_of_other_data_is_refused(traced_home: Store, open_page: OpenPage) -> None:
    with traced_home.transaction() as connection:
        connection.execute("UPDATE runs SET data_hash = 'before' WHERE id = 'run-new'")
    page = open_page("neighbors", collection="demo", run="run-new")
    assert "has changed" in page.error[0].value and not page.exception


@pytest.mark.parametrize("left", ["nothing", "a trace of 0.1.0", "half a trace"])
def test_run_without_trace_says_what_to_do(small_home: Store, open_page: OpenPage, left: str) -> None:
    folder = run_folder(small_home.home, "run-new")
    if left == "a trace of 0.1.0":
        write_array(folder / "trace_steps.npy", np.array([0, 10]))
    elif left == "half a trace":
        (folder / "trace.npz").write_bytes(b"PK\x03\x04 and no more")
    page = open_page("neighbors", collection="demo", run="run-new")
    assert not page.exception and not page.error
    assert [one.label for one in page.button] == ["Go to Train"]
    said = " ".join(text.value for text in page.markdown).replace("\\", "")
    assert "Train again" in said and ("earlier TagRefine" in said) == (left == "a trace of 0.1.0")


@pytest.mark.parametrize(
    ("home", "button"), [("small_home", "Go to Train"), ("empty_home", "Go to Collection")]
)
def test_empty_states_lead_on(
    home: str, button: str, request: pytest.FixtureRequest, open_page: OpenPage
) -> None:
    request.getfixturevalue(home)
    page = open_page("neighbors", **({"collection": "fresh"} if home == "small_home" else {}))
    assert not page.exception and [one.label for one in page.button] == [button]
