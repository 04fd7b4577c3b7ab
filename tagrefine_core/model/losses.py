"""The losses of the paper, one function an equation; ambiguities are settled in docs/model.md.

Shapes: s images a batch, A = s / m anchors of groups of m images, C tags.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from tagrefine_core.errors import ConfigError, DataError

__all__ = [
    "logistic",
    "neighborhood",
    "semantic_dependency",
    "user_error_sparsity",
    "visual_consistency",
    "visual_similarity",
]

Reduction = Literal["literal", "per_image"]

NEIGHBORHOOD_TEMPERATURE = 0.2
"""Of d^2 between features of length 1."""


def visual_similarity(squared_distances: Tensor, sigma: float | Tensor) -> Tensor:
    """Return gamma = exp(-d^2 / sigma), the weights of eq. 2.

    Parameters
    ----------
    squared_distances : Tensor (A, m-1)
        Squared Euclidean distances between anchor and neighbor features. Detached: with a gradient the network
        would lower the loss by pushing neighbors apart.
    sigma : float or Tensor
        Median of the squared distances (the paper's "medium value of gamma" is circular).
    """
    return torch.exp(-squared_distances.detach() / sigma)


def visual_consistency(probabilities: Tensor, gamma: Tensor) -> Tensor:
    """Return L_vis of eq. 2: the mean over anchor-neighbor pairs of gamma ||p_anchor - p_neighbor||^2.

    Parameters
    ----------
    probabilities : Tensor (A, m, C)
        Tag probabilities of each group; the anchor comes first.
    gamma : Tensor (A, m-1)
        Similarity of each neighbor to its anchor, in [0, 1]. No gradient flows through it.

    Returns
    -------
    Tensor ()
        Not negative; 0 when all images of each group agree. A mean, since the prefactor m / (s (m-1)) of eq. 2 is one over the
        number of pairs.
    """
    if probabilities.ndim != 3 or gamma.shape != (probabilities.shape[0], probabilities.shape[1] - 1):
        raise DataError(
            f"visual_consistency needs probabilities (A, m, C) and gamma (A, m-1); "
            f"got {tuple(probabilities.shape)} and {tuple(gamma.shape)}."
        )
    squared = (probabilities[:, :1] - probabilities[:, 1:]).square().sum(dim=-1)
    return (gamma.detach() * squared).mean()


def neighborhood(
    features: Tensor, tags: Tensor, rows: Tensor, *, temperature: float = NEIGHBORHOOD_TEMPERATURE
) -> Tensor:
    """Return L_nbr: how badly near photos and photos of like tags are the same ones.

    L_vis lets photos that look alike have like tags; this is the other direction, and shapes the features: of each photo's
    look-alikes, softmax(-d^2 / temperature) over the other photos of the batch, and of those whose tags agree with its own, by
    how far they do, the cross entropy. A normalized term: no shrinking or scattering of features lowers it.

    Neighborhood components analysis (Goldberger, Roweis, Hinton and Salakhutdinov 2005) with soft classes; weighted nearest
    neighbors that predict tags, as in TagProp (Guillaumin, Mensink, Verbeek and Schmid 2009).

    Parameters
    ----------
    features : Tensor (s, k)
        Used at length 1, so that d^2 = 2 - 2 cos.
    tags : Tensor (s, C)
        What agrees: the scalar product of two photos' rows, not negative.
    rows : int64 Tensor (s,)
        Which photo each one is: a photo that is in the batch twice is no neighbor of itself.
    temperature : float
        Above 0. Chosen in docs/log/2026-11-26-neighborhoods.md.

    Returns
    -------
    Tensor ()
        Mean over the photos that agree with another one of the batch; not negative; 0 when there is none.
    """
    if not len(features) == len(tags) == len(rows):
        raise DataError(
            f"neighborhood needs as many features as rows of tags and photos; "
            f"got {len(features)}, {len(tags)} and {len(rows)}."
        )
    itself = rows[:, None] == rows
    unit = functional.normalize(features, dim=1)
    near = (2 * unit @ unit.T - 2) / temperature
    near = torch.log_softmax(near.masked_fill(itself, -torch.inf), dim=1)
    agree = (tags @ tags.T).masked_fill(itself, 0)
    total = agree.sum(dim=1)
    told = total > 0
    if not told.any():
        return features.sum() * 0
    wanted = agree[told] / total[told, None]
    return -(wanted * near[told].masked_fill(itself[told], 0)).sum(dim=1).mean()


def semantic_dependency(probabilities: Tensor, xi: Tensor, *, reduction: Reduction = "literal") -> Tensor:
    """Return L_sem of eq. 8: Tr[P (Q - xi) P^T] / C^2, with xi's diagonal taken as zero.

    The paper prints Tr[P^T (Q - xi) P], which does not fit the shapes. Eq. 6 is exactly twice this.

    Parameters
    ----------
    probabilities : Tensor (s, C)
    xi : Tensor (C, C)
        Symmetric tag similarity in [0, 1] (eq. 5). A diagonal, if there is one, is ignored: left in, it would
        reward large probabilities and make the loss negative.
    reduction : {"literal", "per_image"}
        "per_image" divides by s.

    Returns
    -------
    Tensor ()
        Not negative; 0 when all tags have the same probability in each image.
    """
    if probabilities.ndim != 2 or xi.shape != (probabilities.shape[1],) * 2:
        raise DataError(
            f"semantic_dependency needs probabilities (s, C) and xi (C, C); "
            f"got {tuple(probabilities.shape)} and {tuple(xi.shape)}."
        )
    xi = xi.to(probabilities.dtype)  # `similarity_matrix` computes in float64
    diagonal = xi.diagonal()
    degree = xi.sum(dim=1) - diagonal
    linked = probabilities @ xi - probabilities * diagonal
    trace = (probabilities.square() * degree).sum() - (probabilities * linked).sum()
    loss = trace / xi.shape[0] ** 2
    return loss / probabilities.shape[0] if _reduction(reduction) == "per_image" else loss


def user_error_sparsity(
    probabilities: Tensor, user_tags: Tensor, *, reduction: Reduction = "literal"
) -> Tensor:
    """Return L_err of eq. 9: ||G - P||_1.

    Parameters
    ----------
    probabilities, user_tags : Tensor (s, C)
        P in (0, 1) and G in {0, 1}.
    reduction : {"literal", "per_image"}
        "literal" sums over the batch, "per_image" divides by s.
    """
    if probabilities.shape != user_tags.shape:
        raise DataError(
            f"user_error_sparsity needs two tensors of one shape; "
            f"got {tuple(probabilities.shape)} and {tuple(user_tags.shape)}."
        )
    loss = (user_tags.to(probabilities.dtype) - probabilities).abs().sum()
    return loss / probabilities.shape[0] if _reduction(reduction) == "per_image" else loss


def logistic(logits: Tensor, user_tags: Tensor) -> Tensor:
    """Return the multi-label logistic loss, summed over tags and averaged over images.

    A mean over tags would divide the gradient by C and under-train at the paper's learning rate.

    Parameters
    ----------
    logits, user_tags : Tensor (s, C)
    """
    return functional.binary_cross_entropy_with_logits(logits, user_tags, reduction="sum") / logits.shape[0]


def _reduction(reduction: str) -> str:
    if reduction not in ("literal", "per_image"):
        raise ConfigError(f"reduction must be 'literal' or 'per_image'; got {reduction!r}.")
    return reduction
