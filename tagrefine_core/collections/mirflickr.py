"""MIRFLICKR in the layouts that circulate, whole or in part."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.mirflickr_files import PHOTO, Copy, find_copy
from tagrefine_core.collections.sources import Source
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.rows import lines_of
from tagrefine_core.reading.text import read_tag_files, read_text
from tagrefine_core.store import ImportIssue

__all__ = ["LABELS", "LABEL_SETS", "POTENTIAL_LABELS", "Wider", "read_mirflickr", "wider_labels"]

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

LABEL_SETS: dict[str, Mapping[str, str]] = {
    "strict": LABELS,
    "wide": POTENTIAL_LABELS,
    "all": {**POTENTIAL_LABELS, **{name: f"{tag}_r1" for name, tag in LABELS.items()}},
}
"""Which labels can be asked for. Of all 38 the strict ones have names of their own: two labels may not be the same tag."""


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


def read_mirflickr(path: Path, progress: Progress, labels: str | None = None) -> Source:
    """Read photos ``im<N>.jpg``, their tags and the annotations, wherever they lie below the folder.

    Photos without tags stay; numbers without a photo are counted in a note.

    Parameters
    ----------
    path : Path
        Folder of the data set, or of its photos: then tags and annotations may lie beside it.
    progress : callable
    labels : str, optional
        "strict" (14), "wide" (24) or "all" (38). By default the strict ones, which the paper measures on; the wider ones where there are
        no others.

    Raises
    ------
    CollectionError
        When there are no photos or no tags, or none of the labels that were asked for.
    """
    copy = find_copy(path, LABEL_SETS["all"].keys())
    issues = copy.issues
    files = list(copy.photos.values())
    tags = _read_tags(copy, progress, issues)
    chosen = _choose(copy, labels, path, issues)
    truth = _truth(list(chosen.values()), list(copy.photos), issues) if chosen else None
    beside = {f"{tag}_r1": tag for tag in LABELS.values()} if labels == "all" else {}
    return Source(
        "mirflickr",
        copy.root,
        files,
        tags,
        [None] * len(files),
        tuple(chosen),
        truth,
        tuple(issues),
        {label: tag for label, tag in beside.items() if label in chosen},
    )


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
    numbers = [PHOTO.fullmatch(PurePosixPath(file).name) for file in files]
    if None in numbers:
        raise CollectionError(
            f"{files[numbers.index(None)]} has no photo number such as im7.jpg, which the labels in {folder} go by."
        )
    truth = _truth(list(found), [int(match[1]) for match in numbers if match], [])
    return Wider(tuple(found.values()), np.array([columns[tag] for tag in found.values()]), truth)


def _read_tags(copy: Copy, progress: Progress, issues: list[ImportIssue]) -> list[list[str]]:
    """Return the tags of each photo: a line is a tag."""
    files = [copy.tags.get(number) for number in copy.photos]
    photos = list(copy.photos.values())
    tags, guessed = read_tag_files(photos, files, split=lines_of, progress=progress, issues=issues)
    if missing := files.count(None):
        note = f"{missing:,} photos have no tags<N>.txt: no tags"
        issues.append(ImportIssue(copy.tag_folder.name, note, "note"))
    if guessed:
        note = f"{guessed:,} files are not UTF-8; read as Western European"
        issues.append(ImportIssue(copy.tag_folder.name, note, "note"))
    return tags


def _choose(copy: Copy, asked: str | None, path: Path, issues: list[ImportIssue]) -> dict[str, Path]:
    """Return the file of each label to use, by its tag; none without annotations. What is there and not used is said."""
    if not copy.labels and asked is None:
        note = "no annotations (annotations/<label>.txt) beside or below the photos: no ground truth"
        issues.append(ImportIssue(copy.root.name, note, "note"))
        return {}
    found = {name: set(wanted) & set(copy.labels) for name, wanted in LABEL_SETS.items()}
    used = asked or ("strict" if found["strict"] else "wide")
    if not found[used]:
        names = " ".join(f"{name}.txt" for name in list(LABEL_SETS[used])[:3])
        raise CollectionError(
            f"There are no {used} labels in {path}: looked for {names} ... Leave the choice of labels out, or unpack the annotations there."
        )
    folder = copy.labels[min(found[used])].parent.name
    if absent := sorted(LABEL_SETS[used].keys() - found[used]):
        issues.append(ImportIssue(folder, f"no files for: {', '.join(absent)}", "note"))
    if asked is None and used == "wide":
        note = "no strict labels (*_r1.txt) here; the wider 'potential' ones are the ground truth"
        issues.append(ImportIssue(folder, note, "note"))
    for other, words in (("wide", "wider 'potential' labels"), ("strict", "strict labels")):
        if unused := sorted(found[other] - found[used]):
            note = f"{len(unused)} {words} seen and not used (--labels {other} or all takes them): {', '.join(unused)}"
            issues.append(ImportIssue(folder, note, "note"))
    return {tag: copy.labels[name] for name, tag in LABEL_SETS[used].items() if name in found[used]}


def _truth(files: list[Path], numbers: list[int], issues: list[ImportIssue]) -> NDArray[np.int8]:
    """Return int8 (N, L): 1 for the photo numbers a file lists, 0 for all others, as the data set defines it."""
    row = {number: i for i, number in enumerate(numbers)}
    truth = np.zeros((len(numbers), len(files)), dtype=np.int8)
    absent: set[int] = set()
    for column, file in enumerate(files):
        words = read_text(file)[0].split()
        listed = {int(word) for word in words if _is_number(word)}
        if bad := sum(not _is_number(word) for word in words):
            issues.append(
                ImportIssue(file.name, f"{bad:,} entries are no photo numbers and were ignored", "note")
            )
        truth[[row[number] for number in listed if number in row], column] = 1
        absent |= listed - row.keys()
    if absent:
        note = f"{len(absent):,} annotated photo numbers have no photo here"
        issues.append(ImportIssue("annotations", note, "note"))
    return truth


def _is_number(word: str) -> bool:
    return word.isdecimal() and len(word) < 19  # Python reads no numbers of thousands of digits
