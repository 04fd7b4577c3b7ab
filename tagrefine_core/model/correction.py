"""What a person said of some photos, learned: how the last layer and the curve of a tag move.

A verdict says whether a tag *fits*; the users' tags say who *gave* it. Written over the users' tags as targets of the last layer, verdicts teach
next to nothing: what is asked about are a network's own surest mistakes, and to teach it these moves it away from what users do
(docs/log/2026-11-26-verdicts.md). So they enter where it is said how likely a tag fits. For each tag that was asked about:

    log-odds = words + offset + slope * curve(z + w v)

z is the photo's logit and v what the classifier reads, both averaged with the photo's look-alikes; the curve is the tag's own
(`tagrefine_core.model.calibration`), and the words are what the user's own tags add. A run has w = 0, offset = 0, slope = 1; these
are the means of normal priors, and the verdicts a logistic likelihood: Bayesian logistic regression around what is known already, at its
posterior mode. ``w`` is added to the last layer, so that new photos profit too.

Who is asked about does not bias this. A queue chooses by the score and by whether the tag was given, and the model is conditioned on both
(selection on covariates is ignorable; Rubin, "Inference and missing data", Biometrika 1976). A verdict on a tag is no verdict on those that it
implies: photos would then be chosen by their answer, which does bias (same log).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from tagrefine_core.model.calibration import Calibration

__all__ = ["Correction", "correct"]

# Variances of the priors: of the offset, of the logarithm of the slope, and of what w adds to a logit where v has its usual length.
_OFFSET, _SLOPE, _LOOK = 1.0, 0.02, 1.0
_ROUNDS = 50
_CLOSE = 1e-7
_LEAST_STEP = 1e-3
_SURE = 1e-10


@dataclass(frozen=True, eq=False)
class Correction:
    """How one tag moves.

    Attributes
    ----------
    weight : float64 (d,)
        Added to its row of the last layer.
    offset, slope : float
        What its curve is raised by, after it was multiplied.
    doubt : float
        Standard deviation of the offset, as a share of what it was without verdicts; in (0, 1].
    """

    weight: NDArray[np.float64]
    offset: float
    slope: float
    doubt: float


def correct(
    calibration: Calibration,
    tag: int,
    logits: NDArray[np.floating],
    represented: NDArray[np.floating],
    words: NDArray[np.floating],
    fits: NDArray[np.bool_],
    *,
    size: float,
) -> Correction:
    """Learn from the verdicts on one tag.

    Parameters
    ----------
    calibration : Calibration
    tag : int
        Its column.
    logits : (n,)
        Of the photos asked about, averaged with their look-alikes.
    represented : (n, d)
        What the classifier reads of them, averaged in the same way.
    words : (n,)
        What their users' tags add to the log-odds.
    fits : bool (n,)
        What the person said.
    size : float
        The mean squared length of what the classifier reads, over all photos.
    """
    posterior = _Posterior(calibration, tag, logits, represented, words, fits, size)
    x = np.zeros(2 + represented.shape[1])
    here = posterior.at(x)
    for _ in range(_ROUNDS):
        step = here.newton_step()
        share = 1.0
        while share >= _LEAST_STEP and (there := posterior.at(x - share * step)).loss > here.loss:
            share /= 2
        if share < _LEAST_STEP:
            break
        x, gained, here = x - share * step, here.loss - there.loss, there
        if gained < _CLOSE:
            break
    moved = x * posterior.deviation
    return Correction(
        weight=moved[2:], offset=float(moved[0]), slope=float(np.exp(moved[1])), doubt=here.doubt()
    )


@dataclass(frozen=True, eq=False)
class _Point:
    """The posterior at one place x (2 + d,), in standard deviations of the prior: offset, log slope, weight.

    ``loss`` is its negative logarithm, ``gradient`` (2 + d,) that of the loss, and the information matrix is 1 + rows' rows.
    """

    loss: float
    gradient: NDArray[np.float64]
    rows: NDArray[np.float64]

    def newton_step(self) -> NDArray[np.float64]:
        """Return information^-1 gradient (Fisher scoring)."""
        return self._solve(self.gradient)

    def doubt(self) -> float:
        """Return the standard deviation of the offset (Laplace's method)."""
        first = np.zeros(len(self.gradient))
        first[0] = 1.0
        return float(np.sqrt(self._solve(first)[0]))

    def _solve(self, b: NDArray[np.float64]) -> NDArray[np.float64]:
        # Verdicts are mostly fewer than weights: then by the identity of Woodbury.
        rows = self.rows
        if len(rows) >= len(b):
            return np.asarray(cho_solve(cho_factor(np.eye(len(b)) + rows.T @ rows), b))
        inner = cho_factor(np.eye(len(rows)) + rows @ rows.T)
        return np.asarray(b - rows.T @ cho_solve(inner, rows @ b))


class _Posterior:
    """What verdicts and prior say together of offset, slope and weight; parameters are those of `correct`."""

    def __init__(
        self,
        calibration: Calibration,
        tag: int,
        logits: NDArray[np.floating],
        represented: NDArray[np.floating],
        words: NDArray[np.floating],
        fits: NDArray[np.bool_],
        size: float,
    ) -> None:
        self._calibration, self._tag = calibration, tag
        self._logits, self._words, self._fits = logits, words, fits.astype(np.float64)
        look = np.full(represented.shape[1], _LOOK / max(size, 1e-12))
        self.deviation = np.sqrt(np.concatenate([[_OFFSET, _SLOPE], look]))
        self._represented = np.asarray(represented, dtype=np.float64) * self.deviation[2:]

    def at(self, x: NDArray[np.float64]) -> _Point:
        """Return the posterior at x (2 + d,)."""
        offset, slope = x[0] * self.deviation[0], np.exp(x[1] * self.deviation[1])
        curve, rise = self._calibration.curve_of(self._tag, self._logits + self._represented @ x[2:])
        log_odds = self._words + offset + slope * curve
        likely = expit(log_odds)
        by_offset = np.full((len(curve), 1), self.deviation[0])
        by_slope = (slope * self.deviation[1] * curve)[:, None]
        by_weight = (slope * rise)[:, None] * self._represented
        jacobian = np.concatenate([by_offset, by_slope, by_weight], axis=1)
        loss = np.sum(np.logaddexp(0, log_odds) - self._fits * log_odds) + 0.5 * x @ x
        information = np.maximum(likely * (1 - likely), _SURE)
        return _Point(
            float(loss),
            jacobian.T @ (likely - self._fits) + x,
            np.sqrt(information)[:, None] * jacobian,
        )
