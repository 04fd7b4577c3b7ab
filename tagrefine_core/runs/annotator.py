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
from tagrefine_core.files import read_array, read_json
from tagrefine_core.model.posterior import TagRates
from tagrefine_core.runs.run import Run
from tagrefine_core.runs.saving import network_path
from tagrefine_core.training.distributed import pick_device
from tagrefine_core.training.scoring import new_scores
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
        if not (run.folder / "rows.npy").exists():
            raise RunError(
                f"Run {run.id} has no network yet: it is {run.record.state}. Finish it, then annotate."
                if run.record.state != "finished"
                else f"The results of run {run.id} are gone. Train again to annotate new photos."
            )
        weights = [_load(network_path(run.folder, number)) for number in range(run.config.folds)]
        if len(weights[0]["classifier.bias"]) != len(tags):
            raise RunError(
                f"Run {run.id} knows {len(weights[0]['classifier.bias'])} tags, but its collection now has "
                f"{len(tags)}: it was imported anew. Train again."
            )
        self.config = config = run.config
        self.tags = tuple(tags)
        self.size = config.image_size or BACKBONES[config.backbone].image_size
        self.device = pick_device("auto" if config.device != "cpu" else "cpu")
        trunk_weights = None
        if keeps_trunk(config, build_trunk(config.backbone, None, seed=config.seed)):
            kept = trunk_path(run.store.home, read_json(run.folder / "setup.json")["weights_hash"])
            if not kept.exists():
                raise RunError(
                    f"The backbone of run {run.id} is gone from {kept}. Train again to annotate new photos."
                )
            trunk_weights = _load(kept)
        self.networks = []
        for learned in weights:
            trunk = build_trunk(config.backbone, None, seed=config.seed)
            if trunk_weights is not None:
                trunk.load_state_dict(trunk_weights)
            network = build_network(config, trunk, len(tags))
            network.load_state_dict(learned, strict=False)
            self.networks.append(network.to(self.device).eval())
        given, reported = read_array(run.folder / "rates.npy")
        self.rates = TagRates(given, reported)
        self.rows = run.rows
        self.around = run.features if len(run.rows) == len(run.features) else run.features[run.rows]
        self.known = run.logits if config.smooth else run.scores

    def scores(self, images: Sequence[Path]) -> NDArray[np.float32]:
        """Return scores (B, C) in [0, 1] of photos; ImageError names one that cannot be read."""
        pictures = normalize(torch.from_numpy(decode_many(list(images), self.size)).to(self.device))
        with torch.inference_mode():
            outputs = [network(pictures) for network in self.networks]
        logits = torch.stack([logits for logits, _ in outputs]).mean(dim=0).cpu().numpy()
        return new_scores(
            logits,
            outputs[0][1].cpu().numpy(),
            self.rates,
            self.config,
            known=self.known,
            around=self.around,
            rows=self.rows,
        )


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise RunError(f"{path} is gone. Train again to annotate new photos.")
    try:
        weights: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of itself
        raise RunError(
            f"{path} is damaged ({type(error).__name__}). Train again to annotate new photos."
        ) from error
    return weights
