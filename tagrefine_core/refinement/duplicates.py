"""Photos that are the same picture twice, and tags that only one of them has.

Two photos are as alike as a network and their coarse shapes say together: features see through a crop and a frame, shapes through
size, compression and color. Only photos among each other's nearest are compared, so that nothing grows faster than finding those does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from tagrefine_core.collections.hashes import agreement

__all__ = ["LEAST", "NEAREST", "Conflict", "Pairs", "conflicts", "duplicate_pairs", "groups"]

LEAST = 0.7
"""How alike copies are at least. Of 7,696 photos of MIRFLICKR 4 pairs are, 3 of them copies; of 1,600 changed copies 87 % are (`benchmarks.duplicates`)."""

NEAREST = 20
"""Of each photo so many are compared with it."""

_BLOCK = 8192


class Pairs(NamedTuple):
    """Pairs of photos, the most alike first.

    Attributes
    ----------
    first, second : int64 (K,)
        Rows; the first is the lower one.
    likeness : float32 (K,)
        In (-1, 1]: 1 the same picture.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    likeness: NDArray[np.float32]

    def at_least(self, least: float) -> "Pairs":
        """Return those that are so much alike."""
        count = int((self.likeness >= least).sum())
        return Pairs(self.first[:count], self.second[:count], self.likeness[:count])


@dataclass(frozen=True, eq=False)
class Conflict:
    """Two photos that are one picture, and the tags in which they differ.

    Attributes
    ----------
    first, second : int
        Rows.
    likeness : float
    only_first, only_second : int64 arrays
        Columns of tags that only one user gave.
    """

    first: int
    second: int
    likeness: float
    only_first: NDArray[np.int64]
    only_second: NDArray[np.int64]


def duplicate_pairs(
    neighbors: NDArray[np.integer], features: ArrayLike, hashes: NDArray[np.uint8], *, least: float = LEAST
) -> Pairs:
    """Find photos that are the same picture.

    Parameters
    ----------
    neighbors : int (N, k)
        Rows of the nearest photos of each.
    features : (N, d) array, may be memory-mapped
        That they are nearest in; what counts is the angle.
    hashes : uint8 (N, 8)
        From `tagrefine_core.collections.hashes`.
    least : float
        Two thirds of the cosine of the features and one third of the agreement of the hashes, at least.
    """
    rows = np.asarray(features)
    found = []
    for start in range(0, len(neighbors), _BLOCK):
        near = np.asarray(neighbors[start : start + _BLOCK], dtype=np.int64)
        own = np.broadcast_to(np.arange(start, start + len(near))[:, None], near.shape)
        first, second = np.minimum(own, near).ravel(), np.maximum(own, near).ravel()
        # Hashes first: they are quick, and few pairs can still be alike enough whatever their features say.
        shape = agreement(hashes[first], hashes[second])
        may = (first < second) & ((2 + shape) / 3 >= least)
        first, second, shape = first[may], second[may], shape[may]
        likeness = (2 * _cosine(rows, first, second) + shape) / 3
        alike = likeness >= least
        found.append((first[alike], second[alike], likeness[alike]))
    first, second, likeness = (
        (np.concatenate(part) for part in zip(*found, strict=True)) if found else np.empty((3, 0))
    )
    first, second = first.astype(np.int64), second.astype(np.int64)
    _, once = np.unique(np.stack([first, second]), axis=1, return_index=True)
    first, second, likeness = first[once], second[once], likeness[once]
    order = np.lexsort((second, first, -likeness))
    return Pairs(first[order], second[order], likeness[order].astype(np.float32))


def conflicts(
    pairs: Pairs,
    tags: sparse.csr_matrix,
    *,
    told: NDArray[np.bool_],
    decided: sparse.csr_matrix | None = None,
) -> Iterator[Conflict]:
    """Yield the pairs whose users' tags differ, in the order of the pairs.

    Parameters
    ----------
    tags : csr (N, C)
        The users' tags.
    told : bool (C,)
        Tags that are judged; the others can be true of one visit to a place and not of another.
    decided : csr (N, C), optional
        Nonzero where somebody gave a verdict: a tag that is decided on either photo is not asked again.
    """
    for first, second, likeness in zip(*pairs, strict=True):
        one, other = tags[[first]].indices, tags[[second]].indices
        known = np.empty(0, np.int64) if decided is None else decided[[first, second]].indices
        only_first, only_second = (
            np.array(
                sorted(column for column in set(mine) - set(theirs) - set(known) if told[column]),
                dtype=np.int64,
            )
            for mine, theirs in ((one.tolist(), other.tolist()), (other.tolist(), one.tolist()))
        )
        if len(only_first) or len(only_second):
            yield Conflict(int(first), int(second), float(likeness), only_first, only_second)


def groups(pairs: Pairs, photos: int) -> list[list[int]]:
    """Return the rows that are one picture together, each group ascending, by their first row."""
    from scipy.sparse.csgraph import connected_components  # loads SciPy's linear algebra

    links = sparse.csr_matrix(
        (np.ones(len(pairs.first), dtype=bool), (pairs.first, pairs.second)), shape=(photos, photos)
    )
    _, group = connected_components(links, directed=False)
    sizes = np.bincount(group, minlength=1)
    members: dict[int, list[int]] = {}
    for row in np.flatnonzero(sizes[group] > 1).tolist():
        members.setdefault(int(group[row]), []).append(row)
    return list(members.values())


def _cosine(
    features: NDArray[np.floating], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the cosines (K,) of features of pairs; 0 where one has none."""
    found = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), _BLOCK):
        one, other = (
            np.asarray(features[rows[start : start + _BLOCK]], dtype=np.float32) for rows in (first, second)
        )
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        product = np.einsum("ij,ij->i", one, other)
        found[start : start + len(one)] = np.divide(
            product, lengths, out=np.zeros_like(product), where=lengths > 0
        )
    return found
