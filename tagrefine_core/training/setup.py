"""Everything a run needs before its first step: photos to train on, targets, inputs, network, tag similarity."""

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core import __version__
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import CollectionError, ConfigError
from tagrefine_core.features.backbones import BACKBONES, Trunk, build_trunk, load_weights, weights_hash
from tagrefine_core.features.inputs import FeatureInputs, Inputs, picture_inputs, stored_features
from tagrefine_core.files import write_file
from tagrefine_core.model.implied import implication, with_implied
from tagrefine_core.model.least_squares import likeness
from tagrefine_core.model.network import Network
from tagrefine_core.progress import Progress
from tagrefine_core.tags import (
    google_distance,
    implied_tags,
    similarity_matrix,
    tag_distance,
    wordnet_distance,
)
from tagrefine_core.tags import wordnet as wordnet_files

__all__ = [
    "Setup",
    "build_network",
    "find_center",
    "find_implications",
    "folds",
    "initialize",
    "keeps_trunk",
    "new_layers",
    "prepare",
    "tag_similarity",
    "training_rows",
    "trunk_path",
    "versions",
]

_CENTER_SAMPLE = 4096
_CENTER_BLOCK = 64
_LIKENESS_SAMPLE = 8192


@dataclass(frozen=True)
class Setup:
    """What training works on; rows are numbered 0 to n-1 within the training photos.

    Attributes
    ----------
    rows : int64 (n,)
        Rows of the collection that are trained on.
    tags : csr uint8 (n, C)
        Their user tags G.
    links : csr float32 (C, C)
        How far each tag counts for those that it implies.
    targets : csr float32 (n, C)
        What the network is taught: G, and in part the tags that those imply.
    inputs : Inputs
        What the network reads, by rows of the collection.
    network : Network
        phi, on its device.
    xi : Tensor (C, C) or None
        Tag similarity; None when lambda1 is 0.
    judged : int64 (V,)
        Training rows watched with ground truth; empty without.
    truth : int8 (V, L) or None
        Their ground truth.
    label_columns : int64 (L,)
        The tag of each label.
    """

    rows: NDArray[np.int64]
    tags: sp.csr_matrix
    links: sp.csr_matrix
    targets: sp.csr_matrix
    inputs: Inputs
    network: Network
    xi: Tensor | None
    judged: NDArray[np.int64]
    truth: NDArray[np.int8] | None
    label_columns: NDArray[np.int64]

    @property
    def xi_array(self) -> NDArray[np.float32] | None:
        """``xi`` in memory of the host."""
        return None if self.xi is None else np.asarray(self.xi.cpu().numpy(), dtype=np.float32)


def versions() -> dict[str, str]:
    """Return the versions that results depend on."""
    packages = ("torch", "torchvision", "numpy", "scipy", "nltk", "pillow")
    found = {name: importlib.metadata.version(name) for name in packages}
    return {"tagrefine": __version__, "python": platform.python_version(), **found}


def training_rows(n: int, config: TrainConfig) -> NDArray[np.int64]:
    """Return the rows to train on: all for refinement, fold ``fold`` of one seeded permutation for annotation.

    Folds are disjoint, so repeats with ``fold`` 0, 1, ... are independent (methods: one fifth, five repeats).

    Returns
    -------
    int64 (n',), ascending
    """
    if config.task == "refinement":
        return np.arange(n, dtype=np.int64)
    size = int(n * config.train_fraction)
    if size < 1 or (config.fold + 1) * size > n:
        raise CollectionError(
            f"Fold {config.fold} of {config.train_fraction:g} of {n} photos does not exist; "
            f"there are {n // max(1, size)} folds, numbered from 0."
        )
    order = np.random.default_rng(config.seed).permutation(n)
    return np.sort(order[config.fold * size : (config.fold + 1) * size]).astype(np.int64)


