"""Flickr's own export of somebody's photos: a ``photo_<number>.json`` for each, beside or apart from the pictures."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from tagrefine_core.errors import CollectionError
from tagrefine_core.progress import Progress
from tagrefine_core.reading.text import MAX_SIDECAR, clean, read_text

__all__ = ["is_flickr_file", "read_flickr"]

_FILE = re.compile(r"photo_\d+\.json", re.IGNORECASE)
# Pictures are called title_NUMBER_o.jpg, or NUMBER_secret_o.jpg where they have no title.
_NUMBER = re.compile(r"(?<![^\W_])\d+(?![^\W_])")


def is_flickr_file(file: str) -> bool:
    """Say whether a file is named as the export names what it tells of a photo."""
    return _FILE.fullmatch(PurePosixPath(file).name) is not None


def read_flickr(
    root: Path, files: Sequence[str], photos: Sequence[str], progress: Progress
) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """Read the tags of photos from Flickr's files; they may lie in any folder, since the number tells whose they are.

    Returns
    -------
    tags : list of list of str, length N
    problems : list of (str, str)
        Files that are not what their name says or belong to no photo, with the reason.
    """
    tags_of: dict[str, list[str]] = {}
    file_of: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for done, file in enumerate(files, start=1):
        try:
            number, tags = _read(root / file)
            tags_of[number] = tags
            file_of[number] = file
        except CollectionError as error:
            problems.append((file, str(error).removeprefix(f"{root / file} ").rstrip(".")))
        if done % 500 == 0 or done == len(files):
            progress("Reading Flickr's files", done, len(files))
    numbers = [_number(photo, tags_of) for photo in photos] if tags_of else [""] * len(photos)
    here = set(numbers)
    problems += [(file, "its photo is not here") for number, file in file_of.items() if number not in here]
    return [tags_of.get(number, []) for number in numbers], problems


def _number(photo: str, known: Iterable[str]) -> str:
    """Return the photo's number in Flickr; the last, since what stands before it is its title."""
    found = _NUMBER.findall(PurePosixPath(photo).stem)
    return next((number for number in reversed(found) if number in known), "")


def _read(path: Path) -> tuple[str, list[str]]:
    try:
        photo = json.loads(read_text(path, max_bytes=MAX_SIDECAR)[0])
        return str(photo["id"]), [tag for entry in photo.get("tags", ()) if (tag := clean(str(entry["tag"])))]
    except (ValueError, RecursionError) as error:
        raise CollectionError(f"{path} is not JSON ({error}).") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise CollectionError(
            f'{path} is not what Flickr exports: it has no "id", or a tag without "tag".'
        ) from error
