"""Features are the same however fast they are made: folded, by several threads, in any number at once."""

import threading

import numpy as np
import pytest
import torch
from PIL import Image

from tagrefine_core.errors import ImageError
from tagrefine_core.features import BACKBONES, build_trunk
from tagrefine_core.features.backbones import look
from tagrefine_core.features.extraction import Extractor, folded
from tagrefine_core.features.memory import kept_memory
from tagrefine_core.features.pictures import decode_many
from tagrefine_core.features.threads import ahead

CPU = torch.device("cpu")
HEAVY = {"vgg16", "resnet50", "convnext_tiny", "vit_b_16"}


def with_statistics(name):
    """A trunk whose batch normalizations do something: as drawn, they would be the identity."""
    trunk = build_trunk(name, None, seed=0).eval()
    generator = torch.Generator().manual_seed(1)
    for module in trunk.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.running_mean, module.weight.data, module.bias.data):
                tensor.add_(0.2 * torch.randn(tensor.shape, generator=generator))
            module.running_var.mul_(0.5 + torch.rand(module.running_var.shape, generator=generator))
    return trunk


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    draws = np.random.default_rng(0)
    paths = [folder / f"{number}.png" for number in range(11)]
    for path in paths:
        Image.fromarray(draws.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    return paths


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in BACKBONES]
)
def test_folding_changes_nothing_but_rounding(name):
    trunk = with_statistics(name)
    before = {key: value.clone() for key, value in trunk.state_dict().items()}
    size = BACKBONES[name].image_size if BACKBONES[name].fixed_size else 64
    pictures = torch.randint(
        0, 256, (2, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(2)
    )
    with torch.inference_mode():
        features, quick = trunk(pictures), folded(trunk)(pictures)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded(trunk).modules())
    assert features.std() > 0
    torch.testing.assert_close(quick, features, rtol=1e-4, atol=1e-4 * float(features.abs().max()))
    assert all(torch.equal(value, before[key]) for key, value in trunk.state_dict().items())


@pytest.mark.parametrize("views", [1, 2])
def test_features_of_all_are_those_of_each(images, views):
    trunk = with_statistics("mobilenet_v3_small")
    extractor = Extractor(trunk, 64, views=views, device=CPU)
    together = extractor.features_of_all(images)
    for place, image in enumerate(images):
        with torch.inference_mode():
            alone = look(trunk, torch.from_numpy(decode_many([image], 64)), views=views)[0]
        np.testing.assert_allclose(together[place], alone, rtol=1e-4, atol=1e-4)


def test_a_photo_that_cannot_be_read_ends_it_and_is_named(images, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(images[0].read_bytes()[:60])
    extractor = Extractor(build_trunk("small_cnn", None, seed=0), 64, views=1, device=CPU)
    with pytest.raises(ImageError, match=r"broken\.png"):
        extractor.features_of_all([*images, broken, *images])


def test_results_come_in_order_and_not_all_at_once():
    begun, seen = [], []
    before = torch.get_num_threads()
    for result in ahead(lambda item: begun.append(item) or item * item, range(50)):
        seen.append(result)
        assert len(begun) <= len(seen) + 2 * before + 1
    assert seen == [item * item for item in range(50)]
    assert torch.get_num_threads() == before


def test_operators_use_one_thread_within_the_threads_and_as_many_as_before_elsewhere():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        found = set(ahead(lambda _: (threading.get_ident(), torch.get_num_threads()), range(200)))
        assert {count for _, count in found} == {1} and len(found) <= 3
        assert torch.get_num_threads() == 3
        new: list[int] = []
        other = threading.Thread(target=lambda: new.append(torch.get_num_threads()))
        other.start()
        other.join()
        assert new == [3]
    finally:
        torch.set_num_threads(before)


def test_what_fails_ends_the_threads():
    alive = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda item: 1 / (item - 5), range(100)))
    assert threading.active_count() == alive


def test_memory_is_given_back():
    psutil = pytest.importorskip("psutil")

    def resident():
        return psutil.Process().memory_info().rss

    before = resident()
    with kept_memory():
        large = [np.ones(2**21) for _ in range(16)]  # of 16 MB
        del large
    assert resident() - before < 2**26
