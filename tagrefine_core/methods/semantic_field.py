"""SemanticField: a user's tag is relevant when it is close in meaning to the other tags of the image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.wordnet_relations import words_and_wordnet, wu_palmer
from tagrefine_core.tags import google_distance

__all__ = ["SemanticField", "context_similarity", "tag_relevance"]

_SIMILARITIES = ("wordnet", "context", "mean", "product")
# Decay of the context similarity by the size of the image set, as the survey's implementation has it.
_DECAY = {10_000: 1.512, 100_000: 1.262, 1_000_000: 1.18}


@dataclass(kw_only=True, eq=False, repr=False)
class SemanticField(Method):
    """Score each tag of an image by its mean similarity to all tags of the image, itself included.

    Only tags that the user gave have a score, and with WordNet only those that it has; the others are -inf.

    Parameters
    ----------
    similarity : {"wordnet", "context", "mean", "product"}, default "wordnet"
        Wu and Palmer's over first senses, `context_similarity`, or both averaged or multiplied.
    gamma : float or None, default None
        Decay of the context similarity, positive; None: by the size of the image set.
    vocabulary : sequence of C str, optional
        The tags as WordNet lemmas. Without it, or without WordNet, the similarity is "context" and a
        TagRefineWarning says so.

    Attributes
    ----------
    similarity_ : (C, C) float64 array
        From 0 to 1; rows of tags that have no score are 0.
    """

    name: ClassVar[str] = "semantic_field"
    title: ClassVar[str] = "SemanticField"
    reference: ClassVar[str] = (
        "Zhu, Ngo, Jiang, Sampling and Ontologically Pooling Web Images, IEEE Trans. Multimedia 14(4), 2012"
    )
    annotates: ClassVar[bool] = False
    assigned_only: ClassVar[bool] = True

    similarity: Literal["wordnet", "context", "mean", "product"] = "wordnet"
    gamma: float | None = None
    vocabulary: Sequence[str] | None = None

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: distances between tags, and the scores."""
        return 60 * tags**2 + 4 * images * tags + 2**27

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if self.similarity not in _SIMILARITIES:
            raise ConfigError(f"similarity is one of {', '.join(_SIMILARITIES)}; got {self.similarity!r}.")
        self._check_positive("gamma")
        words = None
        if self.similarity != "context":
            words = words_and_wordnet(
                self.vocabulary, tags.shape[1], otherwise="SemanticField uses the context similarity instead"
            )
        self.similarity_ = (
            context_similarity(tags, gamma=self.gamma) if words is None else self._with_wordnet(tags, *words)
        )

    def _with_wordnet(self, tags: csr_matrix, words: Sequence[str], wordnet: Any) -> NDArray[np.float64]:
        near = wu_palmer(words, wordnet)
        if self.similarity == "wordnet":
            return near
        context = context_similarity(tags, gamma=self.gamma)
        both = near * context if self.similarity == "product" else (near + context) / 2
        unknown = near.diagonal() == 0
        both[unknown] = 0
        both[:, unknown] = 0
        return both

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        assert tags is not None
        scores = np.full(tags.shape, -np.inf, dtype=np.float32)
        row = np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr))
        scores[row, tags.indices] = tag_relevance(tags, self.similarity_)
        return scores


def context_similarity(tags: csr_matrix, *, gamma: float | None = None) -> NDArray[np.float64]:
    """Compute ``exp(-gamma NGD)``, the Flickr context similarity of Jiang, Ngo and Chang (2009).

    Parameters
    ----------
    tags : (N, C) csr matrix of 0 and 1
        Whose co-occurrence gives the Google distance (eq. 3 of the paper).
    gamma : float or None
        None: 1.512, 1.262 or 1.18 for N near 10,000, 100,000 or 1,000,000 images.

    Returns
    -------
    (C, C) float64 array
        From 0, for tags that never meet, to 1, on the diagonal.
    """
    if gamma is None:
        gamma = _DECAY[min(_DECAY, key=lambda size: abs(np.log(size / tags.shape[0])))]
    distance = google_distance(tags)
    return np.exp(np.multiply(distance, -gamma, out=distance), out=distance)


def tag_relevance(tags: csr_matrix, similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average, for every tag of every image, its similarity to the tags of that image.

    Parameters
    ----------
    tags : (N, C) csr matrix of 0 and 1
    similarity : (C, C) float64 array
        With a zero on the diagonal for tags to leave out.

    Returns
    -------
    (nnz,) float64 array
        In the order of the matrix's stored entries; -inf for tags that are left out.
    """
    takes_part = similarity.diagonal() > 0
    relevance = np.empty(tags.nnz)
    for rows in row_blocks(tags.shape[0], 16 * tags.shape[1]):
        given = tags[rows].astype(np.float64)
        row = np.repeat(np.arange(given.shape[0]), np.diff(given.indptr))
        counted = given @ takes_part.astype(np.float64)
        sums = (given @ similarity)[row, given.indices]
        here = slice(tags.indptr[rows.start], tags.indptr[rows.stop])
        relevance[here] = np.where(takes_part[given.indices], sums / np.maximum(counted, 1)[row], -np.inf)
    return relevance
