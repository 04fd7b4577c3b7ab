"""What keeps the app between those it is for: known names only, requests of its own pages, nothing from elsewhere."""

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.routes.gate import Gate, own_origin
from tagrefine_core.access import Access

__all__ = ["content_security_policy", "middleware"]


@lru_cache(maxsize=16)
def content_security_policy(origin: str) -> str:
    """Return the policy: this server only, with the least that Streamlit's own pages need.

    Parameters
    ----------
    origin : str
        Of the server, as ``http://127.0.0.1:8501``.
    """
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = [
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    ]
    return "; ".join(
        [
            "default-src 'self'",
            # Components hand their script to the page as blob: or data: modules.
            f"script-src 'self' blob: {' '.join(inline)}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' {origin.replace('http', 'ws', 1)}",  # not every browser counts sockets as 'self'
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-src 'none'",
            "frame-ancestors 'none'",
        ]
    )


class _Headers:
    """Adds the security headers to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "X-Content-Type-Options": "nosniff",
            # Nothing for others; our own forms and beacons are told from theirs by the origin that goes with it.
            "Referrer-Policy": "same-origin",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = content_security_policy(
                    own_origin(HTTPConnection(scope))
                )
                for name, value in self.headers.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, complete if scope["type"] == "http" else send)


def middleware(access: Access | None = None) -> list[Middleware]:
    """Return the middleware of the app, the outermost first; by default for whom the environment names."""
    access = access or Access.of_environment()
    return [
        # First the host, so that nothing below ever repeats the name of a stranger's.
        Middleware(TrustedHostMiddleware, allowed_hosts=access.hosts, www_redirect=False),
        Middleware(_Headers),
        Middleware(Gate, access=access),
    ]
