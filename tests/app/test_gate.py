"""Who is let in: names, origins, tokens, and the headers of every answer."""

import re
from collections.abc import Mapping

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pages.routes.security import content_security_policy, middleware
from tagrefine_core.access import SHARE, TOKEN, Access
from tagrefine_core.errors import ConfigError
from tests.app.client import Client

SECRET = "a-token-of-this-test_0123456789"
OWN = {"Origin": "http://127.0.0.1:8501"}
FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "https://127.0.0.1:8501"},
    {"Origin": "http://localhost:8501"},
    {"Origin": "http://127.0.0.1:8501.evil.example"},
    {"Origin": "http://127.0.0.1:8501/"},
    {"Origin": "http://LOCALHOST:8501", "Host": "localhost:8501"},
    {"Origin": "null"},
    {"Origin": ""},
    {},
]
"""Not one of them is the address that is asked for: scheme, name and port."""


def _client(access: Access | None = None) -> Client:
    """An app that does whatever gets through to it, and counts."""
    done: list[str] = []

    async def change(request: Request) -> Response:
        done.append(request.method)
        return PlainTextResponse("done")

    async def stream(socket: WebSocket) -> None:
        done.append("websocket")
        await socket.accept()

    methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "QUERY"]
    client = Client([Route("/do", change, methods=methods), WebSocketRoute("/stream", stream)], access)
    client.app.state.done = done
    return client


def _done(client: Client) -> list[str]:
    return client.app.state.done


def _cookie(headers: Mapping[str, str]) -> str:
    return headers["set-cookie"].partition(";")[0]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    monkeypatch.delenv(SHARE, raising=False)


# Names


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8501", "", "127.0.0.1:x", "[::1]"],
)
def test_other_hosts_are_refused(host: str) -> None:
    client = _client()
    assert client.get("/do", {"Host": host}).status_code == 400
    assert not client.connects("/stream", {"Host": host, "Origin": f"http://{host}"})
    assert _done(client) == []


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "localhost", "127.0.0.1:9000"])
def test_own_hosts_are_answered(host: str) -> None:
    """Also by the port at the near end of a tunnel."""
    client = _client()
    own = {"Host": host, "Origin": f"http://{host}"}
    assert client.get("/do", own).status_code == client.get("/do", own, method="POST").status_code == 200
    assert client.connects("/stream", own)


@pytest.mark.parametrize("machine", ["192.168.1.7", "::ffff:192.168.1.7", "unknown"])
def test_other_machines_need_a_token(machine: str) -> None:
    """Whoever made the server listen to them, and however they call it."""
    client = _client()
    client.machine = machine
    assert client.get("/do").status_code == 403
    assert not client.connects("/stream", OWN)
    client = _client(Access(token=SECRET))
    client.machine = machine
    assert client.get(f"/do?token={SECRET}").status_code == 200


# Origins


@pytest.mark.parametrize("headers", FOREIGN)
def test_nothing_is_changed_for_a_page_of_another_origin(headers: dict[str, str]) -> None:
    client = _client()
    assert not client.connects("/stream", headers)
    for method in ("POST", "PUT", "DELETE", "PATCH", "QUERY", "post"):
        answer = client.get("/do", headers, method=method)
        assert answer.status_code == 403
        assert headers.get("Origin", "") in answer.content.decode()
    assert _done(client) == []


def test_pages_of_the_app_may_change_things() -> None:
    client = _client()
    assert client.connects("/stream", OWN)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.get("/do", OWN, method=method).status_code == 200
    assert _done(client) == ["websocket", "POST", "PUT", "DELETE", "PATCH"]


def test_reading_needs_no_origin() -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert _client().get("/do", method=method).status_code == 200


# Tokens


