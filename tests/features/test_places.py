"""Features of a picture with one place left out, place by place, against what the trunk says otherwise."""

import pytest
import torch
import torchvision
from torch import nn

from tagrefine_core.features import BACKBONES, build_trunk
from tagrefine_core.features.backbones import Backbone, Trunk, look
from tagrefine_core.features.extraction import folded
from tagrefine_core.features.places import with_places_left_out
from tests.features.test_backbones import photos


def lively(name):
    """A trunk of random weights whose statistics are those of some pictures: with those of nothing, all features would be 0."""
    trunk = build_trunk(name, None, seed=0).eval()
    for module in trunk.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            module.train()
    with torch.no_grad():
        trunk(photos(96, 8))
    trunk.eval()
    for module in trunk.modules():
        module.training = False
    return trunk


def last_maps(trunk, picture):
    """Return the map that is averaged (1, c, h, w), and that of the earlier stage, by hooks."""
    seen = {}
    for name, module in [("earlier", trunk.stages[trunk.earlier or 0])]:
        module.register_forward_hook(lambda _, __, y, name=name: seen.__setitem__(name, y))
    pool = next(module for module in trunk.stages[-1].modules() if isinstance(module, nn.AdaptiveAvgPool2d))
    pool.register_forward_hook(lambda _, x, __: seen.__setitem__("last", x[0]))
    trunk(picture)
    return seen["last"], seen["earlier"]


@pytest.mark.parametrize("name", ["small_cnn", "mobilenet_v3_small", "mobilenet_v2", "efficientnet_lite"])
def test_a_place_left_out_is_the_mean_over_the_others(name):
    trunk = lively(name)
    picture = photos(96, 1)
    features, (h, w) = with_places_left_out(trunk, picture, views=1)
    assert features.shape == (1 + h * w, BACKBONES[name].dimensions)
    assert features.abs().max() > 0.1 and features[1:].std(dim=0).max() > 1e-3
    with torch.no_grad():
        assert torch.allclose(features[:1], trunk(picture), atol=1e-5)
        last, earlier = last_maps(trunk, picture)
    assert last.shape[2:] == (h, w) and h > 2
    for number in range(h * w):
        kept = torch.ones(h, w, dtype=torch.bool)
        kept[number // w, number % w] = False
        expected = last[0][:, kept].mean(dim=1)
        if trunk.earlier is not None:
            beside = earlier[0][:, kept].mean(dim=1)
            expected = torch.cat([expected, 0.3 * expected.norm() * beside / beside.norm()])
        assert torch.allclose(features[1 + number], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet50", "convnext_tiny"])
def test_every_trunk_that_averages_a_map_has_places(name):
    trunk = lively(name)
    features, shape = with_places_left_out(trunk, photos(64, 1), views=1)
    assert shape == (2, 2) and features.shape == (5, BACKBONES[name].dimensions)
    with torch.no_grad():
        assert torch.allclose(features[:1], trunk(photos(64, 1)), atol=1e-4)
    assert not torch.allclose(features[1:], features[:1], atol=1e-4)


@pytest.mark.slow
def test_vgg16_reads_the_places_of_its_last_map():
    trunk = build_trunk("vgg16", None, seed=0).eval()
    features, shape = with_places_left_out(trunk, photos(224, 1), views=1)
    assert shape == (7, 7) and features.shape == (50, 4096)
    with torch.no_grad():
        assert torch.allclose(features[:1], trunk(photos(224, 1)), atol=1e-4)


def test_a_vision_transformer_is_not_given_the_patches_of_a_place():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = torchvision.models.VisionTransformer(
            32, 4, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=32
        )
    stages = BACKBONES["vit_b_16"].stages
    trunk = Trunk(Backbone(16, 32, stages), stages(model)).eval()
    picture = photos(32, 1)
    features, shape = with_places_left_out(trunk, picture, views=1)
    assert shape == (4, 4) and features.shape == (17, 16)
    with torch.no_grad():
        assert torch.allclose(features[:1], trunk(picture), atol=1e-5)
        tokens = trunk.stages[0](as_scaled(trunk, picture))
        for place in (0, 6, 15):
            kept = [0] + [
                1 + 8 * row + column
                for row in range(8)
                for column in range(8)
                if (row // 2, column // 2) != (place // 4, place % 4)
            ]
            x = tokens[:, kept]
            for stage in trunk.stages[1:]:
                x = stage(x)
            assert torch.allclose(features[1 + place], x[0], atol=1e-5)


def as_scaled(trunk, picture):
    mean, deviation = (
        torch.tensor(part)[:, None, None] for part in (trunk.scale.mean, trunk.scale.deviation)
    )
    return (picture - mean) / deviation


@pytest.mark.parametrize("made", [lambda trunk: trunk, folded])
def test_a_place_is_left_out_of_both_views(made):
    trunk = made(lively("mobilenet_v3_small"))
    picture = photos(96, 1)
    features, (h, w) = with_places_left_out(trunk, picture, views=2)
    mirrored, _ = with_places_left_out(trunk, picture.flip(-1), views=2)
    with torch.inference_mode():
        assert torch.allclose(features[:1], look(trunk, picture, views=2), atol=1e-5)
    for row in range(h):
        for column in range(w):
            other = mirrored[1 + row * w + w - 1 - column]
            assert torch.allclose(features[1 + row * w + column], other, atol=1e-5)
    assert not torch.allclose(mirrored[1:], features[1:], atol=1e-4)
