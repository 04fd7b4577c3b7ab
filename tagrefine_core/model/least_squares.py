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

from tagrefine_core.model.design import Design, Moments

__all__ = ["LinearLayer", "Ridge", "least_squares", "likeness"]

_PENALTIES = 4.0 ** np.arange(-1, 5)  # times the mean squared length of a centered feature
_ROUNDS = 60  # of Newton's method for the bias, at most
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
    design: Design,
    tags: sparse.csr_matrix,
    *,
    parts: Sequence[NDArray[np.int64]] = (),
    prototype: float = 0.0,
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
    design : Design
        Of the photos trained on.
    tags : csr (n, C)
        The users' tags, from 0 to 1.
    parts : sequence of int64 arrays
        Photos, 0 to n-1, that one layer each does not see.
    prototype : float
        Share of the mean feature, in [0, 1].

    Returns
    -------
    list of LinearLayer
        In the order of ``parts``, then that of all photos; on the device of the design.
    """
    solved = Ridge(design, tags)
    logits, typical_scale = solved.shown, torch.zeros_like(solved.scale)
    if prototype:
        left_out = solved.typical()
        typical_scale = _inverse(left_out.std(dim=0, correction=0))
        logits = logits.lerp((left_out * typical_scale).float(), prototype)
    spread = _spread(logits, solved.given)
    shift = torch.from_numpy(_bias((logits * spread).cpu().numpy(), solved.rates)).to(logits.device)
    layers = []
    for learned in (*(solved.without(part) for part in parts), solved.learned):
        typical = learned.cross / learned.count.clamp(min=1e-9)[:, None]
        ridge, by_mean = solved.weight(learned), typical * typical_scale[:, None]
        weight = torch.lerp(ridge * solved.scale[:, None].double(), by_mean.double(), prototype)
        weight *= spread[:, None]
        bias = shift - weight @ (design.center + learned.moments.mean)
        layers.append(LinearLayer(weight.float(), bias.float(), solved.penalty))
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

    Parameters
    ----------
    design : Design
        Of n photos.
    tags : csr (n, C)
        From 0 to 1.

    Attributes
    ----------
    learned : _Learned
        From all photos.
    penalty : float64 Tensor (C,)
    rates : float64 (C,)
        Of the tags.
    given : float32 Tensor (B, C)
        Tags of the photos that judge.
    shown : float32 Tensor (B, C)
        What is predicted for them by the others, at deviation 1: how far a picture shows each tag.
    scale : Tensor (C,)
        One over the deviation of what is predicted for them; 0 where it is the same for all.
    """

    def __init__(self, design: Design, tags: sparse.csr_matrix) -> None:
        n, device = len(design), design.device
        self._design, self._tags = design, tags
        self.rates = np.asarray(tags.mean(axis=0), dtype=np.float64).reshape(-1)
        self.learned = self._learned(np.arange(n), design.moments)
        targets = design.vectors.T @ self.learned.cross.T  # (d, C)
        self.given = _dense(tags[design.sample], device)
        relative = self.given - torch.from_numpy(self.rates.astype(np.float32)).to(device)
        size = float(design.values.sum()) / max(1, n) or 1.0
        predicted = torch.zeros_like(relative)
        self.penalty = torch.full(
            (relative.shape[1],), float(_PENALTIES[-1] * size), dtype=torch.float64, device=device
        )
        least = torch.full((relative.shape[1],), torch.inf, device=device)
        for penalty in (_PENALTIES * size).tolist():
            left_out = _left_out(design.rotated, relative, design.values + penalty, targets, n)
            error = (relative - left_out).square().sum(dim=0)
            better = error < least
            least[better], self.penalty[better] = error[better], penalty
            predicted[:, better] = left_out[:, better]
        self.scale = _inverse(predicted.std(dim=0, correction=0))
        self.shown = predicted * self.scale

    def without(self, part: NDArray[np.int64]) -> "_Learned":
        """Return what is learned without some photos."""
        return self.learned.without(self._learned(part, self._design.moments_of(part)))

    def weight(self, learned: "_Learned") -> Tensor:
        """Return the regression (C, d) of what was learned, each tag with its ridge."""
        gram, cross = learned.moments.gram, learned.cross
        found = torch.zeros_like(cross)
        for penalty in sorted(set(self.penalty.tolist())):
            own = self.penalty == penalty
            ridged = gram + penalty * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
            found[own] = torch.cholesky_solve(cross[own].T, torch.linalg.cholesky(ridged)).T
        return found

    def typical(self) -> Tensor:
        """Return how far each photo that judges points to the mean feature of the other photos of each tag, float64 (B, C)."""
        centered = self._design.centered(self._design.sample) - self.learned.moments.mean
        given = self.given.double()
        rest = self.learned.count - given
        pointed = centered @ self.learned.cross.T - given * centered.square().sum(dim=1)[:, None]
        return torch.where(rest > 0.5, pointed / rest.clamp(min=0.5), torch.zeros_like(pointed))

    def _learned(self, photos: NDArray[np.int64], moments: Moments) -> "_Learned":
        """Return what some photos, which have these moments, teach of each tag."""
        products = torch.zeros(self._tags.shape[1], len(moments.total)).to(moments.total)
        for block, centered in self._design.blocks(photos):
            tagged = self._tags[block]
            products += torch.from_numpy(np.asarray(tagged.T @ centered.cpu().numpy())).to(products)
        count = np.asarray(self._tags[photos].sum(axis=0), dtype=np.float64).reshape(-1)
        return _Learned(moments, products, torch.from_numpy(count).to(products))


@dataclass(frozen=True, eq=False)
class _Learned:
    """Moments of photos, the sums of their features by tag (C, d), about `Design.center`, and how many have each tag (C,)."""

    moments: Moments
    products: Tensor
    count: Tensor

    @property
    def cross(self) -> Tensor:
        """The sums of features by tag (C, d), about the mean of these photos."""
        return self.products - torch.outer(self.count, self.moments.mean)

    def without(self, part: "_Learned") -> "_Learned":
        """Return what the others teach."""
        return _Learned(
            self.moments.without(part.moments), self.products - part.products, self.count - part.count
        )


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
    # Where all logits were alike, the lowest or the highest, the bias would be one of these.
    low, high = bias - logits.max(axis=0), bias - logits.min(axis=0)
    for _ in range(_ROUNDS):
        p = expit(logits + bias.astype(logits.dtype))
        over = p.mean(axis=0, dtype=np.float64) - rates
        low, high = np.where(over > 0, low, bias), np.where(over > 0, bias, high)
        step = over / np.maximum((p * (1 - p)).mean(axis=0), 1e-9)
        # Far from the rate the curve is flat, and Newton's step leads out of sight: halve what is left instead.
        moved = np.where((bias - step >= low) & (bias - step <= high), bias - step, (low + high) / 2)
        done = np.abs(moved - bias).max() < _CLOSE
        bias = moved
        if done:
            break
    return bias
