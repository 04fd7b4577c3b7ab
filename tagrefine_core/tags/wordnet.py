"""WordNet through NLTK: found on this machine, opened once a process, safe for threads."""

import contextlib
import io
import math
import os
import shutil
import subprocess
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any

from tagrefine_core.errors import TagRefineWarning, WordNetMissing
from tagrefine_core.tags.dictionary import copy_for_nltk, find_dictionary, nltk_folder
from tagrefine_core.tags.morphology import Morphology
from tagrefine_core.tags.taxonomy import (
    InformationContent,
    Taxonomy,
    count_concepts,
    read_hypernyms,
    read_sense_counts,
    read_wholes,
    read_word_counts,
)

__all__ = ["WordNet", "install", "load"]

_ADVICE = """\
WordNet was not found.
Do one of these, then try again:
  python -m tagrefine_core setup                          tries everything below
  apt-get install wordnet-base wordnet-sense-index        Debian, Ubuntu (as root)
  python -m nltk.downloader wordnet                       any system with network"""

_lock = threading.RLock()
_loaded: "WordNet | None" = None


class WordNet:
    """WordNet's words, senses and hypernyms. Use `load` to get the one of this machine.

    Parameters
    ----------
    reader : nltk.corpus.reader.WordNetCorpusReader
        NLTK's reader. It moves file positions while it reads, so hold `lock` when you call it yourself.
    source : str
        Where the files are.
    """

    def __init__(self, reader: Any, source: str) -> None:
        self.reader = reader
        self.source = source
        self.lock = threading.RLock()
        self.version: str = reader.get_version()
        self._parents: dict[str, dict[int, tuple[int, ...]]] = {}
        self._taxonomies: dict[str, Taxonomy] = {}

    def __contains__(self, lemma: str) -> bool:
        """Tell whether WordNet has the lemma (lower case, ``_`` between words), as any part of speech."""
        return lemma in self.reader.index

    def lemma(self, form: str) -> str | None:
        """Return the dictionary form of a word, or None when WordNet does not know it.

        See `tagrefine_core.tags.morphology`. What is a noun already stays: "dancing", "running", "graffiti".
        """
        found = self.morphology.form(form)
        return found and found.lemma

    @cached_property
    def morphology(self) -> Morphology:
        """Dictionary forms and how words come of them."""
        return Morphology(self)

    @cached_property
    def uses(self) -> Counter[tuple[str, str]]:
        """How often a lemma was found as a part of speech ("n", "v", "a", "r") in the text that WordNet's authors tagged."""
        return read_word_counts(self._bytes("cntlist.rev"))

    def senses(self, lemma: str, part_of_speech: str) -> tuple[int, ...]:
        """Return the synsets of a lemma (or tag with spaces), most frequent first, as offsets.

        Parameters
        ----------
        lemma : str
            Taken as it is: the senses of "dancing" are those of the noun, not those of the verb "dance".
        part_of_speech : {"n", "v"}
        """
        by_part = self.reader.index.get(lemma.replace(" ", "_"), {})
        return tuple(by_part.get(part_of_speech, ()))

    def synset(self, part_of_speech: str, offset: int) -> Any:
        """Return NLTK's synset object at an offset."""
        with self.lock:
            return self.reader.synset_from_pos_and_offset(part_of_speech, offset)

    @property
    def ic(self) -> InformationContent:
        """Concept frequencies in NLTK's form; ``synset.lin_similarity(other, wordnet.ic)`` takes them."""
        return self._information_content[0]

    @property
    def ic_source(self) -> str:
        """Which frequencies `ic` holds: ``ic-brown.dat``, ``ic-semcor.dat`` or ``cntlist.rev``."""
        return self._information_content[1]

    def taxonomy(self, part_of_speech: str) -> Taxonomy:
        """Return the hypernym graph of ``"n"`` or ``"v"`` with its information content."""
        with self.lock:
            if part_of_speech not in self._taxonomies:
                frequency = self.ic[part_of_speech]
                ic = {s: -math.log(f / frequency[0]) + 0.0 for s, f in frequency.items() if s and f > 0}
                self._taxonomies[part_of_speech] = Taxonomy(self._hypernyms(part_of_speech), ic)
            return self._taxonomies[part_of_speech]

    @cached_property
    def wholes(self) -> dict[int, tuple[int, ...]]:
        """Noun synset -> what it is a part or a member of: a feather of a bird, a person of people."""
        return read_wholes(self._bytes("data.noun"))

    @cached_property
    def _information_content(self) -> tuple[InformationContent, str]:
        return self._from_nltk() or self._from_sense_counts()

    def _from_nltk(self) -> tuple[InformationContent, str] | None:
        from nltk.corpus.reader.wordnet import WordNetICCorpusReader

        folder = _nltk_corpus("wordnet_ic")
        for name in ("ic-brown.dat", "ic-semcor.dat"):
            try:
                if folder is None or not folder.join(name).file_size():
                    continue
            except OSError:
                continue
            ic: InformationContent = WordNetICCorpusReader(folder, [name]).ic(name)
            # Offsets move between versions of WordNet; the file must be for the one at hand.
            if all(ic[part].keys() - {0} <= self._hypernyms(part).keys() for part in ("n", "v")):
                return ic, name
            warnings.warn(
                f"{name} is for another WordNet than {self.source}; the sense counts of the latter are used.",
                TagRefineWarning,
                stacklevel=2,
            )
        return None

    def _from_sense_counts(self) -> tuple[InformationContent, str]:
        counts = read_sense_counts(self._bytes("cntlist.rev"), self._bytes("index.sense"))
        return {
            part: count_concepts(self._hypernyms(part), counts[part]) for part in ("n", "v")
        }, "cntlist.rev"

    def _hypernyms(self, part_of_speech: str) -> dict[int, tuple[int, ...]]:
        if part_of_speech not in self._parents:
            data = self._bytes({"n": "data.noun", "v": "data.verb"}[part_of_speech])
            self._parents[part_of_speech] = read_hypernyms(data)
        return self._parents[part_of_speech]

    def _bytes(self, name: str) -> bytes:
        with self.reader.root.join(name).open() as file:
            content: bytes = file.read()
        return content


