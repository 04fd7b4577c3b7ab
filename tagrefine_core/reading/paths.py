"""From a name in a table to the file on disk, where programs and systems spell names differently.

The levels, from what changes nothing to what changes most; the first one on which exactly one file fits is taken:

1. the name as it is, also with ``/`` for a backslash, without ``file://`` and a leading ``./``, and in either Unicode form of its accents;
2. with %-escapes undone; 3. in other letter case; 4. without its ending;
5. by its end: the name leads to a file from some folder above (an absolute path, also one of another machine), or the
   file lies in some folder below (``a.jpg`` in ``photos/``). Two names that lead to one file this way lead nowhere.

A name with ``..`` fits nothing.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

__all__ = ["Matches", "is_absolute", "match_names"]

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]|file:", re.IGNORECASE)
_FILE_ADDRESS = re.compile(r"file:(?://(?:localhost)?)?(?:/(?=[A-Za-z]:))?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Matches:
    """What names in a table lead to.

    Attributes
    ----------
    files : dict of str to str
        By name: the file, relative to the folder and with ``/``; the name itself, tidied, where no file fits.
    respelled : dict of str to str
        The part of ``files`` that differs by more than slashes and Unicode form.
    reasons : dict of str to str
        By name that fits no file: what is near, or where it leads; only where there is something to say.
    elsewhere : list of str
        The absolute names among those.
    """

    files: dict[str, str] = field(default_factory=dict)
    respelled: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def common_folder(self) -> str:
        """The folder that all absolute names lie in; "" where they share none."""
        parts = [name.replace("\\", "/").split("/")[:-1] for name in self.elsewhere]
        shared = takewhile(lambda level: len(set(level)) == 1, zip(*parts, strict=False))
        return "/".join(level[0] for level in shared)


def is_absolute(name: str) -> bool:
    """Whether a name begins at the root of some machine, or is a ``file:`` address."""
    return bool(_ABSOLUTE.match(name))


def match_names(names: Iterable[str], files: Iterable[str], root: Path) -> Matches:
    """Find the file that each name means.

    Parameters
    ----------
    names : iterable of str
        As the table writes them.
    files : iterable of str
        Everything below ``root``, relative and with ``/``.
    root : Path
        Asked only for names that are not among ``files``: hidden ones, and those behind a link to a folder.
    """
    index = _Index(files)
    found = Matches()
    claimed: set[str] = set()
    by_end: dict[str, list[str]] = {}
    below = f"{root.as_posix().rstrip('/')}/"
    for name in dict.fromkeys(names):
        if name in index.files:
            found.files[name] = name
            claimed.add(name)
            continue
        forms = list(dict.fromkeys(_forms(name, below)))
        found.files[name] = forms[0]
        if ".." in unquote(forms[-1]).split("/"):
            continue
        exact = next((form for form in forms if form in index.files), None) or _first(
            index.only("composed", form) for form in forms
        )
        if exact or any(os.path.lexists(below + form) for form in forms if not is_absolute(form)):
            found.files[name] = exact or forms[0]
            claimed.add(found.files[name])
            continue
        if "%" in name:
            forms += list(map(unquote, forms))
        if near := _first(index.only(key, form) for key in _KEYS for form in forms):
            found.files[name] = found.respelled[name] = near
            claimed.add(near)
        elif near := _first(index.by_end(key, form) for key in ("folded", "bare") for form in forms):
            by_end.setdefault(near, []).append(name)
        else:
            _explain(name, forms, index, found)
    for file, several in by_end.items():
        if len(several) == 1 and file not in claimed:
            found.files[several[0]] = found.respelled[several[0]] = file
        else:
            for name in several:
                found.reasons[name] = f"is missing; there is {file}, but other rows lead there too"
    return found


def _forms(name: str, below: str) -> Iterator[str]:
    plain = _FILE_ADDRESS.sub("", name, count=1) if is_absolute(name) else name
    yield _tidy(plain).removeprefix(below)
    if "\\" in plain:
        yield _tidy(plain.replace("\\", "/")).removeprefix(below)


def _tidy(name: str) -> str:
    untidy = name.endswith("/") or "./" in name or "//" in name
    return str(PurePosixPath(name)) if untidy else name


def _first(found: Iterable[str | None]) -> str | None:
    return next(filter(None, found), None)


def _explain(name: str, forms: list[str], index: "_Index", found: Matches) -> None:
    """Say what is near a name that fits no file."""
    near = next(filter(None, map(index.near, forms)), [])
    if near:
        more = f" and {len(near) - 1:,} more of that name" if len(near) > 1 else ""
        found.reasons[name] = f"is missing; there is {near[0]}{more}"
    if is_absolute(name):
        found.elsewhere.append(name)


class _Index:
    """The files below a folder by what their names have in common; each part is made when it is first asked for."""

    def __init__(self, files: Iterable[str]):
        self.files = dict.fromkeys(sorted(files))
        self._by_steps: dict[tuple[str, int], dict[str, list[str]]] = {}

    def only(self, key: str, form: str) -> str | None:
        """Return the one file that fits on a level of `_KEYS`; None when none or several do."""
        found = getattr(self, key).get(_KEYS[key](form), ())
        return found[0] if len(found) == 1 else None

    def by_end(self, key: str, form: str) -> str | None:
        """Return the one file whose path the name ends with, the longest one; or the one whose path ends with the name."""
        steps = _KEYS[key](form).strip("/").split("/")
        tails = ("/".join(steps[step:]) for step in range(1, len(steps)))
        above: list[str] = next((files for tail in tails if (files := getattr(self, key).get(tail))), [])
        below = self._ends(key, len(steps)).get("/".join(steps), [])
        return (above or below)[0] if len(above) + len(below) == 1 else None

    def near(self, form: str) -> list[str]:
        """Return the files of the same name in other folders, else those with another ending."""
        name = _folded(form).rpartition("/")[2]
        return self._ends("folded", 1).get(name) or self._ends("bare", 1).get(_without_ending(name), [])

    def _ends(self, key: str, steps: int) -> dict[str, list[str]]:
        """Return the files by the last steps of their paths, on a level of `_KEYS`."""
        if (key, steps) not in self._by_steps:
            ends: dict[str, list[str]] = {}
            for path, files in getattr(self, key).items():
                if path.count("/") >= steps:
                    ends.setdefault("/".join(path.rsplit("/", steps)[1:]), []).extend(files)
                elif steps == 1:
                    ends.setdefault(path, []).extend(files)
            self._by_steps[key, steps] = ends
        return self._by_steps[key, steps]

    @cached_property
    def composed(self) -> dict[str, list[str]]:
        return _grouped(self.files, _composed)

    @cached_property
    def folded(self) -> dict[str, list[str]]:
        return _grouped(self.files, _folded)

    @cached_property
    def bare(self) -> dict[str, list[str]]:
        return _grouped(self.files, lambda file: _folded(_without_ending(file)))


def _grouped(files: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in files:
        found.setdefault(key(file), []).append(file)
    return found


def _without_ending(file: str) -> str:
    stem, _, ending = file.rpartition(".")
    return stem if stem and "/" not in ending else file


def _composed(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return _composed(_composed(name).casefold())


_KEYS = {"composed": _composed, "folded": _folded, "bare": _folded}
