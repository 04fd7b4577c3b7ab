"""The network phi as the settings want it: around a trunk that learns, or on features of one that does not."""

import copy

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from tagrefine_core.config import TrainConfig
from tagrefine_core.features.backbones import Trunk
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.model.network import Network

__all__ = ["build_network", "find_center", "initialize"]

_ADAPTER = 256
_CENTER_SAMPLE = 4096
_CENTER_BLOCK = 64


def build_network(config: TrainConfig, *, dimensions: int, tags: int, trunk: Trunk | None = None) -> Network:
    """Build phi, its new layers not yet initialized.

    Parameters
    ----------
    config : TrainConfig
    dimensions : int
        d, of the trunk's features.
    tags : int
        C.
    trunk : Trunk, optional
        A copy of it learns as ``network.finetune`` says; None: the network reads features.
    """
    if trunk is not None:
        trunk = copy.deepcopy(trunk)
        trunk.learn(config.network.finetune)
    adapter = config.network.adapter
    if adapter is None:
        adapter = _ADAPTER if config.network.finetune == "head" else 0
    return Network(
        trunk,
        dimensions=dimensions,
        tags=tags,
        adapter=adapter,
        projection=config.projection,
        dropout=config.network.dropout,
        normalize=config.network.normalize,
        power=config.network.power,
        views=config.network.views,
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
