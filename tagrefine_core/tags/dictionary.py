"""WordNet's own dictionary files: where systems keep them, and a copy that NLTK agrees to read."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from tagrefine_core.errors import WordNetMissing
from tagrefine_core.folders import cache_folder

__all__ = ["copy_for_nltk", "find_dictionary", "nltk_folder"]

_FILES = (
    *(f"{kind}.{part}" for kind in ("data", "index") for part in ("noun", "verb", "adj", "adv")),
    *(f"{part}.exc" for part in ("noun", "verb", "adj", "adv")),
    "index.sense",
    "cntlist.rev",
)

_PLACES = (
    "/usr/share/wordnet",  # Debian, Ubuntu: wordnet-base and wordnet-sense-index
    "/usr/share/wordnet/dict",
    "/usr/share/wordnet-3.0/dict",  # Fedora
    "/usr/local/WordNet-3.0/dict",  # Princeton's own default
    "/usr/local/share/wordnet",
    "/usr/local/opt/wordnet/dict",  # Homebrew, Intel
    "/opt/homebrew/opt/wordnet/dict",  # Homebrew, Apple silicon
    "/home/linuxbrew/.linuxbrew/opt/wordnet/dict",
)

# Numbers and names of WordNet's lexicographer files (lexnames(5WN)), which Debian's packages leave out.
_LEXICOGRAPHER_FILES = """
adj.all adj.pert adv.all
noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication
noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person
noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape noun.state
noun.substance noun.time
verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption verb.contact
verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather
adj.ppl
"""
_SYNTACTIC_CATEGORY = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def nltk_folder() -> Path:
    """Return the NLTK data folder inside our cache; what we copy or download lies there."""
    return cache_folder() / "nltk_data"


def find_dictionary() -> Path | None:
    """Return the folder of WordNet's dictionary files, or None when this machine has none.

    ``WNSEARCHDIR`` and ``WNHOME`` mean what they mean to WordNet itself: where one is set, no other place is searched.

    Raises
    ------
    WordNetMissing
        When a folder that was named, or one that holds a part of WordNet, lacks files.
    """
    named = {"WNSEARCHDIR": os.environ.get("WNSEARCHDIR"), "WNHOME": os.environ.get("WNHOME")}
    for variable, value in named.items():
        if value:
            folder = Path(value).expanduser() / ("dict" if variable == "WNHOME" else "")
            if missing := _missing(folder):
                raise WordNetMissing(
                    f"{variable} says that WordNet is in {folder}, but {_listed(missing)} not there. "
                    f"Correct or unset {variable}."
                )
            return folder
    partial = []
    for folder in map(Path, _PLACES):
        missing = _missing(folder)
        if not missing:
            return folder
        if len(missing) < len(_FILES):
            partial.append(f"The WordNet in {folder} is incomplete: {_listed(missing)} not there.")
    if partial:
        raise WordNetMissing(
            " ".join(partial) + " On Debian and Ubuntu run: apt-get install wordnet-base wordnet-sense-index"
        )
    return None


def copy_for_nltk(folder: Path) -> Path:
    """Copy the dictionary into our cache, with the ``lexnames`` table, unless that has been done.

    NLTK reads only below its data folders and follows no link out of them, hence the copy (about 37 MB). The
    copy's name is a fingerprint of the files, so an upgrade of WordNet makes a new one. Processes that
    copy at the same time do not disturb each other: each fills a folder of its own, and the first rename wins.

    Raises
    ------
    WordNetMissing
        When the cache cannot be written.
    """
    facts = [(name, (folder / name).stat()) for name in _FILES]
    listing = repr([(name, fact.st_size, fact.st_mtime_ns) for name, fact in facts])
    target = nltk_folder() / "corpora" / f"wordnet-{hashlib.sha256(listing.encode()).hexdigest()[:16]}"
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wordnet-") as scratch:
            draft = Path(scratch) / target.name
            draft.mkdir()
            for name in _FILES:
                shutil.copyfile(folder / name, draft / name)
            (draft / "lexnames").write_text(_lexnames(), encoding="ascii")
            for path in draft.iterdir():
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            try:
                draft.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was faster, and its copy is as good
                    raise
    except OSError as error:
        raise WordNetMissing(
            f"WordNet is in {folder}, but its copy for NLTK cannot be written to {target.parent} ({error.strerror}). "
            "Set TAGREFINE_CACHE to a folder that can be written."
        ) from error
    return target


def _lexnames() -> str:
    """Return the table as WordNet ships it: number, name and syntactic category, one file a line."""
    return "".join(
        f"{number:02d}\t{name}\t{_SYNTACTIC_CATEGORY[name.partition('.')[0]]}\n"
        for number, name in enumerate(_LEXICOGRAPHER_FILES.split())
    )


def _missing(folder: Path) -> list[str]:
    return [name for name in _FILES if not (folder / name).is_file()]


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
