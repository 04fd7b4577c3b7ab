"""Distances between tags by what they mean: Lin's over WordNet."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.errors import ConfigError
from tagrefine_core.tags.taxonomy import Taxonomy
from tagrefine_core.tags.wordnet import WordNet, load

__all__ = ["SharedMeaning", "explain_wordnet", "wordnet_distance"]

# Only nouns and verbs have hypernyms, hence information content; a noun and a verb have no common ancestor.
_PARTS_OF_SPEECH = ("n", "v")


@dataclass(frozen=True, slots=True)
class SharedMeaning:
    """Why WordNet calls two tags near: the best pair of senses and what they have in common.

    Parameters
    ----------
    sense_a, sense_b : str
        NLTK's synset names ("dog.n.01").
    gloss_a, gloss_b : str
        What the senses mean.
    subsumer, subsumer_gloss : str or None
        The most informative common ancestor; None for verbs without one.
    ic_a, ic_b, ic_subsumer : float
        Information content in nats.
    lin : float
        ``2 ic_subsumer / (ic_a + ic_b)``, from 0 to 1; the distance is ``1 - lin``.
    """

    sense_a: str
    sense_b: str
    gloss_a: str
    gloss_b: str
    subsumer: str | None
    subsumer_gloss: str | None
    ic_a: float
    ic_b: float
    ic_subsumer: float
    lin: float


def wordnet_distance(
    tags: Sequence[str],
    *,
    senses: Literal["best", "first"] = "best",
    wordnet: WordNet | None = None,
) -> NDArray[np.float64]:
    """Compute the knowledge-base distance of eq. 4 between all pairs of tags: ``1 - 2 IC(lcs) / (IC1 + IC2)`` (Lin).

    A pair of tags is as near as its nearest senses, noun with noun and verb with verb. For one sense at a time,
    the information content of its common ancestor with every other sense comes from one walk up its ancestors, from
    the least to the most informative, each overwriting what lies below it: a few thousand walks in
    place of NLTK's tens of millions of pairs, and one row of senses in memory at a time.

    Parameters
    ----------
    tags : sequence of str, length C
        Lemmas, with ``_`` or spaces between words.
    senses : {"best", "first"}, default "best"
        All senses of a tag, or its first noun sense only.
    wordnet : WordNet or None
        None: `load`.

    Returns
    -------
    ndarray of float64, shape (C, C)
        From 0 to 1, symmetric, 0 on the diagonal and between synonyms. Tags that cannot be compared (one is unknown, or a noun
        meets a verb) are as far apart as can be: 1.

    Raises
    ------
    ConfigError
        When ``senses`` is unknown.
    WordNetMissing
        When WordNet is not on this machine.
    """
    if senses not in ("best", "first"):
        raise ConfigError(f"senses is 'best' or 'first'; got {senses!r}.")
    wordnet = wordnet or load()
    nearness = np.zeros((len(tags), len(tags)))
    for part in _PARTS_OF_SPEECH if senses == "best" else _PARTS_OF_SPEECH[:1]:
        by_tag = [wordnet.senses(tag, part)[: None if senses == "best" else 1] for tag in tags]
        if any(by_tag):
            _raise_to_best(nearness, by_tag, wordnet.taxonomy(part))
    np.fill_diagonal(nearness, 1.0)
    distance: NDArray[np.float64] = 1.0 - nearness
    return distance


def _raise_to_best(
    nearness: NDArray[np.float64], by_tag: Sequence[Sequence[int]], taxonomy: Taxonomy
) -> None:
    """Raise each pair of tags to its best pair of senses in one taxonomy, in place."""
    synsets = sorted({synset for each in by_tag for synset in each})
    position = {synset: i for i, synset in enumerate(synsets)}
    content = np.array([taxonomy.content(synset) for synset in synsets])
    members: dict[int, list[int]] = defaultdict(list)
    for synset in synsets:
        for ancestor in taxonomy.lineage(synset):
            members[ancestor].append(position[synset])
    below = {ancestor: np.array(positions) for ancestor, positions in members.items()}

    owners = [i for i, each in enumerate(by_tag) if each]
    flat = np.array([position[synset] for i in owners for synset in by_tag[i]])
    starts = np.cumsum([0] + [len(by_tag[i]) for i in owners[:-1]])
    common = np.empty(len(synsets))
    for owner in owners:
        best = np.zeros(len(synsets))
        for synset in by_tag[owner]:
            own = taxonomy.content(synset)
            common.fill(0.0)
            for ancestor in taxonomy.lineage(synset):
                if np.isfinite(taxonomy.content(ancestor)):  # never seen: says nothing about what is below it
                    common[below[ancestor]] = taxonomy.content(ancestor)
            near = _lin(own + content, common)
            near[position[synset]] = 1.0  # also where the root makes it 0 / 0
            np.maximum(best, near, out=best)
        row = np.maximum.reduceat(best[flat], starts)
        nearness[owner, owners] = np.maximum(nearness[owner, owners], row)


def _lin(total: NDArray[np.float64], common: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Lin's similarity from ``IC1 + IC2`` and ``IC(lcs)``."""
    return np.divide(2.0 * common, total, out=np.zeros_like(common), where=total > 0)


def explain_wordnet(tag_a: str, tag_b: str, wordnet: WordNet) -> SharedMeaning | None:
    """Return the best pair of senses of two tags, or None when they have no senses to compare.

    Parameters
    ----------
    tag_a, tag_b : str
        Lemmas, with ``_`` or spaces between words.

    Returns
    -------
    SharedMeaning or None
        Its ``lin`` is one minus the entry of `wordnet_distance`.
    """
    best: tuple[float, str, int, int, int | None] | None = None
    for part in _PARTS_OF_SPEECH:
        taxonomy = wordnet.taxonomy(part)
        for a in wordnet.senses(tag_a, part):
            for b in wordnet.senses(tag_b, part):
                common = taxonomy.subsumer(a, b)
                ic = 0.0 if common is None else taxonomy.content(common)
                total = taxonomy.content(a) + taxonomy.content(b)
                lin = 1.0 if a == b else float(_lin(np.array([total]), np.array([ic]))[0])
                if best is None or lin > best[0]:
                    best = (lin, part, a, b, common)
    if best is None:
        return None
    lin, part, a, b, common = best
    taxonomy = wordnet.taxonomy(part)
    synset_a, synset_b = wordnet.synset(part, a), wordnet.synset(part, b)
    above = None if common is None else wordnet.synset(part, common)
    return SharedMeaning(
        sense_a=synset_a.name(),
        sense_b=synset_b.name(),
        gloss_a=synset_a.definition(),
        gloss_b=synset_b.definition(),
        subsumer=above and above.name(),
        subsumer_gloss=above and above.definition(),
        ic_a=taxonomy.content(a),
        ic_b=taxonomy.content(b),
        ic_subsumer=0.0 if common is None else taxonomy.content(common),
        lin=lin,
    )
