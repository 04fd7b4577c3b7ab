"""Votes of the nearest images: KNN and TagVote."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.methods.base import Method, neighbor_matrix, row_blocks

__all__ = ["KNN", "TagVote", "vote_blocks"]

_TRIED = (25, 50, 100, 200, 500, 1000)


@dataclass(kw_only=True, eq=False, repr=False)
class KNN(Method):
    """Score a tag by the share of an image's nearest neighbors that carry it (the paper's baseline).

    Parameters
    ----------
    k : int, default 1000
        Neighbors that vote, cut to those that there are. The survey's 1000 is for 10,000 images and more.
    metric : {"cosine", "euclidean"}, default "cosine"
        How far two images are from each other.
    """

    name: ClassVar[str] = "knn"
    title: ClassVar[str] = "KNN"
    reference: ClassVar[str] = "Makadia, Pavlovic, Kumar, Baselines for Image Annotation, IJCV 90(1), 2010"
    weighted: ClassVar[bool] = True
    leaves_out: ClassVar[bool] = True

    k: int = 1000
    metric: Literal["cosine", "euclidean"] = "cosine"

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the numbers of neighbors that are fewer than the images."""
        return {"k": [k for k in _TRIED if k < images] or [max(1, images - 1)]}

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: neighbors with their distances, then the scores."""
        return max(16 * images * self.k, 8 * images * self.k + 4 * images * tags) + 2**28

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(1, "k")
        _check(self.k, self.metric, len(features))

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        neighbors = self._neighbors(features, self.k, own=own, metric=self.metric)[0]
        scores = np.empty((len(features), self.tags_.shape[1]), dtype=np.float32)
        for rows, votes in vote_blocks(neighbors, self.tags_):
            scores[rows] = votes / max(1, neighbors.shape[1])
        return scores


@dataclass(kw_only=True, eq=False, repr=False)
class TagVote(Method):
    """Score a tag by the votes of the neighbors, less those that chance would give it.

    ``s(x, t) = votes(x, t) - k n_t / N``, where ``n_t`` of the N images carry t. Of several neighbors that
    one user owns only the nearest votes, so that an album with one tag for all is one voice.

    Parameters
    ----------
    k : int, default 1000
        Neighbors that vote, cut to those that there are.
    unique_users : bool, default True
        Let every user vote once; without users given to `fit`, or without any known user, all neighbors vote.
    pool : int or None, default None
        Nearest images among which k different users are looked for, at least k; None: the larger of 3000 and 3 k.
    prior_k : {"nominal", "actual"}, default "nominal"
        What chance is reckoned with where the pool holds fewer than k users: k as in the survey's
        implementation, or the voters that there were.
    metric : {"cosine", "euclidean"}, default "cosine"
        How far two images are from each other.

    Attributes
    ----------
    unique_users_ : bool
        Whether users vote once; worth recording with the results.
    prior_ : (C,) float64 array
        Share of the images that carry each tag.
    """

    name: ClassVar[str] = "tag_vote"
    title: ClassVar[str] = "TagVote"
    reference: ClassVar[str] = (
        "Li, Snoek, Worring, Learning Social Tag Relevance by Neighbor Voting, IEEE Trans. Multimedia 11(7), 2009"
    )
    weighted: ClassVar[bool] = True
    leaves_out: ClassVar[bool] = True

    k: int = 1000
    unique_users: bool = True
    pool: int | None = None
    prior_k: Literal["nominal", "actual"] = "nominal"
    metric: Literal["cosine", "euclidean"] = "cosine"

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the numbers of neighbors that are fewer than the images."""
        return KNN.grid(images)

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: neighbors with their distances, then the scores."""
        searched = min(images, self._pool if self.unique_users else self.k)
        return max(16 * images * searched, 8 * images * searched + 4 * images * tags) + 2**28

    @property
    def _pool(self) -> int:
        return max(3000, 3 * self.k) if self.pool is None else self.pool

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(1, "k")
        _check(self.k, self.metric, len(features))
        if self._pool < self.k:
            raise ConfigError(f"pool must be at least k = {self.k}; got {self.pool}.")
        if self.prior_k not in ("nominal", "actual"):
            raise ConfigError(f"prior_k is 'nominal' or 'actual'; got {self.prior_k!r}.")
        self.unique_users_ = self.unique_users and users is not None and any(u is not None for u in users)
        self._users = _numbered(users) if users is not None and self.unique_users_ else None
        self.prior_ = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        searched = self.k if self._users is None else self._pool
        neighbors = self._neighbors(features, searched, own=own, metric=self.metric)[0]
        nominal = min(self.k, neighbors.shape[1])
        if self._users is not None:
            _keep_first_of_each_user(neighbors, self._users, self.k)
        scores = np.empty((len(features), self.tags_.shape[1]), dtype=np.float32)
        for rows, votes in vote_blocks(neighbors, self.tags_):
            voters = (neighbors[rows] >= 0).sum(axis=1) if self.prior_k == "actual" else nominal
            scores[rows] = votes - np.reshape(voters, (-1, 1)) * self.prior_
        return scores


def vote_blocks(
    neighbors: NDArray[np.int64], tags: csr_matrix
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Add up how far each image's neighbors carry each tag, block by block.

    Parameters
    ----------
    neighbors : (Q, k) int array
        Rows of ``tags``; negative where a neighbor has no vote.
    tags : (N, C) csr matrix
        From 0 to 1.

    Yields
    ------
    rows : slice
        Of ``neighbors``.
    votes : (len(rows), C) float32 array
        From 0 to k; whole numbers where the tags are.
    """
    images, columns = tags.shape
    wide = tags.astype(np.float32)  # uint8 would wrap at 256 votes; sums of ones are exact up to 2^24
    for rows in row_blocks(len(neighbors), 24 * neighbors.shape[1] + 12 * columns):
        block = neighbors[rows]
        voters = neighbor_matrix(np.maximum(block, 0), (block >= 0).astype(np.float32), images)
        yield rows, (voters @ wide).toarray()


def _keep_first_of_each_user(neighbors: NDArray[np.int64], users: NDArray[np.int64], k: int) -> None:
    """Set to -1, in place, every neighbor whose user came before it, and all after the k-th user."""
    for rows in row_blocks(len(neighbors), 40 * neighbors.shape[1]):
        owners = users[neighbors[rows]]
        order = np.argsort(owners, axis=1, kind="stable")
        grouped = np.take_along_axis(owners, order, axis=1)
        first = np.ones(grouped.shape, dtype=bool)
        np.not_equal(grouped[:, 1:], grouped[:, :-1], out=first[:, 1:])
        votes = np.empty(first.shape, dtype=bool)
        np.put_along_axis(votes, order, first, axis=1)
        votes &= np.cumsum(votes, axis=1) <= k
        neighbors[rows][~votes] = -1


def _numbered(users: Sequence[Any]) -> NDArray[np.int64]:
    """Give every user a number, and an image that is nobody's one of its own."""
    known: dict[Any, int] = {}
    return np.array(
        [-1 - i if user is None else known.setdefault(user, len(known)) for i, user in enumerate(users)],
        dtype=np.int64,
    )


def _check(k: int, metric: str, images: int) -> None:
    if metric not in ("cosine", "euclidean"):
        raise ConfigError(f"metric is 'cosine' or 'euclidean'; got {metric!r}.")
    if k > images:
        warnings.warn(
            f"{k} neighbors were asked for but there are only {images} images; all of them vote.",
            TagRefineWarning,
            stacklevel=4,
        )
