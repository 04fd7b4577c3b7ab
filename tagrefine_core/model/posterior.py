"""From the networks' logits to final scores: what the neighbors say, what the user says, what users seldom say.

Four steps after training, all without ground truth; three of them are the paper's constraints where they end:

- visual consistency: a photo's logits are averaged with its neighbors' (the constraint of eq. 2, at its solution);
- reporting: users give some tags nearly always when they fit ("dog") and others hardly ever ("people"). With p the
  probability that a user *gives* a tag and rho that he gives it when it fits, p / rho is the probability that it fits
  (Elkan and Noto, "Learning classifiers from only positive and unlabeled data", KDD 2008). rho is estimated, as there, by the mean p
  of photos that carry the tag, each scored by a network that has not seen it;
- user errors: a tag that the user gave is evidence for itself, the more so the better the photos bear the tag out
  (users err seldom, eq. 9, told tag by tag);
- semantic dependency: it is evidence for a tag that goes with it by xi (eq. 5) too, where the photos that carry the one
  look like the other. What users write together is not asked: who writes "poodle" seldom writes "dog".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

__all__ = ["TagRates", "final_scores", "smoothed"]

_PSEUDO = 2.0  # photos' worth of belief that a tag is given at random, which holds rare tags back
_PSEUDO_PAIR = 5.0  # the same, of a tag that speaks for another


@dataclass(frozen=True)
class TagRates:
    """How users give each tag, estimated from their tags and the networks' probabilities.

    Attributes
    ----------
    given : float64 (C,)
        Mean probability over all photos trained on, in (0, 1).
    reported : float64 (C,)
        rho: mean probability of the photos that carry the tag, in (0, 1).
    related : float32 (C, C) or None
        ``[u, c]``: xi of both, times how much likelier than chance c is on photos that carry u, as a logarithm;
        not negative, 0 on the diagonal.
    """

    given: NDArray[np.float64]
    reported: NDArray[np.float64]
    related: NDArray[np.float32] | None = None

    @classmethod
    def measure(cls, blocks: Any, tags: int, xi: NDArray[Any] | None = None) -> "TagRates":
        """Measure the rates.

        Parameters
        ----------
        blocks : iterable of (logits (B, C), csr (B, C))
            Logits of photos trained on, and the users' tags.
        tags : int
            C.
        xi : (C, C) array, optional
            Similarity of tags with a diagonal of zeros; `related` is None without it.
        """
        everywhere, carried, carriers = (np.zeros(tags) for _ in range(3))
        together = None if xi is None else np.zeros((tags, tags))
        photos = 0
        for logits, given in blocks:
            probabilities = expit(np.asarray(logits, dtype=np.float64))
            everywhere += probabilities.sum(axis=0)
            carried += np.asarray(given.multiply(probabilities).sum(axis=0)).reshape(-1)
            carriers += np.asarray(given.sum(axis=0)).reshape(-1)
            if together is not None:
                together += given.T.astype(np.float64) @ probabilities
            photos += len(probabilities)
        rate = np.clip(everywhere / max(1, photos), 1e-6, 1 - 1e-6)
        reported = (carried + _PSEUDO * rate) / (carriers + _PSEUDO)
        related = None
        if together is not None:
            together = (together + _PSEUDO_PAIR * rate) / (carriers + _PSEUDO_PAIR)[:, None]
            related = (np.maximum(0.0, np.log(together / rate)) * xi).astype(np.float32)
        return cls(rate, np.clip(reported, 1e-6, 1 - 1e-6), related)

    @property
    def evidence(self) -> NDArray[np.float64]:
        """How much likelier than chance the photos of a tag look like it, as a logarithm (C,), not negative."""
        return np.maximum(0.0, np.log(self.reported / self.given))


def smoothed(
    logits: NDArray[Any],
    neighbors: NDArray[np.int64],
    squared_distances: NDArray[Any],
    known: NDArray[Any],
    *,
    smooth: float,
) -> NDArray[np.float32]:
    """Average logits (B, C) with those of each photo's neighbors, weighted by gamma (eq. 2).

    Parameters
    ----------
    logits : (B, C)
    neighbors : int64 (B, k)
        Rows of ``known``.
    squared_distances : (B, k)
    known : (n, C)
        Logits of the photos that neighbors are chosen from; may be memory-mapped.
    smooth : float
        Share of the neighbors, in [0, 1).
    """
    own = np.asarray(logits, dtype=np.float32)
    if not smooth or not neighbors.shape[1]:
        return own
    # Each photo's own median: photos far from all others lean on their neighbors like all others do.
    sigma = np.median(squared_distances, axis=1, keepdims=True)
    gamma = np.exp(-squared_distances / np.where(sigma > 0, sigma, 1.0))
    gamma /= gamma.sum(axis=1, keepdims=True)
    unique, place = np.unique(neighbors, return_inverse=True)
    weights = sparse.csr_matrix(
        (gamma.reshape(-1), place.reshape(-1), np.arange(0, neighbors.size + 1, neighbors.shape[1])),
        shape=(len(own), len(unique)),
        dtype=np.float32,
    )
    around = weights @ np.asarray(known[unique], dtype=np.float32)
    return np.asarray((1.0 - smooth) * own + smooth * around, dtype=np.float32)


def final_scores(
    logits: NDArray[Any],
    rates: TagRates,
    user_tags: sparse.csr_matrix | None,
    *,
    evidence: float,
    reporting: float,
    related: float = 0.0,
) -> NDArray[np.float32]:
    """Return scores (B, C) in [0, 1]: how likely each tag fits.

    Parameters
    ----------
    logits : (B, C)
        Of the tag being given.
    rates : TagRates
    user_tags : csr (B, C) or None
        The users' tags of these photos, where they count as evidence.
    evidence : float
        Weight of the users' tags.
    reporting : float
        Exponent of rho, from 0 (none) to 1.
    related : float
        Weight of the given tag that speaks loudest for a tag.
    """
    total = np.asarray(logits, dtype=np.float32) - np.float32(reporting) * np.log(rates.reported).astype(
        np.float32
    )
    if user_tags is not None:
        block = user_tags.tocoo()
        total[block.row, block.col] += (evidence * rates.evidence[block.col]).astype(np.float32)
        tagged = np.flatnonzero(np.diff(user_tags.indptr))
        if related and rates.related is not None and len(tagged):
            loudest = np.maximum.reduceat(rates.related[user_tags.indices], user_tags.indptr[tagged])
            total[tagged] += np.float32(related) * loudest
    return np.asarray(expit(total), dtype=np.float32)
