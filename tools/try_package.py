"""Build the package, install it outside the checkout as a user would, and try its command and its app.

    python -m tools.try_package

Its dependencies are those of the environment that runs this, so that PyTorch is not installed a second time. That
environment needs hatchling and pip.
"""

import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from tagrefine_core import __version__

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds until the app has to answer; it takes few, but machines of CI are slow

METHOD = """\
from tagrefine_core.methods.baselines import RandomGuess

class Mine(RandomGuess):
    name = "mine"
"""
METHOD_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "method-of-a-stranger"
version = "1.0"
[project.entry-points."tagrefine.methods"]
mine = "method_of_a_stranger:Mine"
"""

# Runs in the installed package. A page is drawn when a browser connects, which asking for its address does not do.
PAGE = """\
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
import tagrefine_core
from tagrefine_core.cli.serving import app_folder

shell = app_folder(Path(tagrefine_core.__file__).parent) / "pages" / "shell.py"
page = AppTest.from_file(str(shell), default_timeout=60).run()
sys.exit(str([*page.exception, *page.error]) if page.exception or page.error else 0)
"""


def main() -> None:
    """Try everything; end with a message and a status at the first thing that is not as it should be."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tagrefine-") as name:
        folder = Path(name).resolve()
        binaries = _install(folder)
        _try_command(binaries, folder)
        _try_app(binaries, folder)
    print(f"tagrefine {__version__}: builds, installs, answers, serves ({time.monotonic() - started:.0f} s)")


def _install(folder: Path) -> Path:
    """Build and install into a new environment below the folder; return where its commands are."""
    environment = folder / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment, at=folder)
    paths = {"base": str(environment), "platbase": str(environment)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    ours = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (packages / "dependencies.pth").write_text("\n".join(ours) + "\n", encoding="utf-8")

    stranger = folder / "stranger"
    stranger.mkdir()
    (stranger / "pyproject.toml").write_text(METHOD_PROJECT, encoding="utf-8")
    (stranger / "method_of_a_stranger.py").write_text(METHOD, encoding="utf-8")

    # Wheels are built from the source archive, so that it is tried too.
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder / "dist", at=ROOT)
    archive = folder / "dist" / f"tagrefine-{__version__}.tar.gz"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    # Without an index: a dependency that requirements.txt does not bring is an error, not a download.
    offline = ("--no-index", "--no-build-isolation")
    _run(*pip, "--python", environment / "bin" / "python", "install", *offline, archive, stranger, at=folder)

    found = {path.name for path in packages.iterdir()} & {
        "app.py",
        "assets",
        "pages",
        "tests",
        "tools",
        "docs",
    }
    _check(not found, f"the package puts {sorted(found)} among everybody's packages")
    return environment / "bin"


def _try_command(binaries: Path, folder: Path) -> None:
    command = binaries / "tagrefine"
    _check(_run(command, "--version", at=folder).strip() == __version__, "--version tells another version")
    _run(command, "--help", at=folder)
    _run(command, "evaluate", at=folder, status=2)
    home = folder / "home"
    _check(
        _run(command, "--home", home, "collections", "--json", at=folder).strip() == "[]",
        "a new home is empty",
    )
    code = "from tagrefine_core.methods import method_class; print(method_class('mine').__module__)"
    found = _run(binaries / "python", "-c", code, at=folder).strip()
    _check(found == "method_of_a_stranger", "the method of another package is not found")


def _try_app(binaries: Path, folder: Path) -> None:
    _run(binaries / "python", "-c", PAGE, at=folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "app.log"
    command = (binaries / "tagrefine", "--home", folder / "home", "app", "--port", str(port))
    with log.open("wb") as output:
        app = subprocess.Popen(command, cwd=folder, env=_environment(folder), stdout=output, stderr=output)
    try:
        until = time.monotonic() + PATIENCE
        while _status(port, "/_stcore/health") != 200:
            text = log.read_text(encoding="utf-8")
            _check(app.poll() is None and time.monotonic() < until, f"the app does not start:\n{text}")
            time.sleep(0.1)
        for address in ("/", "/assets/logo.svg", "/assets/fonts/inter-latin.woff2"):
            status = _status(port, address)
            _check(status == 200, f"the app answers {status} to {address}")
        # Its own settings bind it to one address; without them Streamlit listens at all of the machine.
        _check(_status(port, "/", host="127.0.0.2") is None, "the app has not read its settings")
    finally:
        app.terminate()
        app.wait(timeout=30)
    text = log.read_text(encoding="utf-8")
    _check("Traceback" not in text, f"the app failed:\n{text}")


def _status(port: int, address: str, *, host: str = "127.0.0.1") -> int | None:
    """Return the status of the answer to a request, None when nobody listens."""
    connection = HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", address)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _run(*command: str | Path, at: Path, status: int = 0) -> str:
    done = subprocess.run(command, cwd=at, env=_environment(at), capture_output=True, text=True, check=False)
    words = " ".join(map(str, command))
    _check(done.returncode == status, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    """Return variables with which nothing but the installed package is found, and no home but a new one."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STREAMLIT_"))
    }
    return {**kept, "TAGREFINE_HOME": str(folder / "home")}


def _check(holds: bool, message: str) -> None:
    if not holds:
        sys.exit(f"Error: {message}")


if __name__ == "__main__":
    main()
