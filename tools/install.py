"""Install with pip and say what takes long; pip itself says everything or nothing.

    python tools/install.py -r requirements.txt

The arguments are those of ``pip install``, and so is the exit status. It needs nothing but pip.
"""

import re
import subprocess
import sys
from urllib.parse import unquote

LARGE = 20  # MB; the rest comes in seconds

_FILE = re.compile(r"Downloading (?:\S*/)?([^/\s-]+)-([^/\s-]+?)(?:-\S+\.whl|\.tar\.gz) \(([\d.]+) ([MG])B\)")


def told(line: str) -> str | None:
    """Return what to say of a line of pip's output, or None."""
    line = line.strip()
    if found := _FILE.match(line):
        name, version, size, unit = map(unquote, found.groups())
        megabytes = float(size) * (1000 if unit == "G" else 1)
        return f"  Downloading {name} {version} ({megabytes:.0f} MB)" if megabytes >= LARGE else None
    if line.startswith("Installing collected packages: "):
        return f"  All is here; now {line.count(',') + 1} are unpacked, which may take minutes"
    return None


def main(arguments: list[str]) -> int:
    """Run ``pip install``; errors and warnings of pip show as they are."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pip:
        assert pip.stdout
        for line in pip.stdout:
            if text := told(line):
                print(text, flush=True)
    return pip.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # pip has heard it too
        sys.exit(130)
