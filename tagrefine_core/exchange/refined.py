"""Refined tags as CSV or JSON lines, in the imagefolder convention of Hugging Face.

Both have a row for each photo with ``file_name`` first, relative to the collection's folder, then ``tags`` (refined, the
likeliest first, the unknown last), ``scores`` (of those tags: how likely each fits; null for an unknown one), ``user_tags`` (as the
user spelled them), ``added``, ``removed``, ``untold`` (given tags that a picture cannot tell) and ``unknown`` (given tags outside the
vocabulary, as spelled). ``tags`` is what the user gave, but for what was removed, and what was added.
In CSV a list is a JSON array in one cell, so any tag survives and ``import table`` reads the file back.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.files import write_file
from tagrefine_core.refinement import Changes

__all__ = ["RefinedPhoto", "check_target", "refined_photos", "safe_name", "write_refined"]

_DECIMALS = 4
_SUFFIXES = (".csv", ".jsonl")


@dataclass(frozen=True)
class RefinedPhoto:
    """One photo before and after.

    Attributes
    ----------
    file_name : str
        Relative to the collection's folder.
    tags : list of str
        Refined, the likeliest first; then ``unknown``.
    scores : list of float or None
        Of ``tags``, in [0, 1]; None where nothing is known of a tag.
    user_tags : list of str
        In the user's order and spelling.
    added, removed : list of str
        Tags that only the refinement has, the likeliest first; the user's tags that it takes away.
    untold : list of str
        The user's tags that a picture cannot tell, so that they stay.
    unknown : list of str
        The user's tags outside the vocabulary, as spelled, which stay too.
    """

    file_name: str
    tags: list[str]
    scores: list[float | None]
    user_tags: list[str]
    added: list[str]
    removed: list[str]
    untold: list[str]
    unknown: list[str]


def refined_photos(
    files: Sequence[str],
    user_tags: Callable[[int], Sequence[str]],
    vocabulary: Sequence[str],
    changes: Changes,
    *,
    dropped: Container[str] = (),
    words: Mapping[int, Mapping[str, str]] = MappingProxyType({}),
    rows: Iterable[int] | None = None,
) -> Iterator[RefinedPhoto]:
    """Yield photo by photo what a run changed.

    Parameters
    ----------
    files : sequence of str, length N
        Relative to the collection's folder.
    user_tags : callable
        From a row to the user's tags.
    vocabulary : sequence of str, length C
        Tags in column order.
    changes : Changes
        Of N photos and C tags; may be memory-mapped, since it is read photo by photo.
    dropped : container of str, optional
        Spellings that preprocessing left out of the vocabulary.
    words : mapping, optional
        By row, verdicts ("accept", "reject", "unsure") on words outside the vocabulary.
    rows : iterable of int, optional
        Which photos; by default all.

    Raises
    ------
    DataError
        When the shapes differ.
    """
    if changes.shape != (len(files), len(vocabulary)):
        raise DataError(
            f"The changes have shape {changes.shape}, but there are {len(files)} photos and {len(vocabulary)} tags."
        )
    for row in range(len(files)) if rows is None else rows:
        file = files[row]
        columns, scores = changes.refined(row)
        tags = [vocabulary[column] for column in columns]
        added, removed, untold = (
            [vocabulary[column] for column in matrix.indices[slice(*matrix.indptr[row : row + 2])]]
            for matrix in (changes.added, changes.removed, changes.untold)
        )
        own = list(user_tags(row))
        said = words.get(row, {})
        unknown = [tag for tag in dict.fromkeys(own) if tag in dropped and said.get(tag) != "reject"]
        new = [tag for tag, verdict in said.items() if verdict == "accept" and tag not in own]
        gone = [tag for tag, verdict in said.items() if verdict == "reject" and tag in own]
        yield RefinedPhoto(
            file_name=file,
            tags=tags + unknown + new,
            scores=scores.astype(np.float64).round(_DECIMALS).tolist() + [None] * (len(unknown) + len(new)),
            user_tags=own,
            added=sorted(added, key=tags.index) + new,
            removed=removed + gone,
            untold=untold,
            unknown=unknown,
        )


def check_target(out: str | Path) -> Path:
    """Return the path of a file to write; refuse one that cannot be written, before the work begins.

    Raises
    ------
    ConfigError
        When the name does not end in .csv or .jsonl, or its folder is missing or not writable.
    """
    out = Path(out)
    if out.suffix.lower() not in _SUFFIXES:
        raise ConfigError(f"The name of the file says its format: use .csv or .jsonl; got {str(out)!r}.")
    folder = out.absolute().parent
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}; make it first.")
    if out.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError(f"{out} cannot be written.")
    return out


def write_refined(photos: Iterable[RefinedPhoto], out: str | Path) -> int:
    """Write photos to a CSV or JSONL file, whole or not at all.

    Parameters
    ----------
    photos : iterable of RefinedPhoto
        Taken one by one, so any number fits.
    out : str or Path
        Its ending says which format.

    Returns
    -------
    int
        How many photos were written.

    Raises
    ------
    ConfigError
        See `check_target`.
    DiskFull, ReadOnly
        When the disk refuses.
    """
    out = check_target(out)
    write = _write_csv if out.suffix.lower() == ".csv" else _write_jsonl
    count = 0

    def counted() -> Iterator[RefinedPhoto]:
        nonlocal count
        for count, photo in enumerate(photos, start=1):  # noqa: B007
            yield photo

    def to_file(file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        write(counted(), text)
        text.detach()  # flushes, and leaves the file open for its owner

    write_file(out, to_file)
    return count


def _write_csv(photos: Iterator[RefinedPhoto], text: io.TextIOWrapper) -> None:
    writer = csv.writer(text)
    writer.writerow(RefinedPhoto.__dataclass_fields__)
    for photo in photos:
        first, *lists = vars(photo).values()
        writer.writerow([safe_name(first), *(json.dumps(item, ensure_ascii=False) for item in lists)])


def _write_jsonl(photos: Iterator[RefinedPhoto], text: io.TextIOWrapper) -> None:
    for photo in photos:
        text.write(json.dumps(vars(photo), ensure_ascii=False) + "\n")


def safe_name(file: str) -> str:
    """Keep a spreadsheet from taking a file name for a formula: the same path, but it begins with ``./``."""
    return f"./{file}" if file.startswith(("=", "+", "-", "@", "\t", "\r")) else file
