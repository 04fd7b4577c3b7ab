"""Carry a plan out: first look whether all of it can be done, then keep what is replaced, then write file by file."""

import errno
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tagrefine_core.errors import ConfigError
from tagrefine_core.exchange.planning import Plan, Write, digest
from tagrefine_core.files import read_json, write_file, write_json
from tagrefine_core.progress import Progress, silent

__all__ = ["Undone", "backups", "carry_out", "check_room", "undo"]

_STEP = 100


@dataclass(frozen=True)
class Undone:
    """What became of the files of an export that is undone: restored, taken away, and left since somebody changed them."""

    restored: int
    removed: int
    left: list[str]


def check_room(plan: Plan, folder: Path, home: Path) -> None:
    """Refuse a plan that cannot be carried out, before the first file is changed.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where its files go; made when missing.
    home : Path
        Where what is replaced is kept.

    Raises
    ------
    ConfigError
        When a file or folder cannot be written, or there is not enough room.
    """
    if not plan.writes:
        return
    _make(folder)
    replaced = 0
    more = max(write.size for write in plan.writes)  # a file lies beside the one it replaces for a moment
    for parent in {_existing(write.path.parent) for write in plan.writes}:
        if not os.access(parent, os.W_OK | os.X_OK):
            raise ConfigError(
                f"The folder {parent} cannot be written, so nothing was changed. Check its permissions."
            )
    for write in plan.writes:
        if write.before and write.path.is_file():
            told = write.path.stat()
            if not told.st_mode & stat.S_IWUSR or not os.access(write.path, os.W_OK):
                raise ConfigError(
                    f"{write.path} is read-only, so nothing was changed. Check its permissions."
                )
            replaced += told.st_size
            more += max(write.size - told.st_size, 0)
        else:
            more += write.size
    _reserve(_existing(folder), more)
    if replaced:
        _make(home / "exports")
        _reserve(home / "exports", replaced)


def carry_out(plan: Plan, home: Path, progress: Progress = silent) -> str | None:
    """Write the files of a plan; each is whole or not at all, and keeps its permissions.

    What is replaced is kept in ``exports/<number>/`` of the home folder before the first file is written. A file that changed since the
    plan was made is left, and noted in the plan; stopped in the middle, the same export goes on where it was.

    Returns
    -------
    str or None
        The number of what was kept, for `undo`; None when nothing was written.
    """
    if not plan.writes:
        return None
    folder = _new_folder(home)
    total = 2 * len(plan.writes)
    entries: list[dict[str, Any]] = []
    for done, write in enumerate(plan.writes, start=1):
        saved = None
        if write.before and write.path.is_file():  # else it is gone since the plan was made
            saved = f"{done:06}"
            data = write.path.read_bytes()
            write_file(folder / "files" / saved, lambda file, data=data: file.write(data))  # type: ignore[misc]
        of = None if write.copy_of is None else str(write.copy_of.absolute())
        entries.append(
            {"path": str(write.path.absolute()), "saved": saved, "after": write.after, "copy_of": of}
        )
        _told(progress, "Keeping what is replaced", done, total)
    write_json(folder / "manifest.json", entries)
    for done, write in enumerate(plan.writes, start=len(plan.writes) + 1):
        try:
            _write(write)
            plan.written += 1
        except (_Changed, FileNotFoundError):  # a photo to copy may be gone, too
            plan.refused.append((write.path.name, "it was changed since it was compared; export again"))
        _told(progress, "Writing files", done, total)
    return folder.name


def backups(home: Path) -> list[str]:
    """Return the numbers of the exports that can be undone, the newest first."""
    found = (home / "exports").glob("*/manifest.json")
    return sorted((path.parent.name for path in found), reverse=True)


def undo(home: Path, number: str, progress: Progress = silent) -> Undone:
    """Put back what an export replaced, and take away what it made; what somebody changed since stays.

    Where all is back, there is nothing to undo any more, and what was kept for it is deleted.

    Raises
    ------
    ConfigError
        When there is no such export.
    """
    known = backups(home)
    if number not in known:
        raise ConfigError(
            f"There is no export {number!r} to undo; there are: {', '.join(known[:5]) or 'none'}."
        )
    folder = home / "exports" / number
    entries = read_json(folder / "manifest.json")
    restored, removed, left = 0, 0, []
    for done, entry in enumerate(entries, start=1):
        path = Path(entry["path"])
        current = _digest(path)
        after = entry["after"] or _digest(Path(entry["copy_of"]))
        if entry["saved"] is None:
            if current and current == after:
                path.unlink()
                removed += 1
            elif current:
                left.append(str(path))
        else:
            data = (folder / "files" / entry["saved"]).read_bytes()
            if current and current == after:
                _replace(path, data)
                restored += 1
            elif current != digest(data):
                left.append(str(path))
        _told(progress, "Putting files back", done, len(entries))
    if not left:  # all that is kept there lies where it was
        shutil.rmtree(folder)
    return Undone(restored, removed, left)


def _digest(path: Path) -> str:
    return digest(path.read_bytes()) if path.is_file() and not path.is_symlink() else ""


class _Changed(Exception):
    """A file is not what it was when the plan was made."""


def _write(write: Write) -> None:
    current = write.path.read_bytes() if write.path.is_file() else None
    if ("" if current is None else digest(current)) != write.before:
        if current is not None and digest(current) == write.after:
            return
        raise _Changed
    data = write.content(current)
    if write.after and digest(data) != write.after:
        raise _Changed
    _replace(write.path, data)
    if write.copy_of is not None:
        told = write.copy_of.stat()
        os.utime(write.path, ns=(told.st_atime_ns, told.st_mtime_ns))


def _replace(path: Path, data: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None

    def to_file(file: Any) -> None:
        file.write(data)
        if mode is not None:
            os.fchmod(file.fileno(), mode)

    write_file(path, to_file)


def _told(progress: Progress, stage: str, done: int, total: int) -> None:
    if done % _STEP == 0 or done == total:
        progress(stage, done, total)


def _new_folder(home: Path) -> Path:
    number = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    for name in (number, *(f"{number}-{more}" for more in range(2, 1000))):
        try:
            (home / "exports" / name).mkdir(parents=True)
        except FileExistsError:
            continue
        return home / "exports" / name
    raise ConfigError("Too many exports within one second; try again.")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be made ({error.strerror}); nothing was changed."
        ) from error


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _reserve(folder: Path, size: int) -> None:
    """Take so many bytes of a disk, and give them back: what is free is not what a quota lets one write."""
    scratch = folder / f".{secrets.token_hex(6)}.part"
    try:
        with scratch.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL):
            return
        raise ConfigError(
            f"{folder} has no room for {size / 2**20:,.1f} MB ({error.strerror}), so nothing was changed. Make room and try again."
        ) from error
    finally:
        scratch.unlink(missing_ok=True)
