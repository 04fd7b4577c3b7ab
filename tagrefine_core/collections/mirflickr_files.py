"""Where the photos, tags and annotations of a copy of MIRFLICKR lie."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tagrefine_core.collections.folder import photo_files
from tagrefine_core.errors import CollectionError
from tagrefine_core.store import ImportIssue

__all__ = ["PHOTO", "Copy", "find_copy", "looks_like_mirflickr"]

PHOTO = re.compile(r"im([0-9]{1,18})\.jpe?g", re.IGNORECASE)
"""File name of a photo, with its number."""

_TAGS = re.compile(r"tags([0-9]{1,18})\.txt", re.IGNORECASE)
# MIRFLICKR-1M: images/0/0.jpg and tags/0/0.txt, in folders of 10,000.
_PHOTO_OF_MILLION = re.compile(r"([0-9]{1,18})\.jpe?g", re.IGNORECASE)
_TAGS_OF_MILLION = re.compile(r"([0-9]{1,18})\.txt", re.IGNORECASE)
_TAGS_BESIDE = ("meta", "tags", "tags_raw")
_LABELS_BESIDE = ("*[aA]nnotation*",)

_Group = dict[int, list[str]]
"""Photo number -> files relative to one folder."""


@dataclass(frozen=True, eq=False)
class Copy:
    """A copy of MIRFLICKR, whole or in part.

    Attributes
    ----------
    root : Path
        Folder of the photos.
    photos : dict of int to str
        File of each photo number, relative to ``root``, in the order of the numbers.
    tag_folder : Path
    tags : dict of int to Path
        File of tags by photo number.
    labels : dict of str to Path
        File of each label that was asked for, by its name in small letters without ``.txt``.
    issues : list of ImportIssue
        Files that are there twice.
    """

    root: Path
    photos: dict[int, str]
    tag_folder: Path
    tags: dict[int, Path]
    labels: dict[str, Path]
    issues: list[ImportIssue] = field(default_factory=list)


def looks_like_mirflickr(path: Path) -> bool:
    """Whether a folder has photos ``im<N>.jpg`` and tags where a copy of MIRFLICKR has them; looks at a few folders only."""
    for folder in (path, path / "mirflickr", path / "mirflickr25k"):
        tags = (folder / "meta", folder / "tags", path / "meta", path / "tags")
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        if any(map(PHOTO.fullmatch, names)) and (
            any(place.is_dir() for place in tags) or any(map(_TAGS.fullmatch, names))
        ):
            return True
    return (path / "images/0").is_dir() and (path / "tags/0").is_dir()


def find_copy(path: Path, labels: Collection[str]) -> Copy:
    """Search a folder for the photos, and for the tags and labels below it; beside it, too, when it is the folder of photos itself.

    Of several folders with photos the one with most is taken; of tags the cleaned ones rather than ``tags_raw``.

    Parameters
    ----------
    path : Path
    labels : collection of str
        Names of label files, in small letters, without ``.txt``.

    Raises
    ------
    CollectionError
        When there are no photos or no tags of them.
    """
    photos: dict[Path, _Group] = defaultdict(lambda: defaultdict(list))
    tags: dict[Path, _Group] = defaultdict(lambda: defaultdict(list))
    annotations: dict[Path, dict[str, Path]] = defaultdict(dict)

    def look(base: Path) -> None:
        for folder, name in _files(base):
            if not _count(photos, folder, name, PHOTO, _PHOTO_OF_MILLION, "images") and not _count(
                tags, folder, name, _TAGS, _TAGS_OF_MILLION, "tags"
            ):
                stem, _, ending = name.lower().rpartition(".")
                if ending == "txt" and stem in labels:
                    annotations[folder].setdefault(stem, folder / name)

    look(path)
    if not photos:
        raise CollectionError(
            f"No MIRFLICKR photos in {path}: looked for im1.jpg, im2.jpg ... there and in its folders."
        )
    root = max(photos, key=lambda folder: (len(photos[folder]), "mirflickr" in folder.name, -_depth(folder)))
    if root == path:
        patterns = [*(_TAGS_BESIDE if not tags else ()), *(_LABELS_BESIDE if not annotations else ())]
        for folder in [folder for pattern in patterns for folder in sorted(path.parent.glob(pattern))]:
            look(folder)

    issues: list[ImportIssue] = []
    for folder in photos.keys() - {root}:
        note = f"{len(photos[folder]):,} photos seen and not used: those in {root.name} are"
        issues.append(ImportIssue(folder.name, note, "note"))
    numbers = photos[root].keys()
    if not tags:
        raise CollectionError(
            f"No tags of the photos in {root}: looked for meta/tags/tags1.txt ... below it."
        )
    tag_folder = max(
        tags,
        key=lambda folder: (
            bool(tags[folder].keys() & numbers),
            "raw" not in folder.name.lower(),
            len(tags[folder].keys() & numbers),
            -_depth(folder),
        ),
    )
    if not tags[tag_folder].keys() & numbers:
        raise CollectionError(f"{tag_folder} has no tags of the photos in {root}: looked for tags<N>.txt.")
    # Where several folders have a label, that which has most labels is a folder of annotations.
    most = sorted(annotations.values(), key=len)
    return Copy(
        root,
        _one_each(photos[root], "im{}.jpg", "skipped", issues),
        tag_folder,
        {
            number: tag_folder / file
            for number, file in _one_each(tags[tag_folder], "tags{}.txt", "note", issues).items()
        },
        {stem: file for found in most for stem, file in found.items()},
        issues,
    )


def _files(base: Path) -> Iterator[tuple[Path, str]]:
    folders: dict[str, Path] = {}  # a path takes longer to make than all the rest
    for file in photo_files(base):
        below, _, name = file.rpartition("/")
        if below not in folders:
            folders[below] = base / below
        yield folders[below], name


def _count(
    groups: dict[Path, _Group],
    folder: Path,
    name: str,
    pattern: re.Pattern[str],
    of_million: re.Pattern[str],
    above: str,
) -> bool:
    """Add a file to the group of its folder when its name has a photo number; say whether it has."""
    if match := pattern.fullmatch(name):
        groups[folder][int(match[1])].append(name)
    elif folder.parent.name == above and folder.name.isdecimal() and (match := of_million.fullmatch(name)):
        groups[folder.parent][int(match[1])].append(f"{folder.name}/{name}")
    return match is not None


def _one_each(
    group: _Group, usual: str, severity: Literal["skipped", "note"], issues: list[ImportIssue]
) -> dict[int, str]:
    """Return one file for each number, in their order: of several that with the usual name, else the first; the others are said."""
    chosen = {}
    for number, files in sorted(group.items()):
        first, *others = sorted(files, key=lambda file: (file != usual.format(number), file))
        chosen[number] = first
        issues += [
            ImportIssue(file, f"has the number of {first}, which is used", severity) for file in others
        ]
    return chosen


def _depth(folder: Path) -> int:
    return len(folder.parts)
