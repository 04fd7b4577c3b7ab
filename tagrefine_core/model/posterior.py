"""From the networks' logits to final scores: what look-alikes say, what users seldom say, what this user says.

Steps after training, all without ground truth; each is a constraint of the paper where it ends:

- visual consistency: a photo's logits are averaged with its neighbors' (the constraint of eq. 2, at its solution);
- reporting: that a tag is likely *given* becomes how likely it *fits* (`tagrefine_core.model.calibration`);
- user errors: what the user wrote, and what he did not write though users do where it fits, is evidence (eq. 9: users err seldom);
- semantic dependency: a tag that surely implies another counts for that one too ("poodle" for "dog").
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logit

from tagrefine_core.model.calibration import Calibration

__all__ = ["NEIGHBORS", "LookAlikes", "final_scores", "gammas", "had_he_not_written", "log_odds", "smoothed"]

NEIGHBORS = 20
"""How many photos a photo's logits are averaged with."""


@dataclass(frozen=True, eq=False)
class LookAlikes:
    """The photos that each photo's logits were averaged with.

    Attributes
    ----------
    rows : int32 (N, k)
        The nearest first.
    squared : float32 (N, k)
        Squared distances.
    """

    rows: NDArray[np.int32]
    squared: NDArray[np.float32]


def gammas(squared_distances: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the weights (B, k) of neighbors at these squared distances (B, k), gamma of eq. 2 with rows of sum 1.

    Each photo has its own median: photos far from all others lean on their neighbors like all others do.
    """
    sigma = np.median(squared_distances, axis=1, keepdims=True)
    gamma = np.exp(-squared_distances / np.where(sigma > 0, sigma, 1.0))
    return np.asarray(gamma / gamma.sum(axis=1, keepdims=True))


def smoothed(
    logits: NDArray[Any],
    neighbors: NDArray[np.integer],
    squared_distances: NDArray[Any],
    known: NDArray[Any],
    *,
    smooth: float,
) -> NDArray[np.float32]:
    """Average logits (B, C) with those of each photo's neighbors, weighted by gamma (eq. 2).

    Parameters
    ----------
    logits : (B, C)
    neighbors : int (B, k)
        Rows of ``known``.
    squared_distances : (B, k)
    known : (n, C)
        Logits of the photos that neighbors are chosen from; may be memory-mapped.
    smooth : float
        Share of the neighbors, in [0, 1).
    """
    own = np.asarray(logits, dtype=np.float32)
    if not smooth or not neighbors.shape[1]:
        return own
    gamma = gammas(squared_distances)
    unique, place = np.unique(neighbors, return_inverse=True)
    weights = sparse.csr_matrix(
        (gamma.reshape(-1), place.reshape(-1), np.arange(0, neighbors.size + 1, neighbors.shape[1])),
        shape=(len(own), len(unique)),
        dtype=np.float32,
    )
    around = weights @ np.asarray(known[unique], dtype=np.float32)
    return np.asarray((1.0 - smooth) * own + smooth * around, dtype=np.float32)


def final_scores(
    logits: NDArray[Any],
    calibration: Calibration | None,
    written: sparse.csr_matrix | None,
    *,
    evidence: float,
) -> NDArray[np.float32]:
    """Return scores (B, C) in [0, 1]: how likely each tag fits; without a calibration, how likely the network finds it.

    Parameters
    ----------
    logits : (B, C)
        Of the tag being given.
    calibration : Calibration or None
    written : csr (B, C) or None
        How far the user wrote each tag: 1, or less where he wrote one that implies it. None where nothing is known of the user.
    evidence : float
        Weight of what he wrote; with 0, what he left out does not count either.
    """
    if calibration is None:
        return np.asarray(expit(np.asarray(logits, dtype=np.float32)), dtype=np.float32)
    total = calibration.fits(logits)
    if written is not None:
        silence = calibration.unwritten(evidence)
        total += silence
        block = written.tocoo()
        gain = calibration.written(evidence) - silence
        total[block.row, block.col] += (block.data * gain[block.col]).astype(np.float32)
    return np.asarray(expit(total), dtype=np.float32)


def had_he_not_written(
    scores: NDArray[np.float32],
    columns: NDArray[np.integer],
    calibration: Calibration,
    written: NDArray[np.floating],
    *,
    evidence: float,
) -> NDArray[np.float64]:
    """Return what scores of given tags would be if the user had not given them; no network is asked again.

    Logits have not seen the photo's own tags where networks are cross-fitted, so that all a given tag does for itself is evidence
    in log-odds, which is taken back.

    Parameters
    ----------
    scores : float32 (K,)
        Of `final_scores`, of photos and tags that the user gave.
    columns : int (K,)
        The tags.
    calibration : Calibration
    written : (K,)
        How far the photo's other tags say that he as good as wrote it, in [0, 1].
    evidence : float
        As in `final_scores`.
    """
    gain = calibration.written(evidence) - calibration.unwritten(evidence)
    return np.asarray(expit(log_odds(scores) - (1 - np.asarray(written, dtype=np.float64)) * gain[columns]))


def log_odds(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the log-odds of scores in [0, 1], finite: single precision rounds what is next to certain to 0 or 1."""
    sure = np.finfo(np.float32).eps / 2
    return np.asarray(logit(np.clip(np.asarray(scores, dtype=np.float64), sure, 1 - sure)))
