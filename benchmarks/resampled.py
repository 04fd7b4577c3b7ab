"""Features like those of real photos, as many as wanted, for benchmarks of size.

Each is a photo of a real collection plus a random combination of its differences to the 128 photos nearest to it, so that they fill
the space as photos do: as many directions around each (22 by the estimator of Levina and Bickel, the slice of MIRFLICKR has 26), clusters
of all sizes, hubs. What real collections have besides is near-duplicates; those only help.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["made_up", "read", "resampled"]

_NEAR, _SPREAD = 128, 1.2
_BLOCK = 1024


def read(path: Path | None) -> NDArray[np.float32]:
    """Return features (N, d) as neighbors are measured in: from the mean, at unit length; made-up ones without a file."""
    features = made_up() if path is None else np.load(path).astype(np.float32)
    features = features.reshape(len(features), -1)
    features = features - features.mean(axis=0)
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True))


def made_up(photos: int = 4000, dimensions: int = 1280, kinds: int = 80) -> NDArray[np.float32]:
    """Return photos of several kinds, each a cloud in 24 directions of its own, with noise in all."""
    rng = np.random.default_rng(0)
    centers, directions = rng.normal(size=(kinds, dimensions)), rng.normal(size=(kinds, 24, dimensions))
    kind = rng.integers(0, kinds, photos)
    cloud = np.stack([rng.normal(size=24) @ directions[one] for one in kind])
    noise = rng.normal(size=(photos, dimensions))
    return (centers[kind] + 0.25 * cloud + 0.3 * noise).astype(np.float32)


def resampled(features: NDArray[np.float32], photos: int, seed: int = 0) -> NDArray[np.float16]:
    """Return so many features (photos, d) at unit length."""
    rng = np.random.default_rng(seed)
    base = torch.from_numpy(features)
    near_count = min(_NEAR, len(base) - 1)
    half = base.square().sum(dim=1) / 2
    near = torch.cat(
        [(block @ base.T - half).topk(near_count + 1).indices[:, 1:] for block in torch.split(base, _BLOCK)]
    )
    own = np.concatenate([rng.permutation(len(base)) for _ in range(-(-photos // len(base)))])[:photos]
    found = np.empty((photos, base.shape[1]), dtype=np.float16)
    for start in range(0, photos, _BLOCK):
        rows = torch.from_numpy(own[start : start + _BLOCK])
        weights = torch.from_numpy(rng.standard_normal((len(rows), near_count)).astype(np.float32))
        weights *= _SPREAD / near_count**0.5
        moved = base[rows] * (1 - weights.sum(dim=1, keepdim=True))
        moved += torch.bmm(weights[:, None], base[near[rows]])[:, 0]
        found[start : start + _BLOCK] = (moved / moved.norm(dim=1, keepdim=True)).numpy()
    return found
