"""Backbones give the features they promise; weights that do not fit say why."""

import pytest
import torch
import torchvision

from tagrefine_core.errors import ConfigError, WeightsError
from tagrefine_core.features import BACKBONES, backbones, build_trunk, load_weights, weights_hash


def photos(size, count=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, size, size), generator=generator, dtype=torch.uint8)


def as_torchvision_wants(name, pictures):
    """Scale pictures as the weights that torchvision publishes say."""
    wanted = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"].transforms()
    return torchvision.transforms.functional.normalize(pictures / 255, wanted.mean, wanted.std)


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "mobilenet_v3_small", "resnet50", "convnext_tiny", "small_cnn"]
)
def test_trunk_equals_the_whole_model_without_its_classifier(name):
    size = 64
    state = None
    if name != "small_cnn":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            model = torchvision.models.get_model(name, weights=None).eval()
        state = model.state_dict()
    trunk = build_trunk(name, state, seed=0).eval()
    pictures = photos(size)
    x = pictures if state is None else as_torchvision_wants(name, pictures)
    with torch.no_grad():
        features = trunk(pictures)
        assert features.shape == (2, BACKBONES[name].dimensions)
        if name == "mobilenet_v2":
            assert torch.allclose(model.classifier(features[:, :1280]), model(x), atol=1e-5)
        if name == "resnet50":
            assert torch.allclose(model.fc(features), model(x), atol=1e-4)
        if name == "convnext_tiny":
            assert torch.allclose(model.classifier[2](features), model(x), atol=1e-4)


def test_what_an_earlier_stage_sees_follows_at_a_constant_share_of_the_length():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        model = torchvision.models.mobilenet_v2(weights=None).eval()
    seen = []
    model.features[16].register_forward_hook(lambda _, __, y: seen.append(y))
    pictures = photos(64)
    with torch.no_grad():
        last = model.features(as_torchvision_wants("mobilenet_v2", pictures)).mean(dim=(2, 3))
        features = build_trunk("mobilenet_v2", model.state_dict(), seed=0).eval()(pictures)
    for photo in range(2):
        earlier = seen[0][photo].reshape(160, -1).mean(dim=1)
        earlier *= 0.3 * last[photo].norm() / earlier.norm()
        assert torch.allclose(features[photo], torch.cat([last[photo], earlier]), atol=1e-5)


@pytest.mark.parametrize(("finetune", "learned"), [("blocks:1", 1), ("blocks:2", 2)])
def test_an_earlier_stage_learns_only_if_it_is_among_the_last(finetune, learned):
    trunk = build_trunk("mobilenet_v3_small", None, seed=0)  # of 13 stages, the twelfth is in the feature
    trunk.learn(finetune)
    trunk(photos(64)).sum().backward()
    have = [any(w.grad is not None for w in stage.parameters()) for stage in trunk.stages]
    assert have == [False] * (13 - learned) + [True] * learned


@pytest.mark.slow
def test_vgg16_feature_is_the_output_of_its_last_4096_layer():
    model = torchvision.models.vgg16(weights=None).eval()
    trunk = build_trunk("vgg16", model.state_dict(), seed=0).eval()
    pictures = photos(224, 1)
    x = as_torchvision_wants("vgg16", pictures)
    with torch.no_grad():
        features = trunk(pictures)
        assert features.shape == (1, 4096) and (features >= 0).all()
        assert torch.allclose(model.classifier[6](features), model(x), atol=1e-5)


@pytest.mark.slow
def test_vision_transformer_feature_is_its_class_token():
    model = torchvision.models.vit_b_16(weights=None).eval()
    trunk = build_trunk("vit_b_16", model.state_dict(), seed=0).eval()
    pictures = photos(224, 1)
    x = as_torchvision_wants("vit_b_16", pictures)
    with torch.no_grad():
        assert torch.allclose(model.heads(trunk(pictures)), model(x), atol=1e-5)
    with pytest.raises(ConfigError, match="224 pixels only"):
        build_trunk("vit_b_16", None, seed=0, image_size=192)


