"""Which tags a tag implies by what it means: a photo of a parrot shows a bird, one of a boy shows people."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.tags.taxonomy import ancestors
from tagrefine_core.tags.wordnet import WordNet, load
from tagrefine_core.tags.wordnet_similarity import wordnet_distance

__all__ = ["Relation", "implied_tags", "relation"]

Relation = Literal["synonym", "kind", "part"]
"""What a tag is to one that it implies: "hound" and "dog" share a meaning, a puppy is a kind of dog, a petal a part of a flower."""

_CLOSE = 0.8  # Lin's similarity from which two tags are taken for near synonyms
_OF_CLOSE = 0.25


def implied_tags(tags: Sequence[str], wordnet: WordNet | None = None) -> NDArray[np.float32]:
    """Tell how far what is tagged with one tag shows another, by WordNet alone.

    The first noun sense of a tag implies itself, everything above it, all that these are a part or a member of, and
    everything above that. Rarer senses are left out: "dog" has one in which it is a constraint of a machine.

    Parameters
    ----------
    tags : sequence of str, length C
        Lemmas, with ``_`` or spaces between words.
    wordnet : WordNet, optional
        None: `load`.

    Returns
    -------
    (C, C) float32 array
        ``[t, s]``: 1 where s implies t, 0.25 where the two are close by any sense (Lin's similarity of 0.8 or more), else
        0; the diagonal is 0.

    Raises
    ------
    WordNetMissing
        When WordNet is not on this machine.
    """
    wordnet = wordnet or load()
    meant = np.where(1.0 - wordnet_distance(tags, wordnet=wordnet) >= _CLOSE, np.float32(_OF_CLOSE), 0)
    first = [_first_sense(wordnet, tag) for tag in tags]
    named: dict[int, list[int]] = defaultdict(list)
    for tag, synset in enumerate(first):
        if synset is not None:
            named[synset].append(tag)
    for tag, synset in enumerate(first):
        if synset is None:
            continue
        above, around = _shown(wordnet, synset)
        for each in (above | around) & named.keys():
            meant[named[each], tag] = 1.0
    np.fill_diagonal(meant, 0.0)
    return meant.astype(np.float32)


def relation(tag: str, implied: str, wordnet: WordNet | None = None) -> Relation | None:
    """Return what a tag is to one that it implies in full (`implied_tags`), else None.

    Raises
    ------
    WordNetMissing
        When WordNet is not on this machine.
    """
    wordnet = wordnet or load()
    synset, other = _first_sense(wordnet, tag), _first_sense(wordnet, implied)
    if synset is None or other is None:
        return None
    if synset == other:
        return "synonym"
    above, around = _shown(wordnet, synset)
    return "kind" if other in above else "part" if other in around else None


def _first_sense(wordnet: WordNet, tag: str) -> int | None:
    return next(iter(wordnet.senses(tag, "n")), None)


def _shown(wordnet: WordNet, synset: int) -> tuple[set[int], set[int]]:
    """Return a noun synset with everything above it, and all that these are a part or a member of with everything above that."""
    parents, wholes = wordnet.taxonomy("n").parents, wordnet.wholes
    above = ancestors(parents, synset)
    around: set[int] = set()
    for whole in {whole for each in above for whole in wholes.get(each, ())}:
        around |= ancestors(parents, whole)
    return above, around
