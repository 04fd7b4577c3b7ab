"""NUS-WIDE in the layouts that circulate, whole or in part."""

from collections import defaultdict
from collections.abc import Sequence, Set
from pathlib import Path

import numpy as np

from tagrefine_core.collections.nuswide_files import Copy, lines, locate, matrix_rows, row_width, some
from tagrefine_core.collections.nuswide_labels import read_labels
from tagrefine_core.collections.nuswide_lists import labelled_lists, photo_list
from tagrefine_core.collections.sources import Source, first_existing
from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.text import clean, read_text
from tagrefine_core.store import ImportIssue

__all__ = ["looks_like_nuswide", "read_nuswide"]

_SIGNS = (
    *(
        f"{folder}{name}"
        for folder in ("ImageList/", "")
        for name in ("Imagelist.txt", "ImageList.txt", "TrainImagelist.txt")
    ),
    *(f"{folder}All_Tags.txt" for folder in ("NUS_WID_Tags/", "Tags/", "")),
)


def looks_like_nuswide(path: Path) -> bool:
    """Whether a folder has one of NUS-WIDE's files where it belongs."""
    return first_existing(path, *_SIGNS) is not None


def read_nuswide(path: Path, progress: Progress) -> Source:
    """Read the list of photos, every photo's tags and the ground truth of the concepts, wherever they lie below the folder.

    Photos are listed by ``Imagelist.txt``, else by ``TrainImagelist.txt`` and ``TestImagelist.txt``, else by lists ``path 0 1 0 ...``.
    Their tags are in ``All_Tags.txt``, else in the matrix ``AllTags1k.txt``; their labels in ``Labels_<concept>.txt``, else
    ``AllLabels81.txt``, else ``Labels_<concept>_Train.txt`` and ``_Test.txt``, else the lists. Listed photos that are not on disk are left
    to the image checks, which report each of them.

    Raises
    ------
    CollectionError
        When the list, the tags or all photos are missing.
    LabelError
        When a label file does not have one line for each listed photo.
    """
    copy = Copy(path)
    issues: list[ImportIssue] = []
    lists = labelled_lists(copy, issues)
    image_list = copy.find("Imagelist.txt")
    train_and_test = [file for part in ("Train", "Test") if (file := copy.find(f"{part}Imagelist.txt"))]
    if image_list is not None:
        listed, source = photo_list(image_list), image_list.name
    elif train_and_test:
        listed = [photo for file in train_and_test for photo in photo_list(file)]
        source = some([file.name for file in train_and_test])
    elif lists:
        # One photo is often in several of them: the database holds the training part.
        listed = list(dict.fromkeys(photo for one in lists for photo in one.photos))
        source = some([one.file.name for one in lists])
    else:
        raise CollectionError(
            f"No NUS-WIDE image list in {path}: looked for Imagelist.txt, TrainImagelist.txt and lists such as train.txt with "
            "lines 'path 0 1 0 ...'."
        )
    if image_list is None:
        issues.append(ImportIssue(source, "no Imagelist.txt: the photos are those of these lists", "note"))

    first_row: dict[str, int] = {}
    for row, photo in enumerate(listed):
        if first_row.setdefault(photo, row) != row:
            issues.append(ImportIssue(photo, f"is listed twice in {source}; the first is used"))
    distinct = list(first_row)
    if not any(photo.rpartition("/")[2].lower() in copy.photos for photo in distinct):
        example = f"Flickr/{listed[0]}" if listed else "no photo"
        raise CollectionError(
            f"None of the {len(listed):,} photos in {source} is in {path}: looked for {example} and the like."
        )
    root, files, kept = locate(copy, distinct, issues)
    rows = np.fromiter((first_row[distinct[place]] for place in kept), dtype=np.int64, count=len(kept))
    tags = _read_tags(copy, listed, image_list, lists[0].file.name if lists else None, progress, issues)
    labels, truth = read_labels(copy, listed, image_list, lists, progress, issues)
    return Source(
        "nuswide",
        root,
        files,
        [tags[row] for row in rows],
        [None] * len(files),
        labels,
        None if truth is None else truth[rows],
        tuple(issues),
    )


