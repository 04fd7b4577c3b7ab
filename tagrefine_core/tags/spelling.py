"""What a raw tag is made of: levels of a hierarchy, a namespace, a weight, a qualifier, escapes, ``+`` for a space."""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

from tagrefine_core.reading.escapes import unescape
from tagrefine_core.tags.normalization import Lemma, lemmatize, normalize
from tagrefine_core.tags.wordnet import WordNet

__all__ = ["Spellings", "is_below_root", "mark_of", "roots_of"]

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_WEIGHT = re.compile(r"\d{1,3}(\.\d{1,9})?")
_MACHINE_TAG = re.compile(r"[^\W\d][\w-]*:[^\W\d][\w-]*=.*", re.DOTALL)
_NAMESPACE = re.compile(r"[^\W\d][\w -]*")
_RUN = re.compile(r"[^\W_]+")
_MARK = re.compile(r"[^\w\s&/|+.'’#-]")
_PLUS = re.compile(r"(?<=\w)\+(?=\w)")
_LOST_BACKSLASH = re.compile(r"u([0-9a-f]{4})")
_MARKS = ("|", "｜", "\\", " > ", "/")  # between the levels of a path, the surest first
_LEVEL = 3  # letters of a level of a path with slashes: "b/w" and "AC/DC" are none


class Spellings:
    """Reads the raw tags of a collection; where one spelling leaves open what it is, others of the collection tell.

    Parameters
    ----------
    raws : iterable of str
        Every spelling in the collection.
    wordnet : WordNet
    """

    def __init__(self, raws: Iterable[str], wordnet: WordNet) -> None:
        self._wordnet = wordnet
        raws = list(raws)
        self._accented = {normalize(raw) for raw in raws if not raw.isascii()}
        self._roots = roots_of(raws)

    def read(self, raw: str) -> tuple[Lemma, ...]:
        r"""Return what a raw tag counts for, the most specific first; one that is no word where it counts for nothing.

        The whole is looked up first, so that what WordNet has is never cut in two.

        Examples
        --------
        >>> from tagrefine_core.tags import load
        >>> raws = ("Places|Italy|Rome", "creature:dog", "(lily:1.2)", "lily_(flower)", "new+york")
        >>> [[lemma.name for lemma in Spellings(raws, load()).read(raw)] for raw in raws]
        [['rome', 'italy', 'place'], ['dog'], ['lily'], ['lily'], ['new_york']]
        """
        if raw.isalnum() and not _LOST_BACKSLASH.search(raw):
            return (lemmatize(raw, self._wordnet),)
        text = self._twin(unescape(raw).strip())
        if reason := _nothing(text):
            return (Lemma(normalize(raw), False, reason),)
        whole = lemmatize(text, self._wordnet)
        if whole.known:
            return (whole,)
        found = self._levels(text) or self._behind_namespace(text) or (self._bare(text) or whole,)
        if not found[0].known and text != raw:
            return (Lemma(normalize(raw), False, found[0].relation),)
        return found

    def _word(self, text: str) -> Lemma:
        """Look up a tag without levels and namespace, as it is, then bare."""
        whole = lemmatize(text, self._wordnet)
        return whole if whole.known else self._bare(text) or whole

    def _bare(self, text: str) -> Lemma | None:
        """Look up a tag without its brackets and weight, its qualifier, and with spaces for ``+``; None where WordNet has none of them."""
        if text.isalnum():
            return None
        bare, _, _ = _unwrapped(text).partition("(")
        for part, how in (
            (_unwrapped(text), "without brackets and weight"),
            (bare if text.endswith(")") else "", "without what is in brackets"),
            (_PLUS.sub(" ", text), "with + for a space"),
        ):
            if part.strip() and part != text:
                lemma = lemmatize(part, self._wordnet)
                if lemma.known:
                    shown = lemma.name.replace("_", " ")
                    return Lemma(lemma.name, True, f"{lemma.relation or shown}, {how}", lemma.doubt)
        return None

    def _levels(self, text: str) -> tuple[Lemma, ...]:
        """Return the levels of a hierarchy that are words, the last first; empty where it is none."""
        mark = mark_of(text)
        if not mark:
            return ()
        levels = [level.strip() for level in text.strip(mark).split(mark)]
        if mark == "/" and not self._is_path(levels):
            return ()
        levels = [level for level in levels if level]
        if len(levels) < 2:
            return ()
        words = [self._word(level) for level in reversed(levels)]
        known = {
            word.name: Lemma(word.name, True, f"level of {text}", word.doubt) for word in words if word.known
        }
        return tuple(known.values()) or (Lemma(normalize(text), False, "no level of it is in WordNet"),)

    def _is_path(self, levels: list[str]) -> bool:
        """Tell whether slashes stand between levels: all are words, or several paths of the collection begin alike."""
        if is_below_root(levels, self._roots):
            return True
        nouns = (lemmatize(level, self._wordnet) for level in levels if _may_be_level(level))
        return sum(one.known and bool(self._wordnet.senses(one.name, "n")) for one in nouns) == len(levels)

    def _behind_namespace(self, text: str) -> tuple[Lemma, ...]:
        """Return what stands behind a namespace where it names a thing; empty where there is no namespace."""
        namespace, colon, rest = text.partition(":")
        rest = rest.strip()
        if not colon or not rest or rest[0] in ":/" or not _NAMESPACE.fullmatch(namespace):
            return ()
        found = self._levels(rest) or (self._word(rest),)
        if not found[0].known:
            return (Lemma(normalize(text), False, found[0].relation),)
        things = tuple(
            Lemma(one.name, True, f"the part behind {namespace}:", one.doubt)
            for one in found
            if self._is_thing(one.name, namespace)
        )
        return things or (Lemma(normalize(text), False, f"the part behind {namespace}: names no thing"),)

    def _is_thing(self, lemma: str, namespace: str) -> bool:
        """Tell whether a word names a thing rather than tells how something is: "rating:safe" shows no safe; red is a "color:"."""
        uses, senses = self._wordnet.uses, self._wordnet.senses(lemma, "n")
        if senses and uses[lemma, "n"] >= max(uses[lemma, part] for part in "var"):
            return True
        kinds = set(self._wordnet.senses(lemmatize(namespace, self._wordnet).name, "n"))
        lineage = self._wordnet.taxonomy("n").lineage
        return any(kinds & set(lineage(sense)) for sense in senses)

    def _twin(self, text: str) -> str:
        """Return "café" for "cafu00e9", whose backslash was lost, where the collection has the right spelling too."""
        if not _LOST_BACKSLASH.search(text):
            return text
        mended = _LOST_BACKSLASH.sub(lambda code: chr(int(code[1], 16)), text)
        return mended if not mended.isascii() and normalize(mended) in self._accented else text


