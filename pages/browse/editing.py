"""What Browse needs to edit tags: words that complete what is typed, and selections of photos with what is on them."""

from collections import Counter
from functools import lru_cache
from typing import Any

from pages.browse.view import View
from pages.routes.answers import sent_rows
from tagrefine_core.collections import Collection, keep_selection
from tagrefine_core.refinement.carried import Carried
from tagrefine_core.refinement.photo_table import Catalog
from tagrefine_core.refinement.words import Words

__all__ = ["complete", "select_photos"]

_TOLD = 400  # words that are on the photos of a selection


def complete(of: View, text: str) -> dict[str, Any]:
    """Return tags that begin like a text, and the one that it stands for already, else None."""
    own = _own_words(of)
    words = _words(of.collection, of.table.catalog)
    found = words.complete(text, own)
    return {
        "options": [{"tag": one.tag, "uses": one.uses, "spelled": one.spelled} for one in found],
        "known": words.known(text, own),
    }


def select_photos(of: View, bits: bytes) -> dict[str, Any]:
    """Keep the photos whose bits are set and return the name of the selection, with the words that they carry by how many do.

    Raises
    ------
    ConfigError
        When there are not as many bits as photos, in whole bytes.
    CollectionError
        When none is set.
    """
    rows = sent_rows(bits, of.collection.n)
    name = keep_selection(of.collection, rows)
    on = Carried(of.collection, of.changes, of.verdicts).on(rows)
    return {"name": name, "photos": len(rows), "tags": list(on.items())[:_TOLD]}


def _own_words(of: View) -> Counter[str]:
    """Count the words outside the vocabulary that people added."""
    given = of.verdicts.words.values()
    return Counter(word for said in given for word, verdict in said.items() if verdict == "accept")


@lru_cache(maxsize=2)
def _words(collection: Collection, catalog: Catalog) -> Words:
    return Words(collection, catalog)
