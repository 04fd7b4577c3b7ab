"""The words that somebody may mean who begins to type a tag."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tagrefine_core.collections import Collection
from tagrefine_core.refinement.photo_table import Catalog

__all__ = ["Completion", "Words"]


class Completion(NamedTuple):
    """A tag, on how many photos people wrote it, and the spelling that leads to it where that is what was typed."""

    tag: str
    uses: int
    spelled: str = ""


class Words:
    """The tags and spellings of a collection, ready to be looked up at every key.

    Parameters
    ----------
    collection : Collection
    catalog : Catalog
        Of the same collection: which tag a spelling stands for.
    """

    def __init__(self, collection: Collection, catalog: Catalog) -> None:
        self._catalog = catalog
        uses = np.bincount(collection.tags.indices, minlength=len(collection.vocabulary))
        self._uses = dict(zip(collection.vocabulary, uses.tolist(), strict=True))
        self._by_use = sorted(collection.vocabulary, key=lambda tag: (-self._uses[tag], tag))
        self._plain = {tag: _plain(tag) for tag in collection.vocabulary}
        merged = ((_plain(one.raw), one.raw, tag) for one in collection.tag_records for tag in one.tags)
        self._spellings = sorted((plain, raw, tag) for plain, raw, tag in merged if plain != self._plain[tag])

    def known(self, text: str, own: Mapping[str, int]) -> str | None:
        """Return the tag that a text stands for, or the text itself where users or people (``own``) gave it; None for a new word."""
        text = text.strip()
        column = self._catalog.find_column(text) if text else None
        if column is not None:
            return self._catalog.vocabulary[column]
        same = {word.lower(): word for word in own}.get(text.lower())
        return same or (text if text and self._catalog.knows(text) else None)

    def complete(self, text: str, own: Mapping[str, int], *, most: int = 8) -> list[Completion]:
        """Return what a text may become: tags that begin with it, then those of which a word does, then spellings that lead to a tag.

        Each group by use. A text without letters gives the tags used the most.

        Parameters
        ----------
        text : str
        own : mapping of str to int
            Words that people gave, which are no tags of the vocabulary, and on how many photos.
        most : int
        """
        plain = _plain(text)
        found: dict[str, Completion] = {}
        mine = sorted(own, key=lambda word: (-own[word], word))
        for begins in (str.startswith, _has_word):
            for word in mine:
                if begins(_plain(word), plain):
                    found.setdefault(word, Completion(word, own[word]))
            for tag in self._by_use:
                if len(found) >= most:
                    break
                if begins(self._plain[tag], plain):
                    found.setdefault(tag, Completion(tag, self._uses[tag]))
        at = bisect_left(self._spellings, (plain, "", ""))
        for spelled, raw, tag in self._spellings[at : at + 20 * most]:
            if len(found) >= most or not spelled.startswith(plain):
                break
            found.setdefault(tag, Completion(tag, self._uses[tag], raw))
        return list(found.values())[:most]


def _plain(text: str) -> str:
    return text.strip().lower().replace("_", " ").replace("-", " ")


def _has_word(text: str, beginning: str) -> bool:
    return f" {beginning}" in text