def test_what_is_learned():
    trunk = build_trunk("small_cnn", None, seed=0)
    counts = []
    for finetune in ("head", "blocks:1", "blocks:2", "all"):
        trunk.learn(finetune)
        counts.append(sum(weight.requires_grad for weight in trunk.parameters()))
    assert counts[0] == 0 and counts[1] == 3 and counts[2] == 9 and counts[3] == 18
    with pytest.raises(ConfigError, match="has 4 stages"):
        trunk.learn("blocks:5")


def test_backbone_statistics_stay_fixed_in_training():
    trunk = build_trunk("mobilenet_v3_small", None, seed=0)
    trunk.learn("all")
    before = {name: value.clone() for name, value in trunk.named_buffers()}
    trunk.train()(photos(64))
    assert all(torch.equal(value, before[name]) for name, value in trunk.named_buffers())


def test_random_weights_come_from_the_seed_alone():
    hashes = [weights_hash(build_trunk("small_cnn", None, seed=seed)) for seed in (1, 1, 2)]
    torch.rand(3)
    assert hashes[0] == hashes[1] != hashes[2]
    state = torch.random.get_rng_state()
    build_trunk("small_cnn", None, seed=3)
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_hash_tells_another_feature_of_the_same_weights(monkeypatch):
    """Caches and comparisons go by it: features of before would count as those of now."""
    trunk = build_trunk("mobilenet_v3_small", None, seed=1)
    known = weights_hash(trunk)
    monkeypatch.setattr(backbones, "_EARLIER", 0.5)
    longer = weights_hash(trunk)
    trunk.earlier = None
    assert len({known, longer, weights_hash(trunk)}) == 3


def test_weights_of_another_backbone_say_what_is_missing(tmp_path):
    path = tmp_path / "other.pth"
    torch.save(torchvision.models.mobilenet_v3_small(weights=None).state_dict(), path)
    with pytest.raises(WeightsError, match="do not fit mobilenet_v2"):
        build_trunk("mobilenet_v2", load_weights("mobilenet_v2", str(path)), seed=0)


def test_weights_that_are_no_numbers_are_told():
    state = torchvision.models.mobilenet_v3_small(weights=None).state_dict()
    name = next(name for name in state if name.endswith("weight"))
    state[name][0] = torch.nan
    with pytest.raises(WeightsError, match=f"{name}.*not numbers"):
        build_trunk("mobilenet_v3_small", state, seed=0)


def test_weights_files_that_cannot_be_read(tmp_path):
    with pytest.raises(WeightsError, match="no weights file"):
        load_weights("vgg16", str(tmp_path / "none.pth"))
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"PK not really")
    with pytest.raises(WeightsError, match="read safely"):
        load_weights("vgg16", str(broken))
    code = tmp_path / "code.pth"
    torch.save({"weight": torch.nn.Linear}, code)  # a class, which only unpickling could load
    with pytest.raises(WeightsError, match="read safely"):
        load_weights("vgg16", str(code))
    for number, content in enumerate(([1, 2], {"epoch": 3}, {0: torch.zeros(1)})):
        other = tmp_path / f"{number}.pth"
        torch.save(content, other)
        with pytest.raises(WeightsError, match="does not hold a state dict"):
            load_weights("vgg16", str(other))
    assert load_weights("vgg16", "none") is None


def test_a_head_of_other_classes_does_not_matter(tmp_path):
    model = torchvision.models.mobilenet_v3_small(weights=None, num_classes=7)
    path = tmp_path / "seven.pth"
    torch.save({"state_dict": {f"module.{key}": value for key, value in model.state_dict().items()}}, path)
    trunk = build_trunk("mobilenet_v3_small", load_weights("mobilenet_v3_small", str(path)), seed=0)
    assert torch.equal(next(trunk.parameters()), next(model.parameters()))
