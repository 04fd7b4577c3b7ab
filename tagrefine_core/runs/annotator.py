"""The fitted model of a run as an annotator of photos it has never seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.features.extraction import Extractor
from tagrefine_core.features.memory import kept_memory
from tagrefine_core.features.pictures import decode_all
from tagrefine_core.files import read_json
from tagrefine_core.runs.material import kept_trunk, picture_size
from tagrefine_core.runs.run import Run
from tagrefine_core.training.distributed import pick_device
from tagrefine_core.training.fitted import Fitted

__all__ = ["Annotator"]


class Annotator:
    """A finished run's model, loaded.

    Parameters
    ----------
    run : Run
    collection : Collection
        What it was trained on.

    Raises
    ------
    RunError
        When the run is not finished, or its vocabulary is no longer this one.
    """

    def __init__(self, run: Run, collection: Collection) -> None:
        if not (run.folder / "rows.npy").exists():
            raise RunError(
                f"Run {run.id} has no network yet: it is {run.record.state}. Finish it, then annotate."
                if run.record.state != "finished"
                else f"The results of run {run.id} are gone. Train again to annotate new photos."
            )
        self.run, self.collection, self.tags = run, collection, collection.vocabulary
        network, self.size = run.config.network, picture_size(run.config)
        self.device = pick_device("cpu" if run.config.run.device == "cpu" else "auto")
        trunk = kept_trunk(run.store.home, run.config, _weights_hash(run))
        self.extractor = None
        if network.finetune == "head":
            self.extractor = Extractor(trunk, self.size, views=network.views, device=self.device)
        self.fitted = Fitted.load(run.folder, trunk=None if self.extractor else trunk, device=self.device)
        known = self.fitted.logits.shape[1]
        if known != len(self.tags):
            raise RunError(
                f"Run {run.id} knows {known} tags, but its collection now has {len(self.tags)}: it was imported anew. "
                f"Train again."
            )

    def scores(self, images: Sequence[Path]) -> NDArray[np.float32]:
        """Return scores (B, C) in [0, 1] of photos; ImageError names one that cannot be read."""
        with kept_memory():
            return self.fitted.scores_of_new(self._read(images))

    def features(self, images: Sequence[Path]) -> NDArray[np.float16]:
        """Return features (B, d) of photos, as `Run.features` are; ImageError names one that cannot be read."""
        with kept_memory():
            return self.fitted.features_of_new(self._read(images))

    def _read(self, images: Sequence[Path]) -> torch.Tensor:
        read = self.extractor.features_of_all(images) if self.extractor else decode_all(images, self.size)
        return torch.from_numpy(read).to(self.device)


def _weights_hash(run: Run) -> str:
    """Return which trunk a run was trained on."""
    path = run.folder / "material.json"
    try:
        return str(read_json(path)["weights_hash"])
    except FileNotFoundError:
        raise RunError(
            f"Run {run.id} is of an earlier TagRefine, whose networks cannot be read any more. "
            f"Train again to annotate new photos."
        ) from None
    except (ValueError, KeyError) as error:
        raise RunError(f"{path} is damaged. Train again to annotate new photos.") from error
