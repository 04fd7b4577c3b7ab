"""The ground truth of NUS-WIDE, in each of the forms that its copies have it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.nuswide_files import Copy, Places, lines, matrix_rows, row_width, some
from tagrefine_core.collections.nuswide_lists import LabelledList, photo_list
from tagrefine_core.progress import Progress
from tagrefine_core.store import ImportIssue

__all__ = ["read_labels"]

_CONCEPTS = """
airport animal beach bear birds boats book bridge buildings cars castle cat cityscape clouds computer coral cow dancing dog
earthquake elk fire fish flags flowers food fox frost garden glacier grass harbor horses house lake leaf map military moon
mountain nighttime ocean person plane plants police protest railroad rainbow reflection road rocks running sand sign sky snow
soccer sports statue street sun sunset surf swimmers tattoo temple tiger tower town toy train tree valley vehicle water
waterfall wedding whales window zebra
"""
# The 81 concepts in the order of Concepts81.txt, for copies without it.

# "dancing", "running" and "nighttime" are nouns of their own and stay.
_PLURALS = "birds boats buildings cars clouds flags flowers horses plants rocks sports swimmers whales"
_SINGULAR = {plural: plural.removesuffix("s") for plural in _PLURALS.split()}

Truth = tuple[list[str], NDArray[np.int8]]
"""Concepts, and int8 (listed photos, concepts): 1, 0, or -1 where nobody judged."""


def read_labels(
    copy: Copy,
    listed: Sequence[str],
    image_list: Path | None,
    lists: Sequence[LabelledList],
    progress: Progress,
    issues: list[ImportIssue],
) -> tuple[tuple[str, ...], NDArray[np.int8] | None]:
    """Read the labels of the listed photos from the first form that is there; what else was seen is said.

    Parameters
    ----------
    copy : Copy
    listed : sequence of N str
    image_list : Path or None
        The list that ``listed`` was read from, which labels without paths go by; None when there was only ``lists``.
    lists : sequence of LabelledList

    Returns
    -------
    labels : tuple of L str
    truth : int8 (N, L) or None
        1, 0, or -1 where nobody judged; None without labels.

    Raises
    ------
    LabelError
        When a file does not have one line for each photo of its list, or holds anything but 0 and 1.
    """
    columns, parts = _label_files(copy)
    whole = copy.find("AllLabels81.txt", "AllLabels.txt")
    forms: dict[str, Callable[[], Truth | None]] = {}
    if columns and image_list is not None:
        forms["Labels_<concept>.txt"] = lambda: _read_columns(copy, columns, len(listed), progress, issues)
    if whole is not None and image_list is not None:
        forms[whole.name] = lambda: _read_matrix(copy, whole, len(listed), issues)
    if parts:
        forms["Labels_<concept>_Train.txt and _Test.txt"] = lambda: _read_parts(
            copy, parts, listed, progress, issues
        )
    if lists:
        forms[some([one.file.name for one in lists])] = lambda: _read_lists(copy, lists, listed, issues)
    unread = list(forms)
    for name, read in forms.items():
        unread.remove(name)
        if (found := read()) is not None:
            if unread:
                note = f"seen and not used, since {name} has labels already: {'; '.join(unread)}"
                issues.append(ImportIssue("Groundtruth", note, "note"))
            concepts, truth = found
            return tuple(_SINGULAR.get(concept, concept) for concept in concepts), truth
    note = "no labels in Groundtruth/AllLabels: no ground truth"
    issues.append(ImportIssue("Groundtruth", note, "note"))
    return (), None


def _label_files(copy: Copy) -> tuple[dict[str, Path], dict[str, dict[str, Path]]]:
    """Return the file of each concept, and of each part ("train", "test") the file of each concept."""
    columns: dict[str, Path] = {}
    parts: dict[str, dict[str, Path]] = {}
    for file in copy.texts():
        kind, _, concept = file.stem.partition("_")
        if kind.lower() != "labels" or not concept:
            continue
        name, _, part = concept.rpartition("_")
        if name and part.lower() in ("train", "test"):
            parts.setdefault(part.lower(), {}).setdefault(name, file)
        else:
            columns.setdefault(concept, file)
    return columns, parts


def _concepts(copy: Copy, found: Mapping[str, Path], issues: list[ImportIssue]) -> list[str]:
    """Return the concepts that have a file, in the order of the list of concepts."""
    concept_list = copy.find("Concepts81.txt")
    names = (
        sorted(found)
        if concept_list is None
        else [name.strip() for name in lines(concept_list) if name.strip()]
    )
    if absent := [name for name in names if name not in found]:
        note = (
            f"no Labels_<concept>.txt in Groundtruth/AllLabels for {len(absent)} concepts: {some(absent, 5)}"
        )
        issues.append(ImportIssue("Groundtruth", note, "note"))
    return [name for name in names if name in found]


def _read_columns(
    copy: Copy, files: Mapping[str, Path], n_listed: int, progress: Progress, issues: list[ImportIssue]
) -> Truth | None:
    concepts = _concepts(copy, files, issues)
    if not concepts:
        return None
    truth = np.empty((n_listed, len(concepts)), dtype=np.int8)
    for column, concept in enumerate(concepts):
        progress("Reading labels", column, len(concepts))
        truth[:, column] = _matrix(files[concept], 1, n_listed)[:, 0]
    progress("Reading labels", len(concepts), len(concepts))
    return concepts, truth


def _read_matrix(copy: Copy, file: Path, n_listed: int, issues: list[ImportIssue]) -> Truth | None:
    columns = row_width(file)
    names = _column_names(copy, columns, file.name, issues)
    return None if names is None else (names, _matrix(file, columns, n_listed))


def _read_parts(
    copy: Copy,
    parts: Mapping[str, Mapping[str, Path]],
    listed: Sequence[str],
    progress: Progress,
    issues: list[ImportIssue],
) -> Truth | None:
    lists = {
        part: file for part in parts if (file := copy.find(f"{part.capitalize()}Imagelist.txt")) is not None
    }
    for part in parts.keys() - lists.keys():
        note = f"Labels_<concept>_{part.capitalize()}.txt seen and not used: {part.capitalize()}Imagelist.txt is missing"
        issues.append(ImportIssue("Groundtruth", note, "note"))
    if not lists:
        return None
    shared = {
        name: file
        for part in lists
        for name, file in parts[part].items()
        if all(name in parts[p] for p in lists)
    }
    concepts = _concepts(copy, shared, issues)
    truth = np.full((len(listed), len(concepts)), -1, dtype=np.int8)
    for part, file in lists.items():
        photos = photo_list(file)
        rows = _rows_of(Places(listed), photos, file, issues)
        for column, concept in enumerate(concepts):
            progress("Reading labels", column, len(concepts))
            values = _matrix(parts[part][concept], 1, len(photos))[:, 0]
            truth[rows[rows >= 0], column] = values[rows >= 0]
    _say_unjudged(truth, some([file.name for file in lists.values()]), issues)
    return (concepts, truth) if concepts else None


def _read_lists(
    copy: Copy, lists: Sequence[LabelledList], listed: Sequence[str], issues: list[ImportIssue]
) -> Truth | None:
    columns = lists[0].truth.shape[1]
    names = _column_names(copy, columns, some([one.file.name for one in lists]), issues)
    if names is None:
        return None
    truth = np.full((len(listed), columns), -1, dtype=np.int8)
    places = Places(listed)
    for one in reversed(lists):  # the first counts: it is written last
        rows = _rows_of(places, one.photos, one.file, issues)
        known = rows >= 0
        before = truth[rows[known]]
        if others := int(((before != one.truth[known]) & (before >= 0)).any(axis=1).sum()):
            note = f"{others:,} photos have other labels here than in another list; these are used"
            issues.append(ImportIssue(one.file.name, note, "note"))
        truth[rows[known]] = one.truth[known]
    _say_unjudged(truth, some([one.file.name for one in lists]), issues)
    return names, truth


def _column_names(copy: Copy, columns: int, source: str, issues: list[ImportIssue]) -> list[str] | None:
    if (found := copy.names_of(columns, "concept")) is not None:
        return found[0]
    if columns == len(own := _CONCEPTS.split()):
        note = "no Concepts81.txt: its 81 columns are named in the order of NUS-WIDE's own list, which is alphabetical"
        issues.append(ImportIssue(source, note, "note"))
        return own
    note = (
        f"seen and not used: nothing names its {columns:,} columns of labels; write their names, one a line, into "
        f"Concepts{columns}.txt"
    )
    issues.append(ImportIssue(source, note, "note"))
    return None


def _matrix(file: Path, columns: int, rows: int) -> NDArray[np.int8]:
    """Return int8 (rows, columns)."""
    matrix = np.empty((rows, columns), dtype=np.int8)
    start = 0
    for block in matrix_rows(file, columns, rows):
        matrix[start : start + len(block)] = block
        start += len(block)
    return matrix


def _rows_of(
    places: Places, photos: Sequence[str], file: Path, issues: list[ImportIssue]
) -> NDArray[np.int64]:
    """Return int64 (n,): the row of each photo of a list, -1 where it is not listed or cannot be told from others."""
    found = [places.find(photo) for photo in photos]
    if unclear := [photo for photo, rows in zip(photos, found, strict=True) if len(rows) != 1]:
        note = f"{len(unclear):,} of its photos are not in the image list, or in several folders of it, and not used: {some(unclear)}"
        issues.append(ImportIssue(file.name, note, "note"))
    return np.array([rows[0] if len(rows) == 1 else -1 for rows in found], dtype=np.int64)


def _say_unjudged(truth: NDArray[np.int8], source: str, issues: list[ImportIssue]) -> None:
    if unjudged := int((truth < 0).any(axis=1).sum()):
        issues.append(
            ImportIssue(source, f"{unjudged:,} listed photos have no labels here: not judged", "note")
        )
