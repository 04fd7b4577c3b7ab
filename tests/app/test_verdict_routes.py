"""The route that verdicts are sent to: saved in order, once, undone, heard by another window, and mistakes in plain words."""

import asyncio
import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Message

from pages.browse.view import view
from pages.routes import routes
from tagrefine_core.store import Store


class Window:
    """Sends JSON to our routes."""

    room = "verdicts"

    def __init__(self, store: Store) -> None:
        self.app = Starlette(routes=routes())
        self.store = store
        self.collection = store.collection("demo")

    def ask(self, method: str, path: str = "", query: str = "", sent: Any = None) -> tuple[int, Any]:
        body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": f"/{self.room}/{self.collection.id}{path}", "raw_path": b"", "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 4), "server": ("127.0.0.1", 8501),
        }  # fmt: skip
        answers: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            answers.append(message)

        asyncio.run(self.app(scope, receive, send))
        text = b"".join(one.get("body", b"") for one in answers[1:]).decode()
        return answers[0]["status"], json.loads(text) if text.startswith("{") else text

    def say(self, *told: tuple[str, int, str, str | None], **more: Any) -> tuple[int, Any]:
        steps = [
            {"key": key, "answers": [{"row": row, "tag": tag, "verdict": value}], "by": "ann", **more}
            for key, row, tag, value in told
        ]
        return self.ask("POST", sent={"steps": steps})

    def turn(self, kind: str, by: str, key: str) -> Any:
        return self.ask("POST", sent={"steps": [{"kind": kind, "key": key, "by": by}]})[1]["saved"][0]

    def in_force(self) -> list[tuple[str, str, str]]:
        return self.store.curation.values(self.collection.id, "verdict")


@pytest.fixture
def window(small_home: Store) -> Window:
    return Window(small_home)


def test_steps_are_saved_in_their_order_and_once(window: Window) -> None:
    sent = [("k1", 0, "sea", "accept"), ("k2", 0, "sea", "reject"), ("k3", 1, "sky", "unsure")]
    status, told = window.say(*sent, run="run-new")
    assert status == 200 and [one["key"] for one in told["saved"]] == ["k1", "k2", "k3"]
    assert window.say(*sent)[1]["version"] == told["version"], "sent again, as after a broken connection"
    assert window.in_force() == [("im00.png", "sea", "reject"), ("im01.png", "sky", "unsure")]
    steps = window.store.curation.steps(window.collection.id)
    assert [step.run for step in steps] == ["run-new"] * 3 and steps[0].by == "ann"


def test_another_window_hears_of_it_and_undo_tells_what_it_did(window: Window) -> None:
    window.say(("k1", 0, "sea", "accept"))
    version = window.ask("GET")[1]["version"]
    window.say(("k2", 2, "sky", "reject"))
    told = window.ask("GET", query=f"since={version}")[1]
    assert told["changed"] == [{"row": 2, "tag": "sky", "verdict": "reject"}]
    undone = window.turn("undo", "ann", "u1")
    assert undone["words"] == "sky: reject" and undone["changed"] == [
        {"row": 2, "tag": "sky", "verdict": None}
    ]
    assert window.turn("undo", "ann", "u1") == undone, "sent again, it does not undo more"
    assert window.turn("undo", "bob", "u2")["words"] is None, "not what ann did"
    redone = window.turn("redo", "ann", "r1")
    assert redone["changed"] == [{"row": 2, "tag": "sky", "verdict": "reject"}]
    history = window.ask("GET", "/history", query="row=2")[1]["history"]
    assert [(one["tag"], one["verdict"], one["undone"]) for one in history] == [("sky", "reject", False)]


def test_what_browse_shows_follows(window: Window) -> None:
    before = view("run-new")
    row, column = (int(place[0]) for place in before.changes.added.nonzero())
    window.say(("k", row, before.collection.vocabulary[column], "reject"))
    after = view("run-new")
    assert before.changes.added[row, column] and not after.changes.added[row, column]
    window.turn("undo", "ann", "u")
    assert view("run-new").changes.added[row, column] == before.changes.added[row, column]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"nonsense", "no JSON"),
        ([], "no JSON object"),
        ({"steps": []}, "steps must be a list"),
        ({"steps": [{"key": "k", "answers": [{"row": "x", "tag": "sea", "verdict": "accept"}]}]}, "has a key and answers"),
        ({"steps": [{"key": "k", "answers": [{"row": float("inf"), "tag": "sea", "verdict": "accept"}]}]}, "has a key and answers"),
        ({"steps": [{"key": "k", "answers": [[0, "sea", "accept"]]}]}, "has a key and answers"),
        ({"steps": [{"key": "k", "answers": 1}]}, "has a key and answers"),
        ({"steps": [{"key": "k", "answers": None}]}, "has a key and answers"),
        ({"steps": [{"key": "k", "run": [], "answers": [{"row": 0, "tag": "sea", "verdict": "accept"}]}]}, "has a key and answers"),
        (b"[" * 100_000, "no JSON"),
        ({"steps": [{"answers": [{"row": 0, "tag": "sea", "verdict": "accept"}]}]}, "has a key and answers"),
        ({"steps": [{"key": "k", "answers": []}]}, "no answer"),
        ({"steps": [{"key": "k", "answers": [{"row": 0, "tag": " ", "verdict": "accept"}]}]}, "empty"),
        ({"steps": [{"key": "k", "answers": [{"row": 0, "tag": "sea", "verdict": "maybe"}]}]}, "unknown"),
        ({"steps": [{"key": "k", "run": "r9", "answers": [{"row": 0, "tag": "sea", "verdict": "accept"}]}]}, "no run"),
    ],
)  # fmt: skip
def test_mistakes_are_told_and_nothing_is_written(window: Window, sent: Any, words: str) -> None:
    status, told = window.ask("POST", sent=sent)
    assert status == 400 and words in told
    assert window.store.curation.version(window.collection.id) == 0


def test_a_photo_that_is_not_there(window: Window) -> None:
    status, told = window.say(("k", 400, "sea", "accept"))
    assert status == 404 and "rows 0 to 39" in told
