"""Install with pip and say what it does: how far it is, what comes, how large, since when; pip itself says everything or nothing.

    python tools/install.py -r requirements.txt

The arguments are those of ``pip install``, and so is the exit status. It needs nothing but pip.
"""

import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import unquote

DISK = 6.4  # GB with PyTorch for GPUs, as it comes by default on Linux
DISK_CPU = 2.0  # GB with PyTorch for CPUs alone

_FILE = re.compile(
    r"(?:Downloading|Using cached) (?:\S*/)?([^/\s-]+)-([^/\s-]+?)(?:-\S+\.whl|\.tar\.gz) \(([\d.]+) ([kMG])B\)"
)
_MEGABYTES = {"k": 0.001, "M": 1.0, "G": 1000.0}


class Told:
    """What to say of pip's output, line by line.

    Parameters
    ----------
    clock : callable
        Seconds since something.
    """

    def __init__(self, clock=time.monotonic):
        self.clock, self.began = clock, clock()
        self.files, self.megabytes = 0, 0.0

    def line(self, line: str) -> str | None:
        """Return what to say of a line, or None."""
        line = line.strip()
        if found := _FILE.match(line):
            name, number, size, unit = map(unquote, found.groups())
            size = float(size) * _MEGABYTES[unit]
            self.files, self.megabytes = self.files + 1, self.megabytes + size
            return f"  {self.time()}  package {self.files}: {name} {number} ({size:,.1f} MB; {self.megabytes:,.0f} MB so far)"
        if line.startswith("Installing collected packages: "):
            return f"  {self.time()}  all is here; now {line.count(',') + 1} are unpacked, which may take minutes"
        if line.startswith("Successfully installed "):
            return f"  {self.time()}  {len(line.split()) - 2} packages are installed"
        return None

    def time(self) -> str:
        """Return the time since the beginning, minutes and seconds."""
        seconds = int(self.clock() - self.began)
        return f"{seconds // 60}:{seconds % 60:02}"


def expected(torch: str | None, free: float) -> str:
    """Return what an installation will take, before it begins.

    Parameters
    ----------
    torch : str or None
        The version of PyTorch that is there already.
    free : float
        GB left on the disk.
    """
    if torch is not None:
        return f"PyTorch {torch} is here and is kept where it is new enough; {free:.0f} GB are free on this disk."
    few = f" That is more than there is: only {free:.1f} GB are free." if free < DISK else ""
    return (
        f"It takes about {DISK} GB of this disk, half of that to download, and 3 to 10 minutes; most of it is PyTorch for GPUs.{few}\n"
        f"  With PyTorch for CPUs alone, installed before, it takes about {DISK_CPU:.0f} GB: see README, Start."
    )


def main(arguments: list[str]) -> int:
    """Run ``pip install``; errors and warnings of pip show as they are."""
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = None
    print(f"  {expected(torch, shutil.disk_usage(Path(sys.prefix)).free / 1e9)}", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    told = Told()
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as pip:
        assert pip.stdout
        for line in pip.stdout:
            if text := told.line(line):
                print(text, flush=True)
    return pip.returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # pip has heard it too
        sys.exit(130)
