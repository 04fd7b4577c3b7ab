"""Large arrays computed block by block, kept in the cache, and resumed where they stopped."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.features.threads import ahead
from tagrefine_core.files import create_array, read_array, read_json, write_json
from tagrefine_core.progress import Progress

__all__ = ["fill_blocks"]

_SECONDS = 5.0  # between writes to the disk, which cost more than a block


def fill_blocks(
    folder: Path,
    *,
    shape: tuple[int, ...],
    dtype: Any,
    block: int,
    compute: Callable[[NDArray[np.int64]], NDArray[Any]],
    stage: str,
    progress: Progress,
    data: str = "",
) -> NDArray[Any]:
    """Return the array ``folder/array.npy``, computing the blocks of rows that are not there yet.

    Parameters
    ----------
    folder : Path
        Of this array alone; its name has to tell everything that the content depends on.
    shape, dtype
        Of the whole array.
    block : int
        Rows computed together.
    compute : callable
        Row numbers (B,) in, their part (B, ...) of the array out. Called by several threads.
    stage : str
        What the progress calls this.
    data : str
        Hash of the data that it is of, written beside it: when nothing has these data any more, it can go.

    Returns
    -------
    ndarray
        Memory-mapped, read-only.
    """
    path, record = folder / "array.npy", folder / "done.json"
    try:
        done = int(read_json(record)["rows"]) if read_array(path).shape == shape else 0
    except (OSError, ValueError, KeyError, TypeError):  # not begun, or damaged
        done = 0
    total = shape[0]
    if done < total:
        array = create_array(path, shape, dtype)
        saved = time.monotonic()
        try:
            progress(stage, done, total)
            blocks = (
                np.arange(start, min(start + block, total), dtype=np.int64)
                for start in range(done, total, block)
            )
            for part in ahead(compute, blocks):
                array[done : done + len(part)] = part
                done += len(part)
                progress(stage, done, total)
                if time.monotonic() - saved > _SECONDS:
                    _save(array, record, done, data)
                    saved = time.monotonic()
        finally:
            _save(array, record, done, data)
    return read_array(path)


def _save(array: np.memmap[Any, Any], record: Path, done: int, data: str) -> None:
    array.flush()
    write_json(record, {"rows": done, "data": data})
