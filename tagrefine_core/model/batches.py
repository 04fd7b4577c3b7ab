"""Input batches of anchors with dynamically re-selected neighbors (Algorithm 1)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.errors import ConfigError
from tagrefine_core.neighbors.among import nearest_among

__all__ = ["Bank", "Batch", "FeaturesOf", "anchors_of_step", "select_batch"]

FeaturesOf = Callable[[NDArray[np.int64]], Tensor]
"""Rows of images in, their features (B, d) of the network as it is now out."""


@dataclass(frozen=True)
class Batch:
    """The input batch B_{n+1}: A groups of an anchor and its m-1 nearest candidates.

    Attributes
    ----------
    rows : int64 (A, m)
        The anchor first, then its neighbors, the nearest first.
    squared_distances : Tensor (A, m-1)
        Squared Euclidean distances in the features that chose them.
    forwarded : int
        How many pictures were sent through the network to choose them.
    """

    rows: NDArray[np.int64]
    squared_distances: Tensor
    forwarded: int


class Bank:
    """Stored features (N, d), overwritten as images pass through training.

    Kept in half precision when float32 would take more than ``budget`` bytes.
    """

    def __init__(self, features: Tensor, *, budget: int = 4 << 30) -> None:
        self.features = features.half() if features.numel() * 4 > budget else features.clone()

    def read(self, rows: NDArray[np.int64]) -> Tensor:
        """Return stored features (B, d) as float32."""
        return self.features[torch.from_numpy(rows).to(self.features.device)].float()

    def write(self, rows: NDArray[np.int64], features: Tensor) -> None:
        """Overwrite the features of some rows."""
        index = torch.from_numpy(rows).to(self.features.device)
        self.features[index] = features.detach().to(self.features)


def anchors_of_step(step: int, *, anchors: int, images: int, seed: int) -> NDArray[np.int64]:
    """Return the anchors of one step: the next ones of an endless row of seeded permutations.

    A function of the step alone, so a resumed run goes on where it was.

    Returns
    -------
    int64 (anchors,)
    """
    places = np.arange(step * anchors, (step + 1) * anchors)
    cycles = places // images
    permutations = {
        int(cycle): np.random.default_rng((seed, int(cycle))).permutation(images)
        for cycle in np.unique(cycles)
    }
    return np.array(
        [permutations[int(c)][p] for c, p in zip(cycles, places % images, strict=True)], dtype=np.int64
    )


def select_batch(
    anchors: NDArray[np.int64],
    candidates: NDArray[np.int32],
    *,
    m: int,
    mode: str,
    forward: FeaturesOf,
    bank: Bank | None,
    shortlist: int = 32,
) -> Batch:
    """Choose each anchor's m-1 neighbors among its candidates (Algorithm 1, lines 1 to 3).

    Parameters
    ----------
    anchors : int64 (A,)
    candidates : int32 (A, M)
        Z of each anchor, nearest under phi0 first.
    m : int
        Size of a group, anchor included.
    mode : {"exact", "shortlist", "bank", "static"}
        Which features rank the candidates: all forwarded now; the ``shortlist`` nearest by the bank forwarded
        now; the bank's alone; or none, keeping phi0's order (distances still come from the bank).
    forward : callable
        Features of the network as it is now.
    bank : Bank or None
        Needed by all modes but "exact".

    Raises
    ------
    ConfigError
        When there are fewer than m-1 candidates.
    """
    available = candidates.shape[1]
    if available < m - 1:
        raise ConfigError(
            f"A group of m={m} images needs {m - 1} candidates an image, but there are {available}. "
            f"Use a smaller m, or a collection of more than {m - 1} photos."
        )
    if mode == "exact":
        return _nearest(anchors, candidates, m - 1, forward)
    if bank is None:
        raise ConfigError(f"Refresh mode {mode!r} needs stored features; only 'exact' does without.")
    if mode == "shortlist":
        short = _nearest(anchors, candidates, min(available, max(shortlist, m - 1)), bank.read)
        return _nearest(anchors, short.rows[:, 1:], m - 1, forward)
    if mode == "static":
        rows = candidates[:, : m - 1].astype(np.int64)
        stored = bank.read(rows.reshape(-1)).reshape(*rows.shape, -1)
        squared = (stored - bank.read(anchors)[:, None]).square().sum(dim=-1)
        return Batch(np.concatenate([anchors[:, None], rows], axis=1), squared, 0)
    return replace(_nearest(anchors, candidates, m - 1, bank.read), forwarded=0)


def _nearest(
    anchors: NDArray[np.int64], candidates: NDArray[np.integer], k: int, features_of: FeaturesOf
) -> Batch:
    """Group each anchor with its k nearest candidates, ties by row."""
    # An image that is a candidate of several anchors has one feature: it is asked for once.
    images, place = np.unique(np.concatenate([anchors, candidates.reshape(-1)]), return_inverse=True)
    place = place.reshape(-1)
    among = place[len(anchors) :].reshape(candidates.shape)
    chosen, squared = nearest_among(features_of(images), place[: len(anchors)], among, k)
    return Batch(np.concatenate([anchors[:, None], images[chosen]], axis=1), squared, len(images))
