"""NUS-WIDE in its official layout, whole or in part."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.sources import Source, first_existing
from tagrefine_core.errors import CollectionError, LabelError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.text import clean, read_text
from tagrefine_core.store import ImportIssue

__all__ = ["IMAGE_LISTS", "read_nuswide"]

IMAGE_LISTS = ("ImageList/Imagelist.txt", "ImageList/ImageList.txt", "Imagelist.txt", "ImageList.txt")
_TAGS = ("NUS_WID_Tags/All_Tags.txt", "Tags/All_Tags.txt", "All_Tags.txt")
_CONCEPTS = ("Concepts81.txt", "ConceptsList/Concepts81.txt", "ConceptList/Concepts81.txt")
_LABELS = ("Groundtruth/AllLabels", "GroundTruth/AllLabels", "AllLabels")
_PHOTOS = ("Flickr", "images", "Images", "image", ".")

# "dancing", "running" and "nighttime" are nouns of their own and stay.
_PLURALS = "birds boats buildings cars clouds flags flowers horses plants rocks sports swimmers whales"
_SINGULAR = {plural: plural.removesuffix("s") for plural in _PLURALS.split()}


def read_nuswide(path: Path, progress: Progress) -> Source:
    """Read the image list, every photo's tags and the ground truth of the concepts.

    Files looked for: ``ImageList/Imagelist.txt``, ``NUS_WID_Tags/All_Tags.txt``, ``Concepts81.txt``,
    ``Groundtruth/AllLabels/Labels_<concept>.txt``, photos in ``Flickr/``. Listed photos that are not on disk are
    left to the image checks, which report each of them.

    Raises
    ------
    CollectionError
        When the list, the tags or all photos are missing.
    LabelError
        When a label file does not have one line for each listed photo.
    """
    image_list = first_existing(path, *IMAGE_LISTS)
    if image_list is None:
        raise CollectionError(f"No NUS-WIDE image list in {path}: looked for {IMAGE_LISTS[0]}.")
    listed = [
        line.strip().replace("\\", "/") for line in read_text(image_list)[0].splitlines() if line.strip()
    ]
    photos = next(
        (path / name for name in _PHOTOS if any((path / name / file).exists() for file in listed)), None
    )
    if photos is None:
        example = f"Flickr/{listed[0]}" if listed else "no photo"
        raise CollectionError(
            f"None of the {len(listed):,} photos in {image_list} is in {path}: looked for {example} and the like."
        )
    first_row: dict[str, int] = {}
    for row, file in enumerate(listed):
        first_row.setdefault(file, row)
    issues = [
        ImportIssue(file, f"is listed twice in {image_list.name}; the first is used")
        for row, file in enumerate(listed)
        if first_row[file] != row
    ]
    files, rows = list(first_row), np.fromiter(first_row.values(), dtype=np.int64, count=len(first_row))
    tags = _read_tags(path, files, progress, issues)
    labels, truth = _read_labels(path, len(listed), progress, issues)
    truth = None if truth is None else truth[rows]
    return Source("nuswide", photos, files, tags, [None] * len(files), labels, truth, tuple(issues))


def _read_tags(
    path: Path, files: list[str], progress: Progress, issues: list[ImportIssue]
) -> list[list[str]]:
    """Return the tags of each file: a line is a photo's Flickr id and its tags, white space between."""
    source = first_existing(path, *_TAGS)
    if source is None:
        raise CollectionError(f"No NUS-WIDE tags in {path}: looked for {_TAGS[0]}.")
    progress("Reading tags", 0, len(files))
    text, guess = read_text(source)
    if guess:
        issues.append(ImportIssue(source.name, f"is not UTF-8; read as {guess}", "note"))
    spelling: dict[str, str] = {}  # millions of tags, thousands of spellings: keep each once
    by_id: dict[str, list[str]] = {}
    for line in text.splitlines():
        if words := line.split():
            by_id.setdefault(
                words[0], [spelling.setdefault(tag, tag) for tag in map(clean, words[1:]) if tag]
            )
    # A file is called <number in its folder>_<Flickr id>.jpg.
    ids = [file.rpartition("/")[2].rpartition(".")[0].rpartition("_")[2] for file in files]
    if missing := sum(photo not in by_id for photo in ids):
        if missing == len(files):
            raise CollectionError(
                f"{source} has no line for any listed photo; the first should begin with {ids[0]!r}."
            )
        issues.append(ImportIssue(source.name, f"{missing:,} listed photos have no line: no tags", "note"))
    progress("Reading tags", len(files), len(files))
    return [by_id.get(photo, []) for photo in ids]


def _read_labels(
    path: Path, n_listed: int, progress: Progress, issues: list[ImportIssue]
) -> tuple[tuple[str, ...], NDArray[np.int8] | None]:
    folder = first_existing(path, *_LABELS)
    concept_list = first_existing(path, *_CONCEPTS)
    found = {} if folder is None else {file.stem[7:]: file for file in sorted(folder.glob("Labels_*.txt"))}
    concepts = list(found) if concept_list is None else read_text(concept_list)[0].split()
    if absent := [concept for concept in concepts if concept not in found]:
        some = ", ".join(absent[:5]) + (" ..." if len(absent) > 5 else "")
        note = f"no Labels_<concept>.txt in {_LABELS[0]} for {len(absent)} concepts: {some}"
        issues.append(ImportIssue("Groundtruth", note, "note"))
    concepts = [concept for concept in concepts if concept in found]
    if not concepts:
        issues.append(ImportIssue("Groundtruth", f"no labels in {_LABELS[0]}: no ground truth", "note"))
        return (), None
    truth = np.empty((n_listed, len(concepts)), dtype=np.int8)
    for column, concept in enumerate(concepts):
        progress("Reading labels", column, len(concepts))
        truth[:, column] = _read_column(found[concept], n_listed)
    progress("Reading labels", len(concepts), len(concepts))
    return tuple(_SINGULAR.get(concept, concept) for concept in concepts), truth


def _read_column(file: Path, n_listed: int) -> NDArray[np.int8]:
    """Return int8 (n_listed,) of a file that holds 0 or 1 for every listed photo."""
    text = np.fromfile(file, dtype=np.uint8)
    digits = text[(text != ord("\n")) & (text != ord("\r")) & (text != ord(" "))]
    if len(digits) != n_listed or not np.isin(digits, (ord("0"), ord("1"))).all():
        raise LabelError(
            f"{file} must hold one 0 or 1 for each of the {n_listed:,} listed photos; it holds {len(digits):,} characters."
        )
    column: NDArray[np.int8] = (digits - ord("0")).astype(np.int8)
    return column