def _read_tags(
    copy: Copy,
    listed: Sequence[str],
    image_list: Path | None,
    labels_only: str | None,
    progress: Progress,
    issues: list[ImportIssue],
) -> list[list[str]]:
    """Return the tags of each listed photo."""
    source, matrix = copy.find("All_Tags.txt"), copy.find("AllTags1k.txt")
    if source is not None:
        if matrix is not None:
            note = f"seen and not used: {source.name} has all tags, these are the most frequent 1,000"
            issues.append(ImportIssue(matrix.name, note, "note"))
        return _tags_by_id(source, listed, progress, issues)
    if matrix is not None and image_list is not None:
        return _tags_by_column(copy, matrix, len(listed), progress, issues)
    why = f" {labels_only} has photos and labels, but not what users tagged." if labels_only else ""
    raise CollectionError(
        f"No NUS-WIDE tags in {copy.path}: looked for All_Tags.txt (of NUS_WID_Tags.zip), and for AllTags1k.txt beside "
        f"Imagelist.txt.{why}"
    )


def _tags_by_id(
    source: Path, listed: Sequence[str], progress: Progress, issues: list[ImportIssue]
) -> list[list[str]]:
    """Read lines of a photo's Flickr id and its tags, white space between; of several lines of one id the tags are joined."""
    progress("Reading tags", 0, len(listed))
    if guess := read_text(source)[1]:
        issues.append(ImportIssue(source.name, f"is not UTF-8; read as {guess}", "note"))
    spelling: dict[str, str] = {}  # millions of tags, thousands of spellings: keep each once
    by_id: dict[str, list[str]] = {}
    again: set[str] = set()
    for line in lines(source):
        if words := line.lstrip("\ufeff").split():
            tags = [spelling.setdefault(tag, tag) for tag in map(clean, words[1:]) if tag]
            if words[0] in by_id:
                again.add(words[0])
                tags = list(dict.fromkeys([*by_id[words[0]], *tags]))
            by_id[words[0]] = tags
    if again:
        note = f"{len(again):,} photos have several lines, whose tags were joined: {some(sorted(again))}"
        issues.append(ImportIssue(source.name, note, "note"))
    ids = _flickr_ids(listed, by_id.keys())
    if missing := [photo for photo, one in zip(listed, ids, strict=True) if one not in by_id]:
        if len(missing) == len(listed):
            raise CollectionError(
                f"{source} has no line for any listed photo: none begins with a part of the name {listed[0]!r}."
            )
        note = f"{len(missing):,} listed photos have no line: no tags; {some(missing)}"
        issues.append(ImportIssue(source.name, note, "note"))
    progress("Reading tags", len(listed), len(listed))
    return [by_id.get(one, []) for one in ids]


def _flickr_ids(listed: Sequence[str], known: Set[str]) -> list[str]:
    """Return the Flickr id in each file name: that part between ``_`` which is an id of the tag file in most names of as many parts.

    ``0001_2124494179.jpg`` has it at the end, ``98796_381708603_f86eb60ccf_m.jpg`` in the middle; where as many say one as the other, it
    is the second.
    """
    names = [photo.rpartition("/")[2].rpartition(".")[0].split("_") for photo in listed]
    hits: dict[int, list[int]] = defaultdict(list)
    for parts in names:
        counts = hits.setdefault(len(parts), [0] * len(parts))
        for place, part in enumerate(parts):
            counts[place] += part in known
    where = {
        length: max(range(length), key=lambda place: (counts[place], place == 1))
        for length, counts in hits.items()
    }
    return [parts[where[len(parts)]] for parts in names]


def _tags_by_column(
    copy: Copy, matrix: Path, n_listed: int, progress: Progress, issues: list[ImportIssue]
) -> list[list[str]]:
    """Read a matrix of 0 and 1, a row for each photo of the image list and a column for each tag of a list."""
    columns = row_width(matrix)
    named = copy.names_of(columns, "taglist", "tag_list")
    if named is None:
        raise CollectionError(
            f"{matrix} has {columns:,} columns, and no list of as many tags is beside it: looked for TagList1k.txt, Final_Tag_List.txt."
        )
    names, name_file = named
    tags: list[list[str]] = []
    for block in matrix_rows(matrix, columns, n_listed):
        tags += [[names[column] for column in np.flatnonzero(row)] for row in block]
        progress("Reading tags", len(tags), n_listed)
    note = f"no All_Tags.txt: tags are the {columns:,} of {name_file.name}, in its order"
    issues.append(ImportIssue(matrix.name, note, "note"))
    return tags
