"""Make the map of a run: neighbors in its features before and after learning, laid out from a common beginning."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.features.inputs import stored_features
from tagrefine_core.features.weights import weights_hash
from tagrefine_core.files import read_json, write_arrays
from tagrefine_core.neighbors.layout import aligned, layout, neighbor_graph, principal_plane
from tagrefine_core.neighbors.search import nearest
from tagrefine_core.progress import Progress
from tagrefine_core.runs.map import PhotoMap, map_file
from tagrefine_core.runs.material import kept_trunk, picture_size
from tagrefine_core.runs.run import Run
from tagrefine_core.training.distributed import pick_device

__all__ = ["EPOCHS", "NEIGHBORS", "make_map"]

NEIGHBORS = 15
"""Nearest photos that pull on each photo."""

EPOCHS = 200
"""Rounds of each layout."""

_ASKED = 1000  # photos that tell how much of the neighborhoods a map keeps


def make_map(run: Run, collection: Collection, *, seed: int = 0, progress: Progress) -> PhotoMap:
    """Lay out the photos of a finished run and keep the map in its folder, in place of an earlier one.

    Photos first move by both neighborhoods together, then twice from there: by learned, and by frozen ones alone. So the maps
    lie alike wherever learning changed nothing, and neither is drawn by what the other is good at.

    Parameters
    ----------
    run : Run
        Finished.
    collection : Collection
        What it was trained on.
    seed : int
    progress : Progress
        May raise Cancelled; nothing is kept then.

    Raises
    ------
    RunError
        When the run has no features, or there are too few photos.
    ImageError
        When frozen features are not in the cache any more and a photo cannot be read.
    """
    learned = run.features
    if len(learned) <= NEIGHBORS:
        raise RunError(
            f"A map takes more than {NEIGHBORS} photos, and {collection.name!r} has {len(learned)}. Import more, and train again."
        )
    frozen = _frozen_features(run, collection, progress)
    progress("Getting ready to draw", 0, 0)
    own, near = neighbor_graph(
        learned, NEIGHBORS, seed=seed, progress=_Stage(progress, "Finding look-alikes after learning")
    )
    start = principal_plane(learned)
    if frozen is None:
        positions = layout(own, start, epochs=EPOCHS, seed=seed, progress=_Stage(progress, "Drawing the map"))
        found = PhotoMap(_framed(positions)[0], None, np.array([_kept(positions, near, seed), np.nan]))
    else:
        earlier, near_before = neighbor_graph(
            frozen,
            NEIGHBORS,
            metric="cosine",  # the trace of neighbors compares them at length 1, too
            seed=seed,
            progress=_Stage(progress, "Finding look-alikes before learning"),
        )
        both = sparse.csr_matrix((own + earlier) / 2)
        start = layout(both, start, epochs=EPOCHS, seed=seed, progress=_Stage(progress, "Drawing both maps"))
        after, first = (
            layout(
                graph, start, epochs=EPOCHS, seed=seed, progress=_Stage(progress, f"Drawing the map {when}")
            )
            for graph, when in ((own, "after learning"), (earlier, "before learning"))
        )
        kept = np.array([_kept(after, near, seed), _kept(first, near_before, seed)])
        after, first = _framed(after, aligned(first, after))
        found = PhotoMap(after, first, kept)
    first_map = {} if found.frozen is None else {"frozen": found.frozen}
    write_arrays(map_file(run), learned=found.learned, kept=found.kept, **first_map)
    return found


def _frozen_features(run: Run, collection: Collection, progress: Progress) -> NDArray[np.float32] | None:
    """Return what the backbone says before anything is learned, (N, d), mapped; None where that backbone is gone.

    From the cache, else by looking at the photos again. A backbone that learned as a whole is not kept as it was.
    """
    path = run.folder / "material.json"
    try:
        key = str(read_json(path)["weights_hash"])
    except FileNotFoundError:
        return None  # a run of an earlier TagRefine
    except (ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged. Train again to get a map.") from error
    try:
        trunk = kept_trunk(run.store.home, run.config, key)
    except RunError:
        return None  # whoever asked is told that there is no map of before learning
    if weights_hash(trunk) != key:
        return None
    device = pick_device("cpu" if run.config.run.device == "cpu" else "auto")
    views, size = run.config.network.views, picture_size(run.config)
    return stored_features(
        run.store.home, collection, trunk, size, views=views, device=device, progress=progress
    )


class _Stage:
    """Progress of one stage, which a core function tells without knowing its name."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress, self._name = progress, name

    def __call__(self, done: int, total: int) -> None:
        self._progress(self._name, done, total)


def _framed(*maps: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Turn, move and scale maps alike, so that the first lies around (0, 0), is as flat as can be, since screens are wide, and all lie within [-1, 1]."""
    turns = np.pi * np.arange(180) / 180
    flattest = turns[np.argmin([np.ptp(maps[0] @ (np.sin(turn), np.cos(turn))) for turn in turns])]
    turn = np.array([[np.cos(flattest), np.sin(flattest)], [-np.sin(flattest), np.cos(flattest)]])
    turned = [positions @ turn for positions in maps]
    center = (turned[0].min(axis=0) + turned[0].max(axis=0)) / 2
    reach = max(float(np.abs(positions - center).max()) for positions in turned)
    return tuple(((positions - center) / max(reach, 1e-9)).astype(np.float32) for positions in turned)


def _kept(positions: NDArray[np.float32], near: NDArray[np.int64], seed: int) -> float:
    """Return the share of nearest photos (N, k) that are among the k nearest on the map, of a sample."""
    asked = np.sort(np.random.default_rng((seed, 17)).permutation(len(positions))[:_ASKED])
    on_map, _ = nearest(positions[asked], positions, near.shape[1], exclude=asked)
    return float(
        np.mean([np.isin(near[row], found).mean() for row, found in zip(asked, on_map, strict=True)])
    )
