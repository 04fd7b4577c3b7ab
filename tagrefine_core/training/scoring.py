"""After training: the networks' logits of every photo, and the final scores that follow from them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.model.implied import with_implied
from tagrefine_core.model.network import Network
from tagrefine_core.model.posterior import NEIGHBORS, LookAlikes, final_scores, smoothed
from tagrefine_core.neighbors.index import Index
from tagrefine_core.neighbors.search import nearest
from tagrefine_core.progress import Progress
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import FORWARD_ROWS, seen, told

__all__ = ["answers", "calibrate", "finish", "predict", "smooth", "smooth_all"]

_BLOCK = 1024


def answers(
    networks: Sequence[Network], x: Tensor, config: TrainConfig, owner: NDArray[np.int64] | None = None
) -> tuple[Tensor, Tensor]:
    """Return logits (B, C) of photos, and features (B, k) of the first network.

    Parameters
    ----------
    networks : sequence of Network
    x : Tensor (B, ...)
        What the networks read.
    config : TrainConfig
    owner : int64 (B,), optional
        The network that answers for each photo, since it has not seen it; -1, and by default: the mean of all, or the last
        where it has learned from all photos (`TrainConfig.exact`).
    """
    owner = np.full(len(x), -1, dtype=np.int64) if owner is None else owner
    if config.exact:
        owner = np.where(owner == -1, len(networks) - 1, owner)
    v, features = seen(networks[0], x, config)
    total = torch.zeros(len(x), networks[0].classifier.out_features, device=x.device)
    for number, network in enumerate(networks):
        wanted = torch.from_numpy((owner == -1) | (owner == number))
        if wanted.any():
            # Networks that are solved for differ in the last layer alone.
            read = v[wanted] if config.exact or not number else seen(network, x[wanted], config)[0]
            total[wanted] += told(network, read, config)
    total[torch.from_numpy(owner == -1)] /= len(networks)
    return total, features


def predict(
    networks: Sequence[Network],
    inputs: Inputs,
    rows: NDArray[np.int64],
    owner: NDArray[np.int64],
    config: TrainConfig,
    world: World,
    *,
    logits: NDArray[np.float32],
    features: NDArray[np.float16],
    progress: Progress,
) -> None:
    """Fill in logits (N, C) and features (N, k) of all photos, those trained on (``rows``) first; each process does its part.

    ``owner`` (N,) is as in `answers`.
    """
    done = 0
    for photos in (rows, np.setdiff1d(np.arange(len(owner), dtype=np.int64), rows)):
        mine = world.part(photos)
        for start in range(0, len(mine), FORWARD_ROWS):
            block = mine[start : start + FORWARD_ROWS]
            found, learned = answers(networks, inputs.read(block), config, owner[block])
            logits[block] = found.cpu().numpy()
            features[block] = learned.cpu().numpy().astype(np.float16)
            done += len(block)
            progress("Scoring", done, len(owner) // world.size)
    world.wait()


def smooth_all(
    logits: NDArray[np.float32],
    features: NDArray[np.floating],
    rows: NDArray[np.int64],
    config: TrainConfig,
    *,
    around: LookAlikes | None = None,
    out: NDArray[np.float32],
    progress: Progress,
) -> LookAlikes | None:
    """Fill in logits (N, C) averaged with those of each photo's nearest photos among ``rows``, itself left out; return these photos.

    None where no photo is averaged with others. Where they are known (``around``), nobody searches for them.
    """
    n = len(logits)
    if around is None:
        around = _nearest(features, rows, config, progress)
    if around is None:
        out[:] = logits
        return None
    for start in range(0, n, _BLOCK):
        part = slice(start, start + _BLOCK)
        out[part] = smoothed(
            logits[part], around.rows[part], around.squared[part], logits, smooth=config.scoring.smooth
        )
        progress("Averaging with the neighbors", min(n, start + _BLOCK), n)
    return around


def _nearest(
    features: NDArray[np.floating], rows: NDArray[np.int64], config: TrainConfig, progress: Progress
) -> LookAlikes | None:
    n, count = len(features), min(NEIGHBORS, len(rows) - 1)
    if not config.scoring.smooth or count < 1:
        return None
    place = np.full(n, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    stage = "Asking the neighbors"
    index = Index.build(
        features if len(rows) == n else features[rows],
        seed=config.seed,
        progress=lambda done, total: progress(stage, done, total),
    )
    found, squared = index.search(
        features, count, exclude=place, progress=lambda done, total: progress(stage, done, total)
    )
    return LookAlikes(rows[found].astype(np.int32), squared)


def smooth(
    logits: NDArray[np.float32],
    features: NDArray[np.floating],
    config: TrainConfig,
    *,
    known: NDArray[np.float32],
    around: NDArray[np.floating],
    rows: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return logits (B, C) of new photos averaged with those of their nearest photos.

    Parameters
    ----------
    logits : float32 (B, C)
    features : (B, d)
    config : TrainConfig
    known : float32 (N, C)
        Logits of the collection.
    around : (n, d)
        Features of the photos trained on.
    rows : int64 (n,)
        Their rows in ``known``.
    """
    share, count = config.scoring.smooth, min(NEIGHBORS, len(around))
    if not share or not count:
        return logits
    found, squared = nearest(features, around, count)
    return smoothed(logits, rows[found], squared, known, smooth=share)


def calibrate(
    logits: NDArray[np.float32],
    rows: NDArray[np.int64],
    user_tags: sparse.csr_matrix,
    implied: sparse.csr_matrix,
    unseen: NDArray[np.bool_] | None = None,
) -> Calibration:
    """Learn how logits (N, C) become probabilities that a tag fits, on the photos ``rows`` (`Calibration`).

    ``implied`` (C, C) is how far each tag counts as written where another is (`tagrefine_core.model.implied.certain`); ``unseen`` (C,)
    are tags that pictures do not show.
    """
    places = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
    blocks = ((logits[block], with_implied(user_tags[block], implied)) for block in places)
    return Calibration.measure(blocks, logits.shape[1], len(rows), unseen=unseen)


def finish(
    logits: NDArray[np.float32],
    calibration: Calibration | None,
    user_tags: sparse.csr_matrix | None,
    implied: sparse.csr_matrix,
    config: TrainConfig,
    *,
    out: NDArray[np.float32],
    progress: Progress,
) -> None:
    """Fill in final scores (B, C) of smoothed logits; ``user_tags`` (B, C) count as evidence. ``out`` may be ``logits``.

    ``implied`` is as in `calibrate`.
    """
    for start in range(0, len(logits), _BLOCK):
        part = slice(start, min(len(logits), start + _BLOCK))
        written = None if user_tags is None else with_implied(user_tags[part], implied)
        out[part] = final_scores(logits[part], calibration, written, evidence=config.scoring.evidence)
        progress("Refining tags", part.stop, len(logits))
