"""Where things live: the home folder of a user's data, and the folder of what can be made again."""

import os
from pathlib import Path

import platformdirs

from tagrefine_core.errors import HomeError

__all__ = ["cache_folder", "home_folder"]


def home_folder(option: str | Path | None = None) -> Path:
    """Return the home folder, made when missing: the option, ``TAGREFINE_HOME``, or the user's data folder.

    Raises
    ------
    HomeError
        When it is not a folder or cannot be written.
    """
    path = Path(option or os.environ.get("TAGREFINE_HOME") or platformdirs.user_data_path("tagrefine"))
    path = path.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"The home folder {path} cannot be made ({error.strerror}). Choose another with --home DIR."
        ) from error
    if not os.access(path, os.W_OK):
        raise HomeError(f"The home folder {path} is not writable. Choose another with --home DIR.")
    return path


def cache_folder() -> Path:
    """Return the folder of files that can be made again, shared by all homes: ``TAGREFINE_CACHE`` or the user's cache."""
    path = Path(os.environ.get("TAGREFINE_CACHE") or platformdirs.user_cache_path("tagrefine"))
    return path.expanduser().absolute()
