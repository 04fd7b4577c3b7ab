"""The map of a run: its photos in a plane, look-alikes near each other, before learning and after."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import RunError
from tagrefine_core.files import read_arrays
from tagrefine_core.refinement.stored import column_of, stored
from tagrefine_core.runs.run import Run

__all__ = ["Landmark", "PhotoMap", "has_map", "landmarks_of", "map_file", "map_of"]

_CELLS = 48  # to a side, in which photos with a tag are counted
_FEWEST = 12  # photos with a tag in one place that make it worth naming


@dataclass(frozen=True, eq=False)
class PhotoMap:
    """Where the photos of a run lie.

    Both maps are laid out from one common beginning and turned onto each other, so that a photo's way from one to the other
    is what learning moved. Neither axis means anything by itself.

    Attributes
    ----------
    learned : float32 (N, 2)
        By features of the final network, around (0, 0) and within [-1, 1].
    frozen : float32 (N, 2) or None
        By features of the backbone before anything was learned; None where these cannot be had any more.
    kept : float64 (2,)
        Of the 15 nearest photos in learned and in frozen features, the share that is among the 15 nearest on their map, measured on a
        sample; NaN where there is no map.
    """

    learned: NDArray[np.float32]
    frozen: NDArray[np.float32] | None
    kept: NDArray[np.float64]


@dataclass(frozen=True)
class Landmark:
    """A tag at the place of a map where it is most at home.

    Attributes
    ----------
    column : int
    x, y : float
    weight : float
        How much the tag stands out there; the first landmark has the largest.
    """

    column: int
    x: float
    y: float
    weight: float


def map_file(run: Run) -> Path:
    """Return where the map of a run is kept."""
    return run.folder / "map.npz"


def has_map(run: Run) -> bool:
    """Tell whether the map of a run was made."""
    return map_file(run).exists()


def map_of(run: Run) -> PhotoMap:
    """Return the map of a run.

    Raises
    ------
    RunError
        When it was not made yet, or is damaged.
    """
    path = map_file(run)
    again = f"python -m tagrefine_core map {run.id}"
    try:
        stored = read_arrays(path)
        return PhotoMap(stored["learned"], stored.get("frozen"), stored["kept"])
    except FileNotFoundError:
        raise RunError(f"Run {run.id} has no map yet. Make it: {again}") from None
    except (ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged. Make the map again: {again}") from error


def landmarks_of(
    positions: NDArray[np.floating], tags: sparse.csr_matrix, *, most: int = 60
) -> list[Landmark]:
    """Find the tags that tell where one is on a map.

    The plane is cut into cells; a tag is named where photos around a cell carry it most, above its share everywhere: by
    their number times the logarithm of how many times likelier it is there than elsewhere.

    Parameters
    ----------
    positions : float (N, 2)
    tags : csr (N, C)
        What is stored counts, whatever its value.
    most : int

    Returns
    -------
    list of Landmark
        Those that stand out most first; no two in the same cell.
    """
    n, count = tags.shape
    low, width = positions.min(axis=0), np.maximum(np.ptp(positions, axis=0), 1e-9)
    cell = np.minimum((positions - low) / width * _CELLS, _CELLS - 1).astype(np.int64)
    place = cell[:, 0] * _CELLS + cell[:, 1]
    in_cell = sparse.csr_matrix((np.ones(n, np.float32), (place, np.arange(n))), shape=(_CELLS * _CELLS, n))
    line = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(_CELLS, _CELLS), dtype=np.float32)
    around = sparse.csr_matrix(sparse.kron(line, line))  # a cell and the eight beside it
    here = sparse.coo_matrix(around @ (in_cell @ stored(tags, np.float32)))
    photos = np.asarray(around @ np.bincount(place, minlength=_CELLS * _CELLS))
    share = np.bincount(tags.indices, minlength=count) / max(1, n)
    worth = here.data * np.log(here.data / (photos[here.row] * share[here.col]))
    worth[here.data < min(_FEWEST, max(2.0, n / 100))] = 0
    found: list[Landmark] = []
    taken: set[int] = set()
    named: set[int] = set()
    for entry in np.argsort(-worth, kind="stable"):
        spot, column = int(here.row[entry]), int(here.col[entry])
        if worth[entry] <= 0 or len(found) == most:
            break
        if column in named or spot in taken:
            continue
        named.add(column)
        x, y = divmod(spot, _CELLS)
        taken.update((x + i) * _CELLS + y + j for i in (-1, 0, 1) for j in (-1, 0, 1) if 0 <= y + j < _CELLS)
        carriers, _ = column_of(tags, column)
        near = carriers[np.abs(cell[carriers] - (x, y)).max(axis=1) <= 1]
        middle = np.median(positions[near], axis=0)
        found.append(Landmark(column, float(middle[0]), float(middle[1]), float(worth[entry])))
    return found
