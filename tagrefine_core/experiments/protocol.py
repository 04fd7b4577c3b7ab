"""Who trains on what and is measured where: the paper's protocols, and the fold that parameters are chosen on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.collections import Collection
from tagrefine_core.collections.mirflickr import Wider, wider_labels
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import CollectionError, LabelError
from tagrefine_core.progress import Progress, silent
from tagrefine_core.store import Store

__all__ = [
    "JUDGED",
    "PROTOCOL",
    "Material",
    "Split",
    "Task",
    "feature_material",
    "frozen_notes",
    "need_truth",
    "repeat_split",
    "validation_split",
]

Task: TypeAlias = Literal["annotation", "refinement"]

PROTOCOL = 3
"""Raised when splits or measures change, so that results of before are not mixed with those of after."""

JUDGED = 500
"""Photos whose labels choose parameters, where there are enough: on 154 no two good settings could be told apart."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the collection, ascending.

    Attributes
    ----------
    train : int64 (n,)
        Fitted on: their features and user tags, never their ground truth.
    test : int64 (V,)
        Measured on.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Material:
    """What all methods of a comparison share.

    Attributes
    ----------
    features : float32 (N, d)
        Memory-mapped.
    tags : csr uint8 (N, C)
        User tags.
    truth : int8 (N, L)
        Ground truth in {1, 0, -1}.
    label_columns : int64 (L,)
        The tag of each label.
    vocabulary : sequence of C str
    users : list of N, or None
        Who gave the tags; None when nobody is known.
    positions : csr uint16 (N, C) or None
        Places of the tags in the users' lists.
    key : str
        Tells other photos, other weights or another picture size from these.
    weights_hash : str
        Of the backbone that the features come from.
    wider : Wider or None
        Labels that are measured beside, and that chose nothing.
    """

    features: NDArray[np.float32]
    tags: csr_matrix
    truth: NDArray[np.int8]
    label_columns: NDArray[np.int64]
    vocabulary: Sequence[str]
    users: Sequence[str | None] | None = None
    positions: csr_matrix | None = None
    key: str = ""
    weights_hash: str = ""
    wider: Wider | None = None

    @property
    def measured_columns(self) -> NDArray[np.int64]:
        """The tags of the labels, then of the wider ones (L + L',)."""
        return self.label_columns if self.wider is None else np.append(self.label_columns, self.wider.columns)


def repeat_split(n: int, config: TrainConfig, task: Task, repeat: int) -> Split:
    """Return who trains and who is measured in one repeat.

    Annotation: part ``repeat`` of one seeded permutation trains, all other photos are measured but those whose labels choose
    parameters (`validation_split`); the parts are disjoint. Refinement: all photos, both times; labels that chose parameters are
    measured again there.

    Raises
    ------
    CollectionError
        When there is no such part.
    """
    from tagrefine_core.runs.material import training_rows

    rows = training_rows(n, config.replaced({"task": task, "run.part": repeat}))
    everything = np.arange(n, dtype=np.int64)
    if task == "refinement":
        return Split(rows, everything)
    chosen_by = validation_split(n, config, task).test
    return Split(rows, np.setdiff1d(everything, np.union1d(rows, chosen_by)))


def validation_split(n: int, config: TrainConfig, task: Task) -> Split:
    """Return the split that parameters are chosen on: `JUDGED` photos beside part 0, at most half of what it leaves.

    They are judged by fits on part 0, as large as those that are measured; no repeat of annotation measures them. For
    refinement all photos are fitted: a method that cannot annotate needs the tags of the photos it is judged on, and the
    labels that judge it are never fitted.

    Raises
    ------
    CollectionError
        When there are too few photos for such a fold.
    """
    from tagrefine_core.runs.material import training_rows

    first = training_rows(n, config.replaced({"task": "annotation", "run.part": 0}))
    others = np.setdiff1d(np.arange(n, dtype=np.int64), first)
    judged = min(JUDGED, len(others) // 2)
    if not judged:
        raise CollectionError(
            f"{n} photos are too few to choose parameters on some of them while {len(first)} train. Use at least 10."
        )
    order = np.random.default_rng((config.seed, 9)).permutation(others)
    return Split(first if task == "annotation" else np.arange(n, dtype=np.int64), np.sort(order[:judged]))


def feature_material(
    store: Store,
    collection: Collection,
    config: TrainConfig,
    progress: Progress = silent,
    *,
    annotations: Path | None = None,
) -> Material:
    """Extract the features of the backbone named in ``config`` once, or open those in the cache.

    Labels in the folder ``annotations`` that are not the collection's own come with it. With ``views=2`` a feature is the mean of a photo's and of its mirror image's, for every method alike.

    Raises
    ------
    LabelError
        When the collection has no ground truth.
    CollectionError
        When ``annotations`` holds no such labels.
    WeightsError, ImageError
        As for training.
    """
    truth = need_truth(collection)
    wider = None
    if annotations is not None:
        wider = wider_labels(annotations, collection.files, collection.vocabulary, collection.labels)
    from tagrefine_core.features.backbones import build_trunk
    from tagrefine_core.features.inputs import stored_features
    from tagrefine_core.features.weights import load_weights, weights_hash
    from tagrefine_core.runs.material import picture_size
    from tagrefine_core.training.distributed import pick_device

    network = config.network
    state = load_weights(network.backbone, network.weights)
    trunk = build_trunk(network.backbone, state, seed=config.seed, image_size=network.image_size)
    size, weights = picture_size(config), weights_hash(trunk)
    features = stored_features(
        store.home,
        collection,
        trunk,
        size,
        views=network.views,
        device=pick_device(config.run.device),
        progress=progress,
    )
    users = collection.users
    return Material(
        # A plain array over the same file: methods tell their own photos by the very array they were fitted on.
        features=np.asarray(features),
        tags=collection.tags,
        truth=truth,
        label_columns=collection.label_columns,
        vocabulary=collection.vocabulary,
        users=users if any(user is not None for user in users) else None,
        positions=collection.tag_positions,
        key=f"{collection.data_hash}-{weights}-{size}-{network.views}"
        + ("" if wider is None else f"-{wider.key}"),
        weights_hash=weights,
        wider=wider,
    )


def frozen_notes(config: TrainConfig) -> list[str]:
    """Say in words what a comparison on features has to change of the settings."""
    if config.network.finetune == "head":
        return []
    return [
        f"The backbone is frozen, since all methods get the same features: network.finetune={config.network.finetune} "
        f"and optimizer.lr_backbone have no effect here."
    ]


def need_truth(collection: Collection) -> NDArray[np.int8]:
    """Return the ground truth (N, L), or raise LabelError where there is none."""
    if collection.truth is None:
        raise LabelError(
            f"Collection {collection.name!r} has no ground truth, so methods cannot be compared on it. "
            "Import it with labels."
        )
    return np.asarray(collection.truth)
