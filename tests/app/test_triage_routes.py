"""What Triage asks for: windows of questions, many decided at once as one step, and mistakes in plain words."""

from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from pages.triage.routes import ROUTES
from tagrefine_core.store import Store
from tests.app.test_verdict_routes import Window


class Triage(Window):
    """Asks for the questions of a run."""

    room = "triage"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.app = Starlette(routes=ROUTES)
        self.number = self.collection.id
        self.collection = type("", (), {"id": "run-new"})

    def get(self, name: str, **values: Any) -> Any:
        status, answer = self.ask("GET", name, urlencode(values))
        return answer if status == 200 else (status, answer)


@pytest.fixture
def triage(small_home: Store) -> Triage:
    return Triage(small_home)


def test_questions_come_in_windows_the_likeliest_mistakes_first(triage: Triage) -> None:
    first = triage.get("/questions")
    rest = triage.get("/questions", skip=len(first["questions"]))["questions"]
    asked = first["questions"] + rest
    places = [(one["row"], one["tag"]) for one in asked]
    assert len(first["questions"]) == 24 and len(places) == len(set(places))
    assert {"row", "file", "picture", "tag", "probability", "raw"} == set(asked[0])
    assert {"estimate", "answered"} <= set(first)
    sky = triage.get("/questions", tag="sky")["questions"]
    assert sky and {one["tag"] for one in sky} == {"sky"}
    assert {one["tag"] for one in triage.get("/questions", queue="untagged")["questions"]} <= {""}


def test_all_that_are_sure_are_decided_as_one_step(triage: Triage) -> None:
    sample = triage.get("/all", above=0.8)
    status, told = triage.ask("POST", "/all", sent={"above": 0.8, "key": "k", "by": "ann"})
    assert status == 200 and told["count"] == sample["count"] > 0 and told["answered"] == told["count"]
    assert triage.get("/all", above=0.8)["count"] == 0
    (step,) = triage.store.curation.steps(triage.number)
    assert step.size == told["count"] and step.by == "ann" and step.note == told["words"]


@pytest.mark.parametrize(
    ("name", "query", "status", "words"),
    [
        ("/questions", {"queue": "all"}, 400, "choose wrong"),
        ("/questions", {"tag": "skyy"}, 400, "similar: sky"),
        ("/questions", {"skip": "-1"}, 400, "must be a number from 0"),
        ("/questions", {"precision": "nan"}, 400, "must be a number from 0"),
        ("/questions", {"precision": 2}, 400, "0.5"),
        ("/glance", {"queue": "one"}, 400, "Choose the tag"),
        ("/so-far", {"queue": "audit"}, 400, "audit"),
    ],
)
def test_mistakes_are_told(triage: Triage, name: str, query: dict[str, Any], status: int, words: str) -> None:
    answered, told = triage.get(name, **query)
    assert answered == status and words in told


@pytest.mark.parametrize(
    "sent", [b"{", [], {"above": 0.8}, {"key": "", "above": 0.8}, {"key": 1}, {"key": "k", "above": "much"}]
)
def test_nothing_is_decided_by_mistake(triage: Triage, sent: Any) -> None:
    assert triage.ask("POST", "/all", sent=sent)[0] == 400
    assert triage.store.curation.version(triage.number) == 0


def test_a_run_that_is_not_there_or_of_an_earlier_import(triage: Triage, small_home: Store) -> None:
    with small_home.transaction() as connection:
        connection.execute("UPDATE collections SET data_hash = 'other' WHERE name = 'demo'")
    status, told = triage.get("/questions")
    assert status == 404 and "has changed since this run" in told
    triage.collection = type("", (), {"id": "run-none"})
    assert triage.get("/questions")[0] == 404
