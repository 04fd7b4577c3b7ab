"""Which photos of a source can be used, and why the others cannot."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections.images import MAX_PIXELS, ImageFacts, inspect_image
from tagrefine_core.collections.parallel import in_threads
from tagrefine_core.errors import CollectionError, ImageError
from tagrefine_core.progress import Progress, silent
from tagrefine_core.reading.text import some_of
from tagrefine_core.store import ImportIssue

__all__ = ["ImageChecks", "check_images"]

# Absolute, on Windows too, or with a step upward.
_LEADS_OUT = re.compile(r"^[/\\]|^[A-Za-z]:[/\\]|(^|[/\\])\.\.([/\\]|$)")


@dataclass(frozen=True, eq=False)
class ImageChecks:
    """Outcome of `check_images`, in the order of the files given.

    Attributes
    ----------
    rows : int64 (n,)
        Which of the files are good pictures.
    sizes : int32 (n, 2)
        Their width and height in pixels, after EXIF rotation.
    bytes : int64 (n,)
        Their sizes as files.
    issues : list of ImportIssue
        A row for every other file, and notes.
    """

    rows: NDArray[np.int64]
    sizes: NDArray[np.int32]
    bytes: NDArray[np.int64]
    issues: list[ImportIssue]


def check_images(
    root: Path,
    files: Sequence[str],
    tags: Sequence[Sequence[str]] = (),
    *,
    progress: Progress = silent,
    workers: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> ImageChecks:
    """Decode every picture to its end and report those that are missing, unreadable, outside ``root`` or there twice.

    Parameters
    ----------
    root : Path
        Folder of the photos. A link inside it that leads out of it is refused; ``root`` itself may be one.
    files : sequence of str
        Paths relative to ``root``, with ``/``.
    tags : sequence of sequences of str, optional
        User tags of each file; copies of a photo that differ in them are counted.
    workers : int, optional
        Number of threads.
    max_pixels : int
        Larger pictures are refused.

    Raises
    ------
    CollectionError
        When no file is a good picture.
    """
    root = root.resolve()
    real_folder = lru_cache(maxsize=4096)(os.path.realpath)

    def check(file: str) -> ImageFacts | str:
        try:
            _refuse_outside(root, file, real_folder)
            return inspect_image(root / file, max_pixels=max_pixels)
        except ImageError as error:
            return str(error)

    results = in_threads(check, files, stage="Checking photos", progress=progress, workers=workers)
    facts = [(row, fact) for row, fact in enumerate(results) if isinstance(fact, ImageFacts)]
    issues = [
        ImportIssue(_as_text(file), result)
        if isinstance(result, str)
        else ImportIssue(file, result.note, "note")
        for file, result in zip(files, results, strict=True)
        if isinstance(result, str) or result.note
    ]
    if not facts:
        first = f" The first: {files[0]} {results[0]}." if files else ""
        raise CollectionError(f"None of the {len(files):,} photos listed for {root} can be used.{first}")
    issues += _copies({row: fact.digest for row, fact in facts}, files, tags)
    return ImageChecks(
        rows=np.array([row for row, _ in facts], dtype=np.int64),
        sizes=np.array([(fact.width, fact.height) for _, fact in facts], dtype=np.int32),
        bytes=np.array([fact.bytes for _, fact in facts], dtype=np.int64),
        issues=issues,
    )


def _copies(
    digests: dict[int, str], files: Sequence[str], tags: Sequence[Sequence[str]]
) -> list[ImportIssue]:
    """Return a note of the photos that are the same byte for byte: they would be trained on and measured on at once."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, digest in digests.items():
        rows[digest].append(row)
    groups = [own for own in rows.values() if len(own) > 1]
    if not groups:
        return []
    differ = [own for own in groups if tags and len({frozenset(tags[row]) for row in own}) > 1]
    shown = [" = ".join(files[row] for row in own[:3]) for own in differ or groups]
    reason = (
        f"{sum(map(len, groups)) - len(groups):,} photos are identical copies of another ({some_of(shown)})"
    )
    if differ:
        reason += f"; of {len(differ):,} photos the copies have different tags"
    return [ImportIssue(".", f"{reason}; keep one of each", "note")]


def _as_text(file: str) -> str:
    """Return a name as a report can show it: bytes that are no text become question marks."""
    return file.encode(errors="surrogateescape").decode(errors="replace")


def _refuse_outside(root: Path, file: str, real_folder: Callable[[str], str]) -> None:
    """Raise ImageError when ``file`` is not a path below the resolved ``root``, links followed."""
    if file != _as_text(file):
        raise ImageError("has a name that is no text (UTF-8); rename it")
    if "\0" in file:
        raise ImageError("has a zero byte in its name")
    if _LEADS_OUT.search(file):
        raise ImageError("leads out of the folder of photos; paths must be relative to it, without '..'")
    # Most photos share a few folders, so only the last step of the path is looked at for each of them.
    folder, _, name = f"{root}/{file}".rpartition("/")
    real = Path(real_folder(folder), name)
    if real.is_symlink():
        real = Path(os.path.realpath(real))  # unlike `resolve` it takes a loop of links as it is
    if not real.is_relative_to(root):
        raise ImageError("is a link that leads out of the folder of photos")
