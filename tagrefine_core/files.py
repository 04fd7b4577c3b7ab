"""Files that are either whole or absent: written under a temporary name, synced, renamed; what is read and damaged is named."""

import errno
import fcntl
import json
import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError, DamagedFile, DiskFull, ReadOnly, TagRefineWarning

__all__ = [
    "abandoned",
    "create_array",
    "kept_array",
    "kept_where_possible",
    "read_array",
    "read_arrays",
    "read_json",
    "read_sparse",
    "reserve",
    "write_array",
    "write_arrays",
    "write_file",
    "write_json",
    "write_sparse",
    "writing",
]


_ZEROS = bytes(2**20)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)


def write_file(path: Path, write: Callable[[BinaryIO], object], *, durable: bool = True) -> None:
    """Call ``write`` on a temporary file beside ``path`` and rename it into place.

    Parameters
    ----------
    path : Path
        Where the file ends up; its folder is made when missing.
    write : callable
        Receives the open binary file.
    durable : bool
        Wait until it is on the disk; without, it may be empty after a power failure.

    Raises
    ------
    ConfigError
        When something is there that is no file, such as a folder, a named pipe or a device.
    DiskFull, ReadOnly
        When there is no room, or nothing may be written there.
    """
    with writing(path):
        _write_file(path, write, durable)


def _write_file(path: Path, write: Callable[[BinaryIO], object], durable: bool) -> None:
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is {'a folder' if path.is_dir() else 'no file'}; name a file to write to.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # The end of a very long name gives way to ours.
    temporary = path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:200])}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("xb") as file:
            fcntl.flock(
                file, fcntl.LOCK_EX
            )  # tells `abandoned` that somebody writes here, and ends with the process
            write(file)
            file.flush()
            if durable:
                os.fsync(file.fileno())
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of a refusal to write what is full or must not be changed; other errors pass as they are."""
    try:
        yield
    except (DiskFull, ReadOnly):
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(
                f"{path} cannot be written: {error.strerror}. Check free space, make some, and do the same again."
            ) from error
        if error.errno in _REFUSED:
            raise ReadOnly(
                f"{path} cannot be written: {error.strerror}. Check permissions, or choose another place."
            ) from error
        raise


@contextmanager
def kept_where_possible() -> Iterator[None]:
    """Write what can be made again; where the disk is full or read-only go on without it, and say so."""
    try:
        yield
    except (DiskFull, ReadOnly) as error:
        warnings.warn(f"{error} It is not kept, and made anew the next time.", TagRefineWarning, stacklevel=3)


def abandoned(path: Path) -> bool:
    """Tell whether a temporary file of `write_file` is left of a process that is gone."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # being written, or gone meanwhile
        return False
    return True


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
    """Open an ``.npy`` file, memory-mapped read-only unless ``mmap`` is false; DamagedFile when it is cut or garbled."""
    with _damage(path):
        array: NDArray[Any] = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        return array


def kept_array(path: Path, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Return the array of a file that can be made again: made where there is none or it is damaged, and kept where that is possible."""
    try:
        return read_array(path)
    except (FileNotFoundError, DamagedFile):
        array = make()
    with kept_where_possible():
        write_array(path, array)
    return array


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Store arrays that belong together, by their names, as one ``.npz`` file."""
    write_file(path, lambda file: np.savez(file, allow_pickle=False, **arrays))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read an ``.npz`` file; OSError when there is none, DamagedFile when it is cut or garbled."""
    # NumPy would leave a damaged one open.
    with path.open("rb") as file, _damage(path), np.load(file, allow_pickle=False) as stored:
        return dict(stored)


def write_sparse(path: Path, matrix: sparse.csr_matrix) -> None:
    """Store a sparse matrix as ``.npz``."""
    write_file(path, lambda file: sparse.save_npz(file, matrix))


def read_sparse(path: Path) -> sparse.csr_matrix:
    """Read an ``.npz`` file; OSError when there is none, DamagedFile when it is cut, garbled or no sparse matrix."""
    with path.open("rb") as file, _damage(path):
        return sparse.load_npz(file)


def create_array(path: Path, shape: tuple[int, ...], dtype: Any) -> np.memmap[Any, Any]:
    """Open a writable memory-mapped ``.npy`` file of ``shape``, kept when it already fits.

    Blocks of a long task are written into it one by one; the caller keeps the record of which
    blocks are done. Its space on the disk is reserved first: a full disk says so here, where it would end the process
    without a word in the middle of the task.

    Raises
    ------
    DiskFull, ReadOnly
        When there is no room, or nothing may be written there.
    """
    with writing(path):
        return _create_array(path, shape, dtype)


def _create_array(path: Path, shape: tuple[int, ...], dtype: Any) -> np.memmap[Any, Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        try:
            existing = np.load(path, mmap_mode="r+", allow_pickle=False)
        except (ValueError, EOFError):  # cut short: made anew
            existing = None
        if existing is not None and existing.shape == shape and existing.dtype == np.dtype(dtype):
            return existing  # type: ignore[no-any-return]
    try:
        with path.open("wb") as file:
            header = np.lib.format.header_data_from_array_1_0(np.empty(0, dtype)) | {"shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            reserve(file, file.tell() + int(np.prod(shape)) * np.dtype(dtype).itemsize)
    except BaseException:
        path.unlink(missing_ok=True)  # one without its space must not be taken for whole
        raise
    return np.load(path, mmap_mode="r+", allow_pickle=False)  # type: ignore[no-any-return]


def reserve(file: BinaryIO, size: int) -> None:
    """Make an open file ``size`` bytes long, of zeros that have their place on the disk; OSError when there is no room."""
    file.flush()
    start = file.tell()
    try:
        try:
            os.posix_fallocate(file.fileno(), start, max(1, size - start))
        except (AttributeError, OSError) as error:  # macOS has none, and some file systems neither
            if getattr(error, "errno", errno.EINVAL) not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            for done in range(start, size, len(_ZEROS)):
                file.write(_ZEROS[: size - done])
            file.flush()
    except OSError as error:
        error.filename = file.name
        raise
    file.truncate(size)


def write_json(path: Path, value: Any) -> None:
    """Store ``value`` as UTF-8 JSON; NaN is refused since JSON has none."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    write_file(path, lambda file: file.write(text.encode()))


def read_json(path: Path) -> Any:
    """Read a JSON file; OSError when there is none, DamagedFile when it is none."""
    with _damage(path):
        return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Name the file that makes anything fail but its opening."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise DamagedFile(path) from error
    except Exception as error:  # whatever a damaged file makes of itself
        raise DamagedFile(path) from error
