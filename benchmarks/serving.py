"""The app as a process of its own, for benchmarks that ask it as a browser does."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 60.0  # seconds


def start(home: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the app on a home folder and wait until it listens; return its process and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ("streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true")
    server = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=_ROOT,
        env={**os.environ, "TAGREFINE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.05)
    server.kill()
    raise SystemExit("The app did not start.")
