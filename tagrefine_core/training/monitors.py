"""What is watched after every epoch, and when it says that training goes wrong."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.evaluation import evaluate

__all__ = ["monitors", "warning_after_phi0", "warning_of_epoch"]


def monitors(
    probabilities: Tensor,
    user_tags: Tensor,
    *,
    label_columns: NDArray[np.int64] | None,
    truth: NDArray[np.int8] | None,
    seed: int,
) -> dict[str, float | None]:
    """Return the numbers that show over-fitting and collapse (docs/model.md).

    Parameters
    ----------
    probabilities, user_tags : Tensor (B, C)
        Of a sample of the training photos; P in (0, 1), G in {0, 1}.
    truth : int8 (V, L) or None
        Ground truth of the first V rows of the sample.
    label_columns : int64 (L,) or None
        The tag of each label.

    Returns
    -------
    dict
        ``q50`` share of user tags with p > .5; ``p_given`` and ``p_absent`` mean p where G is 1 and 0;
        ``pair_distance`` mean ||p_i - p_j|| over random pairs; ``constant_tags`` share of tags whose p hardly
        differs between photos; ``val_map``, ``val_miap`` on the judged rows (None without truth).
    """
    given = user_tags > 0
    sample = torch.from_numpy(np.random.default_rng(seed).permutation(len(probabilities)))
    half = len(sample) // 2
    pairs = probabilities[sample[:half]] - probabilities[sample[half : 2 * half]]
    values: dict[str, float | None] = {
        "q50": _mean((probabilities[given] > 0.5).float()),
        "p_given": _mean(probabilities[given]),
        "p_absent": _mean(probabilities[~given]),
        "pair_distance": _mean(pairs.norm(dim=1)),
        "constant_tags": _mean((probabilities.std(dim=0, correction=0) < 1e-4).float()),
        "val_map": None,
        "val_miap": None,
    }
    if truth is not None and label_columns is not None and len(truth):
        scores = probabilities[: len(truth)][:, torch.from_numpy(label_columns)].numpy()
        metrics = evaluate(scores, truth)
        values["val_map"] = _finite(metrics.map)
        values["val_miap"] = _finite(metrics.miap_labelled)
    return values


def warning_after_phi0(values: dict[str, float | None], *, eta: float, lambda2: float) -> str | None:
    """Return a warning when the three constraints alone are about to shrink every probability to zero."""
    q50 = values["q50"]
    if eta > 0 or lambda2 == 0 or q50 is None or q50 >= 0.5:
        return None
    return (
        f"phi0 gives only {q50:.0%} of the users' tags more than even odds. Without an anchor (eta=0), L_err then "
        f"pulls all probabilities to zero. Train stage 1 longer, or use preset paper+bce."
    )


def warning_of_epoch(values: dict[str, float | None], reference: dict[str, float]) -> str | None:
    """Return ``COLLAPSE ...`` when the mean probability of the users' tags fell below a tenth of phi0's."""
    now, before = values["p_given"], reference.get("p_given")
    if now is None or before is None or now >= 0.1 * before:
        return None
    return (
        f"COLLAPSE: the mean probability of the users' tags fell from {before:.3f} to {now:.4f}. "
        f"The scores of this run are not useful; lower lambda2 or raise eta."
    )


def _mean(values: Tensor) -> float | None:
    return _finite(float(values.mean())) if values.numel() else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
