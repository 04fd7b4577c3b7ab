"""Which file of tags belongs to which photo, by their names."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Beside", "files_beside"]


@dataclass(frozen=True, slots=True)
class Beside:
    """Files beside photos.

    Attributes
    ----------
    files : list of str or None, length N
        The file of each photo.
    used : list of str
        These files, each once.
    problems : list of (str, str)
        Files that are not one for one photo, with the reason.
    """

    files: list[str | None]
    used: list[str]
    problems: list[tuple[str, str]]


def files_beside(photos: Sequence[str], files: Sequence[str], others: Sequence[str], *, what: str) -> Beside:
    """Find the file of each photo: ``IMG.jpg.txt`` before ``IMG.txt``, whatever the case and Unicode form of the names.

    Parameters
    ----------
    photos : sequence of str, length N
    files : sequence of str
        Each ends in one further ending; among equals the first counts.
    others : sequence of str
        Photos that are not imported; their files are missed by nobody.
    what : str
        What people call the files, in the plural.
    """
    if not files:
        return Beside([None] * len(photos), [], [])
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        by_name[_same(_stem(file))].append(file)
    spelled = {name for photo in photos for name in (photo, _stem(photo))}

    def candidates(photo: str) -> Iterator[str]:
        for name in (photo, _stem(photo)):
            for file in by_name.get(_same(name), ()):
                # img.jpg.txt is not IMG.jpg's where there is an img.jpg too.
                if _stem(file) == name or _stem(file) not in spelled:
                    yield file

    found: list[str | None] = []
    users: dict[str, list[str]] = defaultdict(list)
    passed_over: set[str] = set()
    for photo in photos:
        own = list(dict.fromkeys(candidates(photo)))
        found.append(own[0] if own else None)
        if own:
            users[own[0]].append(photo)
            passed_over.update(own[1:])
    missed = {file for photo in others for file in candidates(photo)}
    problems = [
        (file, "one file for several photos; all of them have its tags")
        for file, own in users.items()
        if len(own) > 1
    ]
    for file in files:
        if file in passed_over and file not in users:
            problems.append((file, f"left out: its photo has another of the {what} beside it"))
        elif file not in users and file not in missed:
            problems.append((file, "there is no photo of this name beside it"))
    return Beside(found, list(users), problems)


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _same(name: str) -> str:
    return name if name.isascii() and name.islower() else unicodedata.normalize("NFC", name).casefold()
