"""Where in a photo a tag is seen: how much less likely the network finds it when a place is not there.

Occlusion (Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014), one place of the trunk's last map at
a time, through everything above it as it is: power, length, centering and the last layer are no linear functions of the map, so that
weights of its channels would only approximate what a place is worth. The network asked is the one whose logit is the photo's own, which
has not seen its tags where networks are cross-fitted.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tagrefine_core.features.backbones import Trunk
from tagrefine_core.features.pictures import decode_many
from tagrefine_core.features.places import with_places_left_out
from tagrefine_core.model.network import Network
from tagrefine_core.runs.annotator import Annotator
from tagrefine_core.training.fit import owners
from tagrefine_core.training.fitted import Fitted

__all__ = ["Heat", "where"]


@dataclass(frozen=True, eq=False)
class Heat:
    """What each place of a photo is worth for a tag.

    Attributes
    ----------
    worth : float32 (h, w)
        By how much the network's logit falls when the place is not seen, rows from the top; negative where a place speaks against the tag.
    box : tuple of float
        Left, top, right and bottom of what the network sees of the photo, as shares of its width and height.
    """

    worth: NDArray[np.float32]
    box: tuple[float, float, float, float]


def where(annotator: Annotator, row: int, column: int) -> Heat:
    """Return what the places of a photo of the collection are worth for a tag.

    Raises
    ------
    ImageError
        When the photo cannot be read any more.
    """
    config = annotator.run.config
    path = annotator.collection.image_path(row)
    picture = torch.from_numpy(decode_many([path], annotator.size)).to(annotator.device)
    frozen = None if annotator.extractor is None else annotator.extractor.trunk
    seen: dict[Trunk, tuple[Tensor, tuple[int, int]]] = {}
    logits = []
    for network in _in_charge(annotator.fitted, row):
        trunk = cast(Trunk, frozen or network.trunk)
        if trunk not in seen:
            seen[trunk] = with_places_left_out(trunk, picture, views=config.network.views)
        features, shape = seen[trunk]
        with torch.inference_mode():
            logits.append(network.classifier(network.above(features))[:, column])
    mean = torch.stack(logits).mean(dim=0).float().cpu().numpy()
    width, height = annotator.collection.sizes[row].tolist()
    across, down = (1 - min(1, height / width)) / 2, (1 - min(1, width / height)) / 2
    return Heat((mean[0] - mean[1:]).reshape(shape), (across, down, 1 - across, 1 - down))


def _in_charge(fitted: Fitted, row: int) -> list[Network]:
    """Return the networks whose mean logit is the photo's own (`tagrefine_core.training.scoring.answers`)."""
    owner = int(owners(len(fitted.logits), fitted.rows, fitted.config)[row])
    if owner >= 0:
        return [fitted.networks[owner]]
    return fitted.networks[-1:] if fitted.config.exact else fitted.networks
