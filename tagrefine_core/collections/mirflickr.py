"""MIRFLICKR-25K in its official layout, whole or in part."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.sources import Source
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.text import read_tag_files, read_text
from tagrefine_core.store import ImportIssue

__all__ = ["LABELS", "POTENTIAL_LABELS", "Wider", "photo_numbers", "read_mirflickr", "wider_labels"]

_STRICT = "baby bird car clouds dog female flower male night people portrait river sea tree"
_POTENTIAL = (
    "animals baby bird car clouds dog female flower food indoor lake male night people plant_life portrait river sea"
    " sky structures sunset transport tree water"
)
_TAG = {"animals": "animal", "clouds": "cloud", "female": "girl", "male": "man", "structures": "structure"}

LABELS = {f"{name}_r1": _TAG.get(name, name) for name in _STRICT.split()}
"""File of each of the 14 strict labels -> the tag that says the same (the mapping of the tag-relevance survey)."""

POTENTIAL_LABELS = {name: _TAG.get(name, name) for name in _POTENTIAL.split()}
"""File of each of the 24 wider labels ("the photo may show it")."""


@dataclass(frozen=True, eq=False)
class Wider:
    """Labels beside a collection's own, to look at what nobody has looked at while choosing settings.

    Attributes
    ----------
    labels : tuple of L str
        As tags.
    columns : int64 (L,)
        Their places in the vocabulary.
    truth : int8 (N, L)
        1 or 0.
    """

    labels: tuple[str, ...]
    columns: NDArray[np.int64]
    truth: NDArray[np.int8]

    @property
    def key(self) -> str:
        """Eight digits that tell other labels from these."""
        return hashlib.sha256(repr(self.labels).encode() + self.truth.tobytes()).hexdigest()[:8]


_PHOTO = re.compile(r"im(\d+)\.jpe?g", re.IGNORECASE)


def read_mirflickr(path: Path, progress: Progress) -> Source:
    """Read photos ``im<N>.jpg``, their tags and the annotations.

    Photos lie in ``mirflickr/`` or in ``path`` itself, tags in ``meta/tags`` (else ``meta/tags_raw``) below them,
    annotations in a folder ``*annotations*`` beside or below them. Photos without tags stay; numbers without a
    photo are counted in a note.

    Raises
    ------
    CollectionError
        When there are no photos or no tags.
    """
    images, numbers = _find_photos(path)
    # Beside the photos also means: beside `path`, when that is the folder of photos itself.
    bases = [images, images.parent]
    issues: list[ImportIssue] = []
    tags = _read_tags(bases, numbers, progress, issues)
    labels, truth = _read_annotations(bases, list(numbers), issues)
    files = list(numbers.values())
    return Source("mirflickr", images, files, tags, [None] * len(files), labels, truth, tuple(issues))


def photo_numbers(folder: Path) -> dict[int, str]:
    """Return the file of every photo number in a folder, in the order of the numbers."""
    if not folder.is_dir():
        return {}
    found = ((_PHOTO.fullmatch(entry.name), entry.name) for entry in folder.iterdir())
    return dict(sorted((int(match[1]), name) for match, name in found if match))


def wider_labels(folder: Path, files: Sequence[str], vocabulary: Sequence[str], own: Sequence[str]) -> Wider:
    """Read the wider labels of an annotations folder that a vocabulary has and that are not among a collection's own.

    Parameters
    ----------
    folder : Path
        With ``animals.txt``, ``food.txt`` and so on, each a list of photo numbers.
    files : sequence of N str
        The photos, ``im<N>.jpg``.
    vocabulary : sequence of C str
    own : sequence of str
        Labels that are measured anyway.

    Raises
    ------
    CollectionError
        When the folder holds no such label, or a photo has no number.
    """
    columns = {tag: column for column, tag in enumerate(vocabulary)}
    found = {
        folder / f"{name}.txt": tag
        for name, tag in POTENTIAL_LABELS.items()
        if tag in columns and tag not in own and (folder / f"{name}.txt").is_file()
    }
    if not found:
        raise CollectionError(
            f"{folder} holds no label that the vocabulary has beside the collection's own: looked for "
            f"{', '.join(f'{name}.txt' for name in POTENTIAL_LABELS)}. Give the folder annotations/ of MIRFLICKR."
        )
    numbers = [_PHOTO.fullmatch(PurePosixPath(file).name) for file in files]
    if None in numbers:
        raise CollectionError(
            f"{files[numbers.index(None)]} has no photo number such as im7.jpg, which the labels in {folder} go by."
        )
    truth = _truth(list(found), [int(match[1]) for match in numbers if match], [])
    return Wider(tuple(found.values()), np.array([columns[tag] for tag in found.values()]), truth)


def _find_photos(path: Path) -> tuple[Path, dict[int, str]]:
    for folder in (path / "mirflickr", path / "mirflickr25k", path):
        if numbers := photo_numbers(folder):
            return folder, numbers
    raise CollectionError(
        f"No MIRFLICKR photos in {path}: looked for im1.jpg, im2.jpg ... there and in mirflickr/."
    )


def _read_tags(
    bases: list[Path], numbers: dict[int, str], progress: Progress, issues: list[ImportIssue]
) -> list[list[str]]:
    places = [base / name for name in ("meta/tags", "tags", "meta/tags_raw", "tags_raw") for base in bases]
    folder = next((place for place in places if place.is_dir()), None)
    if folder is None:
        raise CollectionError(
            f"No tags of the photos in {bases[0]}: looked for meta/tags/tags1.txt ... below it."
        )
    present = {entry.name for entry in folder.iterdir()}
    names = [f"tags{number}.txt" for number in numbers]
    files = [folder / name if name in present else None for name in names]
    missing = files.count(None)
    if missing == len(numbers):
        raise CollectionError(f"{folder} has no tags of the photos in {bases[0]}: looked for tags<N>.txt.")
    photos = list(numbers.values())
    tags, guessed = read_tag_files(photos, files, split=str.splitlines, progress=progress, issues=issues)
    if missing:
        issues.append(ImportIssue(folder.name, f"{missing:,} photos have no tags<N>.txt: no tags", "note"))
    if guessed:
        issues.append(
            ImportIssue(folder.name, f"{guessed:,} files are not UTF-8; read as Western European", "note")
        )
    return tags


def _read_annotations(
    bases: list[Path], numbers: list[int], issues: list[ImportIssue]
) -> tuple[tuple[str, ...], NDArray[np.int8] | None]:
    folders = [
        folder
        for base in bases
        for pattern in ("*annotation*", "*annotation*/*annotation*")  # unpacked into a folder of its own
        for folder in (base, *sorted(base.glob(pattern), reverse=True))
        if folder.is_dir()
    ]
    for wanted in (LABELS, POTENTIAL_LABELS):
        for folder in folders:
            found = {name: label for name, label in wanted.items() if (folder / f"{name}.txt").is_file()}
            if found:
                if wanted is POTENTIAL_LABELS:
                    note = "no strict labels (*_r1.txt) here; the wider 'potential' ones are the ground truth"
                    issues.append(ImportIssue(folder.name, note, "note"))
                elif absent := sorted(wanted.keys() - found.keys()):
                    issues.append(ImportIssue(folder.name, f"no files for: {', '.join(absent)}", "note"))
                files = [folder / f"{name}.txt" for name in found]
                return tuple(found.values()), _truth(files, numbers, issues)
    note = "no annotations (annotations/<label>.txt) beside or below the photos: no ground truth"
    issues.append(ImportIssue(bases[0].name, note, "note"))
    return (), None


def _truth(files: list[Path], numbers: list[int], issues: list[ImportIssue]) -> NDArray[np.int8]:
    """Return int8 (N, L): 1 for the photo numbers a file lists, 0 for all others, as the data set defines it."""
    row = {number: i for i, number in enumerate(numbers)}
    truth = np.zeros((len(numbers), len(files)), dtype=np.int8)
    absent: set[int] = set()
    for column, file in enumerate(files):
        words = read_text(file)[0].split()
        listed = {int(word) for word in words if word.isdecimal()}
        if bad := sum(not word.isdecimal() for word in words):
            issues.append(
                ImportIssue(file.name, f"{bad:,} entries are no photo numbers and were ignored", "note")
            )
        truth[[row[number] for number in listed if number in row], column] = 1
        absent |= listed - row.keys()
    if absent:
        note = f"{len(absent):,} annotated photo numbers have no photo here"
        issues.append(ImportIssue("annotations", note, "note"))
    return truth
