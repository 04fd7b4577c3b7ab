"""The method from beginning to end: from photos and the tags that users gave them to a fitted model.

In the order of the paper: what is taught (tags, and those that they imply), how similar tags are (eq. 3 to 5), phi0 and the
constraints over dynamic neighbors (Algorithm 2, in `Trainer`), then scores. Everything here is arrays; where photos, tags and
settings come from, and where a fitted model is kept, is the business of runs and methods.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.features.backbones import Trunk
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.files import create_array
from tagrefine_core.model.implied import certain
from tagrefine_core.model.network import Network
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.progress import Progress, silent
from tagrefine_core.training.distributed import World
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.journal import Journal, WarningsOnly
from tagrefine_core.training.scoring import calibrate, predict, smooth_all
from tagrefine_core.training.teaching import Words, taught
from tagrefine_core.training.trainer import Trainer
from tagrefine_core.training.training_set import Watched

__all__ = ["fit", "held_out_parts", "owners", "without_pictures"]

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
    words = Words.of(vocabulary, config)
    networks: list[Network] = []
    implied: sparse.csr_matrix | None = None
    with _workspace(folder) as work:
        for number, held_out in enumerate(parts[:1] if config.exact else parts):
            # Targets and tag similarity, of the photos that this network may see.
            seen = rows if config.exact else np.delete(rows, held_out)
            network, training_set, links = taught(
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
            networks += (
                [network.with_last(layer.weight, layer.bias) for layer in trainer.solved]
                if config.exact
                else [network]
            )

    # Logits, each by a network that has not seen the photo; what look-alikes say; what a picture can tell; from given to fitting.
    assert implied is not None
    logits = _new_array(folder, "logits", (photos, width), np.float32, world)
    features = _new_array(folder, "features", (photos, networks[0].width), np.float16, world)
    owner = owners(photos, rows, config)
    predict(networks, inputs, rows, owner, config, world, logits=logits, features=features, progress=progress)
    smoothed = _new_array(folder, "smoothed", (photos, width), np.float32, world)
    look_alikes = None
    if world.first:
        look_alikes = smooth_all(logits, features, rows, config, out=smoothed, progress=progress)
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
        look_alikes=look_alikes,
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


def owners(photos: int, rows: NDArray[np.int64], config: TrainConfig) -> NDArray[np.int64]:
    """Return which network answers for each of N photos, int64 (N,): the one that has not seen it; -1 where all do.

    ``rows`` (n,) are the photos learned from.
    """
    owner = np.full(photos, -1, dtype=np.int64)
    for number, held_out in enumerate(held_out_parts(len(rows), config)):
        owner[rows[held_out]] = number
    return owner


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