def test_the_token_of_the_address_becomes_a_cookie() -> None:
    client = _client(Access(token=SECRET))
    first = client.get(f"/do?search=a+%26+b&token={SECRET}&page=2")
    assert first.status_code == 200
    cookie, *flags = [part.strip() for part in first.headers["set-cookie"].split(";")]
    assert cookie == f"tagrefine-8501={SECRET}"
    assert {flag.lower() for flag in flags} == {"httponly", "samesite=strict", "path=/"}
    assert 'url=/do?search=a+%26+b&amp;page=2"' in first.content.decode()
    assert SECRET not in first.content.decode() and first.headers["cache-control"] == "no-store"
    assert _done(client) == []

    assert client.get("/do", {"Cookie": cookie}).content == b"done"
    assert client.get("/do", {"Cookie": f"a=1; {cookie}; b=2", **OWN}, method="POST").content == b"done"
    assert client.connects("/stream", {"Cookie": cookie, **OWN})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "tagrefine-8501="},
        {"Cookie": "tagrefine-8501=" + SECRET[:-1]},
        {"Cookie": f"tagrefine-9999={SECRET}"},
        {"Cookie": "tagrefine-8501=t\u00f6ken"},
        {"Authorization": f"token {SECRET}"},
    ],
)
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%ff%00", f"?Token={SECRET}"])
def test_nobody_gets_in_without_the_token(headers: dict[str, str], query: str) -> None:
    client = _client(Access(token=SECRET))
    answer = client.get(f"/do{query}", headers)
    assert answer.status_code == 403
    text = " ".join(re.sub(r"<style>.*</style>|<[^>]*>", " ", answer.content.decode()).split())
    assert "Open the address that was printed when TagRefine was started" in text
    assert "set-cookie" not in answer.headers
    assert client.get(f"/do{query}", {**headers, **OWN}, method="POST").status_code == 403
    assert not client.connects(f"/stream{query}", {**headers, **OWN})
    assert _done(client) == []


def test_the_token_does_not_stand_in_for_the_origin() -> None:
    client = _client(Access(token=SECRET))
    cookie = _cookie(client.get(f"/do?token={SECRET}").headers)
    for headers in FOREIGN:
        assert (
            client.get(f"/do?token={SECRET}", {"Cookie": cookie, **headers}, method="POST").status_code == 403
        )
        assert not client.connects(f"/stream?token={SECRET}", {"Cookie": cookie, **headers})
    assert client.get(f"/do?token={SECRET}", OWN, method="POST").status_code == 403
    assert not client.connects(f"/stream?token={SECRET}", OWN)
    assert _done(client) == []


@pytest.mark.parametrize("path", ["//evil.example/x", "/%2fevil.example/x", "/\\evil.example/x", "/<x>"])
def test_the_way_on_leads_to_this_server(path: str) -> None:
    page = _client(Access(token=SECRET)).get(f"{path}?token={SECRET}").content.decode()
    (address,) = re.findall(r'content="0; url=([^"]*)"', page)
    assert re.match(r"/(?![/\\])", address)
    assert "<x>" not in page


def test_a_link_from_elsewhere_asks_again_from_here() -> None:
    """Strict cookies stay at home when somebody's page links to the app."""
    client = _client(Access(token=SECRET))
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    again = client.get("/do?page=2", link)
    assert again.status_code == 200 and 'url=/do?page=2"' in again.content.decode()
    assert "set-cookie" not in again.headers
    assert (
        client.get("/do?page=2", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}).status_code
        == 403
    )
    assert client.get("/do", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert _done(client) == []


def test_a_shared_app_has_one_name_and_a_token() -> None:
    client = _client(Access(share="Photos.example", token=SECRET))
    client.machine = "192.168.1.7"
    host = {"Host": "photos.example:8501"}
    cookie = {"Cookie": _cookie(client.get(f"/do?token={SECRET}", host).headers)}
    assert (
        client.get("/do", host | cookie | {"Origin": "http://photos.example:8501"}, method="PUT").content
        == b"done"
    )
    assert client.get("/do", host).status_code == 403
    assert client.get(f"/do?token={SECRET}").status_code == 400


def test_sharing_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARE, "photos.example")
    with pytest.raises(ConfigError, match="with everybody who finds it"):
        middleware()
    monkeypatch.setenv(TOKEN, "short")
    with pytest.raises(ConfigError, match="at least 16"):
        middleware()
    monkeypatch.setenv(TOKEN, SECRET)
    assert Access.of_environment() == Access(share="photos.example", token=SECRET)


# Headers


@pytest.mark.parametrize(
    ("address", "method"),
    [("/do", "GET"), ("/do", "POST"), ("/nothing", "GET"), (f"/do?token={SECRET}", "GET")],
)
@pytest.mark.parametrize("access", [Access(), Access(token=SECRET)])
def test_every_answer_carries_the_security_headers(address: str, method: str, access: Access) -> None:
    headers = _client(access).get(address, method=method).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-security-policy"] == content_security_policy("http://127.0.0.1:8501")


def test_policy_names_no_other_server_and_allows_no_eval() -> None:
    policy = content_security_policy("http://localhost:8600")
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in script and "data:" not in script
    assert "connect-src 'self' ws://localhost:8600" in policy.split("; ")
    assert "*" not in policy and not re.findall(r"https?:", policy)
    for directive in ("object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "default-src 'self'"):
        assert directive in policy
    assert "wss://tags.example;" in content_security_policy("https://tags.example")
