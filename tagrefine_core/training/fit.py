"""The method from beginning to end: from photos and the tags that users gave them to a fitted model.

In the order of the paper: what is taught (tags, and those that they imply), how similar tags are (eq. 3 to 5), phi0 and the
constraints over dynamic neighbors (Algorithm 2, in `Trainer`), then scores. Everything here is arrays; where photos, tags and
settings come from, and where a fitted model is kept, is the business of runs and methods.
"""

import copy
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.features.backbones import BACKBONES, Trunk
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.files import create_array
from tagrefine_core.model.agreement import weighted_tags
from tagrefine_core.model.implied import certain, implication, with_implied
from tagrefine_core.model.least_squares import LinearLayer, Ridge, likeness
from tagrefine_core.model.network import Network
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.progress import Progress, silent
from tagrefine_core.tags import implied_tags, tag_similarity, wordnet_distance
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.journal import Journal, WarningsOnly
from tagrefine_core.training.layers import build_network, find_center, initialize
from tagrefine_core.training.scoring import calibrate, predict, smooth_all
from tagrefine_core.training.trainer import Trainer
from tagrefine_core.training.training_set import TrainingSet, Watched

__all__ = ["fit", "held_out_parts", "without_pictures"]

_LIKENESS_SAMPLE = 8192
_LIKENESS_BLOCK = 64  # pictures, where the trunk learns
_VISUALNESS_BLOCK = 2048


