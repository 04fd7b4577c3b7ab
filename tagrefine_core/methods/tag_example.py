"""TagExample: relevant positives by tags and neighbors, and negatives that the classifier gets wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.stats import rankdata

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.bagged_svm import (
    IntersectionKernel,
    Kernel,
    LinearKernel,
    TagModels,
    platt,
    unit_rows,
)
from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.semantic_field import context_similarity, tag_relevance
from tagrefine_core.methods.tag_images import FEWEST, FEWEST_NEGATIVES, TagImages, checked_columns, draw
from tagrefine_core.methods.votes import vote_blocks
from tagrefine_core.methods.wordnet_relations import words_and_wordnet

__all__ = ["TagExample", "borda"]

_FIRST_NEGATIVES = 500
_UNLABELED = (5_000, 10_000)
_SKIPPED = 0.01  # of the highest scored, which most likely show the tag
_SEPARATED = 1e-4


@dataclass(kw_only=True, eq=False, repr=False)
class TagExample(Method):
    """Learn each tag from the images that deserve it most, against negatives that are hard to tell apart.

    Positives are the best images of a tag by the mean of two rankings: closeness of the tag to the image's other
    tags, and votes of the image's neighbors. Negatives are chosen in rounds: each takes those of a random draw that
    the machines so far score highest, all but the top 1 %, and its machine joins the average. A sigmoid makes
    the decision a probability.

    Parameters
    ----------
    positives : int, default 500
        Images that a tag learns from at most.
    rounds : int, default 10
        Machines to average; fewer where a round finds hardly anything wrong.
    k : int, default 1000
        Neighbors that vote on positives.
    kernel : {"hik", "linear"} or None, default None
        Histogram intersection with a table of 50 bins, for features without negative values; or linear, which is
        more than ten times faster. None: "hik" where no feature is negative, else "linear".
    vocabulary : sequence of C str, optional
        The tags as WordNet lemmas. Without it, or without WordNet, related tags are known by co-occurrence alone,
        and a TagRefineWarning says so.
    label_columns : sequence of int, optional
        Tags to learn; the others have -inf. None: all, each of which takes up to ``rounds`` machines.
    seed : int, default 0
        Of the draws, at least 0.

    Attributes
    ----------
    kernel_ : Kernel
        As used.
    columns_ : (L,) int64 array
        Columns of the tags to learn.
    rounds_ : (L,) int64 array
        Machines of each.
    untrained_ : list of int
        Tags of fewer than five images, or without negatives: their score is their share of the images.
    """

    name: ClassVar[str] = "tag_example"
    title: ClassVar[str] = "TagExample"
    reference: ClassVar[str] = (
        "Li, Snoek, Classifying Tag Relevance with Relevant Positive and Negative Examples, ACM Multimedia 2013"
    )
    scale = "probability"

    positives: int = 500
    rounds: int = 10
    k: int = 1000
    kernel: Literal["hik", "linear"] | None = None
    vocabulary: Sequence[str] | None = None
    label_columns: Sequence[int] | None = None
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: neighbors, then one sample, the machines and the scores."""
        labels = tags if self.label_columns is None else len(self.label_columns)
        machines = 4 * dimensions * labels * (1 if self.kernel == "linear" else 50)
        neighbors = 16 * images * min(images, self.k)
        learning = 60 * tags**2 + 4 * _UNLABELED[1] * dimensions + 32 * 2500 * dimensions
        return max(neighbors, learning + machines, machines + 4 * images * tags) + 2**28

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(FEWEST, "positives")
        self._check_at_least(1, "rounds", "k")
        self._check_at_least(0, "seed")
        self.columns_ = checked_columns(self.label_columns, tags.shape[1])
        self.kernel_ = self._chosen_kernel(features)
        words = words_and_wordnet(
            self.vocabulary, tags.shape[1], otherwise="TagExample knows related tags by co-occurrence alone"
        )
        images = TagImages(tags, words, seed=self.seed)
        relevance = self._relevance(features, tags)
        by_tag = np.argsort(tags.indices, kind="stable")
        ends = np.cumsum(np.bincount(tags.indices, minlength=tags.shape[1]))
        self._models = TagModels(
            priors=np.diff(ends, prepend=0)[self.columns_] / tags.shape[0],
            dimensions=self.kernel_.encode(unit_rows(features, slice(0, 1))).shape[1],
        )
        self.rounds_, self.untrained_ = np.zeros(len(self.columns_), dtype=np.int64), []
        for place, tag in enumerate(self.columns_.tolist()):
            tagged, pool = images.split(tag)
            if len(tagged) < FEWEST or not len(pool):
                self.untrained_.append(tag)
            else:
                merit = borda(*relevance[:, by_tag[ends[tag] - len(tagged) : ends[tag]]])
                best = tagged[np.argsort(-merit, kind="stable")[: self.positives]]
                self._learn(place, features, np.sort(best), pool, images.generator(tag))
            self.progress("Training tags", place + 1, len(self.columns_))
        images.warn_of_fallbacks()

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        scores = np.full((len(features), self.tags_.shape[1]), -np.inf, dtype=np.float32)
        for rows in self._blocks(features):
            encoded = self.kernel_.encode(unit_rows(features, rows))
            scores[rows, self.columns_] = self._models.probabilities(encoded)
        return scores

    def _chosen_kernel(self, features: NDArray[Any]) -> Kernel:
        if self.kernel not in (None, "hik", "linear"):
            raise ConfigError(f"kernel is 'hik' or 'linear'; got {self.kernel!r}.")
        if self.kernel == "linear":
            return LinearKernel()
        low, high = np.full(features.shape[1], np.inf), np.full(features.shape[1], -np.inf)
        for rows in row_blocks(len(features), 16 * features.shape[1]):
            block = unit_rows(features, rows)
            np.minimum(low, block.min(axis=0), out=low)
            np.maximum(high, block.max(axis=0), out=high)
        if low.min() >= 0:
            return IntersectionKernel(low, high)
        if self.kernel == "hik":
            raise ConfigError("kernel='hik' needs features without negative values; use 'linear' or None.")
        return LinearKernel()

    def _relevance(self, features: NDArray[Any], tags: csr_matrix) -> NDArray[np.float64]:
        """Return (2, nnz): how close each tag of each image is to its others, and its neighbors' votes."""
        relevance = np.empty((2, tags.nnz))
        relevance[0] = tag_relevance(tags, context_similarity(tags))
        neighbors = self._neighbors(features, self.k, own=True)[0]
        row = np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr))
        for rows, votes in vote_blocks(neighbors, tags):
            here = slice(tags.indptr[rows.start], tags.indptr[rows.stop])
            relevance[1, here] = votes[row[here] - rows.start, tags.indices[here]]
        return relevance

    def _learn(
        self,
        place: int,
        features: NDArray[Any],
        positives: NDArray[np.int64],
        pool: NDArray[np.int64],
        generator: np.random.Generator,
    ) -> None:
        """Train the machines of a tag, by negative bootstrap, and its sigmoid."""
        count = len(positives)
        shown = unit_rows(features, positives)
        negatives = draw(generator, pool, max(_FIRST_NEGATIVES, count))
        weights = np.zeros(len(self._models.weights))
        for round_ in range(1, self.rounds + 1):
            if round_ > 1:
                unlabeled = draw(generator, pool, min(max(_UNLABELED[0], 10 * count), _UNLABELED[1]))
                decisions = self._decisions(features, unlabeled, weights)
                missed = np.mean(self._decisions(features, positives, weights) <= 0)
                if (missed + np.mean(decisions > 0)) / 2 < _SEPARATED:
                    break
                skipped = int(_SKIPPED * len(unlabeled))
                hardest = np.argsort(-decisions, kind="stable")[skipped:]
                negatives = np.sort(unlabeled[hardest[: max(FEWEST_NEGATIVES, count)]])
            sample = np.vstack((shown, unit_rows(features, negatives)))
            weights += (self.kernel_.train(sample, np.arange(len(sample)) < count) - weights) / round_
            self.rounds_[place] = round_
        rows = np.concatenate((positives, draw(generator, pool, max(5 * count, FEWEST_NEGATIVES))))
        decisions = self._decisions(features, rows, weights)
        self._models.put(place, weights, platt(decisions, np.arange(len(rows)) < count))

    def _decisions(
        self, features: NDArray[Any], rows: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return np.concatenate(
            [
                np.asarray(self.kernel_.encode(unit_rows(features, rows[block])) @ weights)
                for block in self._blocks(rows, features.shape[1])
            ]
        )

    def _blocks(self, rows: NDArray[Any], dimensions: int | None = None) -> list[slice]:
        # An encoding for the table takes two weights with their columns for every dimension.
        return row_blocks(len(rows), 80 * (dimensions or rows.shape[1]))


def borda(*criteria: NDArray[np.float64]) -> NDArray[np.float64]:
    """Combine rankings of the same items by Borda's count: the mean of ``1 - rank / n``, ranks from 0.

    Parameters
    ----------
    *criteria : (n,) float64 arrays
        Higher is better; items that tie share the mean of their ranks.

    Returns
    -------
    (n,) float64 array
        From 0, exclusive, to 1.
    """
    ranks = rankdata(-np.stack(criteria), axis=1) - 1
    merit: NDArray[np.float64] = (1 - ranks / len(criteria[0])).mean(axis=0)
    return merit
