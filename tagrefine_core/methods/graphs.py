"""Graphs of similar images and similar tags, for methods that want scores smooth over them."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import eigsh

from tagrefine_core.errors import ConfigError, TagRefineWarning, WordNetMissing
from tagrefine_core.methods.base import neighbor_matrix
from tagrefine_core.tags import tag_counts, wordnet_distance

__all__ = ["image_graph", "laplacian", "neighbor_graph", "spectral_norm", "tag_graph"]

_DENSE = 200  # smaller matrices: all eigenvalues at once
_CONTEXT_SHARE = 0.9  # of a tag similarity that is co-occurrence; WordNet has the rest


def image_graph(neighbors: NDArray[Any], weights: NDArray[np.float64]) -> csr_matrix:
    """Join images that are among each other's neighbors, in either direction.

    Parameters
    ----------
    neighbors : (N, K) array of int
        Without the image itself.
    weights : (N, K) float array

    Returns
    -------
    (N, N) csr matrix of float64
        Symmetric, with an empty diagonal.
    """
    directed = neighbor_matrix(neighbors, weights, len(neighbors))
    return directed.maximum(directed.T).tocsr()


def tag_graph(tags: csr_matrix, vocabulary: Sequence[str] | None) -> NDArray[np.float64]:
    """Return similarities of tags: ``0.9 f_ij / (f_i + f_j)`` plus 0.1 Lin's, between first noun senses.

    Parameters
    ----------
    tags : (N, C) csr matrix of 0 and 1
    vocabulary : sequence of C str, or None
        Without it, or without WordNet, only the first part is there, and a TagRefineWarning says so.

    Returns
    -------
    (C, C) float64 array
        Symmetric, in [0, 0.55], 0 on the diagonal.

    Raises
    ------
    ConfigError
        When the vocabulary has not one name a tag.
    """
    if vocabulary is not None and len(vocabulary) != tags.shape[1]:
        raise ConfigError(f"vocabulary names {len(vocabulary)} tags but there are {tags.shape[1]}.")
    f, joint = tag_counts((tags >= 0.5).astype(np.uint8))  # where they count in part: for half and more
    similarity: NDArray[np.float64] = _CONTEXT_SHARE * joint / np.maximum(np.add.outer(f, f), 1)
    reason = "no vocabulary was given"
    try:
        if vocabulary is not None:
            similarity += (1 - _CONTEXT_SHARE) * (1 - wordnet_distance(vocabulary, senses="first"))
            reason = ""
    except WordNetMissing:
        reason = "WordNet was not found (run: python -m tagrefine_core setup)"
    if reason:
        warnings.warn(
            f"Similar tags are found by co-occurrence alone, without WordNet: {reason}.",
            TagRefineWarning,
            stacklevel=2,
        )
    np.fill_diagonal(similarity, 0.0)
    return similarity


def laplacian(graph: Any) -> csr_matrix:
    """Return the sums of a symmetric graph's rows on the diagonal, minus the graph; its rows sum to 0."""
    graph = csr_matrix(graph)
    return csr_matrix(diags(np.asarray(graph.sum(axis=1)).ravel()) - graph)


def neighbor_graph(neighbors: NDArray[np.int64], distances: NDArray[np.float64]) -> csr_matrix:
    """Join images to their neighbors with weights ``exp(-d / median d)``; see `image_graph`."""
    median = float(np.median(distances)) if distances.size else 0.0
    return image_graph(neighbors, np.exp(-distances / (median or 1.0)))


def spectral_norm(symmetric: csr_matrix) -> float:
    """Return the largest eigenvalue of a positive semidefinite matrix."""
    if not symmetric.nnz or not np.abs(symmetric.data).max():
        return 0.0
    if symmetric.shape[0] <= _DENSE:
        return float(np.linalg.eigvalsh(symmetric.toarray())[-1])
    start = np.random.default_rng(0).standard_normal(symmetric.shape[0])
    return float(eigsh(symmetric.astype(np.float64), 1, which="LA", v0=start, return_eigenvectors=False)[0])