def fit(
    inputs: Inputs,
    tags: sparse.csr_matrix,
    config: TrainConfig,
    *,
    vocabulary: Sequence[str] | None = None,
    rows: NDArray[np.int64] | None = None,
    trunk: Trunk | None = None,
    watched: Watched | None = None,
    world: World | None = None,
    folder: Path | None = None,
    trace: Path | None = None,
    journal: Journal | None = None,
    progress: Progress = silent,
) -> Fitted:
    """Learn from photos and their users' tags, and score all photos.

    Parameters
    ----------
    inputs : Inputs
        N photos: features of a frozen trunk where ``network.finetune`` is "head", else pictures.
    tags : csr uint8 (N, C)
        The users' tags, 0 or 1.
    config : TrainConfig
    vocabulary : sequence of C str, optional
        The tags as words; without them only their use is known, and none implies another.
    rows : int64 (n,), optional
        The photos to learn from, ascending; by default all.
    trunk : Trunk, optional
        Before training. On a frozen trunk it is what turns new pictures into features; else it is what learns.
    watched : Watched, optional
        Ground truth of some photos, by rows of ``inputs``; shown by epoch, never learned from.
    world : World, optional
        The processes that share each batch; by default this one alone.
    folder : Path, optional
        Where arrays and checkpoints go, and what a call goes on from; needed by several processes. By default a temporary
        folder, and arrays in memory.
    trace : Path, optional
        The file of the neighbor trace (the paper's Fig. 4), ``.npz``; without one nothing is traced.
    journal : Journal, optional
        Where epochs and warnings go.
    progress : Progress
        May raise Cancelled; with a ``folder`` the same call goes on.

    Returns
    -------
    Fitted

    Raises
    ------
    ConfigError
        When there are too few photos for the settings.
    WordNetMissing
        When the meaning of tags is asked for and WordNet is not on this machine.
    """
    world, journal = world or World.alone(config.run.device), journal or Journal()
    photos, width = tags.shape
    rows = np.arange(photos, dtype=np.int64) if rows is None else rows
    parts = held_out_parts(len(rows), config)
    if config.constraints.epochs or (trace is not None and config.run.trace):
        left_out = 0 if config.exact else max(map(len, parts))
        _check_groups(len(rows) - left_out, config.neighbors.m)
    words = _Words.of(vocabulary, config)
    networks: list[Network] = []
    implied: sparse.csr_matrix | None = None
    with _workspace(folder) as work:
        for number, held_out in enumerate(parts[:1] if config.exact else parts):
            # Targets and tag similarity, of the photos that this network may see.
            seen = rows if config.exact else np.delete(rows, held_out)
            network, training_set, links = _taught(
                inputs, tags, seen, trunk, words, watched, config, world, progress
            )
            implied = links if implied is None else implied
            # phi0, the constraints over dynamic neighbors, the last layer in closed form (Algorithm 2).
            title = f", network {number + 1} of {len(parts)}" if len(parts) > 1 and not config.exact else ""
            trainer = Trainer(
                config,
                network,
                training_set,
                world,
                parts=parts if config.exact else (),
                folder=work / str(number),
                # The curves and the neighbors that are shown are those of one network.
                trace=trace if number == 0 else None,
                journal=journal if number == 0 else WarningsOnly(journal),
                progress=lambda stage, done, total, title=title: progress(stage + title, done, total),
            )
            trainer.train()
            networks += [network] if not config.exact else _one_for_each(network, trainer.solved)

    # Logits, each by a network that has not seen the photo; what look-alikes say; what a picture can tell; from given to fitting.
    assert implied is not None
    logits = _new_array(folder, "logits", (photos, width), np.float32, world)
    features = _new_array(folder, "features", (photos, networks[0].width), np.float16, world)
    owner = np.full(photos, -1, dtype=np.int64)
    for number, held_out in enumerate(parts):
        owner[rows[held_out]] = number if len(parts) > 1 else -1
    predict(networks, inputs, rows, owner, config, world, logits=logits, features=features, progress=progress)
    smoothed = _new_array(folder, "smoothed", (photos, width), np.float32, world)
    if world.first:
        smooth_all(logits, features, rows, config, out=smoothed, progress=progress)
    world.wait()
    blocks = np.array_split(rows, -(-len(rows) // _VISUALNESS_BLOCK))
    visualness = Visualness.measure(((logits[block], tags[block]) for block in blocks), width)
    calibration = None
    if config.scoring.calibrated:
        calibration = calibrate(smoothed, rows, tags, certain(implied), visualness.unseen)
    return Fitted(
        config,
        networks,
        rows=rows,
        logits=logits,
        features=features,
        smoothed=smoothed,
        calibration=calibration,
        visualness=visualness,
        implied=implied,
        trunk=trunk,
    )


def held_out_parts(n: int, config: TrainConfig) -> list[NDArray[np.int64]]:
    """Return for each network the places, 0 to n-1 and ascending, of the training photos that it must not see.

    Every photo is held out from exactly one network (cross-fitting); with a single network none is.
    """
    parts = config.scoring.crossfit
    if parts == 1:
        return [np.zeros(0, dtype=np.int64)]
    if parts > n:
        raise ConfigError(f"{n} photos cannot be divided into scoring.crossfit={parts} parts. Use fewer.")
    order = np.random.default_rng((config.seed, 5)).permutation(n)
    return [np.sort(part).astype(np.int64) for part in np.array_split(order, parts)]


def _check_groups(seen: int, m: int) -> None:
    """Refuse too few photos for neighbors now, not after phi0 has been trained."""
    if seen < m:
        raise ConfigError(
            f"Groups of neighbors.m={m} photos need at least {m} photos to train on; there are {seen}. "
            f"Use a smaller m, or more photos."
        )


def without_pictures(config: TrainConfig) -> TrainConfig:
    """Return the settings that hold where only features are given: the trunk is frozen, and nothing is watched or kept."""
    return config.replaced(
        {
            "network.finetune": "head",
            "run.validation": 0.0,
            "run.trace": False,
            "run.checkpoint_seconds": 1e9,
        }
    )


@dataclass(frozen=True, eq=False)
class _Words:
    """What the tags mean, asked once for all networks: WordNet distances and implications (C, C)."""

    distance: NDArray[np.float64] | None
    implied: NDArray[np.floating] | None

    @classmethod
    def of(cls, vocabulary: Sequence[str] | None, config: TrainConfig) -> "_Words":
        if vocabulary is None:
            return cls(None, None)
        asked = config.needs_xi and config.constraints.alpha
        return cls(
            wordnet_distance(vocabulary) if asked else None,
            implied_tags(vocabulary) if config.constraints.implied else None,
        )


def _taught(
    inputs: Inputs,
    tags: sparse.csr_matrix,
    rows: NDArray[np.int64],
    trunk: Trunk | None,
    words: _Words,
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
    implied, visualness = _what_pictures_show(network, inputs, rows, given, words.implied, config, progress)
    targets = with_implied(given, implied)
    agreement = None
    if config.constraints.lambda_nbr and config.constraints.epochs:
        agreement = weighted_tags(targets, visualness)
    own = None if watched is None else _watched_part(watched, rows, config)
    return network, TrainingSet(rows, given, targets, inputs, agreement, xi, own), implied


def _what_pictures_show(
    network: Network,
    inputs: Inputs,
    rows: NDArray[np.int64],
    tags: sparse.csr_matrix,
    meaning: NDArray[np.floating] | None,
    config: TrainConfig,
    progress: Progress,
) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
    """Return how far each tag counts for others (C, C), by WordNet and by looks, and how well pictures tell it (C,).

    Looks are what the network sees before it has learned anything, and what least squares makes of that.
    """
    width = tags.shape[1]
    nothing = sparse.csr_matrix((width, width), dtype=np.float32), np.zeros(width, dtype=np.float32)
    if meaning is None and not config.constraints.lambda_nbr:
        return nothing
    sample = np.sort(np.random.default_rng((config.seed, 8)).permutation(len(rows))[:_LIKENESS_SAMPLE])
    network.eval()
    features = []
    with torch.no_grad():
        for start in range(0, len(sample), _LIKENESS_BLOCK):
            block = sample[start : start + _LIKENESS_BLOCK]
            features.append(network.represent(inputs.read(rows[block])).float())
            progress("Looking what pictures show", start + len(block), len(sample))
    seen, given = torch.cat(features), tags[sample]
    solved = Ridge(seen, given, config.seed)
    shown = solved.shown.float()
    visualness = Visualness.measure([(shown.cpu().numpy(), given[solved.sample])], width).value
    if meaning is None:
        return nothing[0], visualness
    return implication(meaning, likeness(shown), config.constraints.implied), visualness


def _one_for_each(network: Network, layers: Sequence[LinearLayer]) -> list[Network]:
    """Return the network once for each last layer."""
    networks = []
    for layer in layers:
        each = copy.deepcopy(network)
        with torch.no_grad():
            each.classifier.weight.copy_(layer.weight)
            each.classifier.bias.copy_(layer.bias)
        networks.append(each)
    return networks


def _watched_part(watched: Watched, rows: NDArray[np.int64], config: TrainConfig) -> Watched | None:
    """Return ground truth of a sample of the photos ``rows``, by their places."""
    if not config.run.validation:
        return None
    count = max(1, int(len(rows) * config.run.validation))
    places = np.sort(np.random.default_rng((config.seed, 1)).permutation(len(rows))[:count])
    truth = watched.truth[np.searchsorted(watched.rows, rows[places])]
    return Watched(places, np.asarray(truth), watched.label_columns)


@contextmanager
def _workspace(folder: Path | None) -> Iterator[Path]:
    """Yield the folder of checkpoints and candidates: the one given, which stays, or one for the time being."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tagrefine-") as name:
        yield Path(name)


def _new_array(
    folder: Path | None, name: str, shape: tuple[int, int], dtype: Any, world: World
) -> NDArray[Any]:
    """Return an empty array, in memory or shared by all processes as a file."""
    if folder is None:
        return np.empty(shape, dtype=dtype)
    path = folder / f"{name}.npy"
    if world.first:
        create_array(path, shape, dtype)
    world.wait()
    array: NDArray[Any] = np.load(path, mmap_mode="r+")
    return array
