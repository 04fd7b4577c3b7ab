"""TagFeature: one support vector machine a tag, on features joined by the probabilities of popular tags."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.bagged_svm import LinearKernel, TagModels, platt, unit_rows
from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.tag_images import FEWEST, FEWEST_NEGATIVES, TagImages, checked_columns, draw
from tagrefine_core.methods.wordnet_relations import words_and_wordnet

__all__ = ["TagFeature"]

# What tags say of the photograph and not of what it shows.
_PHOTOGRAPHY = re.compile(
    r"photo|picture|camera|canon|nikon|olympus|pentax|leica|kodak|lumix|dslr|flickr|lens\b"
)


@dataclass(kw_only=True, eq=False, repr=False)
class TagFeature(Method):
    """Learn a machine for each tag from visual features together with the probabilities of popular tags.

    In the survey's form: for each of the most frequent tags, several machines are trained on the same tagged
    images against different draws of negatives, and averaged; a sigmoid makes them probabilities. These, with sum 1,
    are appended to the features at unit length, and the same recipe gives the machine of every tag.

    Parameters
    ----------
    popular : int, default 400
        Tags whose probabilities are appended: the most frequent, those with an unfit name or few users last.
    positives : int, default 500
        Tagged images that a tag learns from at most, drawn at random.
    bags : int, default 5
        Machines to average.
    min_users : int, default 100
        Users of a popular tag, where users are given to `fit`.
    crossfit : int or None, default None
        Take the popular tags' probabilities of fitted images from models that did not learn from the image, with so
        many folds (at least 2). None, as published: from models that have seen its own tags.
    vocabulary : sequence of C str, optional
        The tags as WordNet lemmas. Without it, or without WordNet, popular tags are chosen by frequency and
        negatives by co-occurrence alone, and a TagRefineWarning says so.
    label_columns : sequence of int, optional
        Tags to learn; the others have -inf. None: all, each of which takes ``bags`` machines.
    seed : int, default 0
        Of the draws, at least 0.

    Attributes
    ----------
    popular_ : (P,) int64 array
        Columns of the popular tags.
    columns_ : (L,) int64 array
        Columns of the tags to learn.
    untrained_ : list of int
        Those of fewer than five images, or without negatives: their score is their share of the images.
    """

    name: ClassVar[str] = "tag_feature"
    title: ClassVar[str] = "TagFeature"
    reference: ClassVar[str] = (
        "Chen, Xu, Tsang, Luo, Tag-Based Image Retrieval Improved by Augmented Features and Group-Based Refinement, "
        "IEEE Trans. Multimedia 14(4), 2012; in the form of Li et al., ACM Computing Surveys 49(1), 2016"
    )
    scale = "probability"

    popular: int = 400
    positives: int = 500
    bags: int = 5
    min_users: int = 100
    crossfit: int | None = None
    vocabulary: Sequence[str] | None = None
    label_columns: Sequence[int] | None = None
    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: one sample, the machines, distances between tags, the scores."""
        wide = dimensions + min(self.popular, tags)
        labels = tags if self.label_columns is None else len(self.label_columns)
        sample = 30 * 3 * max(self.positives, FEWEST_NEGATIVES) * wide
        own = 8 * images * min(self.popular, tags) if self.crossfit else 0
        return (
            max(60 * tags**2, sample) + 4 * wide * (self.popular + labels) + own + 4 * images * tags + 2**27
        )

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(1, "popular", "bags")
        self._check_at_least(FEWEST, "positives")
        self._check_at_least(0, "min_users", "seed")
        if self.crossfit is not None and self.crossfit < 2:
            raise ConfigError(f"crossfit must be at least 2 folds, or None; got {self.crossfit}.")
        self.columns_ = checked_columns(self.label_columns, tags.shape[1])
        words = words_and_wordnet(
            self.vocabulary,
            tags.shape[1],
            otherwise="TagFeature chooses popular tags by frequency and negatives by co-occurrence alone",
        )
        self._images = TagImages(tags, words, seed=self.seed)
        self._priors = np.bincount(tags.indices, minlength=tags.shape[1]) / tags.shape[0]
        self.popular_ = self._most_popular(tags, words, users)
        self._own = self._crossfitted(features) if self.crossfit else None
        everyone = np.ones(len(features), dtype=bool)
        self._popular, _ = self._train(
            self.popular_, features.shape[1], lambda rows: unit_rows(features, rows), everyone, "popular tags"
        )

        def augmented(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            return self._augmented(features, rows, own=True)

        self._models, self.untrained_ = self._train(
            self.columns_, features.shape[1] + len(self.popular_), augmented, everyone, "tags"
        )
        self._images.warn_of_fallbacks()

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        scores = np.full((len(features), self.tags_.shape[1]), -np.inf, dtype=np.float32)
        for rows in row_blocks(len(features), 16 * (len(self._models.weights) + len(self.columns_))):
            scores[rows, self.columns_] = self._models.probabilities(self._augmented(features, rows, own=own))
        return scores

    def _most_popular(
        self, tags: csr_matrix, words: tuple[Sequence[str], Any] | None, users: Sequence[Any] | None
    ) -> NDArray[np.int64]:
        frequency = np.bincount(tags.indices, minlength=tags.shape[1])
        fit = np.ones(tags.shape[1], dtype=bool)
        if words is not None:
            fit &= [_names_a_thing(word) and bool(_known(word, words[1])) for word in words[0]]
        if users is not None:
            for tag in np.flatnonzero(fit).tolist():
                fit[tag] = len({users[row] for row in self._images.tagged(tag)} - {None}) >= self.min_users
        candidates = np.flatnonzero(frequency >= FEWEST).tolist()
        # The fingerprint settles ties by the images of a tag, so that the order of columns does not matter.
        order = sorted(candidates, key=lambda t: (not fit[t], -frequency[t], self._images.fingerprint(t)))
        return np.array(order[: self.popular], dtype=np.int64)

    def _crossfitted(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return the popular tags' probabilities of fitted images, each from models of the other folds."""
        assert self.crossfit is not None
        fold = np.random.default_rng(self.seed).permutation(len(features)) % self.crossfit
        own = np.empty((len(features), len(self.popular_)), dtype=np.float32)
        for each in range(self.crossfit):
            models, _ = self._train(
                self.popular_,
                features.shape[1],
                lambda rows: unit_rows(features, rows),
                fold != each,
                f"popular tags, fold {each + 1} of {self.crossfit}",
            )
            rows = np.flatnonzero(fold == each)
            for block in row_blocks(len(rows), 8 * features.shape[1]):
                own[rows[block]] = models.probabilities(unit_rows(features, rows[block]))
        return own

    def _augmented(
        self, features: NDArray[Any], rows: NDArray[np.int64] | slice, *, own: bool
    ) -> NDArray[np.float32]:
        visual = unit_rows(features, rows)
        if own and self._own is not None:
            probabilities = self._own[rows]
        else:
            probabilities = self._popular.probabilities(visual)
        total = probabilities.sum(axis=1, keepdims=True)
        return np.hstack((visual, probabilities / np.where(total > 0, total, 1)))

    def _train(
        self,
        columns: NDArray[np.int64],
        dimensions: int,
        vectors: Callable[[NDArray[np.int64]], NDArray[np.float32]],
        usable: NDArray[np.bool_],
        what: str,
    ) -> tuple[TagModels, list[int]]:
        """Train a bagged machine for each column on the usable images; also return those that got none."""
        models, untrained = TagModels(priors=self._priors[columns], dimensions=dimensions), []
        for place, tag in enumerate(columns.tolist()):
            tagged, pool = (rows[usable[rows]] for rows in self._images.split(tag))
            if len(tagged) < FEWEST or not len(pool):
                untrained.append(tag)
            else:
                models.put(place, *self._bagged(vectors, tagged, pool, self._images.generator(tag)))
            self.progress(f"Training {what}", place + 1, len(columns))
        return models, untrained

    def _bagged(
        self,
        vectors: Callable[[NDArray[np.int64]], NDArray[np.float32]],
        tagged: NDArray[np.int64],
        pool: NDArray[np.int64],
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.float64], tuple[float, float]]:
        rows = draw(generator, tagged, self.positives)
        positives = vectors(rows)

        def against(count: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
            sample = np.vstack((positives, vectors(draw(generator, pool, max(count, FEWEST_NEGATIVES)))))
            return sample, np.arange(len(sample)) < len(rows)

        weights = np.mean([LinearKernel().train(*against(len(rows))) for _ in range(self.bags)], axis=0)
        sample, positive = against(5 * len(rows))
        return weights, platt(sample @ weights, positive)


def _names_a_thing(word: str) -> bool:
    return len(word) >= 3 and not any(map(str.isdigit, word)) and not _PHOTOGRAPHY.search(word)


def _known(word: str, wordnet: Any) -> bool:
    return any(wordnet.senses(word, part) for part in "nvasr")
