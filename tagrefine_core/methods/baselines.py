"""What any method has to beat: random scores, and the user tags as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.methods.base import Method

__all__ = ["RandomGuess", "UserTags"]

_SURVEY = "Li et al., Socializing the Semantic Gap, ACM Computing Surveys 49(1), 2016"


@dataclass(kw_only=True, eq=False, repr=False)
class RandomGuess(Method):
    """Score every tag of every image uniformly at random.

    The paper takes eighty runs. Average the measures of runs with different seeds, not their scores: the
    mean of random scores is one more random ranking.

    Parameters
    ----------
    seed : int, default 0
        At least 0.
    """

    name: ClassVar[str] = "random_guess"
    title: ClassVar[str] = "RandomGuess"
    reference: ClassVar[str] = _SURVEY

    seed: int = 0

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: the scores."""
        return 4 * images * tags

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(0, "seed")

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        generator = np.random.default_rng(self.seed)
        return generator.random((len(features), self.tags_.shape[1]), dtype=np.float32)


@dataclass(kw_only=True, eq=False, repr=False)
class UserTags(Method):
    """Score the tags that the user gave above those that the user did not give.

    Parameters
    ----------
    scores : {"binary", "position"} or None, default None
        1 for a given tag and 0 for any other; or ``1 / (1 + place)``, so that a tag named earlier counts more.
        None: "position" where ``positions`` are given, else "binary".
    positions : (N, C) sparse matrix of int, optional
        1-based place of each tag in the user's own list, for the images that `refine` gets, in their order;
        nothing is stored where the user gave no tag.
    """

    name: ClassVar[str] = "user_tags"
    title: ClassVar[str] = "UserTags"
    reference: ClassVar[str] = _SURVEY
    annotates: ClassVar[bool] = False

    scores: Literal["binary", "position"] | None = None
    positions: Any = None

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: the scores."""
        return 4 * images * tags

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        if self.scores not in (None, "binary", "position"):
            raise ConfigError(f"scores is 'binary' or 'position'; got {self.scores!r}.")
        if self.scores == "position" and self.positions is None:
            raise ConfigError(
                "scores='position' needs positions, the places of the tags in the users' lists."
            )

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        assert tags is not None
        by_place = self.scores == "position" or (self.scores is None and self.positions is not None)
        values = self._by_place(tags) if by_place else np.ones(tags.nnz, dtype=np.float32)
        scores: NDArray[np.float32] = csr_matrix((values, tags.indices, tags.indptr), tags.shape).toarray()
        return scores

    def _by_place(self, tags: csr_matrix) -> NDArray[np.float32]:
        """Return ``1 / (1 + place)`` of every stored tag, in the order of the matrix."""
        places = (
            csr_matrix(self.positions) if issparse(self.positions) else csr_matrix(np.asarray(self.positions))
        )
        if places.shape != tags.shape:
            raise DataError(
                f"positions have shape {places.shape} but the tags {tags.shape}; give the places of these images."
            )
        if places.nnz and places.data.min() < 1:
            raise DataError(f"Places in the user's list start at 1; found {places.data.min()}.")
        rows = np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr))
        place = np.asarray(places[rows, tags.indices]).ravel() if tags.nnz else np.empty(0)
        if (place == 0).any():
            row, column = rows[place == 0][0], tags.indices[place == 0][0]
            raise DataError(f"Image {row} has tag {column}, but positions hold no place for it.")
        return (1.0 / (1.0 + place)).astype(np.float32)
