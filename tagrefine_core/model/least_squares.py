"""The last layer in closed form: ridge regression of the tags on features, as log-odds, each tag with its own ridge.

Least squares takes away what many photos share; the mean feature of a tag's photos, the other end of the ridge, does not. The two
err differently, so a mean of both is better than either (docs/log/2026-11-26-learning.md). Tags that users give reliably ("dog")
want a weak ridge, and those that they give seldom ("people") a strong one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from torch import Tensor

__all__ = ["LinearLayer", "Ridge", "least_squares", "likeness"]

_PENALTIES = 4.0 ** np.arange(-1, 5)  # times the mean squared length of a centered feature
_BLOCK = 4096
_JUDGED = 4096  # photos that the penalties are chosen on
_ROUNDS = 30  # of Newton's method for the bias, at most
_CLOSE = 1e-6
_DOUBT = 5.0  # photos that the median of all tags counts for
_LEAST = 0.05
_SPREAD = 0.8  # docs/log/2026-11-26-learning.md


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
    features: Tensor,
    tags: sparse.csr_matrix,
    *,
    parts: Sequence[NDArray[np.int64]] = (),
    prototype: float = 0.0,
    seed: int = 0,
) -> list[LinearLayer]:
    """Solve for the layer that predicts the tags; without each of some parts of the photos, and of all photos.

    The ridge of a tag is the one with the least squared error on photos left out one at a time, in closed form (PRESS;
    Allen, 1974). Predictions of photos left out are then scaled to deviation 1, averaged with those by the tag's mean feature
    (Rocchio, 1971) at the same scale, brought to the spread of log-odds, and shifted so that the mean probability is the tag's own
    rate; tags that nobody gave have weight 0. Ridges, scales and shifts are those of all photos for every part.

    Were predictions normal, with one deviation for photos that have the tag and those that have not, then log-odds would spread
    as far as the two means are apart (linear discriminant analysis). What few photos say of that is little: it is drawn to the
    median of all tags, and half the way to 1.

    Parameters
    ----------
    features : float32 (n, d)
        Of the photos trained on.
    tags : csr (n, C)
        The users' tags, from 0 to 1.
    parts : sequence of int64 arrays
        Photos, 0 to n-1, that one layer each does not see.
    prototype : float
        Share of the mean feature, in [0, 1].
    seed : int
        Of the sample of photos that judges the ridges.

    Returns
    -------
    list of LinearLayer
        In the order of ``parts``, then that of all photos; on the device of the features.
    """
    solved = Ridge(features, tags, seed)
    logits, typical_scale = solved.shown, torch.zeros_like(solved.scale)
    if prototype:
        left_out = solved.typical()
        typical_scale = _inverse(left_out.std(dim=0, correction=0))
        logits = logits.lerp((left_out * typical_scale).float(), prototype)
    spread = _spread(logits, solved.given)
    shift = torch.from_numpy(_bias((logits * spread).cpu().numpy(), solved.rates)).to(logits.device)
    layers = []
    for moments in (*(solved.moments.without(solved.moments_of(part)) for part in parts), solved.moments):
        mean, _, cross = moments.about_mean()
        typical = cross / moments.count.clamp(min=1e-9)[:, None]
        ridge, by_mean = solved.weight(moments), typical * typical_scale[:, None]
        weight = torch.lerp(ridge * solved.scale[:, None].double(), by_mean.double(), prototype)
        weight *= spread[:, None]
        bias = shift - weight @ (solved.center + mean)
        device = features.device
        layers.append(LinearLayer(weight.float().to(device), bias.float().to(device), solved.penalty))
    return layers


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


def _spread(predicted: Tensor, given: Tensor) -> Tensor:
    """Return the deviation (C,) that logits should have, of predictions (B, C) at deviation 1 of photos left out, and their tags."""
    count = given.sum(dim=0)
    have = (predicted * given).sum(dim=0) / count.clamp(min=1e-9)
    lack = (predicted * (1 - given)).sum(dim=0) / (len(given) - count).clamp(min=1e-9)
    apart, told = have - lack, count > 0
    median = apart[told].median() if bool(told.any()) else torch.ones_like(apart[0])
    apart = (count * apart + _DOUBT * median) / (count + _DOUBT)
    return _SPREAD * apart.clamp(min=_LEAST).sqrt()


class Ridge:
    """Ridge regression of tags on features, each tag with the ridge of the least error on photos left out.

    Attributes
    ----------
    center : float64 Tensor (d,)
        Of the features; what moments are about.
    moments : _Moments
        Of all photos.
    penalty : float64 Tensor (C,)
    rates : float64 (C,)
        Of the tags.
    sample : int64 (B,)
        The photos that judged.
    given : float32 Tensor (B, C)
        Their tags.
    shown : float32 Tensor (B, C)
        What is predicted for them by the others, at deviation 1: how far a picture shows each tag.
    scale : Tensor (C,)
        One over the deviation of what is predicted for them; 0 where it is the same for all.
    """

    def __init__(self, features: Tensor, tags: sparse.csr_matrix, seed: int) -> None:
        if features.device.type == "mps":  # which has no float64
            features = features.cpu()
        n, device = len(features), features.device
        self._features, self._tags = features, tags
        self.center = features.double().mean(dim=0)
        self.moments = self.moments_of(None)
        self.rates = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)
        _, gram, cross = self.moments.about_mean()
        values, vectors = torch.linalg.eigh(gram)
        values = values.clamp(min=0)
        targets = vectors.T @ cross.T  # (d, C)

        # What judges the ridges may be rounded; what solves for the weights may not.
        self.sample = np.sort(np.random.default_rng((seed, 7)).permutation(n)[:_JUDGED])
        rotated = (self._centered(self.sample) @ vectors).float()
        self.given = _dense(tags[self.sample], device)
        relative = self.given - torch.from_numpy(self.rates.astype(np.float32)).to(device)
        size = float(values.sum()) / max(1, n) or 1.0
        predicted = torch.zeros_like(relative)
        self.penalty = torch.full(
            (relative.shape[1],), float(_PENALTIES[-1] * size), dtype=torch.float64, device=device
        )
        least = torch.full((relative.shape[1],), torch.inf, device=device)
        for penalty in (_PENALTIES * size).tolist():
            left_out = _left_out(rotated, relative, values + penalty, targets, n)
            error = (relative - left_out).square().sum(dim=0)
            better = error < least
            least[better], self.penalty[better] = error[better], penalty
            predicted[:, better] = left_out[:, better]
        self.scale = _inverse(predicted.std(dim=0, correction=0))
        self.shown = predicted * self.scale

    def moments_of(self, part: NDArray[np.int64] | None) -> "_Moments":
        """Return the moments of some photos; of all by default."""
        rows = np.arange(len(self._features)) if part is None else part
        width = self._features.shape[1]
        total = torch.zeros(width, dtype=torch.float64, device=self._features.device)
        gram = torch.zeros(width, width, dtype=torch.float64, device=self._features.device)
        cross = torch.zeros(self._tags.shape[1], width, dtype=torch.float64, device=self._features.device)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            centered = self._centered(block)
            total += centered.sum(dim=0)
            gram.addmm_(centered.T, centered)
            tagged = self._tags[block]
            cross += torch.from_numpy(np.asarray(tagged.T @ centered.cpu().numpy())).to(cross)
        count = np.asarray(self._tags[rows].sum(axis=0), dtype=np.float64).reshape(-1)
        return _Moments(len(rows), total, gram, cross, torch.from_numpy(count).to(total))

    def weight(self, moments: "_Moments") -> Tensor:
        """Return the regression (C, d) of photos with these moments, each tag with its ridge."""
        _, gram, cross = moments.about_mean()
        found = torch.zeros_like(cross)
        for penalty in sorted(set(self.penalty.tolist())):
            own = self.penalty == penalty
            ridged = gram + penalty * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
            found[own] = torch.cholesky_solve(cross[own].T, torch.linalg.cholesky(ridged)).T
        return found

    def typical(self) -> Tensor:
        """Return how far each photo that judged points to the mean feature of the other photos of each tag, float64 (B, C)."""
        mean, _, cross = self.moments.about_mean()
        centered, given = self._centered(self.sample) - mean, self.given.double()
        rest = self.moments.count - given
        pointed = centered @ cross.T - given * centered.square().sum(dim=1)[:, None]
        return torch.where(rest > 0.5, pointed / rest.clamp(min=0.5), torch.zeros_like(pointed))

    def _centered(self, rows: NDArray[np.int64]) -> Tensor:
        return self._features[torch.from_numpy(rows)].double() - self.center


@dataclass(frozen=True, eq=False)
class _Moments:
    """What least squares asks of photos: how many, the sums of features (d,), their products (d, d), those with tags (C, d), tags (C,)."""

    photos: int
    total: Tensor
    gram: Tensor
    cross: Tensor
    count: Tensor

    def without(self, part: "_Moments") -> "_Moments":
        """Return the moments of the others."""
        return _Moments(
            self.photos - part.photos,
            self.total - part.total,
            self.gram - part.gram,
            self.cross - part.cross,
            self.count - part.count,
        )

    def about_mean(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the mean feature (d,), and about it the products of features (d, d) and of tags with features (C, d)."""
        mean = self.total / max(1, self.photos)
        return mean, self.gram - torch.outer(self.total, mean), self.cross - torch.outer(self.count, mean)


def _dense(tags: sparse.csr_matrix, device: torch.device) -> Tensor:
    return torch.from_numpy(tags.toarray().astype(np.float32)).to(device)


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
