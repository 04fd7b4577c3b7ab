"""Who may speak to the app: this machine, pages of its own, and with a token those that know it.

A browser sends along cookies, and reaches 127.0.0.1, for whatever page is open in it. It cannot lie about `Origin`
and `Host`, though, so what changes something has to come from the very scheme, name and port that it asks for.
"""

import secrets
from html import escape
from ipaddress import ip_address
from urllib.parse import quote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from tagrefine_core.access import Access

__all__ = ["Gate", "own_origin"]

_READING = ("GET", "HEAD", "OPTIONS")
_CLOSED = (
    "Open the address that was printed when TagRefine was started, with its token; "
    "this browser is then let in until TagRefine is started again."
)


def own_origin(connection: HTTPConnection) -> str:
    """Return scheme, name and port of the address that was asked for, as a page of the app has it for its origin."""
    secure = connection.scope["scheme"] in ("https", "wss")
    return f"{'https' if secure else 'http'}://{connection.headers.get('host', '')}"


class Gate:
    """Refuses what nobody may ask, before Streamlit or a route of ours sees it. The host has been checked before."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        answer = self._stranger(connection) or self._foreign(connection) or self._unknown(connection)
        if answer is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            await answer(scope, receive, send)

    def _stranger(self, connection: HTTPConnection) -> Response | None:
        """Refuse other machines where no token tells who they are, whoever made the server listen to them."""
        if self.access.token or connection.client is None or _is_this_machine(connection.client.host):
            return None
        return PlainTextResponse("Only this machine is answered; `app --share HOST` lets others in.", 403)

    def _foreign(self, connection: HTTPConnection) -> Response | None:
        """Refuse what may change something and does not say that it comes from a page of this app."""
        own, origin = own_origin(connection), connection.headers.get("origin")
        if connection.scope.get("method") in _READING or origin == own:
            return None
        return PlainTextResponse(
            f"Refused: the request came from {origin or 'nowhere (without Origin)'}, not from {own}.", 403
        )

    def _unknown(self, connection: HTTPConnection) -> Response | None:
        """Let in who has the cookie, give it to who has the token, and tell anybody else where the token is."""
        if self.access.token is None:
            return None
        # Cookies do not know of ports: each server on a machine needs a name of its own.
        name = f"tagrefine-{connection.url.port or 'here'}"
        if self._is_token(connection.query_params.get("token")) and connection.scope.get("method") == "GET":
            answer = _moved_on(connection)
            answer.set_cookie(
                name,
                self.access.token,
                secure=connection.url.scheme == "https",
                httponly=True,
                samesite="strict",
            )
            return answer
        if self._is_token(connection.cookies.get(name)):
            return None
        # A link on somebody's page brings no strict cookie along; the same address asked from here does.
        headers = connection.headers
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") == "navigate":
            return _moved_on(connection)
        return HTMLResponse(_page(f"<p>{_CLOSED}</p>"), 403, {"Cache-Control": "no-store"})

    def _is_token(self, given: str | None) -> bool:
        """Compare in a time that does not tell how much of it is right."""
        return secrets.compare_digest((given or "").encode(), (self.access.token or "").encode())


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # what a proxy told of whom it asks for
        return False


def _moved_on(connection: HTTPConnection) -> Response:
    """Ask for the same address without its token, from a page of ours, so that the browser sends its strict cookie."""
    # One slash only: two would begin the name of another server.
    path = "/" + quote(connection.scope["path"].lstrip("/"))
    rest = urlencode([(key, value) for key, value in connection.query_params.multi_items() if key != "token"])
    address = escape(f"{path}?{rest}" if rest else path)
    refresh = f'<meta http-equiv="refresh" content="0; url={address}">'
    page = _page(f'<p><a href="{address}">Go on</a></p>', refresh)
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def _page(body: str, head: str = "") -> str:
    style = "<style>body { font: 1rem/1.5 system-ui, sans-serif; margin: 3rem; max-width: 34rem }</style>"
    head = f'<meta name="viewport" content="width=device-width"><title>TagRefine</title>{style}{head}'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><main><h1>TagRefine</h1>{body}</main></body></html>'
