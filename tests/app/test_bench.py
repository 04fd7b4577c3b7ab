"""The route of the bench: what it tells of a tag, what is said there, and mistakes in plain words."""

from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from pages.tags.routes import ROUTES
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tests.app.conftest import EVIL, UNTOLD, VOCABULARY
from tests.app.test_verdict_routes import Window


class Bench(Window):
    """Asks for one tag."""

    room = "bench"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.app = Starlette(routes=ROUTES)

    def get(self, name: str = "", **values: Any) -> Any:
        status, answer = self.ask("GET", name, urlencode({"run": "run-new", "tag": "sky", **values}))
        return answer if status == 200 else (status, answer)

    def post(self, name: str, **values: Any) -> Any:
        status, answer = self.ask("POST", name, sent={"run": "run-new", "tag": "sky", "key": "k", **values})
        return answer if status == 200 else (status, answer)


@pytest.fixture
def bench(small_home: Store) -> Bench:
    return Bench(small_home)


def test_it_tells_what_the_table_tells(bench: Bench, small_home: Store) -> None:
    for tag in VOCABULARY:
        told = bench.get(tag=tag, precision=0.6)
        (one,) = [
            one for one in workflow.tag_summaries(small_home, "run-new", precision=0.6) if one.tag == tag
        ]
        assert told["tag"] == tag
        for name in ("given", "added", "removed", "kept", "told"):
            assert told["row"][name] == getattr(one, name)
        if told["limit"] is not None:
            assert told["gains"][told["limit"] - told["least"]] == one.added, "no verdict is in force"
        assert (told["limit"] is None) == (tag == UNTOLD)
        assert (told["curves"]["labels"] is None) == (tag not in VOCABULARY[:4])
    assert "A picture cannot tell this tag (0.18 of 1" in bench.get(tag=UNTOLD)["sentence"]
    assert {one["raw"] for one in bench.get(tag="sea")["spellings"]} == {"sea", "seas"}


def test_photos_come_in_windows(bench: Bench) -> None:
    first = bench.get("/photos", side="below", limit=255)["photos"]
    rest = bench.get("/photos", side="below", limit=255, skip=len(first))["photos"]
    rows = [photo["row"] for photo in first + rest]
    assert len(first) == 24 and len(rows) == len(set(rows))
    assert [photo["probability"] for photo in first] == sorted(
        (photo["probability"] for photo in first), reverse=True
    )
    assert set(first[0]) == {"row", "file", "picture", "probability", "verdict"}
    assert bench.get("/photos", side="left", limit=100)[0] == 400


def test_all_above_a_limit_are_accepted_as_one_step(bench: Bench, small_home: Store) -> None:
    sample = bench.get("/all", limit=128)
    gains = bench.get()["gains"][128 - 16]
    assert sample["count"] == gains and 0 < len(sample["sample"]) <= 12 and 0.5 <= sample["right"] <= 1
    told = bench.post("/all", limit=128, by="ann")
    assert told["count"] == gains and "from 0.50 on" in told["words"]
    assert len(bench.in_force()) == gains
    assert bench.post("/all", limit=128, key="again")[0] == 400, "nothing is open any more"
    now = bench.get()
    assert now["gains"][-1] == now["accepted"] == gains, "they gain it at any limit"
    step = small_home.curation.undo(bench.collection.id)
    assert step.size == gains and bench.in_force() == []


def test_the_same_key_is_one_step(bench: Bench, small_home: Store) -> None:
    for _ in range(2):
        bench.post("/say", what="limit", value=100)
    assert len(small_home.curation.steps(bench.collection.id)) == 1


def test_a_limit_is_in_force_everywhere(bench: Bench, small_home: Store) -> None:
    before = bench.get()
    assert bench.post("/say", what="limit", value=90) == {}
    now = bench.get()
    assert now["own"] == now["limit"] == 90 and now["row"]["added"] == before["gains"][90 - 16]
    assert now["row"]["decision"] == "you said: from 0.35 on"
    run, collection = Run.open(small_home, "run-new"), Collection.open(small_home, "demo")
    column = VOCABULARY.index("sky")
    assert changes_of(run, collection, 0.9).added[:, [column]].nnz == now["row"]["added"]
    bench.post("/say", what="rule", value="leave", key="b")
    assert bench.get()["row"]["decision"] == "you said: leave alone" and bench.get()["own"] is None
    bench.post("/say", what="limit", value=None, key="c")
    bench.post("/say", what="rule", value=None, key="d")
    assert bench.get()["row"] == before["row"]


def test_without_a_run_it_knows_what_people_wrote(bench: Bench, small_home: Store) -> None:
    told = bench.get(run="", tag="dog")
    collection = Collection.open(small_home, "demo")
    column = VOCABULARY.index("dog")
    assert told["row"]["given"] == collection.tags[:, [column]].nnz and "curves" not in told
    photos = bench.get("/photos", run="", tag="dog")["photos"]
    assert photos and all(collection.tags[photo["row"], column] for photo in photos)
    bench.post("/say", run="", tag="dog", what="rule", value="leave")
    assert bench.get(run="", tag="dog")["row"]["rule"] == "leave"


def test_all_rows_as_they_are_now(bench: Bench) -> None:
    bench.post("/say", what="rule", value="judge", tag=UNTOLD)
    columns = bench.get("/rows")["columns"]
    assert columns["tag"] == list(VOCABULARY)
    assert columns["decision"][VOCABULARY.index(UNTOLD)] == "you said: always judge"


def test_odd_tags_and_mistakes(bench: Bench, small_home: Store) -> None:
    assert bench.get(tag=EVIL)["tag"] == EVIL
    assert bench.get(tag="skyy") == (
        400,
        "No tag of 'demo': 'skyy' (similar: sky). The Tags page lists them all.",
    )
    assert bench.get(run="none")[0] == 404 and bench.get(run="run-dead")[0] == 404
    assert bench.get(precision="2")[0] == 400 and bench.get("/photos", limit="many")[0] == 400
    assert bench.post("/say", what="verdict", value=1)[0] == 400
    assert bench.post("/say", what="limit", value=3)[0] == 400
    assert bench.post("/say", what="rule", value="perhaps")[0] == 400
    assert bench.ask("POST", "/say", sent=b"{")[0] == 400
    assert bench.ask("POST", "/say", sent={"what": "rule"})[0] == 400
    assert small_home.curation.version(bench.collection.id) == 0
