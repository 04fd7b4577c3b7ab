"""Photos somebody has selected, kept under a short name, so that thousands of them fit into an address.

They lie beside the arrays of the data that they are rows of, and are gone with it.
"""

import re
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.collections.collection import Collection
from tagrefine_core.errors import CollectionError
from tagrefine_core.files import read_array, write_array

__all__ = ["keep_selection", "selected_rows"]

_KEPT = 200  # selections of a collection; those not used for longest go first


def keep_selection(collection: Collection, rows: ArrayLike) -> str:
    """Keep some photos and return their name: the same photos, the same name.

    Parameters
    ----------
    rows : int (n,), at least one
        Rows of the collection, in any order; twice is once.

    Raises
    ------
    CollectionError
        When there are none, or one is no row of the collection.
    """
    chosen = np.unique(np.asarray(rows, dtype=np.int64)).astype(np.int32)
    if not len(chosen):
        raise CollectionError("A selection needs at least one photo.")
    if chosen[0] < 0 or chosen[-1] >= collection.n:
        raise CollectionError(
            f"{collection.name!r} has rows 0 to {collection.n - 1}; the selection has {chosen[0]} to {chosen[-1]}."
        )
    name = blake2b(chosen.astype("<i4").tobytes(), digest_size=8).hexdigest()
    path = _path(collection, name)
    if path.exists():
        path.touch()
        return name
    write_array(path, chosen)
    for old in sorted(path.parent.glob("*.npy"), key=lambda file: file.stat().st_mtime_ns)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return name


def selected_rows(collection: Collection, name: str) -> NDArray[np.int32]:
    """Return the rows of a selection, ascending; CollectionError when it is not kept (any more)."""
    try:
        if not re.fullmatch("[0-9a-f]{16}", name):
            raise FileNotFoundError
        rows: NDArray[np.int32] = read_array(_path(collection, name), mmap=False)
    except FileNotFoundError:
        raise CollectionError(
            f"There is no selection {name!r} of {collection.name!r}: the last {_KEPT} are kept, until photos or tags change. "
            "Select the photos again on the Map."
        ) from None
    return rows


def _path(collection: Collection, name: str) -> Path:
    return collection.folder / "selections" / f"{name}.npy"
