"""Who the neighbors are while the network learns: candidates, stored features, bandwidth (Algorithms 1 and 2)."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.files import read_array
from tagrefine_core.model.batches import Bank, Batch, anchors_of_step, select_batch
from tagrefine_core.neighbors.search import candidate_sets
from tagrefine_core.progress import Progress
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward

__all__ = ["Neighborhood"]

_ANCHORS_AT_ONCE = 32  # x M x d floats
_SIGMA_ANCHORS = 4096


class Neighborhood:
    """The candidate sets Z, and their members ranked by what the network has learned.

    Parameters
    ----------
    config : TrainConfig
    forward : Forward
        The network.
    world : World
    images : int
        Training photos n.
    path : Path
        The ``.npy`` file of the candidates (n, M).

    Attributes
    ----------
    candidates : int32 (n, M)
        In what the classifier of phi0 reads, the nearest first.
    bank : Bank or None
        Stored features; None in mode "exact", which needs none.
    sigma : float
        Bandwidth of gamma (eq. 2): the median squared distance of anchors to their neighbors under phi0,
        1 where that is 0.
    """

    def __init__(
        self, config: TrainConfig, forward: Forward, world: World, *, images: int, path: Path
    ) -> None:
        self.config, self.forward, self.world = config, forward, world
        self.images, self.path = images, path
        self.candidates: NDArray[np.int32] = np.zeros((images, 0), dtype=np.int32)
        self.bank: Bank | None = None
        self.sigma = 1.0

    def find(self, progress: Progress) -> None:
        """Find the candidates under phi0 (Algorithm 2, line 2), unless that is done; fill the bank, measure sigma."""
        if not self.candidates.shape[1]:
            self.find_candidates(progress)
        self.bank = Bank(self._features())
        self.sigma = self._measure_sigma()
        self._forget_unused()

    def find_candidates(self, progress: Progress) -> None:
        """Find the candidates in what the classifier reads now."""
        under_phi0 = self.forward.of_all(self.forward.represented)
        if self.world.first:
            candidate_sets(
                under_phi0.cpu().numpy(),
                min(self.config.neighbors.M, self.images - 1),
                metric="cosine" if self.config.network.normalize else "euclidean",
                out=self.path,
                progress=lambda done, total: progress("Finding neighbors", done, total),
                device="cuda" if self.world.device.type == "cuda" else "cpu",
            )
        self.world.wait()
        self.candidates = read_array(self.path)

    def restore(self, bank: Tensor | None, sigma: float) -> None:
        """Go on with what a checkpoint kept."""
        self.candidates = read_array(self.path)
        self.bank = None if bank is None else Bank(bank.float())
        self.sigma = sigma
        self._forget_unused()

    def anchors(self, step: int) -> NDArray[np.int64]:
        """Return this process's anchors of a step."""
        groups = self.config.neighbors.s // self.config.neighbors.m
        if self.config.neighbors.s > self.images:  # a batch has no more photos than there are
            few = self.images // self.config.neighbors.m
            groups = max(self.world.size, few - few % self.world.size)
        every = anchors_of_step(step, anchors=groups, images=self.images, seed=self.config.seed)
        return every[self.world.share(groups)]

    def select(self, anchors: NDArray[np.int64], mode: str | None = None) -> Batch:
        """Choose the neighbors of some anchors (Algorithm 1), in the mode of the settings or another."""
        mode, candidates = mode or self.config.neighbors.refresh, np.asarray(self.candidates[anchors])
        if mode == "random":
            mode, candidates = "static", self._any(anchors)
        return select_batch(
            anchors,
            candidates,
            m=self.config.neighbors.m,
            mode=mode,
            forward=self.forward.features,
            bank=self.bank,
        )

    def refresh(self, step: int, steps_per_epoch: int) -> None:
        """Before a step: fill the bank anew where that is due, once an epoch."""
        if step and step % steps_per_epoch == 0 and self.config.neighbors.refresh in ("bank", "shortlist"):
            self.bank = Bank(self._features())

    def overwrite(self, rows: NDArray[np.int64], features: Tensor) -> None:
        """After a step: store the features (B, d) of the images that passed through it."""
        if self.bank is None or self.config.neighbors.refresh not in ("bank", "shortlist"):
            return
        network = self.forward.network
        if network.trunk is not None or network.projection is not None:
            # Cropped pictures and dropout would put features of something else into the bank.
            features = self.forward.features(rows)
        everyone = self.world.gather(torch.from_numpy(rows).to(features.device))
        self.bank.write(everyone.cpu().numpy(), self.world.gather(features.detach()))

    def _features(self) -> Tensor:
        return self.forward.of_all(self.forward.features)

    def _any(self, anchors: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return m-1 photos for each anchor (A, m-1), drawn from all others: what neighbors are worth is told beside them."""
        generator = np.random.default_rng((self.config.seed, 10, *map(int, anchors)))
        count = self.config.neighbors.m - 1
        others = np.stack([generator.choice(self.images - 1, count, replace=False) for _ in anchors])
        return (others + (others >= anchors[:, None])).astype(np.int32)

    def _forget_unused(self) -> None:
        if self.config.neighbors.refresh == "exact":
            self.bank = None

    def _measure_sigma(self) -> float:
        chosen = np.random.default_rng((self.config.seed, 4)).permutation(self.images)[:_SIGMA_ANCHORS]
        blocks = np.array_split(chosen, -(-len(chosen) // _ANCHORS_AT_ONCE))
        squared = torch.cat([self.select(block, "static").squared_distances for block in blocks])
        return float(squared.median()) or 1.0
