"""A photo that a visitor drops in, to find photos like it: looked at once, kept in memory while the app runs, never written down."""

import re
import tempfile
from base64 import b64encode
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.components.uploads import small_picture
from pages.opening import open_annotator
from tagrefine_core.errors import ConfigError
from tagrefine_core.runs.run import Run

__all__ = ["Guest", "drop_in", "guest"]

_MOST = 50  # photos that are kept, the last ones
_NAME = re.compile(r"photo-[0-9a-f]{32}")
_kept: OrderedDict[str, "Guest"] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True, eq=False)
class Guest:
    """A photo that is not of the collection.

    Attributes
    ----------
    features : float16 (d,)
        Those of one run.
    picture : str
        A small JPEG as a ``data:`` address.
    """

    features: NDArray[Any]
    picture: str


def drop_in(run: Run, data_hash: str, content: bytes) -> str:
    """Look at a photo with a run's network and return the name that it goes by; ImageError when it is no picture.

    Parameters
    ----------
    run : Run
        Finished, of a collection whose data is ``data_hash``.
    content : bytes
        The file. What it is called is never asked.
    """
    name = f"photo-{blake2b(content, key=run.id.encode()[:64], digest_size=16).hexdigest()}"
    with _lock:
        known = name in _kept
    if not known:
        with tempfile.TemporaryDirectory(prefix="tagrefine-") as folder:
            path = Path(folder) / "photo"
            path.write_bytes(content)
            picture = f"data:image/jpeg;base64,{b64encode(small_picture(path)).decode()}"
            features = open_annotator(run.id, run.record.finished, data_hash).features([path])[0]
        with _lock:
            _kept[name] = Guest(np.asarray(features), picture)
            while len(_kept) > _MOST:
                _kept.popitem(last=False)
    return name


def guest(name: str) -> Guest:
    """Return a photo that was dropped in; ConfigError when it is gone."""
    with _lock:
        found = _kept.get(name)
    if found is None:
        gone = _NAME.fullmatch(name) is not None
        raise ConfigError(
            "The photo that was dropped in is forgotten since. Drop it in again."
            if gone
            else f"There is no photo {name[:40]!r} that others could be like."
        )
    return found
