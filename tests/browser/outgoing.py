"""What a server and its jobs ask of anybody but this machine: told by a proxy that logs, and by Python itself."""

import os
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Outgoing", "watched"]

# Python imports a module of this name wherever it starts, also in the processes of jobs, and ahead of anything else.
_SITECUSTOMIZE = """\
import os, sys

HERE = (None, "", "127.0.0.1", "localhost", "::1", b"127.0.0.1", b"localhost")

def note(event, values):
    if event in ("socket.connect", "socket.sendto"):
        host = values[1][0] if isinstance(values[1], tuple) else None  # else a socket of this machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = values[0]
        if str(host).replace(".", "").isdigit():  # a number is looked up nowhere
            return
    else:
        return
    if host not in HERE:
        with open(os.environ["OUTGOING_LOG"], "a") as log:
            log.write(f"{event} {host} by {' '.join(sys.orig_argv)}\\n")

sys.addaudithook(note)
"""


@dataclass
class Outgoing:
    """The log of one server.

    Attributes
    ----------
    environment : mapping
        With which a process, and all that it starts, is watched.
    """

    environment: Mapping[str, str]
    _log: Path
    _proxied: list[str] = field(default_factory=list)

    def asked(self) -> list[str]:
        """Return what has been asked so far, a line each."""
        told = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        return [*self._proxied, *told]


@contextmanager
def watched(folder: Path) -> Iterator[Outgoing]:
    """Give an environment in which nothing goes out unseen; its files lie in an empty folder."""
    (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE, encoding="utf-8")
    log, proxied = folder / "outgoing.log", []

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            proxied.append("proxy " + self.rfile.readline(1000).decode(errors="replace").strip())
            self.wfile.write(
                b"HTTP/1.1 502 Nobody is there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{proxy.server_address[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        environment = {
            **{name: value for name, value in os.environ.items() if name.lower() != "no_proxy"},
            **{written: address for name in names for written in (name, name.upper())},
            "PYTHONPATH": str(folder),
            "OUTGOING_LOG": str(log),
        }
        yield Outgoing(environment, log, proxied)
        proxy.shutdown()
