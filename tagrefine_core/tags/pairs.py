"""The similarity xi of a collection's tags, to look at: cached distances, clustered order, tables of pairs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from tagrefine_core.collections import Collection
from tagrefine_core.errors import DataError
from tagrefine_core.files import kept_array
from tagrefine_core.tags import google_distance, similarity_matrix, tag_distance, wordnet_distance

__all__ = ["TagPair", "TagSimilarity", "clustered_order"]

_OPTIMAL = 500  # more tags: ordering the leaves of the tree optimally would take minutes


@dataclass(frozen=True)
class TagPair:
    """How alike two tags are, and why.

    Attributes
    ----------
    columns : (int, int)
        Their places in the vocabulary.
    similarity : float
        xi of eq. 5, in [0, 1].
    google : float
        Google distance (eq. 3); infinite when no photo has both.
    wordnet : float
        WordNet distance, in [0, 1], before it is multiplied by alpha.
    together : int
        Photos with both tags.
    """

    columns: tuple[int, int]
    similarity: float
    google: float
    wordnet: float
    together: int


class TagSimilarity:
    """Similarity of C tags for any weight alpha of the WordNet part (eq. 3 to 5).

    Parameters
    ----------
    tags : csr (N, C)
        The users' tags, 0 or 1.
    google, wordnet : float64 (C, C)
        The two distances; may be memory-mapped.
    """

    def __init__(
        self, tags: sparse.csr_matrix, google: NDArray[np.float64], wordnet: NDArray[np.float64]
    ) -> None:
        if not google.shape == wordnet.shape == (tags.shape[1], tags.shape[1]):
            raise DataError(
                f"Both distances must have shape {(tags.shape[1], tags.shape[1])}; "
                f"got {google.shape} and {wordnet.shape}."
            )
        self.google = google
        self.wordnet = wordnet
        self._columns = tags.tocsc()
        self._xi: tuple[float, NDArray[np.float64]] | None = None

    @classmethod
    def open(cls, home: Path, collection: Collection) -> "TagSimilarity":
        """Read the distances of a collection from the home's cache, computed first when missing.

        Raises
        ------
        WordNetMissing
            When they have to be computed and WordNet is not on this machine.
        """
        folder = home / "cache" / "similarity" / collection.data_hash
        google = kept_array(folder / "google.npy", lambda: google_distance(collection.tags))
        wordnet = kept_array(folder / "wordnet.npy", lambda: wordnet_distance(collection.vocabulary))
        return cls(collection.tags, google, wordnet)

    def xi(self, alpha: float) -> NDArray[np.float64]:
        """Return the similarity, float64 (C, C), zero on the diagonal; the last one is kept."""
        if self._xi is None or self._xi[0] != alpha:
            self._xi = alpha, similarity_matrix(tag_distance(self.google, self.wordnet, alpha))
        return self._xi[1]

    def levels(self, alpha: float) -> tuple[NDArray[np.uint8], float]:
        """Return the similarity in 256 levels, uint8 (C, C), and the similarity of level 255."""
        xi = self.xi(alpha)
        peak = float(xi.max(initial=0.0)) or 1.0
        return np.rint(xi * (255.0 / peak)).astype(np.uint8), peak

    def most_similar(self, column: int, alpha: float, top: int) -> list[TagPair]:
        """List the tags most similar to one, the most similar first, without those of similarity 0."""
        row = self.xi(alpha)[column]
        best = np.argsort(-row, kind="stable")[:top]
        return [self.link(column, int(other), alpha) for other in best if row[other] > 0]

    def strongest(self, alpha: float, top: int) -> list[TagPair]:
        """List the most similar pairs of the whole vocabulary."""
        xi = self.xi(alpha)
        # The best of each row suffices to find the rows worth reading whole.
        rows = np.argsort(-xi.max(axis=1, initial=0.0), kind="stable")[: 2 * top]
        pairs = {
            (min(int(row), int(other)), max(int(row), int(other))): float(xi[row, other])
            for row in rows
            for other in np.argsort(-xi[row], kind="stable")[:top]
            if xi[row, other] > 0
        }
        best = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:top]
        return [self.link(a, b, alpha) for a, b in best]

    def link(self, a: int, b: int, alpha: float) -> TagPair:
        """Return how alike two tags are."""
        return TagPair(
            columns=(a, b),
            similarity=float(self.xi(alpha)[a, b]),
            google=float(self.google[a, b]),
            wordnet=float(self.wordnet[a, b]),
            together=self._columns[:, a].multiply(self._columns[:, b]).nnz,
        )


def clustered_order(xi: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order tags so that similar ones lie side by side: the leaves of an average-linkage tree.

    Parameters
    ----------
    xi : float64 (C, C)
        Symmetric similarities in [0, 1].

    Returns
    -------
    int64 (C,)
        Columns in their new order.
    """
    if len(xi) < 3:
        return np.arange(len(xi))
    apart = squareform(1.0 - xi, checks=False)
    tree = linkage(apart, method="average")
    if len(xi) <= _OPTIMAL:
        tree = optimal_leaf_ordering(tree, apart)
    return np.asarray(leaves_list(tree), dtype=np.int64)
