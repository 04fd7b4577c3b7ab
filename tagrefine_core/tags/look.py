"""How alike the photos of two groups look, in the features of a run."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["alike", "feature_sums"]

_BLOCK = 8192


def feature_sums(groups: sparse.csr_matrix, features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Add up the features of the photos of each group, float64 (G, d): taken off their mean over all photos, and of length 1.

    Parameters
    ----------
    groups : csr (N, G), 0 or 1
    features : (N, d) float array
        Read in blocks.
    """
    n = groups.shape[0]
    center = (
        sum(np.asarray(features[s : s + _BLOCK], np.float32).sum(axis=0) for s in range(0, n, _BLOCK)) / n
    )
    sums = np.zeros((groups.shape[1], features.shape[1]), dtype=np.float64)
    for start in range(0, n, _BLOCK):
        block = np.asarray(features[start : start + _BLOCK], dtype=np.float32) - center
        block /= np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12)
        sums += groups[start : start + _BLOCK].T @ block
    return sums


def alike(
    first: sparse.csr_matrix, second: sparse.csr_matrix, features: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the cosine of the mean features of pairs of groups, without what chance makes of few photos.

    The square of a mean's length holds 1 / n too much, since every photo is like itself.

    Parameters
    ----------
    first, second : csr (N, P), 0 or 1
        Groups of photos in pairs, none in both of a pair.
    features : (N, d) float array

    Returns
    -------
    float64 (P,)
        At most 1; NaN where the photos of a group have no more in common than any photos.
    """
    sums, lengths = [], []
    for groups in (first, second):
        n = np.asarray(groups.sum(axis=0), dtype=np.float64).ravel()
        own = feature_sums(groups, features)
        square = (np.einsum("pd,pd->p", own, own) - n) / np.maximum(n * (n - 1), 1)
        sums.append(own / np.maximum(n, 1)[:, None])
        lengths.append(np.where((n > 1) & (square > 0), square, np.nan))
    cosine = np.einsum("pd,pd->p", *sums) / np.sqrt(lengths[0] * lengths[1])
    return np.asarray(np.minimum(cosine, 1.0))
