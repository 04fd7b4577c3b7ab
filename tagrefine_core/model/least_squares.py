"""The last layer in closed form: ridge regression of the tags on features, as log-odds, each tag with its own ridge.

Least squares takes away what many photos share; the mean feature of a tag's photos, the other end of the ridge, does not. The two
err differently, so a mean of both is better than either (docs/log/2026-11-26-learning.md). Tags that users give reliably ("dog")
want a weak ridge, and those that they give seldom ("people") a strong one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from torch import Tensor

__all__ = ["LinearLayer", "Ridge", "least_squares", "likeness"]

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


def least_squares(
    features: Tensor, tags: sparse.csr_matrix, *, prototype: float = 0.0, seed: int = 0
) -> LinearLayer:
    """Solve for the layer that predicts the tags, each photo judged by the others.

    The ridge of a tag is the one with the least squared error on photos left out one at a time, in closed form (PRESS;
    Allen, 1974). Predictions of photos left out are then scaled to deviation 1, averaged with those by the tag's mean feature
    (Rocchio, 1971) at the same scale, and shifted so that the mean probability is the tag's own rate; tags that nobody gave have
    weight 0.

    Parameters
    ----------
    features : float32 (n, d)
        Of the photos trained on.
    tags : csr (n, C)
        The users' tags, from 0 to 1.
    prototype : float
        Share of the mean feature, in [0, 1].
    seed : int
        Of the sample of photos that judges the ridges.

    Returns
    -------
    LinearLayer
        On the device of the features.
    """
    solved = Ridge(features, tags, seed)
    weight, logits = solved.weight.T * solved.scale[:, None], solved.shown
    if prototype:
        typical = solved.typical
        left_out = typical.left_out(features[solved.sample], tags[solved.sample.numpy()])
        scale = _inverse(left_out.std(dim=0, correction=0))
        weight = weight.lerp(typical.mean * scale[:, None], prototype)
        logits = logits.lerp(left_out.float() * scale.float(), prototype)
    predicted = logits.cpu().numpy()
    bias = torch.from_numpy(_bias(predicted, solved.rates)).to(weight.device) - weight @ solved.mean
    device = features.device
    return LinearLayer(weight.float().to(device), bias.float().to(device), solved.penalty)


def likeness(shown: Tensor) -> NDArray[np.float32]:
    """Return how alike the photos of two tags look: the correlation of what least squares predicts for each.

    Photos are predicted by the others alone, so that tags of the same photos do not count as alike for that.

    Parameters
    ----------
    shown : float32 Tensor (n, C)
        Of `Ridge`.

    Returns
    -------
    (C, C) float32 array
        From -1 to 1, symmetric; 0 for tags that nobody gave.
    """
    predicted = shown - shown.mean(dim=0)
    found = (predicted.T @ predicted / len(predicted)).clamp(-1, 1)
    return np.asarray(found.float().cpu().numpy())


class Ridge:
    """Ridge regression of tags on features, each tag with the ridge of the least error on photos left out.

    Attributes
    ----------
    mean : float64 Tensor (d,)
        Of the features.
    weight : float64 Tensor (d, C)
        Of features less their mean.
    penalty : float64 Tensor (C,)
    rates : float64 (C,)
        Of the tags.
    sample : int64 Tensor (B,)
        The photos that judged.
    shown : float32 Tensor (B, C)
        What is predicted for them by the others, at deviation 1: how far a picture shows each tag.
    scale : Tensor (C,)
        One over the deviation of what is predicted for them; 0 where it is the same for all.
    """

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
        self._n = n
        self.rates = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)
        cross = torch.from_numpy(np.asarray(tags.T @ features.cpu().numpy(), dtype=np.float64))
        cross -= torch.from_numpy(n * self.rates)[:, None] * self.mean.cpu()
        self._cross = cross = cross.to(device)
        targets = vectors.T @ cross.T  # (d, C)

        # What judges the ridges may be rounded; what solves for the weights may not.
        sample = np.sort(np.random.default_rng((seed, 7)).permutation(n)[:_JUDGED])
        self.sample = torch.from_numpy(sample)
        rotated = ((features[self.sample].double() - self.mean) @ vectors).float()
        given = torch.from_numpy((tags[sample].toarray() - self.rates).astype(np.float32)).to(device)
        size = float(values.sum()) / max(1, n) or 1.0
        predicted = torch.zeros_like(given)
        self.penalty = torch.full(
            (given.shape[1],), float(_PENALTIES[-1] * size), dtype=torch.float64, device=device
        )
        least = torch.full((given.shape[1],), torch.inf, device=device)
        for penalty in (_PENALTIES * size).tolist():
            left_out = _left_out(rotated, given, values + penalty, targets, n)
            error = (given - left_out).square().sum(dim=0)
            better = error < least
            least[better], self.penalty[better] = error[better], penalty
            predicted[:, better] = left_out[:, better]
        self.weight = vectors @ (targets / (values[:, None] + self.penalty))
        self.scale = _inverse(predicted.std(dim=0, correction=0))
        self.shown = predicted * self.scale

    @property
    def typical(self) -> "_Typical":
        """What the photos of each tag have in common."""
        return _Typical(self.mean, self._cross, torch.from_numpy(self.rates * self._n).to(self._cross))


class _Typical:
    """The mean feature (C, d) of each tag's photos, less that of all."""

    def __init__(self, center: Tensor, total: Tensor, count: Tensor) -> None:
        self.center, self.total, self.count = center, total, count
        self.mean = total / count.clamp(min=1e-9)[:, None]

    def left_out(self, features: Tensor, tags: sparse.csr_matrix) -> Tensor:
        """Return how far each photo (B, d) points to the mean feature of the other photos of each tag, (B, C)."""
        centered = features.double() - self.center
        given = torch.from_numpy(tags.toarray().astype(np.float64)).to(centered)
        rest = self.count - given
        pointed = centered @ self.total.T - given * centered.square().sum(dim=1)[:, None]
        return torch.where(rest > 0.5, pointed / rest.clamp(min=0.5), torch.zeros_like(pointed))


def _inverse(spread: Tensor) -> Tensor:
    return torch.where(spread > 0, 1.0 / spread.clamp(min=1e-12), torch.zeros_like(spread))


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
