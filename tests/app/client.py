"""A client of our routes behind our middleware, without a server."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import BaseRoute
from starlette.types import Message, Scope

from pages.routes.security import middleware
from tagrefine_core.access import Access

__all__ = ["Answer", "Client"]


@dataclass
class Answer:
    status_code: int
    headers: Headers
    content: bytes


class Client:
    """Sends addresses as they are written; clients of libraries tidy them first.

    Attributes
    ----------
    machine : str
        Where requests come from.
    """

    def __init__(self, routes: Sequence[BaseRoute], access: Access | None = None) -> None:
        self.app = Starlette(routes=routes, middleware=middleware(access))
        self.machine = "127.0.0.1"

    def get(self, address: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> Answer:
        """Send a request and return its whole answer."""
        sent = self._send(address, headers, {"type": "http", "scheme": "http", "method": method})
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), content)

    def connects(self, address: str, headers: Mapping[str, str] | None = None) -> bool:
        """Return whether a websocket is accepted."""
        sent = self._send(address, headers, {"type": "websocket", "scheme": "ws", "subprotocols": []})
        return sent[0]["type"] == "websocket.accept"

    def _send(self, address: str, headers: Mapping[str, str] | None, kind: Scope) -> list[Message]:
        path, _, query = address.partition("?")
        given = {"host": "127.0.0.1:8501", **{name.lower(): text for name, text in (headers or {}).items()}}
        scope = {
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in given.items()],
            "client": (self.machine, 40000),
            "server": ("127.0.0.1", 8501),
            **kind,
        }
        sent: list[Message] = []

        async def receive() -> Message:
            if kind["type"] == "websocket":
                return {"type": "websocket.disconnect" if sent else "websocket.connect"}
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return sent
