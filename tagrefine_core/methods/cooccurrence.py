"""TagCooccur: tags that are used together with the user's tags, and its variant that looks at the image too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from scipy.stats import rankdata

from tagrefine_core.methods.base import Method, row_blocks
from tagrefine_core.methods.votes import TagVote
from tagrefine_core.tags import tag_counts

__all__ = ["TagCooccur", "promotion"]


@dataclass(kw_only=True, eq=False, repr=False)
class TagCooccur(Method):
    """Score tags by how often they are used together with the tags that the user gave.

    Every user tag u ranks the tags that it occurs with, itself first, by the images that carry both, and adds
    ``kr/(kr + r - 1) * ks/(ks + |ks - log2 f(u)|) * kd/(kd + |kd - log2 f(c)|)`` to a candidate c of rank r <= m:
    rank, stability of u and descriptiveness of c, with f the images of a tag. The sum is divided by the number
    of user tags that are known, as in the survey's implementation. Candidates that tie share the mean of their
    ranks, so the order of columns does not matter.

    Parameters
    ----------
    m : int, default 25
        Candidates that each user tag promotes.
    kr, ks, kd : float, default 4, 9, 11
        Damping of rank, stability and descriptiveness, positive (the values of the publication).
    visual : bool, default False
        TagCooccur+ of the survey: multiply by ``kc/(kc + r_v - 1)`` with r_v the rank of c under TagVote.
    kc : float, default 1
        Damping of the visual rank, positive.
    k : int, default 1000
        Neighbors of TagVote.
    """

    name: ClassVar[str] = "tag_cooccur"
    title: ClassVar[str] = "TagCooccur"
    reference: ClassVar[str] = (
        "Sigurbjörnsson, van Zwol, Flickr Tag Recommendation Based on Collective Knowledge, WWW 2008"
    )
    annotates: ClassVar[bool] = False

    m: int = 25
    kr: float = 4.0
    ks: float = 9.0
    kd: float = 11.0
    visual: bool = False
    kc: float = 1.0
    k: int = 1000

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory it needs: the joint counts, the scores, and TagVote's where it is used."""
        votes = TagVote(k=self.k).peak_bytes(images, tags, dimensions) if self.visual else 0
        return max(40 * tags**2, votes) + 4 * images * tags + 2**26

    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        self._check_at_least(1, "m")
        self._check_positive("kr", "ks", "kd", "kc")
        f, joint = tag_counts(tags)
        self._known = f > 0
        self._promotion = promotion(f, joint, m=self.m, kr=self.kr, ks=self.ks, kd=self.kd)
        self._votes = TagVote(k=self.k).fit(features, tags, users=users) if self.visual else None

    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        assert tags is not None
        if self._votes is None:
            scores = np.empty(tags.shape, dtype=np.float32)
        else:
            scores = self._votes._score(features, tags, own=own)
        for rows in row_blocks(len(scores), 40 * tags.shape[1]):
            given = tags[rows].astype(np.float64)
            promoted = (given @ self._promotion).toarray()
            promoted /= np.maximum(given @ self._known, 1)[:, None]
            if self._votes is not None:
                promoted *= self.kc / (self.kc + rankdata(-scores[rows], axis=1) - 1)
            scores[rows] = promoted
        return scores


def promotion(
    f: NDArray[np.int64], joint: NDArray[np.int64], *, m: int, kr: float, ks: float, kd: float
) -> csr_matrix:
    """Compute what each user tag adds to each candidate; see `TagCooccur` for the formula.

    Parameters
    ----------
    f : (C,) int array
        Images by tag.
    joint : (C, C) int array
        Images by pair of tags.
    m, kr, ks, kd
        As in `TagCooccur`.

    Returns
    -------
    (C, C) csr matrix of float64
        Row: user tag, column: candidate; at most about m entries a row, each above 0 and at most 1.
    """
    logs = np.log2(np.maximum(f, 1))
    stability = ks / (ks + np.abs(ks - logs))
    descriptiveness = kd / (kd + np.abs(kd - logs))
    blocks = []
    for rows in row_blocks(len(f), 48 * len(f)):
        counts = joint[rows].astype(np.float64)
        tags = np.arange(rows.start, rows.stop)
        used = counts > 0
        counts[np.arange(len(tags)), tags] = np.inf  # a tag comes first in its own list, also among ties
        rank = rankdata(-counts, axis=1)
        row, candidate = np.nonzero(used & (rank <= m))
        value = kr / (kr + rank[row, candidate] - 1) * stability[tags[row]] * descriptiveness[candidate]
        blocks.append(csr_matrix((value, (row, candidate)), (len(tags), len(f))))
    return csr_matrix(vstack(blocks))
