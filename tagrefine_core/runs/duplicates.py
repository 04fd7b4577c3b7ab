"""Which photos of a collection are the same picture, by what a run has learned: found once, kept in the cache."""

from pathlib import Path

import numpy as np

from tagrefine_core.collections import Collection
from tagrefine_core.collections.hashes import picture_hashes
from tagrefine_core.errors import DamagedFile
from tagrefine_core.files import kept_where_possible, read_arrays, write_arrays
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement.duplicates import LEAST, NEAREST, Pairs, duplicate_pairs
from tagrefine_core.runs.run import Run

__all__ = ["duplicates_of", "known_duplicates"]

_KEPT = 0.5  # how alike pairs are at least that are kept: less than anybody asks for


def known_duplicates(run: Run, least: float = LEAST) -> Pairs | None:
    """Return what `duplicates_of` has found before; None where nobody has asked yet."""
    try:
        kept = read_arrays(_path(run))
    except (FileNotFoundError, DamagedFile):
        return None
    return Pairs(kept["first"], kept["second"], kept["likeness"]).at_least(least)


def duplicates_of(
    run: Run, collection: Collection, *, least: float = LEAST, progress: Progress = silent
) -> Pairs:
    """Return pairs of photos that are the same picture, the most alike first.

    The first time every photo is looked at: some minutes for 200,000.

    Parameters
    ----------
    run : Run
        Finished; its features tell which photos are worth a comparison.
    collection : Collection
        What it was trained on.
    least : float
        As in `duplicate_pairs`, from .5.

    Raises
    ------
    RunError
        When the run has no features.
    """
    known = known_duplicates(run, least)
    if known is not None:
        return known
    features = run.features
    hashes = picture_hashes(collection, progress=progress)
    if run.look_alikes is not None and len(run.rows) == len(features):
        neighbors = np.asarray(run.look_alikes.rows[:, :NEAREST])
    else:
        from tagrefine_core.neighbors.search import candidate_sets  # loads PyTorch, which takes seconds

        neighbors = candidate_sets(
            features,
            min(NEAREST, len(features) - 1),
            progress=lambda done, total: progress("Comparing photos", done, total),
        )
    pairs = duplicate_pairs(neighbors, features, hashes, least=_KEPT)
    with kept_where_possible():
        write_arrays(_path(run), **pairs._asdict())
    return pairs.at_least(least)


def _path(run: Run) -> Path:
    return run.store.home / "cache" / "duplicates" / f"{run.id}.npz"