def mark_of(path: str) -> str:
    """Return what stands between the levels of a path, "" where nothing does."""
    return next((mark for mark in _MARKS if mark in path), "")


def roots_of(raws: Iterable[str]) -> frozenset[str]:
    """Return the first levels (`normalize`) of what several paths with slashes begin with."""
    below: defaultdict[str, set[str]] = defaultdict(set)
    for raw in raws:
        if "/" in raw:
            root, _, rest = normalize(raw).strip("/").partition("/")
            below[root].add(rest)
    return frozenset(root for root, paths in below.items() if len(paths) > 1)


def is_below_root(levels: Sequence[str], roots: Container[str]) -> bool:
    """Tell whether levels are a path since several begin like it: then those below may be short, or numbers."""
    return _may_be_level(levels[0]) and all(levels) and normalize(levels[0]) in roots


def _may_be_level(part: str) -> bool:
    """Tell whether what stands beside a slash may be a level: not in "http://...", "24/7", "b/w" and dates."""
    return len(part) >= _LEVEL and any(map(str.isalpha, part))


def _nothing(text: str) -> str:
    """Return why a text is no word at all, or nothing where it may be one."""
    if text.startswith("<") and text.endswith(">") and ":" in text:
        return "an instruction to an image generator"
    if _MACHINE_TAG.fullmatch(text):
        return "machine tag"
    runs = _RUN.findall(text)
    if not runs and text:
        return "only marks"
    if len(runs) <= 2 and all(len(run) == 1 for run in runs):
        eyes = len(runs) == 2 and runs[0] == runs[1] and not text[0].isspace()
        if "".join(runs).isdecimal() and len(runs) == 2:
            return ""  # "4:3"
        if _MARK.search(text) or (eyes and "_" in text):
            return "emoticon"
    return ""


def _unwrapped(text: str) -> str:
    """Return a text without the brackets around it and the weight in them: "(lily:1.2)" is lily."""
    start, stop = 0, len(text)
    while stop - start > 2 and _BRACKETS.get(text[start]) == text[stop - 1]:
        start, stop = start + 1, stop - 1
    inner = text[start:stop].strip()
    word, colon, weight = inner.rpartition(":")
    return word if start and colon and _WEIGHT.fullmatch(weight) else inner
