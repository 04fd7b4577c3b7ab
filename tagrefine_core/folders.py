"""Where things live: the home folder of a user's data, the folder of what can be made again, and paths that people gave."""

import os
from pathlib import Path

import platformdirs

from tagrefine_core.errors import HomeError

__all__ = ["cache_folder", "expanded", "home_folder", "is_there"]


def home_folder(option: str | Path | None = None) -> Path:
    """Return the home folder, made when missing: the option, ``TAGREFINE_HOME``, or the user's data folder.

    One that cannot be written may still be looked at.

    Raises
    ------
    HomeError
        When it is no folder and none can be made.
    """
    path = Path(option or os.environ.get("TAGREFINE_HOME") or platformdirs.user_data_path("tagrefine"))
    try:
        path = expanded(path).absolute()
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a zero byte
        reason = getattr(error, "strerror", None) or error
        raise HomeError(
            f"The home folder {path} cannot be made ({reason}). Choose another with --home DIR."
        ) from error
    return path


def cache_folder() -> Path:
    """Return the folder of files that can be made again, shared by all homes: ``TAGREFINE_CACHE`` or the user's cache."""
    path = Path(os.environ.get("TAGREFINE_CACHE") or platformdirs.user_cache_path("tagrefine"))
    return path.expanduser().absolute()


def expanded(path: str | Path) -> Path:
    """Return a path that a person gave, with ``~`` for his own folder; that of somebody who is not known stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_there(path: Path) -> bool:
    """Tell whether something is at a path that a person gave; nothing is where no disk takes the name or links lead around."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
