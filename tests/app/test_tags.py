"""Which tags go together: the matrix, the panel beside it, and the address that restores both."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.routes.arrays import array_url
from pages.tags import pairs
from pages.tags import panel as panels
from pages.tags.panel import order, panel, similarity, wordnet
from tagrefine_core.collections import Collection
from tagrefine_core.errors import WordNetMissing
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tagrefine_core.tags import google_distance, load
from tests.app.conftest import components, set_config

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def opened() -> None:
    try:
        wordnet().result()
    except WordNetMissing as error:  # pragma: no cover
        pytest.skip(str(error))


def shown(page: AppTest) -> dict[str, Any]:
    assert not page.exception and not page.error
    (element,) = components(page)
    return json.loads(element.proto.json)


def test_matrix_of_the_collection(small_home: Store, open_page: OpenPage) -> None:
    data = shown(open_page("tags", collection="fresh", view="pairs"))  # it needs no run
    collection = Collection.open(small_home, "fresh")
    assert data["tags"] == list(collection.vocabulary)
    assert sorted(data["order"]) == list(range(7))
    assert data["address"].startswith("/arrays/")
    assert data["chosen"] == [None, None] and data["panel"]["pair"] is None
    cached = small_home.home / "cache" / "similarity" / collection.data_hash
    np.testing.assert_array_equal(np.load(cached / "google.npy"), google_distance(collection.tags))


def test_pair_from_the_address(small_home: Store, open_page: OpenPage) -> None:
    data = shown(open_page("tags", collection="demo", tag="dog", other="flower", sort="name", alpha="1.5"))
    collection = Collection.open(small_home, "demo")
    a, b = collection.vocabulary.index("dog"), collection.vocabulary.index("flower")
    assert data["chosen"] == [a, b]
    assert [data["tags"][column] for column in data["order"]] == sorted(data["tags"])
    pair = data["panel"]["pair"]
    both = int((collection.tags[:, [a]].multiply(collection.tags[:, [b]])).sum())
    assert pair["title"].startswith("dog and flower")
    assert f"{both} photo" in pair["lines"][0]
    assert "organism" in " ".join(pair["lines"])  # their lowest common subsumer
    assert "1.5 ×" in pair["lines"][-1]


def test_an_address_that_speaks_of_pairs_needs_not_name_the_view(
    small_home: Store, open_page: OpenPage
) -> None:
    for words in ({"other": "sea"}, {"sort": "name"}, {"alpha": "0.7"}):
        page = open_page("tags", collection="demo", **words)
        assert page.title[0].value == "Which tags go together" and "address" in shown(page)
        assert page.query_params["view"] == "pairs", "and it stays when the words are gone"
    page = open_page("tags", collection="demo", tag="sea")
    assert page.title[0].value == "Tag by tag" and page.button_group(key="view").value == "table"
    page.button_group(key="view").set_value("pairs").run()
    assert shown(page)["chosen"] == [0, None], "the tag that was open"


def test_numbers_are_told_before_wordnet_is_open(
    small_home: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening: Future[object] = Future()
    for module in (panels, pairs):
        monkeypatch.setattr(module, "wordnet", lambda: opening)
    page = open_page("tags", collection="demo", tag="dog", other="flower")
    lines = " ".join(shown(page)["panel"]["pair"]["lines"])
    assert "Google distance" in lines and "being opened" in lines and "Distance in all" in lines
    opening.set_result(load())
    lines = " ".join(shown(page.run())["panel"]["pair"]["lines"])
    assert "organism" in lines and "being opened" not in lines


def test_missing_wordnet_is_told_and_looked_for_again(
    small_home: Store, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise WordNetMissing("WordNet was not found.")

    wordnet.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(panels, "load", missing)
        assert wordnet().exception()
        page = open_page("tags", collection="demo", tag="dog", other="flower")
        assert "was not found" in page.error[0].value and not page.exception
    assert wordnet().result() is load()


def test_alpha_changes_the_matrix(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", view="pairs")
    before = shown(page)["address"]
    page.slider(key="alpha").set_value(2.0).run()
    assert shown(page)["address"] != before


def test_weight_of_meaning_is_that_of_the_run_until_another_is_chosen(
    small_home: Store, open_page: OpenPage
) -> None:
    set_config(small_home, "run-new", train_config("small", **{"constraints.alpha": 0.8}))
    collection = Collection.open(small_home, "demo")

    def xi(alpha: float) -> str:
        return array_url(similarity(collection).levels(alpha)[0])

    page = open_page("tags", collection="demo", run="run-new", view="pairs")
    assert page.slider(key="alpha").value == 0.8 and shown(page)["address"] == xi(0.8)
    assert "alpha of the current run: 0.8" in page.caption[0].value
    page.selectbox(key="run").select("run-old").run()
    assert page.slider(key="alpha").value == 0.5 and shown(page)["address"] == xi(0.5)
    assert "alpha" not in page.query_params
    page.slider(key="alpha").set_value(1.2).run()
    assert page.query_params["alpha"] == "1.2"
    page.selectbox(key="run").select("run-new").run()
    assert page.slider(key="alpha").value == 1.2 and shown(page)["address"] == xi(1.2)
    for wrong in ("nan", "-1", "many"):
        page = open_page("tags", collection="demo", run="run-new", alpha=wrong)
        assert page.slider(key="alpha").value == 0.8
    page = open_page("tags", collection="fresh", view="pairs")
    assert page.slider(key="alpha").value == 0.5 and "run" not in page.caption[0].value


def test_panel_adds_up(small_home: Store) -> None:
    collection = Collection.open(small_home, "demo")
    alike = similarity(collection)
    told = panel(collection, 0.5, 0, None)
    assert [row["similarity"] for row in told["links"]] == sorted(
        (xi for xi in alike.xi(0.5)[0] if xi > 0), reverse=True
    )
    for row in told["links"]:
        a, b = row["pair"]
        assert row["google"] + row["wordnet"] == pytest.approx(alike.google[a, b] + 0.5 * alike.wordnet[a, b])
        assert row["similarity"] <= told["longest"]
    json.dumps(told, allow_nan=False)
    json.dumps(panel(collection, 0.5, None, None), allow_nan=False)


def test_most_used_first(small_home: Store) -> None:
    collection = Collection.open(small_home, "demo")
    counts = np.asarray(collection.tags.sum(axis=0)).ravel()
    assert (np.diff(counts[order(collection, "photos")].astype(int)) <= 0).all()


def test_empty_home_leads_on(empty_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags")
    assert not page.exception and [one.label for one in page.button] == ["Go to Collection"]
