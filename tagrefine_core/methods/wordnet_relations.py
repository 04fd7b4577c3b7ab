"""What WordNet says about the tags of a vocabulary: how close they are, and which say the same or less."""

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import ConfigError, TagRefineWarning, WordNetMissing
from tagrefine_core.tags import WordNet, load
from tagrefine_core.tags.taxonomy import ancestors, steps_up

__all__ = ["narrower_tags", "words_and_wordnet", "wu_palmer"]

# Nouns and verbs have hypernyms; of adjectives, satellites and adverbs only synonyms are known.
_PARTS_OF_SPEECH = ("n", "v", "a", "s", "r")
_WITH_HYPERNYMS = ("n", "v")


def words_and_wordnet(
    vocabulary: Sequence[str] | None, columns: int, *, otherwise: str
) -> tuple[list[str], WordNet] | None:
    """Return the tags as words and this machine's WordNet; where either is missing, warn and return None.

    Parameters
    ----------
    vocabulary : sequence of str or None
        The name of every tag, in the order of columns.
    columns : int
        How many tags there are.
    otherwise : str
        What happens without words, for the warning: "TagExample chooses negatives by co-occurrence alone".

    Raises
    ------
    ConfigError
        When the vocabulary has another length.
    """
    if vocabulary is None:
        warnings.warn(f"No vocabulary was given, so {otherwise}.", TagRefineWarning, stacklevel=4)
        return None
    if len(vocabulary) != columns:
        raise ConfigError(
            f"The vocabulary names {len(vocabulary)} tags but there are {columns}; name each column."
        )
    try:
        return list(vocabulary), load()
    except WordNetMissing as error:
        warnings.warn(f"WordNet is missing, so {otherwise}. {error}", TagRefineWarning, stacklevel=4)
        return None


def wu_palmer(tags: Sequence[str], wordnet: WordNet) -> NDArray[np.float64]:
    """Compute the similarity of Wu and Palmer (1994) between the first senses of tags.

    ``2 depth(a) / (steps(s, a) + steps(t, a) + 2 depth(a))`` for the common ancestor a that makes it largest;
    depth is the number of synsets on the longest path to a root. The part of speech that makes two tags most similar
    counts. Verbs without a common ancestor have similarity 0.

    Parameters
    ----------
    tags : sequence of str, length C
        Lemmas.

    Returns
    -------
    (C, C) float64 array
        Symmetric, from 0 to 1; the diagonal is 1 for tags that WordNet has and 0 for the others.
    """
    similarity = np.zeros((len(tags), len(tags)))
    for part in _PARTS_OF_SPEECH:
        firsts = {i: senses[0] for i, tag in enumerate(tags) if (senses := wordnet.senses(tag, part))}
        if not firsts:
            continue
        parents = wordnet.taxonomy(part).parents if part in _WITH_HYPERNYMS else {}
        synsets = sorted(set(firsts.values()))
        members: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for position, synset in enumerate(synsets):
            for ancestor, steps in steps_up(parents, synset).items():
                members[ancestor].append((position, steps))
        near = np.zeros((len(synsets), len(synsets)))
        for ancestor, below in members.items():
            position, steps = np.array(below).T
            twice = 2 * _depth(parents, ancestor)
            block = np.ix_(position, position)
            near[block] = np.maximum(near[block], twice / (twice + steps[:, None] + steps))
        own = np.searchsorted(synsets, list(firsts.values()))
        block = np.ix_(list(firsts), list(firsts))
        similarity[block] = np.maximum(similarity[block], near[np.ix_(own, own)])
    return similarity


def narrower_tags(tags: Sequence[str], wordnet: WordNet) -> NDArray[np.bool_]:
    """Tell which tags are a synonym or a hyponym of which, over all their senses.

    Parameters
    ----------
    tags : sequence of str, length C
        Lemmas.

    Returns
    -------
    (C, C) bool array
        ``[t, c]``: a sense of c is, or lies below, a sense of t. The diagonal is True for tags that WordNet has.
    """
    narrower = np.zeros((len(tags), len(tags)), dtype=bool)
    for part in _PARTS_OF_SPEECH:
        parents = wordnet.taxonomy(part).parents if part in _WITH_HYPERNYMS else {}
        senses = [wordnet.senses(tag, part) for tag in tags]
        owners: dict[int, list[int]] = defaultdict(list)
        for tag, each in enumerate(senses):
            for synset in each:
                owners[synset].append(tag)
        for tag, each in enumerate(senses):
            above = {ancestor for synset in each for ancestor in ancestors(parents, synset)}
            for ancestor in above & owners.keys():
                narrower[owners[ancestor], tag] = True
    return narrower


def _depth(parents: Mapping[int, Sequence[int]], synset: int, below: frozenset[int] = frozenset()) -> int:
    # WordNet's verbs have a circle of hypernyms, so a path never returns to where it has been.
    path = below | {synset}
    return 1 + max(
        (_depth(parents, each, path) for each in parents.get(synset, ()) if each not in path), default=0
    )