def folds(n: int, config: TrainConfig) -> list[NDArray[np.int64]]:
    """Return for each network the places, 0 to n-1 and ascending, of the training photos that it must not see.

    Every photo is held out from exactly one network (cross-fitting); with a single network none is.
    """
    if config.folds == 1:
        return [np.zeros(0, dtype=np.int64)]
    if config.folds > n:
        raise ConfigError(f"{n} photos cannot be divided into folds={config.folds} parts. Use fewer folds.")
    order = np.random.default_rng((config.seed, 5)).permutation(n)
    return [np.sort(part).astype(np.int64) for part in np.array_split(order, config.folds)]


def prepare(
    home: Path,
    collection: Collection,
    config: TrainConfig,
    device: torch.device,
    progress: Progress,
    *,
    held_out: NDArray[np.int64],
) -> tuple[Setup, dict[str, str]]:
    """Build the `Setup` of one network of a run, and what to record about it.

    Parameters
    ----------
    held_out : int64
        Places within the training photos that this network must not see; one of `folds`.

    Returns
    -------
    Setup
    dict
        ``weights_hash`` and ``ic_source``, kept with the run.

    Raises
    ------
    CollectionError
        When there are no tags, or not the fold asked for.
    ConfigError
        When there are fewer photos than a group takes, or the backbone cannot be had in this size or with these blocks.
    WeightsError
        When its weights cannot be had or do not fit.
    ImageError
        When a photo cannot be read any more.
    """
    rows = np.delete(training_rows(collection.n, config), held_out)
    tags = collection.tags[rows]
    if collection.tags.shape[1] == 0:
        raise CollectionError(
            f"No tag of {collection.name!r} survived preprocessing, so there is nothing to learn. "
            f"See the Collection page for the reasons, or import with a lower --min-fraction."
        )
    if len(rows) < config.m:
        raise ConfigError(
            f"Groups of m={config.m} photos need at least {config.m} photos to train on; there are {len(rows)}. "
            f"Use a smaller m, or more photos."
        )
    network, recorded = _network(home, collection, config, tags, device)
    size = config.image_size or BACKBONES[config.backbone].image_size
    inputs: Inputs
    if config.finetune == "head":
        trunk, network.trunk = network.trunk, None
        assert isinstance(trunk, Trunk)
        features = stored_features(
            home, collection, trunk, size, views=config.views, device=device, progress=progress
        )
        inputs = FeatureInputs(features, device)
    else:
        inputs = picture_inputs(
            home, collection, size, augmented=config.augment, device=device, progress=progress
        )
    if config.center:
        find_center(network, inputs, rows, config.seed)
    xi = None
    if config.lambda1 > 0:
        progress("Measuring tag similarity", 0, 1)
        similarity, recorded["ic_source"] = tag_similarity(tags, collection.vocabulary, config)
        xi = torch.from_numpy(similarity).float().to(device)
    judged, truth = np.zeros(0, dtype=np.int64), None
    if collection.truth is not None and config.validation > 0:
        count = max(1, int(len(rows) * config.validation))
        judged = np.sort(np.random.default_rng((config.seed, 1)).permutation(len(rows))[:count])
        truth = np.asarray(collection.truth[rows[judged]])
    links = find_implications(network, inputs, rows, tags, collection.vocabulary, config, progress)
    targets = with_implied(tags, links)
    return Setup(
        rows, tags, links, targets, inputs, network, xi, judged, truth, collection.label_columns
    ), recorded


def build_network(config: TrainConfig, trunk: Trunk, tags: int) -> Network:
    """Build phi around a trunk, its new layers not yet initialized."""
    trunk.learn(config.finetune)
    return new_layers(config, trunk, BACKBONES[config.backbone].dimensions, tags)


def new_layers(config: TrainConfig, trunk: Trunk | None, dimensions: int, tags: int) -> Network:
    """Build phi on features of so many dimensions, its new layers not yet initialized."""
    head = config.finetune == "head"
    return Network(
        trunk,
        dimensions=dimensions,
        tags=tags,
        adapter=config.adapter if config.adapter is not None else (256 if head else 0),
        dropout=config.dropout,
        normalize=config.normalize,
        views=config.views,
    )


