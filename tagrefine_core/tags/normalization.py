"""From what users typed to WordNet lemmas."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tagrefine_core.tags.wordnet import WordNet

__all__ = ["Lemma", "lemmatize", "normalize"]

# Codes ("dsc_0012", "d70s", "50mm", "2007") and cameras ("nikond70s"): nothing that a picture shows.
_CAMERA_OR_NUMBER = re.compile(
    r"[a-z]{0,4}_?\d+[a-z]{0,2}"
    r"|(canon|nikon|sony|olympus|pentax|leica|kodak|panasonic|lumix|eos|powershot|iphone|dslr|slr)\w*"
)
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


# Marks that English dictionaries keep (café, crème, crêpe, façade); others make another letter: ñ, å, ü, õ.
_KEPT_MARKS = frozenset("\u0300\u0301\u0302\u0327")
_DIAERESIS = "\u0308"  # naïve: beside a vowel; elsewhere it is an umlaut
_VOWELS = frozenset("aeiou")
_SHORT = 4  # letters, below which words of two languages are alike by chance


@dataclass(frozen=True, slots=True)
class Lemma:
    """What became of one spelling.

    Parameters
    ----------
    name : str
        The WordNet lemma; where WordNet knows none, the normalized spelling.
    known : bool
        Whether WordNet has it.
    relation : str
        What the spelling is to the lemma ("plural of flower"), empty when it is the lemma; for an
        unknown word why it is not a tag ("not in WordNet").
    doubt : str
        Another lemma that it may be of, which only use in a collection can tell ("glasses": glass); empty for none.
    """

    name: str
    known: bool
    relation: str
    doubt: str = ""


def normalize(raw: str) -> str:
    """Bring a tag to one spelling: NFKC, case folded, no control characters, ``_`` between words.

    Examples
    --------
    >>> normalize("  New  York ")
    'new_york'
    """
    if not (raw.isascii() and raw.isprintable()):
        raw = unicodedata.normalize("NFKC", raw).replace("\u2019", "'")
        # Cc, Cf, Cs: control characters, invisible joiners, broken surrogates; white space is kept until the split.
        raw = "".join(c for c in raw if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
        raw = unicodedata.normalize("NFKC", raw.casefold())
    return "_".join(raw.casefold().replace("_", " ").split())


def lemmatize(raw: str, wordnet: WordNet) -> Lemma:
    """Find the WordNet lemma of a tag as a user typed it.

    Several spellings are tried, the closest first: as typed, without punctuation at its edges ("#sunset"), without
    accents, and with ``_``, ``-`` or nothing between its words ("t shirt" is "t-shirt", "sun-set" is "sunset").
    """
    text = normalize(raw)
    if not text:
        return Lemma("", False, "empty after normalization")
    reason = "camera or number only" if _CAMERA_OR_NUMBER.fullmatch(text) else "not in WordNet"
    for spelling, is_sure in _spellings(text):
        if not (form := wordnet.morphology.form(spelling)):
            continue
        name, shown = form.lemma, form.lemma.replace("_", " ")
        if not is_sure and not (len(name) >= _SHORT and wordnet.morphology.is_name(name)):
            return Lemma(text, False, f"{reason}, which has {shown} without its marks", name)
        if form.kind:
            return Lemma(name, True, f"{form.kind} of {shown}")
        return Lemma(name, True, "" if raw in (name, shown) else f"spelling variant of {shown}", form.doubt)
    return Lemma(text, False, reason)


def _spellings(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what to look up, and whether it is surely the same word: that of another language is not, without its marks."""
    yield text, True
    bare, is_sure = _EDGES.sub("", text), True
    if not bare.isascii():  # WordNet is plain ASCII
        bare, is_sure = _without_marks(bare)
    if len(bare) == 1 < len(text) and text[0] != "#":
        return  # "c++" and "c#" are no letter
    yield bare, is_sure
    if "-" in bare or "_" in bare:
        words = re.split("[-_]+", bare)
        for joint in ("_", "-", ""):
            yield joint.join(words), is_sure


def _without_marks(text: str) -> tuple[str, bool]:
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    is_sure = len(bare) >= _SHORT
    for place, mark in enumerate(letters):
        if mark == _DIAERESIS:
            is_sure &= letters[place - 1] in _VOWELS and bool(
                _VOWELS & {letters[place - 2 : place - 1], letters[place + 1 : place + 2]}
            )
        elif unicodedata.combining(mark):
            is_sure &= mark in _KEPT_MARKS
    return bare, is_sure
