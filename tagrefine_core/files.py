"""Files that are either whole or absent: written under a temporary name, synced, renamed."""

import errno
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = [
    "create_array",
    "read_array",
    "read_arrays",
    "read_json",
    "read_sparse",
    "write_array",
    "write_arrays",
    "write_file",
    "write_json",
    "write_sparse",
]


def write_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write`` on a temporary file beside ``path`` and rename it into place.

    Parameters
    ----------
    path : Path
        Where the file ends up; its folder is made when missing.
    write : callable
        Receives the open binary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Store ``array`` as ``.npy``; object arrays are refused, so nothing is ever unpickled."""

    def save(file: BinaryIO) -> None:
        try:
            np.save(file, array, allow_pickle=False)
        except OSError as error:
            if error.errno is not None:
                raise
            # NumPy says "9000 requested and 16 written" of a full disk, without the number of the error.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error

    write_file(path, save)


def read_array(path: Path, *, mmap: bool = True) -> NDArray[Any]:
    """Open an ``.npy`` file, memory-mapped read-only unless ``mmap`` is false."""
    array: NDArray[Any] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    return array


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Store arrays that belong together, by their names, as one ``.npz`` file."""
    write_file(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read an ``.npz`` file; OSError when there is none, ValueError when it is damaged."""
    with path.open("rb") as file:  # NumPy would leave a damaged one open
        try:
            with np.load(file, allow_pickle=False) as stored:
                return dict(stored)
        except Exception as error:  # whatever a damaged archive makes of itself
            raise ValueError(f"{path} does not hold arrays ({error}).") from error


def write_sparse(path: Path, matrix: sparse.csr_matrix) -> None:
    """Store a sparse matrix as ``.npz``."""
    write_file(path, lambda file: sparse.save_npz(file, matrix))


def read_sparse(path: Path) -> sparse.csr_matrix:
    """Read an ``.npz`` file; OSError when there is none, ValueError when it is damaged."""
    with path.open("rb") as file:  # NumPy would leave a damaged one open
        try:
            return sparse.load_npz(file)
        except Exception as error:  # whatever a damaged archive makes of itself
            raise ValueError(f"{path} is no sparse matrix ({error}).") from error


def create_array(path: Path, shape: tuple[int, ...], dtype: Any) -> np.memmap[Any, Any]:
    """Open a writable memory-mapped ``.npy`` file of ``shape``, kept when it already fits.

    Blocks of a long task are written into it one by one; the caller keeps the record of which
    blocks are done.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        existing = np.load(path, mmap_mode="r+", allow_pickle=False)
        if existing.shape == shape and existing.dtype == np.dtype(dtype):
            return existing  # type: ignore[no-any-return]
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)


def write_json(path: Path, value: Any) -> None:
    """Store ``value`` as UTF-8 JSON; NaN is refused since JSON has none."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    write_file(path, lambda file: file.write(text.encode()))


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
