"""The similarity xi of tags (eq. 3 to 5): from their use and their meaning."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.tags.cooccurrence import google_distance

__all__ = ["similarity_matrix", "tag_distance", "tag_similarity"]


def tag_similarity(tags: Any, wordnet: NDArray[np.float64] | None, alpha: float) -> NDArray[np.float64]:
    """Return xi (C, C) of eq. 5 of the tags of photos.

    Parameters
    ----------
    tags : csr (N, C) of 0 and 1
    wordnet : float64 (C, C) or None
        From `wordnet_distance`; not needed where ``alpha`` is 0.
    alpha : float
        Weight of the WordNet part (eq. 4).
    """
    google = google_distance(tags)
    return similarity_matrix(google if wordnet is None else tag_distance(google, wordnet, alpha))


def tag_distance(
    google: NDArray[np.float64], wordnet: NDArray[np.float64], alpha: float
) -> NDArray[np.float64]:
    """Add the WordNet distance to the Google distance: ``dist_ctx + alpha * dist_KB`` (eq. 4).

    Parameters
    ----------
    google : ndarray of float64, shape (C, C)
        From `google_distance`; infinite entries stay infinite.
    wordnet : ndarray of float64, shape (C, C)
        From `wordnet_distance`.
    alpha : float
        At least 0.

    Returns
    -------
    ndarray of float64, shape (C, C)

    Raises
    ------
    DataError
        When the shapes differ.
    ConfigError
        When ``alpha`` is negative or not finite.
    """
    if google.shape != wordnet.shape:
        raise DataError(
            f"The Google distance has shape {google.shape}, the WordNet distance {wordnet.shape}; "
            "compute both for the same tags."
        )
    if not (np.isfinite(alpha) and alpha >= 0):
        raise ConfigError(f"alpha must be a number of at least 0; got {alpha}.")
    return google + alpha * wordnet


def similarity_matrix(distance: ArrayLike) -> NDArray[np.float64]:
    """Turn distances into similarities: ``xi = exp(-dist^2 / sigma)`` (eq. 5), with a zero diagonal.

    The paper calls sigma the median of xi itself, which is circular; here it is the median of ``dist^2`` over the
    finite pairs of different tags, or 1 where that is 0. The diagonal is zero because Q of eq. 7 leaves it out: with ones there, ``Q - xi`` would be no Laplacian
    and the loss could be negative.

    Parameters
    ----------
    distance : array-like of numbers, shape (C, C)
        Symmetric, not negative, infinite where two tags have nothing to do with each other.

    Returns
    -------
    ndarray of float64, shape (C, C)
        Symmetric, from 0 to 1; 0 for infinite distances.

    Raises
    ------
    DataError
        When the distances are not a symmetric matrix of non-negative numbers.
    """
    distance = np.asarray(distance, dtype=np.float64)
    if distance.ndim != 2 or distance.shape[0] != distance.shape[1]:
        raise DataError(f"The distances must have shape (C, C); got {distance.shape}.")
    if not (distance >= 0).all() or not np.array_equal(distance, distance.T):
        raise DataError("The distances must be symmetric and not negative, without NaN.")
    linked = np.isfinite(distance)
    np.fill_diagonal(linked, False)
    squared = distance[linked] ** 2
    sigma = (float(np.median(squared)) if squared.size else 0.0) or 1.0
    xi = np.zeros_like(distance)
    xi[linked] = np.exp(-squared / sigma)
    return xi
