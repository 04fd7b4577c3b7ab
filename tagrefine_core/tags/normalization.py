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
    """

    name: str
    known: bool
    relation: str


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
    for spelling in dict.fromkeys(_spellings(text)):
        if name := wordnet.lemma(spelling):
            shown = name.replace("_", " ")
            if name != spelling:
                kind = "plural" if wordnet.reader.morphy(spelling, "n") else "form"
                return Lemma(name, True, f"{kind} of {shown}")
            return Lemma(name, True, "" if raw in (name, shown) else f"spelling variant of {shown}")
    reason = "camera or number only" if _CAMERA_OR_NUMBER.fullmatch(text) else "not in WordNet"
    return Lemma(text, False, reason)


def _spellings(text: str) -> Iterator[str]:
    yield text
    bare = _EDGES.sub("", text)
    if not bare.isascii():  # WordNet is plain ASCII
        decomposed = unicodedata.normalize("NFKD", bare)
        bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    yield bare
    if "-" in bare or "_" in bare:
        words = re.split("[-_]+", bare)
        for joint in ("_", "-", ""):
            yield joint.join(words)
