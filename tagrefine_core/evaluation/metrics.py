"""The four measures of the paper's tables, in blocks of bounded memory."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.evaluation.auc import auc, doubled_wins
from tagrefine_core.evaluation.average_precision import check_variant, rank_rows
from tagrefine_core.evaluation.checks import check_pair, check_values, float_scores

__all__ = ["Metrics", "evaluate"]

# Ranking an entry takes about this many bytes of keys, order, tie groups and their members at once.
_BYTES_PER_ENTRY = 96


@dataclass(frozen=True, eq=False, kw_only=True)
class Metrics:
    """How well scores rank the truth; NaN wherever a measure is undefined.

    Attributes
    ----------
    miap : float
        Mean over images of the AP of the image's label ranking; an image without a relevant label
        counts as 0 (the survey toolbox's rule), so `miap_ceiling` is the best that can be reached.
    miap_labelled : float
        The same over the images that have a relevant label.
    miap_ceiling : float
        Share of the judged images that have a relevant label.
    map : float
        Mean over labels of the AP of the label's image ranking, labels without a positive left out.
    map_tagged : float
        As `map`, each label ranking only the images whose users gave it; NaN without `user_tags`.
    micro_auc : float
        AUC of all judged (image, label) pairs as one ranking.
    macro_auc : float
        Mean AUC over labels that have both classes.
    n_images, n_labels : int
        Shape of the scores.
    n_images_skipped : int
        Images with no judged label at all; they enter no measure.
    n_map_skipped, n_auc_skipped : int
        Labels left out of `map` (no positive) and of `macro_auc` (one class only).
    per_label_ap, per_label_auc : (L,) float64 arrays
        NaN for a label left out.
    ap_variant : str
        The rule for ties in average precision.
    labels : tuple of str or None
        Names of the columns.
    """

    miap: float
    miap_labelled: float
    miap_ceiling: float
    map: float
    map_tagged: float
    micro_auc: float
    macro_auc: float
    n_images: int
    n_labels: int
    n_images_skipped: int
    n_map_skipped: int
    n_auc_skipped: int
    per_label_ap: NDArray[np.float64]
    per_label_auc: NDArray[np.float64]
    ap_variant: str
    labels: tuple[str, ...] | None

    def as_dict(self) -> dict[str, Any]:
        """Return all attributes as JSON values: arrays as lists, NaN as None."""
        return {field.name: _json_value(getattr(self, field.name)) for field in fields(self)}


def _json_value(value: Any) -> Any:
    if isinstance(value, np.ndarray | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value


def evaluate(
    scores: ArrayLike,
    truth: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    ap_variant: str = "expected",
    user_tags: Any = None,
    block_bytes: int = 2**28,
) -> Metrics:
    """Measure how well ``scores`` rank ``truth`` (MiAP, mAP, MicroAUC, MacroAUC).

    Parameters
    ----------
    scores : (N, L) array
        Higher is more relevant; any float, integer or boolean type, memory-mapped ones are read in
        blocks. -inf means "no score": ranked last, tied. MicroAUC compares scores across labels.
    truth : (N, L) array
        1 relevant, 0 not relevant, -1 not judged (left out of everything).
    labels : sequence of L str, optional
        Names of the columns, kept with the result.
    ap_variant : {"expected", "stable", "pessimistic"}
        Tie rule of average precision, see `average_precision`.
    user_tags : (N, L) array or scipy sparse matrix, optional
        Nonzero where the user gave the label; adds `map_tagged`.
    block_bytes : int
        Working memory to stay near. One label of N images (about 96 N bytes) is the least that works;
        MicroAUC also holds the scores of all positive pairs.

    Raises
    ------
    DataError
        If shapes differ, a score is NaN or +inf, or a truth value is not 1, 0 or -1.
    ConfigError
        If the AP variant is unknown or the block size is not positive.

    References
    ----------
    Li et al., "Socializing the Semantic Gap", ACM Computing Surveys 49(1), 2016 (MiAP, MAP); the AUCs
    are Mann-Whitney statistics with ties counting one half.

    Examples
    --------
    >>> result = evaluate([[0.9, 0.2], [0.6, 0.7], [0.4, 0.1]], [[1, 0], [0, 1], [1, 0]])
    >>> round(result.map, 4), round(result.micro_auc, 4), result.macro_auc
    (0.9167, 0.8889, 0.75)
    """
    scores, truth = check_pair(scores, truth)
    n_images, n_labels = scores.shape
    check_variant(ap_variant)
    if block_bytes < 1:
        raise ConfigError(f"block_bytes must be positive, got {block_bytes}.")
    if labels is not None and len(labels) != n_labels:
        raise DataError(f"{len(labels)} label names were given for scores with {n_labels} columns.")
    if user_tags is not None and user_tags.shape != scores.shape:
        raise DataError(f"user_tags {user_tags.shape} and scores {scores.shape} differ in shape.")

    image_ap, positives, n_negatives, n_judged = _by_image(scores, truth, ap_variant, block_bytes)
    label_ap, label_auc, tagged_ap = _by_label(scores, truth, user_tags, ap_variant, block_bytes)
    n_labelled = int(np.count_nonzero(~np.isnan(image_ap)))
    labelled_sum = float(np.nansum(image_ap))
    return Metrics(
        miap=_ratio(labelled_sum, n_judged),
        miap_labelled=_ratio(labelled_sum, n_labelled),
        miap_ceiling=_ratio(n_labelled, n_judged),
        map=_mean(label_ap),
        map_tagged=_mean(tagged_ap),
        micro_auc=_micro_auc(scores, truth, positives, n_negatives, block_bytes),
        macro_auc=_mean(label_auc),
        n_images=n_images,
        n_labels=n_labels,
        n_images_skipped=n_images - n_judged,
        n_map_skipped=int(np.count_nonzero(np.isnan(label_ap))),
        n_auc_skipped=int(np.count_nonzero(np.isnan(label_auc))),
        per_label_ap=label_ap,
        per_label_auc=label_auc,
        ap_variant=ap_variant,
        labels=None if labels is None else tuple(labels),
    )


def _blocks(length: int, entries_per_item: int, block_bytes: int) -> Iterator[slice]:
    size = max(1, block_bytes // (_BYTES_PER_ENTRY * max(1, entries_per_item)))
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))


def _by_image(
    scores: NDArray[Any], truth: NDArray[Any], ap_variant: str, block_bytes: int
) -> tuple[NDArray[np.float64], NDArray[Any], int, int]:
    """Check all values; return AP per image, sorted scores of the positives, counts for the rest."""
    n_images, n_labels = scores.shape
    image_ap = np.full(n_images, np.nan)
    positives = [np.empty(0, dtype=np.float32)]
    n_negatives = n_judged = 0
    for rows in _blocks(n_images, n_labels, block_bytes):
        block, judged = float_scores(scores[rows]), np.asarray(truth[rows])
        check_values(block, judged, first_row=rows.start)
        image_ap[rows] = rank_rows(block, judged, ap_variant)
        positives.append(block[judged == 1])
        n_negatives += int(np.count_nonzero(judged == 0))
        n_judged += int(np.count_nonzero((judged != -1).any(axis=1)))
    return image_ap, np.sort(np.concatenate(positives)), n_negatives, n_judged


def _micro_auc(
    scores: NDArray[Any], truth: NDArray[Any], positives: NDArray[Any], n_negatives: int, block_bytes: int
) -> float:
    """AUC of the flattened pairs: the positives are in memory, the negatives pass in blocks."""
    if not len(positives) or not n_negatives:
        return math.nan
    wins = 0
    for rows in _blocks(len(scores), scores.shape[1], block_bytes):
        wins += doubled_wins(positives, np.sort(float_scores(scores[rows])[np.asarray(truth[rows]) == 0]))
    return wins / (2 * len(positives) * n_negatives)


def _by_label(
    scores: NDArray[Any], truth: NDArray[Any], user_tags: Any, ap_variant: str, block_bytes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """AP, AUC and AP among the tagged images of every label; whole columns in groups."""
    n_images, n_labels = scores.shape
    label_ap, label_auc, tagged_ap = (np.full(n_labels, np.nan) for _ in range(3))
    for columns in _blocks(n_labels, n_images, block_bytes):
        block = np.ascontiguousarray(float_scores(scores[:, columns]).T)
        judged = np.ascontiguousarray(np.asarray(truth[:, columns]).T)
        label_ap[columns] = rank_rows(block, judged, ap_variant)
        label_auc[columns] = [auc(*pair) for pair in zip(block, judged, strict=True)]
        if user_tags is not None:
            given = user_tags[:, columns]
            given = given.toarray() if hasattr(given, "toarray") else np.asarray(given)
            tagged_ap[columns] = rank_rows(block, np.where(given.T != 0, judged, -1), ap_variant)
    return label_ap, label_auc, tagged_ap


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else math.nan


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else math.nan
