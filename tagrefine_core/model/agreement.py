"""How far two photos agree by their tags: what L_nbr pulls together."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["weighted_tags"]


def weighted_tags(tags: sparse.csr_matrix, visualness: NDArray[np.floating]) -> sparse.csr_matrix:
    """Return the tags of each photo, weighted, as a row of length 1: the cosine of two photos is their scalar product.

    A tag weighs what it tells (log n over its photos; Sparck Jones 1972) times how well a picture tells it, so that "2007" brings
    nobody together.

    Parameters
    ----------
    tags : csr (n, C)
        From 0 to 1.
    visualness : (C,)
        In [0, 1].

    Returns
    -------
    csr float32 (n, C)
        Rows of length 1; 0 where no tag of a photo weighs anything.
    """
    photos = np.asarray((tags > 0).sum(axis=0), dtype=np.float64).ravel()
    weight = np.log(max(1, tags.shape[0]) / np.maximum(photos, 1)) * np.asarray(visualness, dtype=np.float64)
    weighted = sparse.csr_matrix(tags, dtype=np.float64).multiply(weight).tocsr()
    weighted.eliminate_zeros()
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    inverse = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_matrix(sparse.diags_array(inverse) @ weighted, dtype=np.float32)
