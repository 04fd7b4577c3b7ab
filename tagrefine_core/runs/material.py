"""What a run gives the method: photos as inputs, the trunk that looks at them, the rows to train on; and what it records."""

import importlib.metadata
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import CollectionError, RunError
from tagrefine_core.features.backbones import BACKBONES, Trunk, build_trunk
from tagrefine_core.features.inputs import FeatureInputs, Inputs, picture_inputs, stored_features
from tagrefine_core.features.weights import load_weights, weights_hash
from tagrefine_core.files import write_file
from tagrefine_core.progress import Progress
from tagrefine_core.tags import load
from tagrefine_core.training.training_set import Watched
from tagrefine_core.version import VERSION

__all__ = ["Material", "kept_trunk", "material", "picture_size", "training_rows", "versions"]


@dataclass(frozen=True, eq=False)
class Material:
    """What `tagrefine_core.training.fit.fit` learns from.

    Attributes
    ----------
    inputs : Inputs
    trunk : Trunk
        Before training.
    rows : int64 (n,)
    watched : Watched or None
    recorded : dict
        ``weights_hash`` and ``ic_source``, kept with the run: resumed, it has to be made of the same.
    """

    inputs: Inputs
    trunk: Trunk
    rows: NDArray[np.int64]
    watched: Watched | None
    recorded: dict[str, str]


def material(
    home: Path, collection: Collection, config: TrainConfig, device: torch.device, progress: Progress
) -> Material:
    """Read photos as the settings want them, and keep the trunk for annotating.

    Raises
    ------
    CollectionError
        When there are no tags, or not the training part asked for.
    ConfigError
        When the backbone cannot be had in this size or with these blocks.
    WeightsError
        When its weights cannot be had or do not fit.
    ImageError
        When a photo cannot be read any more.
    """
    if collection.tags.shape[1] == 0:
        raise CollectionError(
            f"No tag of {collection.name!r} survived preprocessing, so there is nothing to learn. "
            f"See the Collection page for the reasons, or import with a lower --min-fraction."
        )
    rows, network = training_rows(collection.n, config), config.network
    state = load_weights(network.backbone, network.weights)
    trunk = build_trunk(network.backbone, state, seed=config.seed, image_size=network.image_size)
    key, size = weights_hash(trunk), picture_size(config)
    _keep_trunk(home, config, trunk, key)
    inputs: Inputs
    if network.finetune == "head":
        features = stored_features(
            home, collection, trunk, size, views=network.views, device=device, progress=progress
        )
        inputs = FeatureInputs(features, device)
    else:
        inputs = picture_inputs(
            home, collection, size, augmented=network.augment, device=device, progress=progress
        )
    watched = None
    if collection.truth is not None:
        everyone = np.arange(collection.n, dtype=np.int64)
        watched = Watched(everyone, collection.truth, collection.label_columns)
    meaning = config.needs_xi and config.constraints.alpha
    source = load().ic_source if meaning else "not used"
    return Material(inputs, trunk, rows, watched, {"weights_hash": key, "ic_source": source})


def training_rows(n: int, config: TrainConfig) -> NDArray[np.int64]:
    """Return the rows to train on: all for refinement, part ``run.part`` of one seeded permutation for annotation.

    Parts are disjoint, so repeats with part 0, 1, ... are independent (methods: one fifth, five repeats).

    Returns
    -------
    int64 (n',), ascending
    """
    if config.task == "refinement":
        return np.arange(n, dtype=np.int64)
    part, fraction = config.run.part, config.run.train_fraction
    size = int(n * fraction)
    if size < 1 or (part + 1) * size > n:
        raise CollectionError(
            f"Part {part} of {fraction:g} of {n} photos does not exist; "
            f"there are {n // max(1, size)} parts, numbered from 0."
        )
    order = np.random.default_rng(config.seed).permutation(n)
    return np.sort(order[part * size : (part + 1) * size]).astype(np.int64)


def picture_size(config: TrainConfig) -> int:
    """Return the side in pixels of the pictures that the backbone sees."""
    return config.network.image_size or BACKBONES[config.network.backbone].image_size


def versions() -> dict[str, str]:
    """Return the versions that results depend on."""
    packages = ("torch", "torchvision", "numpy", "scipy", "nltk", "pillow")
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"tagrefine": VERSION, "python": platform.python_version(), **found}


def kept_trunk(home: Path, config: TrainConfig, key: str) -> Trunk:
    """Return the trunk of a run as it was before training, though the user's weights file may be gone.

    Raises
    ------
    RunError
        When it is gone or damaged.
    """
    trunk = build_trunk(config.network.backbone, None, seed=config.seed)
    if not _needs_keeping(config, trunk):
        return trunk
    path = _trunk_path(home, key)
    try:
        trunk.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except FileNotFoundError:
        raise RunError(f"The backbone {path} is gone. Train again to annotate new photos.") from None
    except Exception as error:  # whatever a damaged file makes of itself
        raise RunError(
            f"{path} is damaged ({type(error).__name__}). Train again to annotate new photos."
        ) from error
    return trunk


def _keep_trunk(home: Path, config: TrainConfig, trunk: Trunk, key: str) -> None:
    path = _trunk_path(home, key)
    if _needs_keeping(config, trunk) and not path.exists():
        write_file(path, lambda file: torch.save(trunk.state_dict(), file))


def _needs_keeping(config: TrainConfig, trunk: Trunk) -> bool:
    """Whether a trained model lacks a part of the trunk: what was frozen, batch-normalization statistics included."""
    return config.network.finetune != "all" or next(trunk.buffers(), None) is not None


def _trunk_path(home: Path, key: str) -> Path:
    """Return where a trunk is kept, once for all runs of the same weights."""
    return home / "backbones" / f"{key}.pt"
