"""Neighbors: what the player is told, and the page around it."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.neighbors.story import story
from tagrefine_core.collections import Collection
from tagrefine_core.files import write_array
from tagrefine_core.runs.run import Run, run_folder
from tagrefine_core.store import Store

OpenPage = Callable[..., AppTest]


@pytest.fixture
def traced_home(small_home: Store) -> Store:
    """Add a trace of six queries, four iterations and nine neighbors to two runs."""
    rng = np.random.default_rng(2)
    for run in ("run-new", "run-unchecked"):
        folder = run_folder(small_home.home, run)
        write_array(folder / "trace_queries.npy", np.array([0, 5, 9, 12, 20, 33]))
        write_array(folder / "trace_steps.npy", np.array([0, 10, 20, 30]))
        neighbors = np.array([[rng.choice(40, 9, replace=False) for _ in range(6)] for _ in range(4)])
        write_array(folder / "trace_neighbors.npy", neighbors)
        write_array(folder / "trace_distances.npy", np.ones((4, 6, 9), dtype=np.float32))
    return small_home


def told(page: AppTest) -> dict[str, Any]:
    assert not page.exception and not page.error
    (element,) = page.get("bidi_component")
    return json.loads(element.proto.json)


def test_story_is_that_of_the_trace(traced_home: Store) -> None:
    collection, run = Collection.open(traced_home, "demo"), Run.open(traced_home, "run-new")
    tale = story(collection, run, "labels")
    shown = run.config.neighbors.m - 1
    assert tale["steps"] == [0, 10, 20, 30]
    truth = np.asarray(collection.truth) == 1
    number = {int(row): q for q, row in enumerate(run.trace.queries)}
    assert {query["row"] for query in tale["queries"]} == set(number)
    for query in tale["queries"]:
        neighbors = run.trace.neighbors[:, number[query["row"]], :shown]
        assert query["neighbors"] == neighbors.tolist()
        if truth[query["row"]].any():
            shares = (truth[neighbors] & truth[query["row"]]).any(axis=2)
            assert query["relevant"] == shares.astype(int).tolist()
            assert (query["first"], query["last"]) == (shares[0].sum(), shares[-1].sum())
        else:
            assert query["relevant"] is None
    gains = [query["last"] - query["first"] for query in tale["queries"] if query["relevant"]]
    assert gains == sorted(gains, reverse=True)
    for row, (file, labels) in tale["photos"].items():
        assert file == collection.files[row]
        assert labels == np.flatnonzero(truth[row]).tolist()
    json.dumps(tale, allow_nan=False)


def test_refined_tags_judge_where_there_is_no_truth(traced_home: Store, open_page: OpenPage) -> None:
    page = open_page("neighbors", collection="unchecked")
    assert told(page)["basis"] == "refined tags"
    assert "these photos have no true labels" in " ".join(text.value for text in page.markdown)


def test_choice_of_judge_and_query_come_from_the_address(traced_home: Store, open_page: OpenPage) -> None:
    assert told(open_page("neighbors", collection="demo"))["basis"] == "true labels"
    page = open_page("neighbors", collection="demo", by="refined", query="9")
    assert told(page)["basis"] == "refined tags" and told(page)["chosen"] == 9


def test_run_of_other_data_is_refused(traced_home: Store, open_page: OpenPage) -> None:
    with traced_home.transaction() as connection:
        connection.execute("UPDATE runs SET data_hash = 'before' WHERE id = 'run-new'")
    page = open_page("neighbors", collection="demo", run="run-new")
    assert "has changed" in page.error[0].value and not page.exception


def test_run_without_trace_says_what_to_do(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("neighbors", collection="demo")
    assert not page.exception
    assert "trace" in page.error[0].value


@pytest.mark.parametrize(
    ("home", "button"), [("small_home", "Go to Train"), ("empty_home", "Go to Collection")]
)
def test_empty_states_lead_on(
    home: str, button: str, request: pytest.FixtureRequest, open_page: OpenPage
) -> None:
    request.getfixturevalue(home)
    page = open_page("neighbors", **({"collection": "fresh"} if home == "small_home" else {}))
    assert not page.exception and [one.label for one in page.button] == [button]
