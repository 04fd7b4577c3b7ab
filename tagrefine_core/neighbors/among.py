"""The nearest of a few candidates of each image, as features are now: products of these pairs alone, not of all."""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["nearest_among"]

_BLOCK = 4096  # queries at once: memory stays small however many ask


def nearest_among(
    features: Tensor, queries: NDArray[np.int64], candidates: NDArray[np.int32], k: int
) -> NDArray[np.int32]:
    """Find the ``k`` candidates of each query that are nearest by Euclidean distance.

    Parameters
    ----------
    features : Tensor (N, d), float32
        On the CPU or a CUDA device.
    queries : int64 (Q,)
        Rows of ``features``.
    candidates : int32 (Q, M)
        Rows of ``features`` that each may choose from, all different.
    k : int
        At most M.

    Returns
    -------
    int32 (Q, k)
        The nearest first.

    Notes
    -----
    A sampled product of dense matrices, ``sampled_addmm``: 8,000 queries with 512 candidates of 256 dimensions take .2 s on one core, a
    tenth of what gathering the candidates' features takes. Distances are rounded as float32 rounds |q|^2 - 2 q.c + |c|^2, which is enough
    to show who is near, and not to tell near duplicates apart.
    """
    device, squares = features.device, features.square().sum(dim=1)
    found = np.empty((len(queries), k), dtype=np.int32)
    for start in range(0, len(queries), _BLOCK):
        own = torch.from_numpy(queries[start : start + _BLOCK]).to(device)
        among = torch.from_numpy(np.array(candidates[start : start + _BLOCK])).to(device)
        rows, width = among.shape
        starts = torch.arange(0, rows * width + 1, width, dtype=torch.int32, device=device)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            pairs = torch.sparse_csr_tensor(
                starts,
                among.reshape(-1),
                torch.zeros(rows * width, device=device),
                (rows, len(features)),
                check_invariants=False,
            )
            products = torch.sparse.sampled_addmm(pairs, features[own], features.T, beta=0.0).values()
        distances = squares[among.long()] - 2 * products.view(rows, width)
        nearest = distances.topk(k, largest=False).indices
        found[start : start + rows] = among.gather(1, nearest).cpu().numpy()
    return found
