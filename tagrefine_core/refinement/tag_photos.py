"""The photos of one tag that speak for it and against it, by their scores."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import ConfigError

__all__ = ["TagPhotos", "tag_photos"]


class TagPhotos(NamedTuple):
    """Rows of photos, each int64 of at most the length asked for; ties in row order.

    Attributes
    ----------
    surest : given the tag, highest score first
    doubtful : given the tag, lowest score first
    missing : not given the tag, highest score first
    """

    surest: NDArray[np.int64]
    doubtful: NDArray[np.int64]
    missing: NDArray[np.int64]


def tag_photos(scores: NDArray[Any], tags: sparse.csr_matrix, column: int, *, top: int = 5) -> TagPhotos:
    """Find the photos that look most and least like a tag.

    No photo is both among the surest and the doubtful: where fewer than twice ``top`` photos carry the tag, each half gets its part.

    Parameters
    ----------
    scores : (N, C) float array
        How likely each tag fits, in [0, 1]; of a memory-mapped array one column is read.
    tags : csr (N, C)
        The users' tags.
    column : int
        The tag.
    top : int
        Photos of each kind.

    Raises
    ------
    ConfigError
        If ``top`` is not positive.
    """
    if top < 1:
        raise ConfigError(f"top must be at least 1, got {top}.")
    likely = np.asarray(scores[:, column], dtype=np.float32)
    given = np.flatnonzero(tags[:, [column]].toarray()[:, 0])
    others = np.setdiff1d(np.arange(len(likely)), given, assume_unique=True)
    best = given[np.argsort(-likely[given], kind="stable")]
    worst = given[np.argsort(likely[given], kind="stable")]
    surest = best[: min(top, -(-len(given) // 2))]
    doubtful = worst[~np.isin(worst, surest)][:top]
    return TagPhotos(surest, doubtful, others[np.argsort(-likely[others], kind="stable")[:top]])
