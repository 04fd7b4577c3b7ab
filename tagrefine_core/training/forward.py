"""The network run over training rows: with dropout and crops for a step, as in use for everything else."""

import contextlib
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import functional

from tagrefine_core.config import TrainConfig
from tagrefine_core.model.network import Network
from tagrefine_core.training.distributed import World
from tagrefine_core.training.training_set import TrainingSet

__all__ = ["FORWARD_ROWS", "Forward", "seen", "told"]

FORWARD_ROWS = 256  # images forwarded at once without a gradient


def seen(network: Network, x: Tensor, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Return v (B, d), what the classifier reads, and features (B, k) of inputs (B, ...), as in use."""
    network.eval()
    with torch.no_grad(), _autocast(x.device, config):
        v = network.represent(x)
        return v, network.project(v)


def told(network: Network, v: Tensor, config: TrainConfig) -> Tensor:
    """Return the logits (B, C) of what the classifier reads (B, d), as in use."""
    with torch.no_grad(), _autocast(v.device, config):
        logits: Tensor = network.classifier(v)
        return logits.float()


def _autocast(device: torch.device, config: TrainConfig) -> contextlib.AbstractContextManager[object]:
    """Bfloat16 where the hardware gains from it: CUDA devices that have it, or where asked for."""
    wanted = config.run.precision == "bfloat16" or (
        config.run.precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported()
    )
    return torch.autocast(device.type, dtype=torch.bfloat16) if wanted else contextlib.nullcontext()


class Forward:
    """Sends training rows, numbered 0 to n-1, through the network as it is now.

    Parameters
    ----------
    network : Network
    training_set : TrainingSet
    config : TrainConfig
    world : World
        The processes that share each batch.
    """

    def __init__(
        self, network: Network, training_set: TrainingSet, config: TrainConfig, world: World
    ) -> None:
        self.network, self.training_set, self.config, self.world = network, training_set, config, world

    def training(self, rows: NDArray[np.int64], total: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return logits (B, C) and features (B, k) with a gradient: this process's rows of a batch of ``total``.

        A last layer that is solved for has no gradient, and there are no logits.
        """
        start = self.world.rank * len(rows)
        self.network.train()
        self.network.set_step(seed, start=start, total=total)
        inputs = self.training_set.inputs.read_augmented(
            self.training_set.rows[rows], seed=seed, start=start, total=total
        )
        with _autocast(self.world.device, self.config):
            logits, features = self.network(inputs, classify=not self.config.exact)
        return logits, features

    def features(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the features (B, k) in which neighbors are measured, as in use: no gradient, no dropout, no crops."""
        return self._each(rows, lambda x: self.network.project(self.network.represent(x)), self.network.width)

    def represented(self, rows: NDArray[np.int64]) -> Tensor:
        """Return v (B, d), what the classifier reads, as in use."""
        return self._each(rows, self.network.represent, self.network.classifier.in_features)

    def given(self, rows: NDArray[np.int64]) -> Tensor:
        """Return what the backbone says as it is now (B, d), at length 1: nothing subtracted, nothing learned above it."""
        return self._each(
            rows,
            lambda x: functional.normalize(self.network.backbone(x).float(), dim=1),
            self.network.classifier.in_features,
        )

    def of_all(self, what: Callable[[NDArray[np.int64]], Tensor]) -> Tensor:
        """Return features, represented or given of all training rows, each process forwarding its part."""
        return self.world.gather(
            what(self.world.part(np.arange(len(self.training_set.rows), dtype=np.int64)))
        )

    def probabilities(self, rows: NDArray[np.int64]) -> Tensor:
        """Return probabilities P (B, C) as in use."""
        with torch.no_grad(), _autocast(self.world.device, self.config):
            return torch.sigmoid(self.network.classifier(self.represented(rows)).float())

    def user_tags(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the users' tags G (B, C) of training rows as 0 and 1."""
        return self.dense(self.training_set.tags[rows])

    def targets(self, rows: NDArray[np.int64]) -> Tensor:
        """Return what training rows are taught (B, C): the users' tags and what these imply, from 0 to 1."""
        return self.dense(self.training_set.targets[rows])

    def dense(self, block: csr_matrix) -> Tensor:
        """Return rows of tags (B, C) as a tensor."""
        return torch.from_numpy(block.toarray().astype(np.float32)).to(self.world.device)

    def _each(self, rows: NDArray[np.int64], what: Callable[[Tensor], Tensor], width: int) -> Tensor:
        # Filled in, not put together from parts: of a whole collection there is no room for two.
        found = torch.empty(len(rows), width, device=self.world.device)
        self.network.eval()
        for start in range(0, len(rows), FORWARD_ROWS):
            block = rows[start : start + FORWARD_ROWS]
            with torch.no_grad(), _autocast(self.world.device, self.config):
                x = self.training_set.inputs.read(self.training_set.rows[block])
                found[start : start + len(block)] = what(x)
        return found