def initialize(network: Network, tags: sp.csr_matrix, seed: int) -> None:
    """Set the new layers: the classifier's bias to the rates of the tags (n, C)."""
    prior = torch.from_numpy(np.asarray(tags.mean(axis=0), dtype=np.float32).reshape(-1))
    network.initialize(prior, torch.Generator().manual_seed(seed))


def find_center(network: Network, inputs: Inputs, rows: NDArray[np.int64], seed: int) -> None:
    """Measure the mean feature on a sample of the photos trained on."""
    sample = np.sort(np.random.default_rng((seed, 6)).permutation(rows)[:_CENTER_SAMPLE])
    network.eval()
    blocks = np.array_split(sample, -(-len(sample) // _CENTER_BLOCK))
    network.set_center(inputs.read(block) for block in blocks)


def find_implications(
    network: Network,
    inputs: Inputs,
    rows: NDArray[np.int64],
    tags: sp.csr_matrix,
    vocabulary: Sequence[str],
    config: TrainConfig,
    progress: Progress,
) -> sp.csr_matrix:
    """Return how far each tag counts for those that it implies (C, C), by WordNet and by what the network sees now."""
    if not config.implied:
        return sp.csr_matrix((tags.shape[1], tags.shape[1]), dtype=np.float32)
    sample = np.sort(np.random.default_rng((config.seed, 8)).permutation(len(rows))[:_LIKENESS_SAMPLE])
    network.eval()
    features = []
    with torch.no_grad():
        for start in range(0, len(sample), _CENTER_BLOCK):
            block = sample[start : start + _CENTER_BLOCK]
            features.append(network.features(inputs.read(rows[block])).float())
            progress("Looking which tags imply others", start + len(block), len(sample))
    alike = likeness(torch.cat(features), tags[sample], seed=config.seed)
    return implication(implied_tags(vocabulary), alike, config.implied)


def _network(
    home: Path, collection: Collection, config: TrainConfig, tags: sp.csr_matrix, device: torch.device
) -> tuple[Network, dict[str, str]]:
    state = load_weights(config.backbone, config.weights)
    trunk = build_trunk(config.backbone, state, seed=config.seed, image_size=config.image_size)
    key = weights_hash(trunk)
    if keeps_trunk(config, trunk):
        _keep_trunk(home, trunk, key)
    network = build_network(config, trunk, tags.shape[1])
    initialize(network, tags, config.seed)
    return network.to(device), {"weights_hash": key}


def _keep_trunk(home: Path, trunk: Trunk, key: str) -> None:
    """Store the trunk as it was given once, so that a run can annotate after the user's weights file is gone."""
    path = trunk_path(home, key)
    if not path.exists():
        write_file(path, lambda file: torch.save(trunk.state_dict(), file))


def keeps_trunk(config: TrainConfig, trunk: Trunk) -> bool:
    """Whether annotating needs the trunk as it was given: for what was frozen, batch-normalization statistics included."""
    return config.finetune != "all" or next(trunk.buffers(), None) is not None


def trunk_path(home: Path, key: str) -> Path:
    """Return where a trunk is kept."""
    return home / "backbones" / f"{key}.pt"


def tag_similarity(
    tags: sp.csr_matrix, vocabulary: Sequence[str], config: TrainConfig
) -> tuple[NDArray[np.float64], str]:
    """Return xi (C, C) of eq. 5 by the settings, and where the information content came from."""
    google = google_distance(tags, zero_cooccurrence=config.zero_cooccurrence)
    source = "not used (alpha=0)"
    distance = google
    if config.alpha > 0:
        wordnet = wordnet_files.load()
        source = wordnet.ic_source
        knowledge = wordnet_distance(vocabulary, measure=config.kb_measure, wordnet=wordnet)
        distance = tag_distance(google, knowledge, config.alpha)
    xi = similarity_matrix(distance)
    if 0 < config.xi_topk < len(xi):
        weakest = np.partition(xi, -config.xi_topk, axis=1)[:, [-config.xi_topk]]
        kept = np.where(xi >= weakest, xi, 0.0)
        xi = np.maximum(kept, kept.T)
    return xi, source
