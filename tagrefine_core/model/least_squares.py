"""The last layer in closed form: ridge regression of the tags on features, as log-odds, each tag with its own ridge.

Gradient descent that is stopped early leans on each tag's mean feature; least squares also takes away what many photos
share. The two err differently, so the mean of both layers is better than either (docs/log/2026-11-25.md). Tags that users give
reliably ("dog") want a weak ridge, and those that they give seldom ("people") a strong one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from torch import Tensor

__all__ = ["LinearLayer", "least_squares", "likeness"]

_PENALTIES = 4.0 ** np.arange(-1, 5)  # times the mean squared length of a centered feature
_JUDGED = 4096  # photos that the penalties are chosen on
_ROUNDS = 30  # of Newton's method for the bias, at most
_CLOSE = 1e-6


@dataclass(frozen=True, eq=False)
class LinearLayer:
    """Logits are ``features @ weight.T + bias``.

    Attributes
    ----------
    weight : float32 (C, d)
    bias : float32 (C,)
    penalty : float64 (C,)
        The ridge that was chosen for each tag.
    """

    weight: Tensor
    bias: Tensor
    penalty: Tensor


def least_squares(features: Tensor, tags: sparse.csr_matrix, *, seed: int = 0) -> LinearLayer:
    """Solve for the layer that predicts the tags, each photo judged by the others.

    The ridge of a tag is the one with the least squared error on photos left out one at a time, in closed form (PRESS;
    Allen, 1974). Its predictions of photos left out are then scaled to deviation 1, and shifted so that the mean probability
    is the tag's own rate; tags that nobody gave have weight 0.

    Parameters
    ----------
    features : float32 (n, d)
        Of the photos trained on.
    tags : csr (n, C)
        The users' tags, from 0 to 1.
    seed : int
        Of the sample of photos that judges the ridges.

    Returns
    -------
    LinearLayer
        On the device of the features.
    """
    solved = _Ridge(features, tags, seed)
    weight = solved.weight.T * solved.scale[:, None]
    logits = (solved.left_out * solved.scale).cpu().numpy()
    bias = torch.from_numpy(_bias(logits, solved.rates)).to(weight.device) - weight @ solved.mean
    device = features.device
    return LinearLayer(weight.float().to(device), bias.float().to(device), solved.penalty)


def likeness(features: Tensor, tags: sparse.csr_matrix, *, seed: int = 0) -> NDArray[np.float32]:
    """Return how alike the photos of two tags look: the correlation of what least squares predicts for each.

    Photos are predicted by the others alone, so that tags of the same photos do not count as alike for that.

    Parameters
    ----------
    features : float32 (n, d)
    tags : csr (n, C)
    seed : int

    Returns
    -------
    (C, C) float32 array
        From -1 to 1, symmetric; 0 for tags that nobody gave.
    """
    solved = _Ridge(features, tags, seed)
    predicted = (solved.left_out - solved.left_out.mean(dim=0)) * solved.scale
    found = (predicted.T @ predicted / len(predicted)).clamp(-1, 1)
    return np.asarray(found.float().cpu().numpy())


class _Ridge:
    """Ridge regression (d, C) of tags on features, each tag with the ridge of the least error on photos left out."""

    def __init__(self, features: Tensor, tags: sparse.csr_matrix, seed: int) -> None:
        if features.device.type == "mps":  # which has no float64
            features = features.cpu()
        n, device = len(features), features.device
        self.mean = features.double().mean(dim=0)
        gram = torch.zeros(features.shape[1], features.shape[1], dtype=torch.float64, device=device)
        for block in torch.split(features, 4096):
            centered = block.double() - self.mean
            gram += centered.T @ centered
        values, vectors = torch.linalg.eigh(gram)
        values = values.clamp(min=0)
        self.rates = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)
        cross = torch.from_numpy(np.asarray(tags.T @ features.cpu().numpy(), dtype=np.float64))
        cross -= torch.from_numpy(n * self.rates)[:, None] * self.mean.cpu()
        targets = vectors.T @ cross.T.to(device)  # (d, C)

        # What judges the ridges may be rounded; what solves for the weights may not.
        sample = np.sort(np.random.default_rng((seed, 7)).permutation(n)[:_JUDGED])
        rotated = ((features[torch.from_numpy(sample)].double() - self.mean) @ vectors).float()
        given = torch.from_numpy((tags[sample].toarray() - self.rates).astype(np.float32)).to(device)
        size = float(values.sum()) / max(1, n) or 1.0
        self.left_out = torch.zeros_like(given)
        self.penalty = torch.full(
            (given.shape[1],), float(_PENALTIES[-1] * size), dtype=torch.float64, device=device
        )
        least = torch.full((given.shape[1],), torch.inf, device=device)
        for penalty in (_PENALTIES * size).tolist():
            left_out = _left_out(rotated, given, values + penalty, targets, n)
            error = (given - left_out).square().sum(dim=0)
            better = error < least
            least[better], self.penalty[better] = error[better], penalty
            self.left_out[:, better] = left_out[:, better]
        self.weight = vectors @ (targets / (values[:, None] + self.penalty))
        spread = self.left_out.std(dim=0, correction=0)
        self.scale = torch.where(spread > 0, 1.0 / spread.clamp(min=1e-12), torch.zeros_like(spread))


def _left_out(rotated: Tensor, given: Tensor, denominator: Tensor, targets: Tensor, n: int) -> Tensor:
    """Return what each photo (B, d, rotated) is predicted without its own tags: (B, C), centered."""
    leverage = (rotated.square() @ (1.0 / denominator).float() + 1.0 / n).clamp(max=1 - 1e-6)[:, None]
    fitted = rotated @ (targets / denominator[:, None]).float()
    return (fitted - leverage * given) / (1.0 - leverage)


def _bias(logits: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bias (C,) at which the mean probability of logits (B, C) is the rate."""
    rates = np.clip(rates, 1e-4, 1 - 1e-4)
    bias = np.log(rates / (1 - rates))
    for _ in range(_ROUNDS):
        p = expit(logits + bias.astype(logits.dtype))
        step = (p.mean(axis=0, dtype=np.float64) - rates) / np.maximum((p * (1 - p)).mean(axis=0), 1e-9)
        bias -= step
        if np.abs(step).max() < _CLOSE:
            break
    return bias
