"""Randomness that several processes share, and the pixel pipeline."""

import numpy as np
import pytest
import torch
from PIL import Image

from tagrefine_core.errors import ImageError
from tagrefine_core.features.dropout import Dropout
from tagrefine_core.features.pictures import (
    IMAGENET,
    Scale,
    augment,
    decode,
    decode_all,
    decode_many,
    normalize,
)


def test_dropout_of_parts_is_dropout_of_the_whole():
    x = torch.rand(8, 50) + 1.0
    layer = Dropout(0.4).train()
    layer.seed, layer.start, layer.total = 3, 0, 8
    whole = layer(x)
    layer.start = 4
    assert torch.equal(layer(x[4:]), whole[4:])
    layer.seed = 4
    assert not torch.equal(layer(x[4:]), whole[4:])


def test_dropout_keeps_the_mean_and_is_off_in_use():
    layer = Dropout(0.8).train()
    layer.seed, layer.total = 1, 4000
    dropped = layer(torch.ones(4000, 20))
    assert (dropped == 0).float().mean().item() == pytest.approx(0.8, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    x = torch.rand(2, 3)
    assert torch.equal(layer.eval()(x), x)


def test_decode_takes_the_middle_of_the_shorter_side(tmp_path):
    picture = np.zeros((40, 80, 3), dtype=np.uint8)
    picture[:, 20:60] = (200, 100, 50)
    path = tmp_path / "wide.png"
    Image.fromarray(picture).save(path)
    pixels = decode(path, 20)
    assert pixels.shape == (3, 20, 20) and pixels.dtype == np.uint8
    # The outermost columns may blend with what was cut off.
    assert (pixels[:, :, 1:-1].reshape(3, -1).T == (200, 100, 50)).all()
    assert np.array_equal(decode_many([path, path], 20)[1], pixels)
    assert decode_many([], 20).shape == (0, 3, 20, 20)


def test_photos_decoded_by_all_cores_stay_in_order(tmp_path):
    paths = [tmp_path / f"{shade}.png" for shade in range(0, 250, 10)]
    for shade, path in zip(range(0, 250, 10), paths, strict=True):
        Image.new("RGB", (30, 20), (shade, 0, 0)).save(path)
    assert decode_all(paths, 8)[:, 0, 4, 4].tolist() == list(range(0, 250, 10))


def test_a_photo_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    for paths in ([path], [tmp_path / "gone.jpg"]):
        with pytest.raises(ImageError, match=f"{paths[0].name} is "):
            decode_many(paths, 20)


def test_normalize_gives_zero_at_the_mean():
    mean = torch.tensor([0.485, 0.456, 0.406]) * 255
    pictures = mean.round().to(torch.uint8)[None, :, None, None].expand(1, 3, 2, 2)
    assert normalize(pictures, IMAGENET).abs().max() < 0.02
    scale = Scale((127.0, 100.0, 0.0), (128.0, 1.0, 10.0))
    black, white = normalize(
        torch.tensor([0, 255], dtype=torch.uint8)[:, None, None, None].expand(2, 3, 1, 1), scale
    )
    assert black.flatten().tolist() == [-127 / 128, -100.0, 0.0]
    assert white.flatten().tolist() == [1.0, 155.0, 25.5]


def test_augment_of_parts_is_augment_of_the_whole():
    pictures = torch.rand(6, 3, 16, 16)
    whole = augment(pictures, seed=2, start=0, total=6)
    assert torch.allclose(augment(pictures[3:], seed=2, start=3, total=6), whole[3:])
    assert not torch.allclose(whole, augment(pictures, seed=3, start=0, total=6))


def test_augment_leaves_a_plain_picture_plain():
    plain = torch.full((2, 3, 16, 16), 0.25)
    assert torch.allclose(augment(plain, seed=0, start=0, total=2), plain, atol=1e-6)
