"""What a trained run leaves in its folder, each file whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.files import create_array, write_array, write_file
from tagrefine_core.model.network import Network
from tagrefine_core.progress import Progress
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.schedule import trainable
from tagrefine_core.training.scoring import finish_scores, owners, predict

__all__ = ["network_path", "write_network", "write_results"]


def network_path(folder: Path, number: int) -> Path:
    """Return where the weights of a run's network are; a run without cross-fitting has number 0 only."""
    return folder / ("network.pt" if number == 0 else f"network{number}.pt")


def write_network(network: Network, path: Path) -> None:
    """Write what was learned; the frozen rest is kept once for all runs."""
    weights = {name: weight.detach().cpu() for name, weight in trainable(network).items()}
    weights["center"] = network.center.detach().cpu()
    write_file(path, lambda file: torch.save(weights, file))


def write_results(
    networks: Sequence[Forward],
    held_out: Sequence[NDArray[np.int64]],
    rows: NDArray[np.int64],
    user_tags: sparse.csr_matrix,
    config: TrainConfig,
    world: World,
    *,
    folder: Path,
    progress: Progress,
) -> None:
    """Write ``scores``, ``features``, ``logits``, ``rates``, ``rows`` (.npy) and ``implied.npz`` of a run with trained networks.

    Parameters
    ----------
    networks : sequence of Forward
    held_out : sequence of int64
        From `tagrefine_core.training.setup.folds`.
    rows : int64 (n,)
        Rows of the collection that were trained on.
    user_tags : csr (N, C)
        Of the whole collection.
    config : TrainConfig
    world : World
    folder : Path
    progress : Progress
    """
    photos, tags = user_tags.shape
    dimensions = networks[0].network.classifier.in_features
    shapes = {"logits": (photos, tags), "scores": (photos, tags), "features": (photos, dimensions)}
    parts = {name: folder / f".{name}.part.npy" for name in shapes}
    if world.first:
        for name, shape in shapes.items():
            create_array(parts[name], shape, np.float16 if name == "features" else np.float32)
    world.wait()
    arrays = {name: np.load(part, mmap_mode="r+") for name, part in parts.items()}
    predict(
        networks,
        owners(photos, rows, held_out if len(held_out) > 1 else []),
        world,
        logits=arrays["logits"],
        features=arrays["features"],
        progress=progress,
    )
    for array in arrays.values():
        array.flush()
    world.wait()
    if world.first:
        rates = finish_scores(
            arrays["logits"],
            arrays["features"],
            rows,
            user_tags,
            config,
            out=arrays["scores"],
            progress=progress,
            evidence=config.task == "refinement",
            xi=networks[0].setup.xi_array,
        )
        arrays["scores"].flush()
        write_array(folder / "rows.npy", rows)
        links = networks[0].setup.links
        write_file(folder / "implied.npz", lambda file: sparse.save_npz(file, links))
        write_array(folder / "rates.npy", np.stack([rates.given, rates.reported]))
        if not config.smooth:  # nobody asks the neighbors later
            parts.pop("logits").unlink()
        for name, part in parts.items():
            part.replace(folder / f"{name}.npy")
    world.wait()
