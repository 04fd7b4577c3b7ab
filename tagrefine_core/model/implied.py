"""What a network learns from: the users' tags, and in part the tags that these imply.

Who writes "boy" seldom writes "people", so that to a network the photo speaks against people. Semantic dependency in the
targets: a tag counts for those that it implies by WordNet, in so far as photos of both look alike. Names with two
meanings ("turkey"), and tags that users mean otherwise ("great"), fail the second test.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["certain", "implication", "implied_by_others", "with_implied"]

_LEAST = 0.05  # links below it are left out, which keeps targets sparse
_CERTAIN = 0.35  # below it a tag only hints at another: "child" at "girl", but not "girl" at "people"


def implication(
    meaning: NDArray[np.floating], likeness: NDArray[np.floating], strength: float
) -> sparse.csr_matrix:
    """Return how far tag s counts for tag t, csr float32 ``[s, t]``: strength times meaning times likeness.

    Products below .05 are left out.

    Parameters
    ----------
    meaning : (C, C)
        From `tagrefine_core.tags.implied_tags`: ``[t, s]``, in [0, 1].
    likeness : (C, C)
        How alike the photos of two tags look, in [-1, 1].
    strength : float
        In [0, 1].
    """
    links = strength * np.asarray(meaning.T, dtype=np.float32) * np.maximum(likeness, 0)
    return sparse.csr_matrix(np.where(links >= _LEAST, links, 0).astype(np.float32))


def certain(links: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the links of `implication` that are strong enough to count as evidence, not only to learn from."""
    strong = links.copy()
    strong.data[strong.data < _CERTAIN] = 0
    strong.eliminate_zeros()
    return strong


def with_implied(tags: sparse.csr_matrix, links: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return tags (n, C) with those that they imply, each by the tag that implies it most.

    Parameters
    ----------
    tags : csr (n, C) of 0 and 1
    links : csr float32 (C, C)
        From `implication`.

    Returns
    -------
    csr float32 (n, C)
        In [0, 1]; 1 where the user gave the tag.
    """
    own = sparse.identity(links.shape[0], dtype=np.float32, format="csr")
    counts = links.astype(np.float32).maximum(own)  # every tag counts in full for itself
    # One entry for each tag of a photo and what it counts for; by photo and tag, the largest last, which is the one that stays.
    length = np.diff(counts.indptr)[tags.indices]
    photo = np.repeat(np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr)), length)
    entry = np.arange(length.sum()) + np.repeat(
        counts.indptr[tags.indices] - (length.cumsum() - length), length
    )
    key = photo * tags.shape[1] + counts.indices[entry]
    order = np.lexsort((counts.data[entry], key))
    last = order[np.append(np.diff(key[order]) > 0, True)] if len(order) else order
    return sparse.csr_matrix(
        (counts.data[entry[last]], (photo[last], counts.indices[entry[last]])),
        shape=tags.shape,
        dtype=np.float32,
    )


def implied_by_others(
    tags: sparse.csr_matrix, links: sparse.csr_matrix, columns: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return how far one tag of each photo counts as written by the photo's other tags alone.

    Parameters
    ----------
    tags : csr (n, C) of 0 and 1
    links : csr float32 (C, C)
        From `implication`.
    columns : int (n,)
        The tag of each photo; where the photo carries it, it does not count for itself.

    Returns
    -------
    float32 (n,)
        In [0, 1]; by the tag that implies it most, 0 where none does.
    """
    photos = np.repeat(np.arange(tags.shape[0]), np.diff(tags.indptr))
    implied = columns[photos]
    other = tags.indices != implied
    photos, links_to = photos[other], implied[other]
    found = np.zeros(tags.shape[0], dtype=np.float32)
    if len(photos):
        np.maximum.at(found, photos, np.asarray(links[tags.indices[other], links_to]).ravel())
    return found
