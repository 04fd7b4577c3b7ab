"""From logits to probabilities that a tag fits, without ground truth.

A network learns how likely a user *gives* a tag, q = P(given | photo). What is wanted is whether the tag fits, f = P(fits | photo).
With a reporting rate rho, q = rho f (Elkan and Noto, "Learning classifiers from only positive and unlabeled data", KDD 2008), so that
all hangs on rho; and rho cannot be read off the surest photos where they are few or not sure at all. Here both are one curve for each
tag, fitted to the users' tags over logits z that have not seen the photo's own tag:

    q(z) = rho (eps + (1 - eps) s(a z + b)),   f(z) = s(a z + b) ** (1 / (1 + kappa)),   s the logistic function

a logistic regression whose ceiling is rho instead of 1 (Jaskie, Elkan and Spanias, "A modified logistic regression for positive and
unlabeled learning", Asilomar 2019). Who seldom writes a tag writes it where the photo shows it best: kappa = max(0, 1 - rho / .25), by
the mean rho. A ceiling that is reached shows in the data ("people" is written on one photo in twenty, however
many people it shows); one that is not is drawn toward what tags show that are seen on the same photos, since "man" is written as seldom
as "woman". Every rho of a grid is kept with its probability, so that f comes with an uncertainty, and the surest photos of a tag whose
ceiling nobody knows are not taken for sure.

What a user wrote is evidence on top: a tag that is not written where it would be (log(1 - rho)), and one that is, by how much likelier
than elsewhere it is written where it fits. Users' errors are too few to tell tag by tag, so that a ratio below that of all tags is drawn
half way to it; the higher one of a rare tag stands, since a network knows too little of it to overrule who wrote it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from tagrefine_core.errors import RunError
from tagrefine_core.files import write_file

__all__ = ["Calibration"]

_LOWEST, _HIGHEST, _STEP = -14.0, 8.0, 0.2
_BINS = round((_HIGHEST - _LOWEST) / _STEP)
_CENTERS = _LOWEST + _STEP * (np.arange(_BINS) + 0.5)

_RATES = np.array([0.02, 0.03, 0.045, 0.065, 0.09, 0.13, 0.18, 0.25, 0.34, 0.45, 0.57, 0.7, 0.82, 0.92])
_SELDOM = 0.25  # rates below which users choose the photos that show a tag best
_WORD = 0.9  # of what pictures do not show: how likely what a user wrote is right
_ERRORS = 0.001  # eps: how often a tag is given where it does not fit, as a share of where it does
# Priors of the curve, chosen on the development half: logits of the networks here rise a little too slowly.
_SLOPE, _SLOPE_SPREAD, _OFFSET_SPREAD = 1.8, 0.35, 4.0

_SAMPLE = 16384  # photos that tell which tags are seen on the same photos
_ALIKE_POWER = 8  # only tags seen on nearly the same photos count for each other
_ALL_TAGS = 0.1  # weight of all tags beside those seen on the same photos
_FULL_WEIGHT = 100  # photos from which on a tag's rate counts in full for others
_ROUNDS = 30
_TAGS_AT_ONCE = 256
_EDGE = 1e-6


@dataclass(frozen=True, eq=False)
class Calibration:
    """How logits of a tag become the probability that it fits.

    Attributes
    ----------
    curve : float32 (C, B)
        Log-odds that the tag fits, at the B logits of a fixed grid; rising.
    spread : float32 (C, B)
        Its standard deviation, from the rates that are possible.
    reported : float64 (C,)
        rho: how likely users give the tag where it fits, in (0, 1).
    given : float64 (C,)
        Share of the photos that carry the tag or one that surely implies it.
    unseen : bool (C,) or None
        Tags that pictures do not show, told by how likely they are given; None: none.
    """

    curve: NDArray[np.float32]
    spread: NDArray[np.float32]
    reported: NDArray[np.float64]
    given: NDArray[np.float64]
    unseen: NDArray[np.bool_] | None = None

    @classmethod
    def measure(
        cls,
        blocks: Iterable[tuple[NDArray[Any], csr_matrix]],
        tags: int,
        photos: int,
        *,
        unseen: NDArray[np.bool_] | None = None,
    ) -> "Calibration":
        """Fit the curves.

        Parameters
        ----------
        blocks : iterable of (logits (B, C), csr (B, C))
            Of all photos learned from: logits that have not seen the photo's own tags, and what the user gave, in [0, 1].
        tags, photos : int
            C, and how many photos the blocks hold.
        unseen : bool (C,), optional
            Tags that pictures do not show. Nobody can say where they fit, so that their curve stays at how likely they are given: a
            ceiling fitted to them would say that "california" fits half of all photos.
        """
        counts = _Counts(tags, photos)
        for logits, given in blocks:
            counts.add(np.asarray(logits), given)
        slopes, offsets, likelihood = _fitted(counts.photos, counts.given)
        weights = _rates_of(likelihood, counts.given.sum(axis=1), counts.alike())
        reported = weights @ _RATES
        kappa = np.maximum(0, 1 - reported / _SELDOM)[:, None]
        fits = np.zeros((tags, _BINS))
        squares = np.zeros_like(fits)
        for number, rate in enumerate(_RATES):
            share = expit(slopes[:, [number]] * _CENTERS + offsets[:, [number]])
            one = share ** (1 / (1 + kappa))
            if unseen is not None:
                one[unseen] = rate * share[unseen]
            fits += weights[:, [number]] * one
            squares += weights[:, [number]] * one**2
        fits = np.clip(fits, _EDGE, 1 - _EDGE)
        spread = np.sqrt(np.maximum(squares - fits**2, 0)) / (fits * (1 - fits))
        return cls(
            curve=logit(fits).astype(np.float32),
            spread=spread.astype(np.float32),
            reported=reported,
            given=counts.given.sum(axis=1) / max(1, photos),
            unseen=unseen,
        )

    def fits(self, logits: NDArray[Any]) -> NDArray[np.float32]:
        """Return log-odds (B, C) that each tag fits, by logits (B, C) alone."""
        place = np.clip((np.asarray(logits, dtype=np.float32) - _CENTERS[0]) / _STEP, 0, _BINS - 1.001)
        below = place.astype(np.int32)
        part = place - below
        at = below + np.arange(self.curve.shape[0], dtype=np.int32) * _BINS
        flat = self.curve.reshape(-1)
        return np.asarray(flat[at] + part * (flat[at + 1] - flat[at]), dtype=np.float32)

    def curve_of(
        self, tag: int, logits: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return log-odds that one tag (its column) fits, by logits (n,) alone, and how fast they rise there; both (n,)."""
        place = (np.asarray(logits, dtype=np.float64) - _CENTERS[0]) / _STEP
        within = np.clip(place, 0, _BINS - 1.001)
        below = within.astype(np.int64)
        curve = self.curve[tag].astype(np.float64)
        rise = curve[below + 1] - curve[below]
        return curve[below] + (within - below) * rise, np.where(place == within, rise / _STEP, 0.0)

    def corrected(
        self,
        tags: NDArray[np.int64],
        *,
        slope: NDArray[np.floating],
        offset: NDArray[np.floating],
        doubt: NDArray[np.floating],
    ) -> "Calibration":
        """Return one whose curves of some tags are ``offset + slope * curve``; all else stays.

        Parameters
        ----------
        tags : int64 (T,)
        slope, offset : (T,)
            Slopes above 0.
        doubt : (T,)
            What is left of the standard deviation of the curve, in [0, 1].
        """
        curve, spread = self.curve.copy(), self.spread.copy()
        curve[tags] = (slope[:, None] * curve[tags] + offset[:, None]).astype(np.float32)
        spread[tags] = (doubt[:, None] * spread[tags]).astype(np.float32)
        return replace(self, curve=curve, spread=spread)

    def written(self, weight: float) -> NDArray[np.float32]:
        """Return by how much a given tag raises the log-odds that it fits, (C,), not negative, times ``weight``.

        Of what pictures do not show, the user's word is all there is: with any weight it makes the average photo right in nine of ten.
        """
        ratio = np.log(self.reported / np.maximum(self.given, _EDGE))
        common = (self.given * ratio).sum() / max(self.given.sum(), _EDGE)
        gain = weight * np.maximum(0, (ratio + np.maximum(ratio, common)) / 2)
        if weight and self.unseen is not None:
            word = logit(_WORD) - logit(np.clip(self.given, _EDGE, _WORD))
            gain = np.where(self.unseen, word, gain)
        return np.asarray(gain, dtype=np.float32)

    def unwritten(self, weight: float) -> NDArray[np.float32]:
        """Return by how much a tag that was not given has its log-odds lowered, (C,), not positive; 0 with a weight of 0."""
        return np.asarray(
            np.log1p(-self.reported) if weight else np.zeros_like(self.reported), dtype=np.float32
        )

    def words(self, written: NDArray[np.floating], weight: float) -> NDArray[np.float64]:
        """Return what the user's words add to the log-odds of tags, (..., C), where he wrote each ``written`` far, in [0, 1]."""
        silence = self.unwritten(weight)
        return np.asarray(silence + written * (self.written(weight) - silence), dtype=np.float64)

    def uncertainty(
        self, probabilities: NDArray[np.floating], evidence: NDArray[np.floating] | float = 0.0
    ) -> NDArray[np.float64]:
        """Return the standard deviation of probabilities that a tag fits.

        Parameters
        ----------
        probabilities : (P,) array
            In [0, 1].
        evidence : (C,) array or float
            What the user's words have added to their log-odds.

        Returns
        -------
        float64 (C, P)
        """
        added = np.broadcast_to(evidence, len(self.curve))
        wanted = logit(np.clip(probabilities, _EDGE, 1 - _EDGE))
        found = np.empty((len(self.curve), len(wanted)))
        for tag, (curve, spread) in enumerate(zip(self.curve, self.spread, strict=True)):
            found[tag] = np.interp(wanted - added[tag], curve, spread)
        return np.asarray(found * probabilities * (1 - probabilities), dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        arrays = {name: array for name, array in vars(self).items() if array is not None}
        content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        write_file(path, lambda file: file.write(content))

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Read what `save` wrote; RunError when it is gone or damaged."""
        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError, ValueError) as error:
            raise RunError(f"{path} is gone or damaged. Train again.") from error


class _Counts:
    """Photos and givers of every tag by logit, and how alike the logits of tags run."""

    def __init__(self, tags: int, photos: int) -> None:
        self.photos, self.given = np.zeros((tags, _BINS)), np.zeros((tags, _BINS))
        self._every = max(1, -(-photos // _SAMPLE))
        self._seen = self._sampled = 0
        self._sum, self._products = np.zeros(tags), np.zeros((tags, tags))

    def add(self, logits: NDArray[Any], given: csr_matrix) -> None:
        tags = self.photos.shape[0]
        place = np.clip(((logits - _LOWEST) / _STEP).astype(np.int32), 0, _BINS - 1)
        place += np.arange(tags, dtype=np.int32) * _BINS
        self.photos += np.bincount(place.reshape(-1), minlength=tags * _BINS).reshape(tags, _BINS)
        own = given.tocoo()
        self.given += np.bincount(place[own.row, own.col], weights=own.data, minlength=tags * _BINS).reshape(
            tags, _BINS
        )
        sample = np.asarray(logits[-self._seen % self._every :: self._every], dtype=np.float64)
        self._sum += sample.sum(axis=0)
        self._products += sample.T @ sample
        self._sampled += len(sample)
        self._seen += len(logits)

    def alike(self) -> NDArray[np.float64]:
        """Return the correlations (C, C) of logits, not negative, with a diagonal of zeros."""
        mean = self._sum / max(1, self._sampled)
        covariance = self._products / max(1, self._sampled) - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
        alike = np.maximum(0, covariance / np.outer(deviation, deviation))
        np.fill_diagonal(alike, 0)
        return np.asarray(alike)


def _fitted(
    photos: NDArray[np.float64], given: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return slopes, offsets and marginal log-likelihoods (C, K) of the curve of every tag at every rate."""
    blocks = [
        _fitted_block(photos[start : start + _TAGS_AT_ONCE, None], given[start : start + _TAGS_AT_ONCE, None])
        for start in range(0, len(photos), _TAGS_AT_ONCE)
    ]
    if not blocks:
        empty = np.empty((0, len(_RATES)))
        return empty, empty, empty
    slopes, offsets, likelihood = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return slopes, offsets, likelihood


def _fitted_block(
    photos: NDArray[np.float64], given: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find the posterior mode of log a and b by damped Fisher scoring, and the evidence for rho by Laplace's method."""
    rho = _RATES[:, None]

    def at(log_slope: NDArray[np.float64], offset: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        slope = np.exp(log_slope)[..., None]
        fits = expit(slope * _CENTERS + offset[..., None])
        q = np.clip(rho * (_ERRORS + (1 - _ERRORS) * fits), 1e-9, 1 - 1e-9)
        loss = -(given * np.log(q) + (photos - given) * np.log1p(-q)).sum(axis=-1)
        loss += (
            0.5 * ((log_slope - np.log(_SLOPE)) / _SLOPE_SPREAD) ** 2 + 0.5 * (offset / _OFFSET_SPREAD) ** 2
        )
        rise = rho * (1 - _ERRORS) * fits * (1 - fits)
        by_slope, information = rise * slope * _CENTERS, photos / (q * (1 - q))
        residual = (given - photos * q) / (q * (1 - q))
        return (
            loss,
            (residual * by_slope).sum(axis=-1) - (log_slope - np.log(_SLOPE)) / _SLOPE_SPREAD**2,
            (residual * rise).sum(axis=-1) - offset / _OFFSET_SPREAD**2,
            (information * by_slope**2).sum(axis=-1) + _SLOPE_SPREAD**-2,
            (information * by_slope * rise).sum(axis=-1),
            (information * rise**2).sum(axis=-1) + _OFFSET_SPREAD**-2,
        )

    tags = len(photos)
    carriers = np.maximum(given.sum(axis=-1), 1e-9)
    log_slope = np.full((tags, len(_RATES)), np.log(_SLOPE))
    offset = np.repeat(
        np.clip(-_SLOPE * (given * _CENTERS).sum(axis=-1) / carriers, -4, 8), len(_RATES), axis=1
    )
    damping = np.full_like(offset, 1e-2)
    now = at(log_slope, offset)
    for _ in range(60):
        _, g1, g2, h11, h12, h22 = now
        h11, h22 = h11 * (1 + damping), h22 * (1 + damping)
        determinant = h11 * h22 - h12**2
        step1 = np.clip((h22 * g1 - h12 * g2) / determinant, -0.5, 0.5)
        step2 = np.clip((h11 * g2 - h12 * g1) / determinant, -2, 2)
        new = at(log_slope + step1, offset + step2)
        better = new[0] <= now[0] + 1e-9
        log_slope, offset = (
            np.where(better, log_slope + step1, log_slope),
            np.where(better, offset + step2, offset),
        )
        now = tuple(np.where(better, after, before) for after, before in zip(new, now, strict=True))
        damping = np.clip(np.where(better, damping * 0.3, damping * 8), 1e-6, 1e6)
        if better.all() and max(np.abs(step1).max(), np.abs(step2).max()) < 1e-3:
            break
    loss, _, _, h11, h12, h22 = now
    return np.exp(log_slope), offset, -loss - 0.5 * np.log(h11 * h22 - h12**2)


def _rates_of(
    likelihood: NDArray[np.float64], carriers: NDArray[np.float64], alike: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how probable every rate is for every tag, (C, K), each row of sum 1 (empirical Bayes).

    The prior of a tag is the mean of what tags show that are seen on the same photos, and of what all show.
    """
    known = np.minimum(carriers, _FULL_WEIGHT) / _FULL_WEIGHT
    weights = alike**_ALIKE_POWER * known
    total = weights.sum(axis=1, keepdims=True) + _ALL_TAGS
    prior = np.full_like(likelihood, 1 / len(_RATES))
    found = prior
    for _ in range(_ROUNDS):
        log_posterior = likelihood + np.log(prior)
        found = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        common = 0.98 * (known @ found) / max(known.sum(), 1e-9) + 0.02 / len(_RATES)
        prior = (weights @ found + _ALL_TAGS * common) / total
    return found
