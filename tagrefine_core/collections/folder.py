"""Photos in any folders, with tags beside them, inside them or in the names of their folders."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tagrefine_core.collections.flickr import is_flickr_file, read_flickr
from tagrefine_core.collections.sidecars import files_beside
from tagrefine_core.collections.sources import Source
from tagrefine_core.errors import CollectionError
from tagrefine_core.metadata import Keywords, levels, read_keywords
from tagrefine_core.progress import Progress
from tagrefine_core.reading.cells import split_cells
from tagrefine_core.reading.text import MAX_SIDECAR, read_text, some_of
from tagrefine_core.store import ImportIssue

__all__ = ["EXTENSIONS", "photo_files", "read_folder"]

_READ = (
    ".jpg .jpeg .jpe .jfif .mpo .png .apng .gif .webp .tif .tiff .bmp .ppm .pgm .pbm .pnm"
    " .avif .avifs .heic .heif .hif .heics .heifs .jxl"
)
_NOT_READ = ".psd .raw .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf"
_TEXTS = (".txt", ".caption")
_MANY = 3  # rows that say the same; more become one

EXTENSIONS = frozenset(_READ.split())
"""Ends of file names that are taken for photos."""


@dataclass(slots=True)
class _Report:
    """What the import report will say; what is said of many files becomes one note."""

    issues: list[ImportIssue] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, *reasons: str) -> None:
        self.issues += [ImportIssue(".", reason, "note") for reason in reasons]

    def problem(self, file: str, reason: str) -> None:
        self.problems[reason].append(file)

    def say(self, problems: Iterable[tuple[str, str]]) -> None:
        for file, reason in problems:
            self.problem(file, reason)

    def rows(self) -> Iterator[ImportIssue]:
        yield from self.issues
        for reason, files in self.problems.items():
            if len(files) <= _MANY:
                yield from (ImportIssue(file, reason, "note") for file in files)
            else:
                yield ImportIssue(".", f"{reason} ({len(files):,} files: {some_of(files)})", "note")


@dataclass(slots=True)
class _Listing:
    photos: list[str] = field(default_factory=list)
    not_read: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    packets: list[str] = field(default_factory=list)
    flickr: list[str] = field(default_factory=list)


def read_folder(path: Path, progress: Progress, *, folder_names: bool = True) -> Source:
    """Read photos with what tells their tags, wherever it stands; sub-folders are searched, hidden ones and links are not.

    A photo has the tags of all its sources, each once, in this order: the text file beside it (``IMG.jpg.txt``, ``IMG.txt``
    or ``.caption``), which somebody made for its tags; ``IMG.jpg.xmp`` or ``IMG.xmp``, which a photo manager writes when it
    leaves the photo alone, so that it is newer than what is inside; Flickr's ``photo_<number>.json``; XMP and IPTC inside the
    photo, unless our own export wrote into the ``.xmp`` file that it stands for them. Where no photo has any, the names of the folders that photos lie in are their tags.

    Parameters
    ----------
    folder_names : bool
        Whether the names of folders may be tags.

    Raises
    ------
    CollectionError
        When there is no photo, or nothing tells a tag.
    """
    report = _Report()
    found = _listed(path, report)
    photos = found.photos
    if not photos:
        raise CollectionError(
            f"No photos in {path} or its sub-folders: looked for files such as .jpg, .png, .webp."
        )
    packets, alone = _from_packets(path, found, report, progress)
    inside = [keywords.tags for keywords in _keywords(path, photos, report, progress)]
    for row in alone:
        inside[row] = []
    sources = {
        "text files": _from_texts(path, found, report, progress),
        "XMP files": packets,
        "Flickr's files": _from_flickr(path, found, report, progress),
        "keywords inside the photos": inside,
    }
    tags = [_union(own) for own in zip(*sources.values(), strict=True)]
    used = {name: sum(map(bool, own)) for name, own in sources.items() if any(own)}
    if not used:
        tags = _folder_names(photos) if folder_names else []
        if not any(tags):
            raise CollectionError(_nothing_found(path, photos))
        report.note(
            "nothing else tells tags, so that the names of the folders that photos lie in are taken for them"
        )
    elif list(used) != ["text files"]:
        report.note("tags come from " + ", ".join(f"{name} ({n:,} photos)" for name, n in used.items()))
    if bare := [photo for photo, own in zip(photos, tags, strict=True) if not own]:
        report.note(f"{len(bare):,} of {len(photos):,} photos have no tags: {some_of(bare)}")
    return Source("folder", path, photos, tags, [None] * len(photos), issues=tuple(report.rows()))


def photo_files(path: Path, report: _Report | None = None) -> Iterator[str]:
    """Yield every file below ``path``, relative and with ``/``, without hidden files and folders and links to folders."""

    def refused(error: OSError) -> None:
        if report is not None:
            name = os.path.relpath(error.filename, path)
            report.problem(_printable(name), f"cannot be searched ({error.strerror})")

    for folder, folders, names in os.walk(path, onerror=refused):
        folders[:] = sorted(name for name in folders if name[0] not in ".@" and name != "__MACOSX")
        below = Path(folder).relative_to(path)
        for name in folders:
            if report is not None and Path(folder, name).is_symlink():
                report.problem(
                    _printable((below / name).as_posix()), "a link to a folder; links are not followed"
                )
        for name in names:
            if not name.startswith("."):
                yield (below / name).as_posix()


def _listed(path: Path, report: _Report) -> _Listing:
    """Return what a folder holds by its use, each list in the order of the report."""
    found = _Listing()
    use = {
        **dict.fromkeys(EXTENSIONS, found.photos),
        **dict.fromkeys(_NOT_READ.split(), found.not_read),
        **dict.fromkeys(_TEXTS, found.texts),
        ".xmp": found.packets,
    }
    for file in photo_files(path, report):
        extension = _ending(file)
        files = found.flickr if is_flickr_file(file) else use.get(extension)
        if files is None:
            continue
        if _printable(file) != file:
            lost = files is found.photos or files is found.not_read
            reason = "its name is not valid UTF-8; rename it"
            report.issues.append(ImportIssue(_printable(file), reason, "skipped" if lost else "note"))
        elif files is found.not_read:
            reason = f"{extension} files are not read; convert it to JPEG or PNG"
            report.issues.append(ImportIssue(file, reason))
            files.append(file)
        elif files is not found.photos and _leads_out(path, file):
            report.problem(file, "a link that leads out of the folder; not read")
        else:
            files.append(file)
    for files in (found.photos, found.packets, found.flickr):
        files.sort(key=_natural)
    # Of two text files of one photo the first counts.
    found.texts.sort(key=lambda file: (_TEXTS.index(_ending(file)), _natural(file)))
    return found


def _from_texts(path: Path, found: _Listing, report: _Report, progress: Progress) -> list[list[str]]:
    beside = files_beside(found.photos, found.texts, found.not_read, what="text files")
    report.say(beside.problems)
    cells: dict[str, str | None] = {}
    guessed: list[str] = []
    for done, file in enumerate(beside.used, start=1):
        try:
            cells[file], guess = read_text(path / file, max_bytes=MAX_SIDECAR)
            if guess:
                guessed.append(f"{file} ({guess})")
        except CollectionError as error:
            report.problem(file, _without_path(error, path / file))
        if done % 500 == 0 or done == len(beside.used):
            progress("Reading text files", done, len(beside.used))
    if guessed:
        report.note(f"{len(guessed):,} text files are not UTF-8 throughout; read as: {some_of(guessed)}")
    split = split_cells(list(cells.values()), where=".", what="text files")
    report.issues += split.issues
    tags = dict(zip(cells, split.tags, strict=True))
    return [tags.get(file or "", []) for file in beside.files]


def _from_packets(
    path: Path, found: _Listing, report: _Report, progress: Progress
) -> tuple[list[list[str]], list[int]]:
    """Return the tags of each photo in its ``.xmp`` file, and the photos whose file stands for what is inside them."""
    beside = files_beside(found.photos, found.packets, found.not_read, what="XMP files")
    report.say(beside.problems)
    read = dict(zip(beside.used, _keywords(path, beside.used, report, progress), strict=True))
    own = [read.get(file or "", Keywords()) for file in beside.files]
    return [keywords.tags for keywords in own], [row for row, one in enumerate(own) if one.alone]


def _from_flickr(path: Path, found: _Listing, report: _Report, progress: Progress) -> list[list[str]]:
    tags, problems = read_flickr(path, found.flickr, found.photos, progress)
    report.say(problems)
    return tags


def _keywords(path: Path, files: Sequence[str], report: _Report, progress: Progress) -> list[Keywords]:
    found = []
    for done, file in enumerate(files, start=1):
        keywords = read_keywords(path / file)
        if keywords.note:
            report.problem(file, f"its keywords were not read: {keywords.note}")
        found.append(keywords)
        if done % 500 == 0 or done == len(files):
            progress("Reading keywords", done, len(files))
    return found


def _union(sources: Iterable[Sequence[str]]) -> list[str]:
    """Return the tags of the first source that has any as they are, and of the others what is not among them."""
    tags: list[str] = []
    known: set[tuple[str, ...]] = set()
    for source in sources:
        new = [tag for tag in source if not tags or _key(tag) not in known]
        tags += new
        known.update(map(_key, new))
    return tags


def _key(tag: str) -> tuple[str, ...]:
    return levels(unicodedata.normalize("NFC", tag).casefold())


def _folder_names(photos: Sequence[str]) -> list[list[str]]:
    """Return the name of the folder of each photo, where all lie in folders of several names with letters in them."""
    names = [PurePosixPath(photo).parent.name for photo in photos]
    several = len(set(names)) > 1
    if not several or not all(any(map(str.isalpha, name)) for name in names):
        return [[] for _ in photos]
    return [[name] for name in names]


def _nothing_found(path: Path, photos: Sequence[str]) -> str:
    return (
        f"{path} has {len(photos):,} photos, but nothing tells their tags. Looked for text files beside them "
        f"({photos[0]}.txt and the like, .caption), XMP files (.xmp), Flickr's photo_*.json, keywords inside the photos "
        "(XMP, IPTC) and folder names (every photo in a sub-folder named by what it shows)."
    )


def _without_path(error: CollectionError, path: Path) -> str:
    return str(error).removeprefix(f"{path} ").rstrip(".")


def _leads_out(root: Path, file: str) -> bool:
    """Say whether a file is a link that leads out of the root; its folder is no link, since these are not followed."""
    return (root / file).is_symlink() and not Path(os.path.realpath(root / file)).is_relative_to(root)


def _ending(file: str) -> str:
    return f".{file.rpartition('.')[2].lower()}"


def _natural(file: str) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts ``img2.jpg`` before ``img10.jpg``."""
    parts = re.split(r"(\d+)", file.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts if part], file


def _printable(file: str) -> str:
    """Return a name as a report can show it: bytes that are no text as escapes."""
    try:
        file.encode()
    except UnicodeEncodeError:
        return ascii(file)[1:-1]
    return file
