"""Photos laid out in a plane so that neighbors stay neighbors: UMAP on neighbors that are known already.

McInnes, Healy and Melville, "UMAP: Uniform manifold approximation and projection for dimension reduction", 2018, by umap-learn. It is
imported where it is used: that takes seconds and 300 MB, which only the process of a job shall pay.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.neighbors.index import Index

__all__ = ["aligned", "layout", "neighbor_graph", "principal_plane"]

_MIN_DIST = 0.1  # how near two photos may come, of a cluster's size
_NEGATIVES = 5  # photos that each meeting of neighbors pushes away
_BLOCK = 8192


def neighbor_graph(
    features: ArrayLike,
    k: int,
    *,
    metric: str = "euclidean",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """Return how near photos are to each other, by their nearest.

    Parameters
    ----------
    features : (N, d) array
        float16, float32 or float64; a mapped file is read in blocks.
    k : int
        Neighbors of each photo, fewer than N.
    metric, seed, progress
        As in `tagrefine_core.neighbors.Index`.

    Returns
    -------
    graph : csr (N, N), symmetric
        In (0, 1], of photos of which one is among the other's nearest.
    rows : int64 (N, k)
        The nearest, ascending by (distance, row).

    Raises
    ------
    DataError
        When a feature is not finite.
    """
    n = len(np.asarray(features))
    everyone = np.arange(n)
    index = Index.build(features, metric=metric, seed=seed, progress=progress)
    rows, squared = index.search(features, k, exclude=everyone, progress=progress)
    del index  # it holds the features
    # UMAP counts a photo as the first of its own neighbors.
    near = np.concatenate([everyone[:, None], rows], axis=1)
    far = np.concatenate([np.zeros((n, 1), np.float32), np.sqrt(np.maximum(squared, 0))], axis=1)
    unread = np.empty((n, 1), np.float32)  # the features themselves are asked for their number alone
    graph, _, _ = _umap().fuzzy_simplicial_set(
        unread, k + 1, np.random.RandomState(seed), "euclidean", knn_indices=near, knn_dists=far
    )
    return sparse.csr_matrix(graph, dtype=np.float32), rows


def layout(
    graph: sparse.csr_matrix,
    start: NDArray[np.floating],
    *,
    epochs: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Move photos until neighbors lie together and others apart.

    Parameters
    ----------
    graph : csr (N, N)
        From `neighbor_graph`.
    start : float (N, 2)
        Where they begin; photos stay in the same part of the plane where nothing pulls them elsewhere.
    epochs : int
        Rounds over all pairs of the graph.
    seed : int
        The same seed, the same layout, on one machine: one thread does it.
    progress : callable, optional
        Called with (epochs done, epochs); what it raises stops the layout.

    Returns
    -------
    float32 (N, 2)
    """
    umap = _umap()
    a, b = umap.find_ab_params(1.0, _MIN_DIST)
    reports: dict[str, Any] = {"disable": True}
    if progress is not None:
        progress(0, epochs)
        reports = {
            "disable": False,
            "file": _Reports(progress, epochs),
            "bar_format": "{n_fmt}",
            "mininterval": 0.2,
            "miniters": 1,
        }
    positions, _ = umap.simplicial_set_embedding(
        None, graph.copy(), 2, 1.0, a, b, 1.0, _NEGATIVES, epochs, _spread(start, seed),
        np.random.RandomState(seed), "euclidean", {}, False, {}, False, tqdm_kwds=reports,
    )  # fmt: skip
    return np.asarray(positions, dtype=np.float32)


def principal_plane(features: ArrayLike) -> NDArray[np.float32]:
    """Return photos in the plane in which they differ most, (N, 2): where a layout begins.

    Read in blocks; the sign of each direction is such that its largest part is positive.
    """
    array = np.asarray(features)
    n, d = array.shape
    total, squares = np.zeros(d), np.zeros((d, d))
    for start in range(0, n, _BLOCK):
        block = array[start : start + _BLOCK].astype(np.float64)
        total += block.sum(axis=0)
        squares += block.T @ block
    mean = total / n
    directions = np.linalg.eigh(squares / n - np.outer(mean, mean))[1][:, : -min(2, d) - 1 : -1]
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    plane = np.zeros((n, 2), dtype=np.float32)
    for start in range(0, n, _BLOCK):
        block = array[start : start + _BLOCK].astype(np.float64)
        plane[start : start + _BLOCK, : directions.shape[1]] = (block - mean) @ directions
    return plane


def aligned(positions: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float32]:
    """Turn, mirror, move and scale positions (N, 2) as a whole so that photos lie as near as can be to where ``other`` has them.

    Orthogonal Procrustes: what is left of the way from one to the other is what photos moved among each other.
    """
    own, wanted = positions - positions.mean(axis=0), other - other.mean(axis=0)
    left, values, right = np.linalg.svd(own.T.astype(np.float64) @ wanted)
    scale = values.sum() / max(float(np.square(own).sum()), 1e-12)
    return np.asarray(own @ (left @ right) * scale + other.mean(axis=0), dtype=np.float32)


def _umap() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # of TensorFlow, which nothing here needs
        from umap import umap_
    return umap_


def _spread(start: NDArray[np.floating], seed: int) -> NDArray[np.float32]:
    """Return where to begin, no two photos at one place: nothing would ever part them."""
    moved = np.asarray(start, dtype=np.float32)
    width = max(float(np.ptp(moved)), 1e-6)
    return moved + np.random.default_rng((seed, 13)).normal(scale=1e-4 * width, size=moved.shape).astype(
        np.float32
    )


class _Reports:
    """A file that umap-learn's progress bar writes its epochs to, the only way in which it tells them."""

    def __init__(self, progress: Callable[[int, int], None], epochs: int) -> None:
        self._progress, self._epochs = progress, epochs

    def write(self, text: str) -> None:
        """Pass on an epoch; the bar also writes blanks and line ends."""
        if text.strip().isdecimal():
            self._progress(int(text), self._epochs)

    def flush(self) -> None:
        """Nothing is held back."""
