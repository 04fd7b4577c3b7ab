"""What the panel beside the matrix says: tables of similar tags, and why two tags are alike."""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np

from pages.opening import open_store
from tagrefine_core.collections import Collection
from tagrefine_core.tags import SharedMeaning, WordNet, explain_wordnet, load
from tagrefine_core.tags.pairs import TagPair, TagSimilarity, clustered_order

__all__ = ["SORTS", "order", "panel", "similarity", "wordnet"]

SORTS = {"clusters": "similar side by side", "photos": "most used first", "name": "A to Z"}

_TOP = 15


@lru_cache(maxsize=2)
def similarity(collection: Collection) -> TagSimilarity:
    """Return the similarity of a collection's tags; distances are computed once and kept in the home's cache."""
    return TagSimilarity.open(open_store().home, collection)


@lru_cache(maxsize=8)
def order(collection: Collection, sort: str) -> list[int]:
    """Return the columns in an order of `SORTS`; clusters are those of alpha 0.5, so that the slider moves no tag."""
    if sort == "clusters":
        return clustered_order(similarity(collection).xi(0.5)).tolist()
    names = collection.vocabulary
    photos = np.bincount(collection.tags.indices, minlength=len(names)).tolist()
    if sort == "photos":
        return sorted(range(len(names)), key=lambda column: (-photos[column], names[column]))
    return sorted(range(len(names)), key=names.__getitem__)


@lru_cache(maxsize=1)
def wordnet() -> Future[WordNet]:
    """Open WordNet, which takes seconds, beside the page: numbers are shown meanwhile, meanings when it is done."""

    def work() -> WordNet:
        opened = load()
        opened.taxonomy("n")  # the slow part of the first explanation
        return opened

    return ThreadPoolExecutor(1, "wordnet").submit(work)


def panel(collection: Collection, alpha: float, tag: int | None, other: int | None) -> dict[str, Any]:
    """Return the panel's texts and rows, as JSON.

    Parameters
    ----------
    tag, other : int or None
        Columns chosen; without ``tag`` the most similar pairs of all are listed.
    """
    alike = similarity(collection)
    names = collection.vocabulary
    if tag is None:
        links, title = alike.strongest(alpha, _TOP), "Most alike of all"
        sentence = "Click one, click into the matrix, or choose a tag above."
    else:
        links, title = alike.most_similar(tag, alpha, _TOP), f"Most like “{names[tag]}”"
        sentence = (
            "The longer the bar, the more alike: how often photos carry both tags, and how near their meanings are."
            if links
            else "No photo carries it together with another tag."
        )
    rows = [
        {
            "name": " · ".join(
                names[column] for column in (link.columns if tag is None else link.columns[1:])
            ),
            "pair": list(link.columns),
            "similarity": link.similarity,
            "google": link.google,
            "wordnet": alpha * link.wordnet,
            "chosen": tag is not None and link.columns[1] == other,
        }
        for link in links
    ]
    longest = max((row["similarity"] for row in rows), default=1.0) or 1.0
    pair = None
    if tag is not None and other is not None and tag != other:
        pair = _pair(alike.link(tag, other, alpha), names[tag], names[other], alpha)
    return {"title": title, "sentence": sentence, "links": rows, "longest": longest, "pair": pair}


def _pair(link: TagPair, a: str, b: str, alpha: float) -> dict[str, Any]:
    opened = _opened()
    lines = (
        _meaning(explain_wordnet(a, b, opened))
        if opened
        else [f"Meaning: a distance of {link.wordnet:.2f} in WordNet, which is being opened to tell why."]
    )
    if math.isfinite(link.google):
        photos = "1 photo carries" if link.together == 1 else f"{link.together:,} photos carry"
        lines.insert(0, f"Used together: {photos} both, a Google distance of {link.google:.2f}.")
        distance = link.google + alpha * link.wordnet
        lines.append(f"Distance in all: {link.google:.2f} + {alpha:g} × {link.wordnet:.2f} = {distance:.2f}.")
    else:
        lines.insert(0, "Used together: no photo carries both, so they are not linked, whatever they mean.")
    title = f"{a} and {b}: {link.similarity:.2f}"
    return {"title": title, "lines": lines, "complete": opened is not None}


def _opened() -> WordNet | None:
    """Return WordNet, None while it is being opened; what went wrong is raised once, then it is tried again."""
    opening = wordnet()
    if not opening.done():
        return None
    if opening.exception():
        wordnet.cache_clear()
    return opening.result()


def _meaning(known: SharedMeaning | None) -> list[str]:
    if known is None:
        return ["Meaning: WordNet cannot compare them, which counts as a distance of 1."]
    first = f"Meaning: a distance of {1 - known.lin:.2f} in WordNet."
    if known.sense_a == known.sense_b:
        return [first, f"Both mean the same: {known.gloss_a}."]
    senses = [f"“{_word(known.sense_a)}”: {known.gloss_a}.", f"“{_word(known.sense_b)}”: {known.gloss_b}."]
    if known.subsumer is None or known.ic_subsumer == 0:
        return [first, *senses, "They have nothing in common but the most general ideas."]
    return [first, *senses, f"Both are a kind of “{_word(known.subsumer)}”: {known.subsumer_gloss}."]


def _word(sense: str) -> str:
    return sense.rsplit(".", 2)[0].replace("_", " ")
