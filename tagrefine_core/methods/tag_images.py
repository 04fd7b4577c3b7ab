"""Which images teach a tag: those that carry it, and those that most likely do not show it."""

import math
import warnings
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix
from scipy.stats import rankdata

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.methods.wordnet_relations import narrower_tags
from tagrefine_core.tags import WordNet, google_distance

__all__ = ["FEWEST", "FEWEST_NEGATIVES", "TagImages", "checked_columns", "draw"]

FEWEST = 5
"""Tagged images below which a tag gets no model but its prior."""

FEWEST_NEGATIVES = 1000
"""Images without the tag that a machine learns from at least, where there are as many."""

_CLOSEST = 100


class TagImages:
    """Which images serve as positives and negatives of a tag.

    Negatives are images without any tag of the "virtual annotator" of Li and Snoek (2013): the tag, its
    synonyms and hyponyms, and the tags nearest to it by Google distance: 100 of them, or 5 % where that is fewer.
    A tag whose distance is 1 or more is no more frequent with it than by chance, and is not counted as near.

    Parameters
    ----------
    tags : (N, C) csr matrix of 0 and 1
    words : (vocabulary, WordNet) or None
        None leaves out synonyms and hyponyms.
    seed : int
        Of all draws. Those of a tag depend on its images too, but not on its column.
    """

    def __init__(self, tags: csr_matrix, words: tuple[Sequence[str], WordNet] | None, *, seed: int) -> None:
        self._tags = tags.astype(np.int32)
        self._by_tag = csc_matrix(tags)
        self._seed = seed
        self._fallbacks: set[int] = set()
        self._short: set[int] = set()
        distance = google_distance(tags)
        np.fill_diagonal(distance, np.inf)
        closest = min(_CLOSEST, math.ceil(0.05 * len(distance)))
        self._annotator = (rankdata(distance, method="min", axis=1) <= closest) & (distance < 1)
        if words is not None:
            self._annotator |= narrower_tags(*words)
        np.fill_diagonal(self._annotator, True)

    def tagged(self, tag: int) -> NDArray[np.int64]:
        """Return the images that carry a tag, ascending."""
        start, end = self._by_tag.indptr[tag : tag + 2]
        rows: NDArray[np.int64] = self._by_tag.indices[start:end].astype(np.int64)
        return rows

    def split(self, tag: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the images that carry a tag and those that are taken for not showing it, both ascending.

        Where no image is free of the virtual annotator's tags, all images without the tag itself are taken.
        """
        tagged = self.tagged(tag)
        if len(tagged) < FEWEST:
            return tagged, np.empty(0, dtype=np.int64)
        negatives = np.flatnonzero(self._tags @ self._annotator[tag].astype(np.int32) == 0)
        if 0 < len(negatives) < FEWEST_NEGATIVES:
            self._short.add(tag)
        if not len(negatives):
            negatives = np.setdiff1d(np.arange(self._tags.shape[0]), tagged)
            if len(negatives):
                self._fallbacks.add(tag)
        return tagged, negatives

    def warn_of_fallbacks(self) -> None:
        """Warn, at the end of a fit, of tags whose negatives may carry related tags, or are few."""
        if self._fallbacks:
            warnings.warn(
                f"{len(self._fallbacks)} tags have no image that is free of related tags, so they learn from all "
                "images without the tag itself.",
                TagRefineWarning,
                stacklevel=4,
            )
        if self._short:
            warnings.warn(
                f"{len(self._short)} tags have fewer than {FEWEST_NEGATIVES:,} images that are free of related tags; "
                "their machines all learn from the same.",
                TagRefineWarning,
                stacklevel=4,
            )

    def generator(self, tag: int) -> np.random.Generator:
        """Return the source of random draws for a tag."""
        return np.random.default_rng([self._seed, self.fingerprint(tag)])

    def fingerprint(self, tag: int) -> int:
        """Return a number that tells tags apart by their images, wherever their columns are."""
        return zlib.crc32(self.tagged(tag).tobytes())


def draw(generator: np.random.Generator, rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Draw rows without replacement, all where there are not enough, and return them ascending."""
    if len(rows) <= count:
        return rows
    return np.sort(generator.choice(rows, count, replace=False))


def checked_columns(label_columns: Sequence[int] | None, columns: int) -> NDArray[np.int64]:
    """Return the columns to learn, all where none are named.

    Raises
    ------
    ConfigError
        When one is no column or is named twice.
    """
    if label_columns is None:
        return np.arange(columns)
    chosen = np.asarray(label_columns, dtype=np.int64)
    if chosen.ndim != 1 or not len(chosen) or len(np.unique(chosen)) < len(chosen):
        raise ConfigError("label_columns must name at least one column and none twice.")
    if chosen.min() < 0 or chosen.max() >= columns:
        raise ConfigError(
            f"label_columns must be from 0 to {columns - 1}; got {chosen.min()} to {chosen.max()}."
        )
    return chosen
