"""The trained network as an annotator of photos it has never seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tagrefine_core.errors import RunError
from tagrefine_core.features.backbones import BACKBONES, build_trunk
from tagrefine_core.features.pictures import decode_many, normalize
from tagrefine_core.files import read_json
from tagrefine_core.training.distributed import pick_device
from tagrefine_core.training.run import Run
from tagrefine_core.training.setup import build_network, keeps_trunk, trunk_path

__all__ = ["Annotator"]


class Annotator:
    """A finished run's network, loaded.

    Parameters
    ----------
    run : Run
    tags : sequence of str
        The collection's vocabulary, in column order.

    Raises
    ------
    RunError
        When the run is not finished, or its vocabulary is no longer this one.
    """

    def __init__(self, run: Run, tags: Sequence[str]) -> None:
        path = run.folder / "network.pt"
        if not path.exists():
            gone = run.record.state == "finished"
            raise RunError(
                f"{path} is gone. Train again to annotate new photos."
                if gone
                else f"Run {run.id} has no network yet: it is {run.record.state}. Finish it, then annotate."
            )
        weights = _load(path)
        if len(weights["classifier.bias"]) != len(tags):
            raise RunError(
                f"Run {run.id} knows {len(weights['classifier.bias'])} tags, but its collection now has {len(tags)}: "
                f"it was imported anew. Train again."
            )
        config = run.config
        self.tags = tuple(tags)
        self.size = config.image_size or BACKBONES[config.backbone].image_size
        self.device = pick_device("auto" if config.device != "cpu" else "cpu")
        trunk = build_trunk(config.backbone, None, seed=config.seed)
        if keeps_trunk(config, trunk):
            kept = trunk_path(run.store.home, read_json(run.folder / "setup.json")["weights_hash"])
            if not kept.exists():
                raise RunError(
                    f"The backbone of run {run.id} is gone from {kept}. Train again to annotate new photos."
                )
            trunk.load_state_dict(_load(kept))
        self.network = build_network(config, trunk, len(tags))
        self.network.load_state_dict(weights, strict=False)
        self.network.to(self.device).eval()

    def scores(self, images: Sequence[Path]) -> NDArray[np.float32]:
        """Return scores (B, C) in [0, 1] of photos; ImageError names one that cannot be read."""
        pictures = normalize(torch.from_numpy(decode_many(list(images), self.size)).to(self.device))
        with torch.inference_mode():
            logits, _ = self.network(pictures)
        scores: NDArray[np.float32] = torch.sigmoid(logits).cpu().numpy()
        return scores


def _load(path: Path) -> dict[str, Any]:
    try:
        weights: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of itself
        raise RunError(f"{path} is damaged ({type(error).__name__}). Train again to annotate new photos.") from error
    return weights
