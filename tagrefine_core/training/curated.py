"""A fitted model learns from what people said of single tags of single photos (`tagrefine_core.model.correction`).

It starts from what it is: nothing is trained again, its features and neighbors stay. What moves are the last layer and the calibration of
the tags that were asked about; all other tags keep their scores to the last bit. What these were before is kept, so that the next verdicts
are learned from there, and no answer counts twice.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from tagrefine_core.errors import RunError
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.files import create_array, read_arrays, write_arrays
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.model.correction import Correction, correct
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.model.posterior import smoothed
from tagrefine_core.progress import Progress, silent
from tagrefine_core.training.fit import owners
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.forward import FORWARD_ROWS, seen

__all__ = ["Unlearned", "learn_verdicts"]

_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Unlearned:
    """What a model was before it learned from verdicts, where that changed it.

    Attributes
    ----------
    tags : int64 (T,)
    weights : float32 (K, T, d)
        Rows of the last layer of each of its K networks.
    logits : float32 (N, T)
    curve, spread : float32 (T, B)
        Of its calibration.
    """

    tags: NDArray[np.int64]
    weights: NDArray[np.float32]
    logits: NDArray[np.float32]
    curve: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(cls, model: Fitted, tags: NDArray[np.int64]) -> "Unlearned":
        """Return what a model is now, of some tags."""
        calibration = _calibration(model)
        weights = [network.classifier.weight.detach().cpu().numpy()[tags] for network in model.networks]
        return cls(
            tags, np.stack(weights), model.logits[:, tags], calibration.curve[tags], calibration.spread[tags]
        )

    def put_back(self, model: Fitted) -> None:
        """Make the model what it was; its smoothed logits are then out of date."""
        with torch.no_grad():
            for network, weights in zip(model.networks, self.weights, strict=True):
                last = network.classifier.weight
                last[torch.from_numpy(self.tags)] = torch.from_numpy(weights).to(last)
        model.logits[:, self.tags] = self.logits
        calibration = _calibration(model)
        curve, spread = calibration.curve.copy(), calibration.spread.copy()
        curve[self.tags], spread[self.tags] = self.curve, self.spread
        model.calibration = replace(calibration, curve=curve, spread=spread)
        model.smoothed = None

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file."""
        write_arrays(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> "Unlearned":
        """Read what `save` wrote; RunError when it is damaged."""
        try:
            return cls(**read_arrays(path))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{path} is gone or damaged. Train again.") from error


def learn_verdicts(
    model: Fitted,
    inputs: Inputs,
    verdicts: sparse.csr_matrix,
    user_tags: sparse.csr_matrix | None,
    *,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Unlearned:
    """Let a fitted model learn from verdicts: its last layers, logits and calibration change.

    Parameters
    ----------
    model : Fitted
        Calibrated, and as it was before any verdict (`Unlearned.put_back`); with logits that can be written.
    inputs : Inputs
        The N photos, as it was fitted to them.
    verdicts : csr int8 (N, C)
        1 the tag fits, -1 it does not; anything else (as 2, not sure) says nothing.
    user_tags : csr (N, C) or None
        As in `Fitted.scores`.

    folder : Path, optional
        Where there is room for what the classifier reads of all photos, which is gone afterwards; else where temporary files go.

    Returns
    -------
    Unlearned
        What it was before.

    Raises
    ------
    RunError
        When the model is not calibrated: its scores say how likely a tag is given, and no verdict is about that.
    """
    _calibration(model)
    if model.smoothed is None:
        model.smooth(np.empty(model.logits.shape, dtype=np.float32), progress)
    said = verdicts.tocsc()
    said.data = np.where(np.abs(said.data) == 1, said.data, 0)
    said.eliminate_zeros()
    tags = np.flatnonzero(np.diff(said.indptr))
    before = Unlearned.of(model, tags)
    if not len(tags):
        return before
    with tempfile.TemporaryDirectory(prefix="tagrefine-", dir=folder) as room:
        represented = _represented(model, inputs, Path(room), progress)
        corrections = _corrections(model, said, tags, represented, user_tags, progress)
        _apply(model, tags, corrections, represented, progress)
    return before


def _calibration(model: Fitted) -> Calibration:
    if model.calibration is None:
        raise RunError(
            "Verdicts say whether a tag fits, and the scores of these settings say how likely it is given. "
            "Train with scoring.calibrated=true to learn from verdicts."
        )
    return model.calibration


def _represented(model: Fitted, inputs: Inputs, folder: Path, progress: Progress) -> NDArray[np.float32]:
    """Return what the classifier of each photo reads, (N, d), as a file: of the network that answers for it, else the mean of all."""
    networks = model.networks[:1] if model.config.exact else model.networks  # which read the same
    n = len(model.logits)
    owner = owners(n, model.rows, model.config)
    found = create_array(folder / "represented.npy", (n, networks[0].classifier.in_features), np.float32)
    for start in range(0, n, FORWARD_ROWS):
        block = np.arange(start, min(n, start + FORWARD_ROWS))
        x = inputs.read(block)
        total = np.zeros((len(block), found.shape[1]), dtype=np.float32)
        for number, network in enumerate(networks):
            asked = np.ones(len(block), dtype=bool)
            if len(networks) > 1:
                asked = (owner[block] == -1) | (owner[block] == number)
            if asked.any():
                total[asked] += (
                    seen(network, x[torch.from_numpy(asked)], model.config)[0].float().cpu().numpy()
                )
        total[owner[block] == -1] /= len(networks)
        found[block] = total
        progress("Looking at the photos", start + len(block), n)
    return found


def _corrections(
    model: Fitted,
    said: sparse.csc_matrix,
    tags: NDArray[np.int64],
    represented: NDArray[np.float32],
    user_tags: sparse.csr_matrix | None,
    progress: Progress,
) -> list[Correction]:
    """Return how each of the tags moves."""
    calibration = _calibration(model)
    assert model.smoothed is not None
    photos = np.unique(said.indices)
    looks = np.empty((len(photos), represented.shape[1]), dtype=np.float32)
    for start in range(0, len(photos), _BLOCK):
        block = photos[start : start + _BLOCK]
        looks[start : start + len(block)] = _averaged(model, represented, block)
    size = _mean_square(represented)
    written = None if user_tags is None else with_implied(user_tags[photos], certain(model.implied)).tocsc()
    found = []
    for number, tag in enumerate(tags):
        own = slice(said.indptr[tag], said.indptr[tag + 1])
        rows = said.indices[own].astype(np.int64)
        places = np.searchsorted(photos, rows)
        words = np.zeros(len(rows))
        if written is not None:
            words = _words(model, calibration, tag, written[:, [tag]].toarray()[places, 0])
        found.append(
            correct(
                calibration,
                int(tag),
                model.smoothed[rows, tag],
                looks[places],
                words,
                said.data[own] > 0,
                size=size,
            )
        )
        progress("Learning from verdicts", number + 1, len(tags))
    return found


def _words(
    model: Fitted, calibration: Calibration, tag: int, written: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return what users' words add to the log-odds of a tag that they wrote ``written`` (n,) far."""
    weight = model.config.scoring.evidence
    silence = float(calibration.unwritten(weight)[tag])
    return np.asarray(
        silence + written * (float(calibration.written(weight)[tag]) - silence), dtype=np.float64
    )


def _apply(
    model: Fitted,
    tags: NDArray[np.int64],
    corrections: list[Correction],
    represented: NDArray[np.float32],
    progress: Progress,
) -> None:
    """Move last layers, logits, smoothed logits and calibration of the tags."""
    assert model.smoothed is not None
    weights = np.stack([one.weight for one in corrections]).astype(np.float32)
    with torch.no_grad():
        for network in model.networks:
            last = network.classifier.weight
            last[torch.from_numpy(tags)] += torch.from_numpy(weights).to(last)
    n = len(represented)
    moved = np.empty((n, len(tags)), dtype=np.float32)
    for start in range(0, n, _BLOCK):
        part = slice(start, start + _BLOCK)
        moved[part] = model.logits[part, tags] + represented[part] @ weights.T
        model.logits[part, tags] = moved[part]
    for start in range(0, n, _BLOCK):
        part = slice(start, start + _BLOCK)
        model.smoothed[part, tags] = _averaged(model, moved, part)
        progress("Averaging with the neighbors", min(n, start + _BLOCK), n)
    model.calibration = _calibration(model).corrected(
        tags,
        slope=np.array([one.slope for one in corrections]),
        offset=np.array([one.offset for one in corrections]),
        doubt=np.array([one.doubt for one in corrections]),
    )


def _averaged(
    model: Fitted, values: NDArray[np.float32], photos: NDArray[np.int64] | slice
) -> NDArray[np.float32]:
    """Return values (N, K) of some photos, averaged with those of their look-alikes as logits are."""
    around = model.look_alikes
    if around is None:
        return values[photos]
    return smoothed(
        values[photos],
        around.rows[photos],
        around.squared[photos],
        values,
        smooth=model.config.scoring.smooth,
    )


def _mean_square(represented: NDArray[np.float32]) -> float:
    """Return the mean squared length of rows."""
    total = 0.0
    for start in range(0, len(represented), _BLOCK):
        total += float(np.square(represented[start : start + _BLOCK], dtype=np.float64).sum())
    return total / max(1, len(represented))
