"""What an export would do, file by file and photo by photo, before anything is touched."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tagrefine_core.errors import DataError
from tagrefine_core.exchange.formats import Format
from tagrefine_core.exchange.tagging import PhotoTags
from tagrefine_core.metadata import levels
from tagrefine_core.progress import Progress, silent

__all__ = ["PhotoChange", "Plan", "Write", "digest", "plan_copies", "plan_photos", "plan_table"]

_STEP = 200  # photos between two words on progress
_LISTED = 20  # refused photos that are named


@dataclass(frozen=True)
class Write:
    """A file that is written.

    Attributes
    ----------
    path : Path
    before, after : str
        What tells its content now and then from others; ``before`` is empty for a new file.
    size : int
        Bytes it will have.
    content : callable
        From what it holds (None: it is not there) to what it shall hold.
    copy_of : Path or None
        The file that it is a copy of, with its times, by which it is known the next time; ``after`` is empty then.
    """

    path: Path
    before: str
    after: str
    size: int
    content: Callable[[bytes | None], bytes]
    copy_of: Path | None = None


@dataclass(frozen=True)
class PhotoChange:
    """A photo whose tags change."""

    file_name: str
    added: list[str]
    removed: list[str]


@dataclass
class Plan:
    """What an export would do.

    Attributes
    ----------
    writes : list of Write
    changes : list of PhotoChange
        Photos whose tags will be others than those in their file, or than the user's where there is no file yet.
    refused : list of (str, str)
        Photos that are left as they are, and why.
    notes : list of str
        What else one should know.
    written : int
        Files that have been written so far.
    """

    writes: list[Write] = field(default_factory=list)
    changes: list[PhotoChange] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: int = 0

    @property
    def added(self) -> int:
        """Tags that are added."""
        return sum(len(change.added) for change in self.changes)

    @property
    def removed(self) -> int:
        """Tags that are removed."""
        return sum(len(change.removed) for change in self.changes)

    @property
    def new(self) -> int:
        """Files that are not there yet."""
        return sum(not write.before for write in self.writes)

    def as_dict(self, *, listed: int | None = None) -> dict[str, Any]:
        """Return it for JSON: counts, then photo by photo, at most ``listed`` of them."""
        return {
            "files": len(self.writes),
            "written": self.written,
            "new": self.new,
            "changed": len(self.changes),
            "added": self.added,
            "removed": self.removed,
            "refused": len(self.refused),
            "notes": self.notes,
            "photos": [vars(change) for change in self.changes[:listed]],
            "left": [{"file_name": file, "reason": why} for file, why in self.refused[:listed]],
        }

    def lines(self, *, listed: int) -> Iterator[str]:
        """Yield it for people: counts, then photo by photo."""
        yield (
            f"{_count(len(self.changes), 'photo changes', 'photos change')}: {_count(self.added, 'tag', 'tags')} added, "
            f"{self.removed:,} removed; {_count(len(self.writes), 'file', 'files')} to write, {self.new:,} of them new."
        )
        yield from self.notes
        for change in self.changes[:listed]:
            signs = [*(f"+{tag}" for tag in change.added), *(f"-{tag}" for tag in change.removed)]
            yield f"{change.file_name}: {', '.join(signs)}"
        if len(self.changes) > listed:
            yield f"... and {len(self.changes) - listed:,} more photos; --json lists them all."
        for file, why in self.refused[:_LISTED]:
            yield f"{file} is left as it is: {why}"
        if len(self.refused) > _LISTED:
            yield f"... and {len(self.refused) - _LISTED:,} more are left as they are."


def digest(data: bytes) -> str:
    """Return what tells a content from others."""
    return hashlib.sha256(data).hexdigest()


def plan_photos(form: Format, photos: Iterable[PhotoTags], total: int, progress: Progress = silent) -> Plan:
    """Plan a file for each photo; nothing is touched.

    Parameters
    ----------
    form : Format
    photos : iterable of PhotoTags
    total : int
        How many there are.
    progress : callable
    """
    plan = Plan()
    base = form.out or form.root
    inside = cache(lambda folder: folder.resolve().is_relative_to(base.resolve()))
    for done, photo in enumerate(photos, start=1):
        path = form.path(photo.file_name)
        try:
            if path.is_symlink() or not inside(path.parent):
                raise DataError(f"{path.name} is a link, or behind one, and links are not followed.")
            _plan_photo(plan, form, photo, path)
        except DataError as error:
            plan.refused.append((photo.file_name, str(error).rstrip(".")))
        except OSError as error:
            plan.refused.append((photo.file_name, f"{path.name} cannot be read ({error.strerror})"))
        if done % _STEP == 0 or done == total:
            progress("Comparing tags with files", done, total)
    for place, found in form.elsewhere.items():
        plan.notes.append(
            f"{_count(len(found), 'photo holds', 'photos hold')} a removed tag {place} as well, such as {found[0]}: "
            "write there, too, or the next import brings it back."
        )
    return plan


def plan_table(path: Path, content: bytes, photos: Iterable[PhotoTags]) -> Plan:
    """Plan one file of all photos; where it is there already and the same, no photo changes."""
    current = path.read_bytes() if path.is_file() else None
    if current == content:
        return Plan()
    write = Write(
        path, "" if current is None else digest(current), digest(content), len(content), lambda _: content
    )
    return Plan([write], [change for photo in photos if (change := _change(photo, photo.before))])


def plan_copies(plan: Plan, root: Path, out: Path, files: Sequence[str]) -> None:
    """Add to a plan that photos are copied; one of the same size and time is there already."""
    for file in files:
        source, target = root / file, out / file
        try:
            told = source.stat()
        except OSError as error:
            plan.refused.append((file, f"it cannot be read ({error.strerror})"))
            continue
        if target.is_file():
            there = target.stat()
            if (there.st_size, there.st_mtime_ns) == (told.st_size, told.st_mtime_ns):
                continue
        before = digest(target.read_bytes()) if target.is_file() else ""
        plan.writes.append(Write(target, before, "", told.st_size, _copy_of(source), copy_of=source))


def _copy_of(source: Path) -> Callable[[bytes | None], bytes]:
    return lambda _: source.read_bytes()


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _plan_photo(plan: Plan, form: Format, photo: PhotoTags, path: Path) -> None:
    current = path.read_bytes() if path.is_file() else None
    if current is None and os.path.lexists(path):
        raise DataError(f"{path.name} is no file.")
    before = photo.before if current is None else form.tags(photo, current)
    content = form.content(photo, current)
    if content is not None and content != current:
        plan.writes.append(
            Write(
                path,
                "" if current is None else digest(current),
                digest(content),
                len(content),
                lambda now: form.content(photo, now) or b"",
            )
        )
        if change := _change(photo, before):
            plan.changes.append(change)
    if form.out is None:
        form.look_elsewhere(photo, path)


def _change(photo: PhotoTags, before: list[str]) -> PhotoChange | None:
    old, new = {levels(tag) for tag in before}, {levels(tag) for tag in photo.after}
    added = [tag for tag in photo.after if levels(tag) not in old]
    removed = [tag for tag in before if levels(tag) not in new]
    return PhotoChange(photo.file_name, added, removed) if added or removed else None
