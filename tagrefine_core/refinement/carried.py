"""Which photos carry a word as it would be handed out now: after what a run suggests, and after what people said."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.refinement.changes import Changes
from tagrefine_core.refinement.stored import column_of
from tagrefine_core.refinement.verdicts import ACCEPT, Verdicts

__all__ = ["Carried"]


class Carried:
    """The words on photos.

    Parameters
    ----------
    collection : Collection
        Of N photos and C tags.
    changes : Changes
        What a run and people make of its tags.
    verdicts : Verdicts
        What people said; of words outside the vocabulary nobody else says anything.
    """

    def __init__(self, collection: Collection, changes: Changes, verdicts: Verdicts) -> None:
        self.collection = collection
        self.verdicts = verdicts
        self._parts: tuple[sparse.csr_matrix, ...] = (changes.kept, changes.added, changes.untold)

    def having(self, word: str) -> NDArray[np.bool_]:
        """Return which photos carry a tag, or a word that was left out of the vocabulary, (N,)."""
        mask = np.zeros(self.collection.n, dtype=bool)
        if word in self.collection.vocabulary:
            column = self.collection.vocabulary.index(word)
            for part in self._parts:
                mask[column_of(part, column)[0]] = True
            return mask
        if word in (spellings := self.collection.spellings):
            mask[column_of(self.collection.raw, spellings.index(word))[0]] = True
        for row, said in self.verdicts.words.items():
            if said.get(word) in ("accept", "reject"):  # who was not sure leaves it as it is
                mask[row] = said[word] == "accept"
        return mask

    def accepted(self, word: str) -> NDArray[np.bool_]:
        """Return of which photos somebody said that a word fits, (N,)."""
        mask = np.zeros(self.collection.n, dtype=bool)
        if word in self.collection.vocabulary:
            rows, said = column_of(self.verdicts.matrix, self.collection.vocabulary.index(word))
            mask[rows[said == ACCEPT]] = True
            return mask
        mask[[row for row, said in self.verdicts.words.items() if said.get(word) == "accept"]] = True
        return mask

    def on(self, rows: NDArray[np.integer]) -> dict[str, int]:
        """Return the words that some photos carry, and how many of them do; the most frequent first, then by name.

        Parameters
        ----------
        rows : int (n,)
            Each once.
        """
        names = self.collection.vocabulary
        counts = np.zeros(len(names), dtype=np.int64)
        for part in self._parts:
            counts += np.bincount(part[rows].indices, minlength=len(names))
        found = {names[column]: int(counts[column]) for column in np.flatnonzero(counts)}
        spellings, dropped = self.collection.spellings, self.collection.dropped
        written = np.bincount(self.collection.raw[rows].indices, minlength=len(spellings))
        for number in np.flatnonzero(written * dropped):
            found[spellings[number]] = int(written[number])
        chosen = np.zeros(self.collection.n, dtype=bool)
        chosen[rows] = True
        for row, said in self.verdicts.words.items():
            if not chosen[row]:
                continue
            own = self.collection.raw_tags(row)
            for word, verdict in said.items():
                change = int(verdict == "accept" and word not in own) - int(
                    verdict == "reject" and word in own
                )
                found[word] = found.get(word, 0) + change
        return dict(sorted(((word, n) for word, n in found.items() if n), key=lambda one: (-one[1], one[0])))
