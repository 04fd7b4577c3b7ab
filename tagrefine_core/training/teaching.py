"""What one network is taught of its photos: their tags and what these imply, how similar tags are, whose tags agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.features.backbones import BACKBONES, Trunk
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.model.agreement import weighted_tags
from tagrefine_core.model.design import Design
from tagrefine_core.model.implied import implication, with_implied
from tagrefine_core.model.least_squares import Ridge, likeness
from tagrefine_core.model.network import Network
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.progress import Progress
from tagrefine_core.tags import implied_tags, tag_similarity, wordnet_distance
from tagrefine_core.training.distributed import World
from tagrefine_core.training.layers import build_network, find_center, initialize
from tagrefine_core.training.training_set import TrainingSet, Watched

__all__ = ["Words", "taught"]

_SAMPLE = 8192  # photos that tell what pictures show
_BLOCK = 64  # pictures, where the trunk learns


@dataclass(frozen=True, eq=False)
class Words:
    """What the tags mean, asked once for all networks: WordNet distances and implications (C, C)."""

    distance: NDArray[np.float64] | None
    implied: NDArray[np.floating] | None

    @classmethod
    def of(cls, vocabulary: Sequence[str] | None, config: TrainConfig) -> "Words":
        """Ask WordNet for what the settings need; nothing is known without a vocabulary."""
        if vocabulary is None:
            return cls(None, None)
        asked = config.needs_xi and config.constraints.alpha
        return cls(
            wordnet_distance(vocabulary) if asked else None,
            implied_tags(vocabulary) if config.constraints.implied else None,
        )


def taught(
    inputs: Inputs,
    tags: sparse.csr_matrix,
    rows: NDArray[np.int64],
    trunk: Trunk | None,
    words: Words,
    watched: Watched | None,
    config: TrainConfig,
    world: World,
    progress: Progress,
) -> tuple[Network, TrainingSet, sparse.csr_matrix]:
    """Return a new network, what it is taught of the photos ``rows``, and how far each tag counts for others."""
    given = tags[rows]
    frozen = config.network.finetune == "head"
    dimensions = inputs.read(rows[:1]).shape[1] if frozen else BACKBONES[config.network.backbone].dimensions
    network = build_network(
        config, dimensions=dimensions, tags=tags.shape[1], trunk=None if frozen else trunk
    )
    initialize(network, given, config.seed)
    network = network.to(world.device)
    if config.network.center:
        find_center(network, inputs, rows, config.seed)
    xi = None
    if config.needs_xi:
        progress("Measuring tag similarity", 0, 1)
        xi = tag_similarity(given, words.distance, config.constraints.alpha).astype(np.float32)
    sample = np.sort(np.random.default_rng((config.seed, 8)).permutation(len(rows))[:_SAMPLE])
    design, implied, visualness = None, sparse.csr_matrix(2 * (tags.shape[1],), dtype=np.float32), None
    if words.implied is not None or config.needs_agreement:
        design = _looks(network, inputs, rows[sample], config, progress)
        implied, visualness = _what_pictures_show(design, given[sample], words.implied, config)
    targets = with_implied(given, implied)
    agreement = None
    if visualness is not None and config.needs_agreement:
        agreement = weighted_tags(targets, visualness)
    own = None if watched is None else _watched_part(watched, rows, config)
    # Where the network goes on to see what it sees now, the last layer is solved for on the same design.
    lasting = design if config.exact and len(sample) == len(rows) else None
    return network, TrainingSet(rows, given, targets, inputs, agreement, xi, own, lasting), implied


def _looks(
    network: Network, inputs: Inputs, rows: NDArray[np.int64], config: TrainConfig, progress: Progress
) -> Design:
    """Return what the network sees of photos before it has learned anything."""
    network.eval()
    features = []
    with torch.no_grad():
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            features.append(network.represent(inputs.read(block)).float())
            progress("Looking what pictures show", start + len(block), len(rows))
    return Design(torch.cat(features), config.seed)


def _what_pictures_show(
    design: Design, tags: sparse.csr_matrix, meaning: NDArray[np.floating] | None, config: TrainConfig
) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
    """Return how far each tag counts for others (C, C), by WordNet and by looks, and how well pictures tell it (C,).

    Looks are what least squares makes of what the network sees.
    """
    width = tags.shape[1]
    shown = Ridge(design, tags).shown.float()
    visualness = Visualness.measure([(shown.cpu().numpy(), tags[design.sample])], width).value
    if meaning is None:
        return sparse.csr_matrix((width, width), dtype=np.float32), visualness
    return implication(meaning, likeness(shown), config.constraints.implied), visualness


def _watched_part(watched: Watched, rows: NDArray[np.int64], config: TrainConfig) -> Watched | None:
    """Return ground truth of a sample of the photos ``rows``, by their places."""
    if not config.run.validation:
        return None
    count = max(1, int(len(rows) * config.run.validation))
    places = np.sort(np.random.default_rng((config.seed, 1)).permutation(len(rows))[:count])
    truth = watched.truth[np.searchsorted(watched.rows, rows[places])]
    return Watched(places, np.asarray(truth), watched.label_columns)
