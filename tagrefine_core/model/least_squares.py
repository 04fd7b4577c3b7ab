"""The last layer in closed form: ridge regression of the users' tags on features, as log-odds.

Gradient descent that is stopped early leans on each tag's mean feature; least squares also takes away what many photos
share. The two err differently, so the mean of both layers is better than either (docs/experiments.md).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

__all__ = ["LinearLayer", "least_squares"]

# Times the mean squared length of a centered feature. Alone, least squares is best with three to ten times more; but then it
# errs like gradient descent, and the mean of both is worse (docs/experiments.md).
_PENALTIES = 2.0 ** np.arange(-8, 3)
_JUDGED = 4096  # photos that the penalty is chosen on
_ROUNDS = 30  # of Newton's method for the bias


@dataclass(frozen=True, eq=False)
class LinearLayer:
    """Logits are ``features @ weight.T + bias``.

    Attributes
    ----------
    weight : float32 (C, d)
    bias : float32 (C,)
    penalty : float
        The ridge that was chosen.
    """

    weight: Tensor
    bias: Tensor
    penalty: float


def least_squares(features: Tensor, tags: sparse.csr_matrix, *, seed: int = 0) -> LinearLayer:
    """Solve for the layer that predicts the users' tags, each photo judged by the others.

    The ridge is the one with the least squared error on photos left out one at a time, in closed form (PRESS; Allen, 1974),
    over all tags. A tag's predictions of photos left out are then scaled to deviation 1, and shifted so that the mean
    probability is the tag's own rate; tags that nobody gave have weight 0.

    Parameters
    ----------
    features : float32 (n, d)
        Of the photos trained on.
    tags : csr (n, C)
        The users' tags.
    seed : int
        Of the sample of photos that judges the ridge.

    Returns
    -------
    LinearLayer
        On the device of the features.
    """
    n = len(features)
    mean = features.double().mean(dim=0)
    gram = torch.zeros(features.shape[1], features.shape[1], dtype=torch.float64, device=features.device)
    for block in torch.split(features, 4096):
        centered = block.double() - mean
        gram += centered.T @ centered
    values, vectors = torch.linalg.eigh(gram)
    values = values.clamp(min=0)
    rates = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)
    cross = torch.from_numpy(np.asarray(tags.T @ features.cpu().numpy(), dtype=np.float64))
    cross -= torch.from_numpy(n * rates)[:, None] * mean.cpu()
    targets = vectors.T @ cross.T.to(features.device)  # (d, C)

    sample = np.sort(np.random.default_rng((seed, 7)).permutation(n)[:_JUDGED])
    rotated = (features[torch.from_numpy(sample)].double() - mean) @ vectors
    given = torch.from_numpy(tags[sample].toarray().astype(np.float64) - rates).to(features.device)
    size = float(values.sum()) / max(1, n) or 1.0
    best: tuple[float, float, Tensor] | None = None
    for penalty in (_PENALTIES * size).tolist():
        left_out = _left_out(rotated, given, values + penalty, targets, n)
        error = float((given - left_out).square().sum())
        if best is None or error < best[0]:
            best = error, penalty, left_out
    assert best is not None
    _, penalty, left_out = best
    spread = left_out.std(dim=0, correction=0)
    scale = torch.where(spread > 0, 1.0 / spread.clamp(min=1e-12), torch.zeros_like(spread))
    weight = (vectors @ (targets / (values + penalty)[:, None])).T * scale[:, None]
    bias = _bias((left_out * scale).cpu().numpy(), rates)
    return LinearLayer(
        weight.float(), (torch.from_numpy(bias).to(features.device) - weight @ mean).float(), penalty
    )


def _left_out(rotated: Tensor, given: Tensor, denominator: Tensor, targets: Tensor, n: int) -> Tensor:
    """Return what each photo (B, d, rotated) is predicted without its own tags: (B, C), centered."""
    leverage = ((rotated.square() / denominator).sum(dim=1) + 1.0 / n).clamp(max=1 - 1e-6)[:, None]
    fitted = rotated @ (targets / denominator[:, None])
    return (fitted - leverage * given) / (1.0 - leverage)


def _bias(logits: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bias (C,) at which the mean probability of logits (B, C) is the rate."""
    rates = np.clip(rates, 1e-4, 1 - 1e-4)
    bias = np.log(rates / (1 - rates))
    for _ in range(_ROUNDS):
        p = 1.0 / (1.0 + np.exp(-(logits + bias)))
        bias -= (p.mean(axis=0) - rates) / np.maximum((p * (1 - p)).mean(axis=0), 1e-9)
    return bias
