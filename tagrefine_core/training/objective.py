"""What stage 2 minimizes: the terms of eq. 1, the neighborhood term and the anchor, and their weights."""

import torch
from torch import Tensor

from tagrefine_core.config import TrainConfig
from tagrefine_core.model.batches import Batch
from tagrefine_core.model.losses import (
    logistic,
    neighborhood,
    semantic_dependency,
    user_error_sparsity,
    visual_consistency,
    visual_similarity,
)
from tagrefine_core.training.distributed import World
from tagrefine_core.training.forward import Forward
from tagrefine_core.training.training_set import TrainingSet

__all__ = ["Objective"]


class Objective:
    """The loss of a batch of stage 2, term by term.

    Parameters
    ----------
    config : TrainConfig
    training_set : TrainingSet
    forward : Forward
    world : World
        The processes that share each batch.
    """

    def __init__(
        self, config: TrainConfig, training_set: TrainingSet, forward: Forward, world: World
    ) -> None:
        self.config, self.training_set, self.forward, self.world = config, training_set, forward, world
        self.xi = None if training_set.xi is None else torch.from_numpy(training_set.xi).to(world.device)

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each term; a last layer that is solved for has no gradient, and learns from none but the neighborhoods'."""
        of = self.config.constraints
        weights = {
            "vis": of.lambda_vis,
            "nbr": of.lambda_nbr,
            "sem": of.lambda1,
            "err": of.lambda2,
            "logistic": of.eta,
        }
        return dict.fromkeys(weights, 0.0) | {"nbr": of.lambda_nbr} if self.config.exact else weights

    def losses(self, logits: Tensor, features: Tensor, batch: Batch, sigma: float) -> dict[str, Tensor]:
        """Return the terms that have a weight.

        Parameters
        ----------
        logits : Tensor (A m, C)
        features : Tensor (A m, k)
        batch : Batch
            Whose they are.
        sigma : float
            Bandwidth of gamma (eq. 2).
        """
        reduction, weights = self.config.constraints.reduction, self.weights
        # A literal term sums over the whole batch, of which this process sees one part of world.size.
        parts = self.world.size if reduction == "literal" else 1
        losses = {}
        if weights["nbr"]:
            losses["nbr"] = self._neighborhood(features, batch)
        if not any(weight for name, weight in weights.items() if name != "nbr"):
            return losses
        probabilities = torch.sigmoid(logits)
        tags = self.forward.user_tags(batch.rows.reshape(-1))
        if weights["vis"]:
            groups = probabilities.reshape(*batch.rows.shape, -1)
            losses["vis"] = visual_consistency(groups, visual_similarity(batch.squared_distances, sigma))
        if weights["sem"] and self.xi is not None:
            losses["sem"] = semantic_dependency(probabilities, self.xi, reduction=reduction) * parts
        if weights["err"]:
            losses["err"] = user_error_sparsity(probabilities, tags, reduction=reduction) * parts
        if weights["logistic"]:
            losses["logistic"] = logistic(logits, self.forward.targets(batch.rows.reshape(-1)))
        return losses

    def _neighborhood(self, features: Tensor, batch: Batch) -> Tensor:
        """Return L_nbr of the whole batch, as every process sees it; the gradient is that of this process's photos."""
        assert self.training_set.agreement is not None
        rows = batch.rows.reshape(-1)
        every = self.world.gather(torch.from_numpy(rows).to(features.device))
        gathered = self.world.gather(features.detach()).to(features.dtype)
        mine = self.world.share(len(every))
        together = torch.cat([gathered[: mine.start], features, gathered[mine.stop :]])
        tags = self.forward.dense(self.training_set.agreement[every.cpu().numpy()])
        loss = neighborhood(together, tags, every)
        # The mean of gradients over processes has to be their sum; the loss itself is the same in all.
        return loss + (self.world.size - 1) * (loss - loss.detach())