def load() -> WordNet:
    """Return this machine's WordNet, opened on the first call (about two seconds) and shared by all threads.

    NLTK's data folders come first, then WordNet's own dictionary files (copied into the cache once).

    Raises
    ------
    WordNetMissing
        Saying what to run, or which files are damaged.
    """
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _open()
        return _loaded


def install(report: Callable[[str], None]) -> WordNet:
    """Get WordNet in the ways this platform has, and return it: the set-up command.

    Tried in order: what is there already, the system's package manager, NLTK's downloader.

    Parameters
    ----------
    report : callable
        Told each step in words.

    Raises
    ------
    WordNetMissing
        When every way failed.
    """
    for way in (lambda _report: None, _install_packages, _download):
        way(report)
        try:
            wordnet = load()
        except WordNetMissing as error:
            report(str(error).splitlines()[0])
        else:
            report(f"WordNet {wordnet.version} is ready: {wordnet.source}")
            return wordnet
    raise WordNetMissing(_ADVICE)


def _open() -> WordNet:
    import nltk.data

    if str(nltk_folder()) not in nltk.data.path:  # NLTK reads nowhere else than below its data folders
        nltk.data.path.append(str(nltk_folder()))
    root = _nltk_corpus("wordnet")
    if root is None:
        dictionary = find_dictionary()
        if dictionary is None:
            raise WordNetMissing(_ADVICE)
        root = nltk.data.FileSystemPathPointer(str(copy_for_nltk(dictionary)))
    try:
        return WordNet(_reader(root), str(root))
    except Exception as error:  # on damaged files NLTK raises whatever its parser stumbles over
        raise WordNetMissing(
            f"The WordNet at {root} cannot be read ({type(error).__name__}: {error}). "
            "Delete it, install WordNet again and run: python -m tagrefine_core setup"
        ) from error


def _nltk_corpus(name: str) -> Any:
    """Return NLTK's pointer to a corpus, unpacked or zipped, or None."""
    import nltk.data

    for place in (f"corpora/{name}", f"corpora/{name}.zip/{name}/"):
        with contextlib.suppress(LookupError):
            return nltk.data.find(place)
    return None


def _reader(root: Any) -> Any:
    # Imported here because importing NLTK takes seconds, which commands without tags should not pay.
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        def map_wn(self, version: str = "wordnet") -> None:
            """Skip the map to other versions, which needs a second WordNet and serves other languages only."""

        @property
        def index(self) -> dict[str, dict[str, list[int]]]:
            """Lemma -> part of speech -> offsets of its synsets, by sense number."""
            index: dict[str, dict[str, list[int]]] = self._lemma_pos_offset_map
            return index

    return Reader(root, omw_reader=False)  # no other languages; None would warn on every start


def _install_packages(report: Callable[[str], None]) -> None:
    if sys.platform == "darwin" and shutil.which("brew"):
        _run(report, ["brew", "install", "wordnet"])
    elif shutil.which("apt-get"):
        prefix: list[str] = []
        if os.geteuid() != 0:
            prefix = ["sudo", "-n"]
            if not shutil.which("sudo") or subprocess.run([*prefix, "true"], capture_output=True).returncode:
                report("Not root and sudo wants a password, so apt-get is left out.")
                return
        packages = [*prefix, "apt-get", "install", "-y", "--no-install-recommends"]
        packages += ["wordnet-base", "wordnet-sense-index"]
        # A fresh image has no package lists yet; fetch them only when the install fails.
        if not _run(report, packages) and _run(report, [*prefix, "apt-get", "update"]):
            _run(report, packages)


def _run(report: Callable[[str], None], command: list[str]) -> bool:
    report(f"Running: {' '.join(command)}")
    try:
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        report(f"It failed: {error}")
        return False
    if result.returncode:
        output = (result.stderr or result.stdout).strip() or f"exit status {result.returncode}"
        report(f"It failed: {output.splitlines()[-1]}")
    return result.returncode == 0


def _download(report: Callable[[str], None]) -> None:
    import nltk

    report(f"Downloading WordNet with NLTK to {nltk_folder()}")
    try:
        nltk_folder().mkdir(parents=True, exist_ok=True)
        # Its messages go nowhere: the error below has the reason. The ic-*.dat files are left alone, so that
        # the same sense counts are used on every machine that was set up by this command.
        nltk.download(
            "wordnet",
            download_dir=str(nltk_folder()),
            quiet=True,
            raise_on_error=True,
            print_error_to=io.StringIO(),
        )
    except (OSError, ValueError) as error:
        report(f"It failed: {error}")
