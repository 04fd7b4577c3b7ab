"""After training: the networks' logits of every photo, and the final scores that follow from them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.model.posterior import TagRates, final_scores, smoothed
from tagrefine_core.neighbors import nearest
from tagrefine_core.progress import Progress
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import FORWARD_ROWS, Forward

__all__ = ["finish_scores", "new_scores", "owners", "predict"]

_BLOCK = 1024


def owners(photos: int, rows: NDArray[np.int64], held_out: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return for each photo (N,) the network that scores it: the one that has not seen it, or -1 for all of them.

    Parameters
    ----------
    photos : int
        N, of the collection.
    rows : int64 (n,)
        Those trained on.
    held_out : sequence of int64
        Places within ``rows`` that each network must not see.
    """
    owner = np.full(photos, -1, dtype=np.int64)
    for number, places in enumerate(held_out):
        owner[rows[places]] = number
    return owner


def predict(
    networks: Sequence[Forward],
    owner: NDArray[np.int64],
    world: World,
    *,
    logits: NDArray[np.float32],
    features: NDArray[np.float16],
    progress: Progress,
) -> None:
    """Fill in logits (N, C), and features (N, d) of the first network; each process does its part.

    Parameters
    ----------
    networks : sequence of Forward
    owner : int64 (N,)
        From `owners`.
    """
    mine = world.part(np.arange(len(owner), dtype=np.int64))
    for start in range(0, len(mine), FORWARD_ROWS):
        rows = mine[start : start + FORWARD_ROWS]
        total = torch.zeros(())
        for number, network in enumerate(networks):
            wanted = (owner[rows] == -1) | (owner[rows] == number)
            if number == 0:
                found, learned = network.scored(rows)
                features[rows] = learned.cpu().numpy().astype(np.float16)
                total = torch.zeros_like(found)
                found = found[torch.from_numpy(wanted)]
            elif wanted.any():
                found, _ = network.scored(rows[wanted])
            else:
                continue
            total[torch.from_numpy(wanted)] += found
        shared = torch.from_numpy(owner[rows] == -1)
        total[shared] /= len(networks)
        logits[rows] = total.cpu().numpy()
        progress("Scoring", start + len(rows), len(mine))


def finish_scores(
    logits: NDArray[np.float32],
    features: NDArray[np.floating],
    rows: NDArray[np.int64],
    user_tags: sparse.csr_matrix,
    config: TrainConfig,
    *,
    out: NDArray[np.float32],
    progress: Progress,
    evidence: bool = False,
    xi: NDArray[np.floating] | None = None,
    rates: TagRates | None = None,
) -> TagRates:
    """Fill in final scores (N, C) from logits: neighbors, reporting rates, the users' own tags.

    Parameters
    ----------
    logits : float32 (N, C)
        Not changed.
    features : (N, d)
    rows : int64 (n,)
        Photos trained on, ascending: whose neighbors anyone can be, and whose tags rates are measured on.
    user_tags : csr (N, C)
    config : TrainConfig
    out : float32 (N, C)
    progress : Progress
    evidence : bool
        Whether a photo's own tags count; not in the annotation task, where tags are told from the photo alone.
    xi : (C, C) array, optional
        Of eq. 5; without it a tag speaks for itself only.
    rates : TagRates, optional
        Known already; measured when left out.

    Returns
    -------
    TagRates
    """
    n, place = len(out), np.full(len(out), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    base = np.asarray(features) if len(rows) == n else np.asarray(features[rows])
    for start in range(0, n, _BLOCK):
        block = np.arange(start, min(n, start + _BLOCK))
        for own in (block[place[block] >= 0], block[place[block] < 0]):
            if not len(own):
                continue
            found, distances = _neighbors(features[own], base, config, exclude=place[own])
            out[own] = smoothed(logits[own], rows[found], distances**2, logits, smooth=config.smooth)
        progress("Asking the neighbors", min(n, start + _BLOCK), n)
    if rates is None:
        rates = _measured(out, rows, user_tags, xi if config.related else None)
    for start in range(0, n, _BLOCK):
        part = slice(start, min(n, start + _BLOCK))
        tags = user_tags[part] if evidence else None
        out[part] = _final(out[part], rates, tags, config)
        progress("Refining tags", part.stop, n)
    return rates


def new_scores(
    logits: NDArray[np.float32],
    features: NDArray[np.floating],
    rates: TagRates,
    config: TrainConfig,
    *,
    known: NDArray[np.float32],
    around: NDArray[np.floating],
    rows: NDArray[np.int64],
    user_tags: sparse.csr_matrix | None = None,
) -> NDArray[np.float32]:
    """Return final scores (B, C) of photos that nothing was trained on.

    Parameters
    ----------
    logits : float32 (B, C)
    features : (B, d)
    rates : TagRates
    config : TrainConfig
    known : float32 (N, C)
        Logits of the collection; not read where ``smooth`` is 0.
    around : (n, d)
        Features of the photos trained on.
    rows : int64 (n,)
        Their rows in ``known``.
    user_tags : csr (B, C), optional
        The users' tags of the new photos.
    """
    nobody = np.full(max(1, len(logits)), -1, dtype=np.int64)
    found, distances = _neighbors(features, around, config, exclude=nobody)
    logits = smoothed(logits, rows[found], distances**2, known, smooth=config.smooth)
    return _final(logits, rates, user_tags, config)


def _final(
    logits: NDArray[np.float32], rates: TagRates, user_tags: sparse.csr_matrix | None, config: TrainConfig
) -> NDArray[np.float32]:
    return final_scores(
        logits,
        rates,
        user_tags,
        evidence=config.evidence,
        reporting=config.reporting,
        related=config.related,
    )


def _measured(
    logits: NDArray[np.float32],
    rows: NDArray[np.int64],
    user_tags: sparse.csr_matrix,
    xi: NDArray[np.floating] | None,
) -> TagRates:
    places = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    return TagRates.measure(((logits[block], user_tags[block]) for block in places), logits.shape[1], xi)


def _neighbors(
    queries: NDArray[np.floating],
    base: NDArray[np.floating],
    config: TrainConfig,
    *,
    exclude: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    own = bool(exclude[0] >= 0)
    count = min(config.smooth_neighbors, len(base) - own)
    if not config.smooth or count < 1:
        return np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0))
    return nearest(queries, base, count, exclude=exclude if own else None)
