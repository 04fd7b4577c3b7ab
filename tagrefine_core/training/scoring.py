"""The trained network's last pass over all photos: refined scores, features, and its weights."""

from pathlib import Path

import numpy as np
import torch

from tagrefine_core.config import TrainConfig
from tagrefine_core.files import create_array, write_array, write_file
from tagrefine_core.progress import Progress
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import FORWARD_ROWS, Forward
from tagrefine_core.training.schedule import trainable
from tagrefine_core.training.setup import Setup

__all__ = ["write_results"]


def write_results(
    setup: Setup, config: TrainConfig, world: World, *, photos: int, folder: Path, progress: Progress
) -> None:
    """Write ``scores.npy`` (N, C), ``features.npy`` (N, d), ``rows.npy`` and ``network.pt``, each whole or not at all.

    Parameters
    ----------
    setup : Setup
        With a trained network.
    config : TrainConfig
    world : World
        Each process scores its part.
    photos : int
        N, of the collection; training may have seen fewer.
    folder : Path
    progress : Progress
    """
    forward = Forward(setup, config, world)
    network = setup.network
    parts = {name: folder / f".{name}.part.npy" for name in ("scores", "features")}
    if world.first:
        create_array(parts["scores"], (photos, network.classifier.out_features), np.float32)
        create_array(parts["features"], (photos, network.classifier.in_features), np.float16)
    world.wait()
    scores = np.load(parts["scores"], mmap_mode="r+")
    features = np.load(parts["features"], mmap_mode="r+")
    mine = world.part(np.arange(photos, dtype=np.int64))
    for start in range(0, len(mine), FORWARD_ROWS):
        rows = mine[start : start + FORWARD_ROWS]
        probabilities, learned = forward.scored(rows)
        scores[rows] = probabilities.cpu().numpy()
        features[rows] = learned.cpu().numpy().astype(np.float16)
        progress("Refining tags", start + len(rows), len(mine))
    scores.flush()
    features.flush()
    world.wait()
    if world.first:
        weights = {name: weight.detach().cpu() for name, weight in trainable(network).items()}
        write_file(folder / "network.pt", lambda file: torch.save(weights, file))
        write_array(folder / "rows.npy", setup.rows)
        for name, part in parts.items():
            part.replace(folder / f"{name}.npy")
    world.wait()
