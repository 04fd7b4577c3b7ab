"""The photos of one tag that speak for it and against it, by their scores."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def tag_photos(likely: NDArray[np.floating], given: NDArray[np.bool_], *, top: int = 5) -> TagPhotos:
    """Find the photos that look most and least like a tag.

    No photo is both among the surest and the doubtful: where fewer than twice ``top`` photos carry the tag, each half gets its part.

    Parameters
    ----------
    likely : (N,) array
        How likely the tag fits each photo, in [0, 1].
    given : bool (N,)
        Whether its user gave it.
    top : int
        Photos of each kind.

    Raises
    ------
    ConfigError
        If ``top`` is not positive.
    """
    if top < 1:
        raise ConfigError(f"top must be at least 1, got {top}.")
    carriers, others = np.flatnonzero(given), np.flatnonzero(~given)
    best = carriers[np.argsort(-likely[carriers], kind="stable")]
    worst = carriers[np.argsort(likely[carriers], kind="stable")]
    surest = best[: min(top, -(-len(carriers) // 2))]
    doubtful = worst[~np.isin(worst, surest)][:top]
    return TagPhotos(surest, doubtful, others[np.argsort(-likely[others], kind="stable")[:top]])
