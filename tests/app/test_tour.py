"""The tour's page: a story of the photo that was chosen, by the curator's list as it is now."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.tour import guide_of
from tagrefine_core.store import Store
from tests.app.conftest import components
from tests.app.test_neighbors import K, write_trace

OpenPage = Callable[..., AppTest]


@pytest.fixture
def traced(small_home: Store) -> Store:
    rng = np.random.default_rng(2)
    found = [[rng.choice(40, K, replace=False) for _ in range(30)] for _ in range(4)]
    write_trace(small_home, "run-new", np.array(found, dtype=np.int32))
    return small_home


def tour(open_page: OpenPage, **address: str) -> dict[str, Any]:
    page = open_page("tour", collection="demo", run="run-new", **address)
    assert not page.exception and not page.error
    (element,) = components(page)
    return json.loads(element.proto.json)


def test_it_tells_of_the_guide_with_its_neighbors(traced: Store, open_page: OpenPage) -> None:
    collection, run = Collection.open(traced, "demo"), Run.open(traced, "run-new")
    guide = guide_of(run, collection)
    told = tour(open_page, step="3")
    assert (told["row"], told["tag"]) == (guide.row, collection.vocabulary[guide.column])
    assert told["file"] == collection.files[guide.row] and f"/{guide.row}?size=1024" in told["picture"]
    assert {int(row) for row in told["photos"]} == set(guide.neighbors.ravel().tolist())
    assert all(f"/{row}?size=256" in address for row, address in told["photos"].items())
    assert len(told["steps"]) == 8 and told["step"] == 3


def test_a_tag_that_is_left_alone_since_is_told_of_no_more(traced: Store, open_page: OpenPage) -> None:
    tag = tour(open_page)["tag"]
    workflow.set_tag_rules(traced, "demo", [tag], "leave")
    assert tour(open_page)["tag"] != tag
    workflow.set_tag_rules(traced, "demo", [tag], None)
    assert tour(open_page)["tag"] == tag
