"""What a trunk says of a picture of which one place is not seen: how much each place counts."""

import torch
from torch import Tensor, nn

from tagrefine_core.features.backbones import Trunk
from tagrefine_core.features.pictures import normalize

__all__ = ["with_places_left_out"]

_PATCHES = 2  # of a vision transformer, in each direction: one place
_AT_ONCE = 16


def with_places_left_out(trunk: Trunk, picture: Tensor, *, views: int) -> tuple[Tensor, tuple[int, int]]:
    """Return the features of a picture as it is, and with each of its places left out.

    Places are those of the last map of features before it is averaged over the picture. One that is left out looks like the mean of
    the others, which is what averaging makes of one that is not there. A vision transformer is not given the patches of a place at all.

    Parameters
    ----------
    trunk : Trunk
        In use, not in training.
    picture : Tensor (1, 3, H, W)
        0 to 255.
    views : {1, 2}
        As in `tagrefine_core.features.backbones.look`: a place is left out of both views.

    Returns
    -------
    features : Tensor (1 + h w, d)
        The first as `look` gives it; then by rows of places, from the upper left.
    shape : (int, int)
        h and w.
    """
    with torch.inference_mode():
        features, (h, w) = _left_out(trunk, picture)
        if views == 2:
            mirrored, _ = _left_out(trunk, picture.flip(-1))
            places = torch.arange(h * w).view(h, w).flip(1).flatten()
            features = (features + torch.cat([mirrored[:1], mirrored[1:][places]])) / 2
    return features, (h, w)


def _left_out(trunk: Trunk, picture: Tensor) -> tuple[Tensor, tuple[int, int]]:
    x, earlier = normalize(picture, trunk.scale), None
    for number, stage in enumerate(trunk.stages):
        layers = list(stage) if isinstance(stage, nn.Sequential) else [stage]
        for place, layer in enumerate(layers):
            if isinstance(layer, nn.AdaptiveAvgPool2d):
                rest = nn.Sequential(*layers[place:], *trunk.stages[number + 1 :])
                said = _in_blocks(rest, _without_each(x))
                means = None if earlier is None else _without_each(earlier).mean(dim=(2, 3))
                return trunk.joined(said, means).float(), (x.shape[2], x.shape[3])
            x = layer(x)
        if number == trunk.earlier:
            earlier = x
        if number == 0 and x.ndim == 3:
            return _patches_left_out(nn.Sequential(*trunk.stages[1:]), x)
    raise TypeError("this trunk has neither a map that is averaged nor patches")


def _without_each(maps: Tensor) -> Tensor:
    """Return a map (1, c, h, w) as it is, and with each of its n places like the mean of the others, (1 + n, c, h, w)."""
    _, channels, h, w = maps.shape
    flat = maps.flatten(2)
    n = h * w
    others = (flat.sum(dim=2, keepdim=True) - flat) / max(1, n - 1)
    each = flat.expand(n, channels, n).clone()
    every = torch.arange(n)
    each[every, :, every] = others[0].T
    return torch.cat([flat, each]).view(1 + n, channels, h, w)


def _patches_left_out(rest: nn.Module, tokens: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """Return features (1 + n, d) of tokens (1, 1 + patches, c), the first of which is no patch."""
    side = round((tokens.shape[1] - 1) ** 0.5)
    blocks = side // _PATCHES
    row = torch.arange(side).div(_PATCHES, rounding_mode="floor")
    place = torch.cat([torch.tensor([-1]), (row[:, None] * blocks + row).flatten()])
    left = torch.cat([tokens[:, place != number] for number in range(blocks**2)])
    return torch.cat([rest(tokens), _in_blocks(rest, left)]).float(), (blocks, blocks)


def _in_blocks(layers: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([layers(block) for block in torch.split(x, _AT_ONCE)])
