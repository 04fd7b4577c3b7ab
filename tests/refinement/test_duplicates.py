"""Copies of photos: what pictures look like in 63 bits, pairs against plain loops, tags in which they differ."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy import sparse

from tagrefine_core.collections.hashes import BITS, agreement, picture_hash, picture_hashes
from tagrefine_core.demo import render
from tagrefine_core.refinement.duplicates import Pairs, conflicts, duplicate_pairs, groups
from tests import fake_data


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [render(3, number, (160, 120))[0].convert("RGB") for number in range(12)]


def alike(first: Image.Image, second: Image.Image) -> float:
    return float(agreement(picture_hash(first)[None], picture_hash(second)[None])[0])


def test_a_copy_agrees_and_another_photo_does_not(photos):
    for photo in photos:
        assert alike(photo, photo) == 1
        assert alike(photo, photo.resize((80, 60), Image.Resampling.LANCZOS)) > 0.75
        assert alike(photo, ImageOps.mirror(photo)) > 0.75
        assert alike(photo, photo.convert("L").convert("RGB")) == 1
        assert alike(photo, ImageEnhance.Brightness(photo).enhance(0.8)) > 0.75
    others = [alike(one, other) for place, one in enumerate(photos) for other in photos[:place]]
    assert np.mean(others) < 0.5 and max(others) < 0.75


def test_agreement_counts_bits_as_they_are_or_in_a_mirror():
    rng = np.random.default_rng(0)
    # From signs of frequencies [vertical, horizontal], as in the definition.
    first, second = (rng.random((40, 8, 8)) < 0.5 for _ in range(2))
    second[:10] = first[:10]
    second[10:20] = first[10:20] ^ (np.arange(8) % 2 == 1)
    packed = [
        np.packbits(np.c_[signs.reshape(40, 64)[:, 1:], np.zeros(40, bool)], axis=1)
        for signs in (first, second)
    ]
    expected = []
    for one, other in zip(first, second, strict=True):
        turned = one ^ (np.arange(8) % 2 == 1)
        same = [(view == other).ravel()[1:].sum() for view in (one, turned)]
        expected.append((2 * max(same) - BITS) / BITS)
    np.testing.assert_allclose(agreement(*packed), expected, rtol=1e-6)
    assert expected[:20] == [1.0] * 20


def test_hashes_are_kept_and_a_photo_that_is_gone_agrees_with_none(store, tmp_path):
    folder = tmp_path / "photos"
    collection = fake_data.small_collection(store, folder)
    (folder / "2.jpg").unlink()
    hashes = picture_hashes(collection)
    assert hashes.shape == (4, 8) and (hashes[:, -1] & 1).tolist() == [0, 0, 1, 0]
    assert agreement(hashes[[2, 2, 0]], hashes[[2, 0, 0]]).tolist() == [0, 0, 1]
    for file in folder.iterdir():
        file.unlink()
    assert np.array_equal(picture_hashes(collection), hashes)


@pytest.mark.parametrize("least", [0.2, 0.5, 0.9])
def test_pairs_against_plain_loops(least):
    rng = np.random.default_rng(1)
    features = rng.normal(size=(30, 4)).astype(np.float16)
    hashes = np.packbits(np.c_[rng.random((30, BITS)) < 0.5, np.zeros(30, bool)], axis=1)
    features[7], hashes[7] = features[3], hashes[3]
    features[9] = 0
    neighbors = np.array(
        [rng.permutation(np.delete(np.arange(30), row))[:12] for row in range(30)], dtype=np.int32
    )
    neighbors[3, 0] = 7
    expected = {}
    for row in range(30):
        for near in neighbors[row].tolist():
            one, other = sorted((row, near))
            u, v = features[one].astype(float), features[other].astype(float)
            lengths = np.linalg.norm(u) * np.linalg.norm(v)
            cosine = u @ v / lengths if lengths else 0.0
            value = (2 * cosine + float(agreement(hashes[[one]], hashes[[other]])[0])) / 3
            if value >= least:
                expected[one, other] = value
    found = duplicate_pairs(neighbors, features, hashes, least=least)
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert set(pairs) == expected.keys() and len(pairs) == len(set(pairs))
    np.testing.assert_allclose(found.likeness, [expected[pair] for pair in pairs], rtol=1e-3, atol=1e-5)
    assert np.all(np.diff(found.likeness) <= 0)
    assert pairs[0] == (3, 7) and found.likeness[0] == pytest.approx(1, abs=1e-3)
    strict = found.at_least(0.95)
    assert list(zip(strict.first, strict.second, strict=True)) == [(3, 7)]


def test_no_photos_no_pairs():
    nothing = duplicate_pairs(np.empty((0, 3), np.int32), np.empty((0, 2)), np.empty((0, 8), np.uint8))
    assert len(nothing.first) == 0 and groups(nothing, 0) == []


def test_conflicts_are_judged_tags_that_only_one_has_and_nobody_decided():
    tags = sparse.csr_matrix(
        np.array([[1, 1, 0, 1], [1, 0, 1, 0], [1, 0, 1, 1], [0, 1, 0, 0]], dtype=np.uint8)
    )
    pairs = Pairs(np.array([0, 1, 0]), np.array([1, 2, 3]), np.array([0.9, 0.8, 0.7], dtype=np.float32))
    told = np.array([True, True, True, False])
    found = [
        (one.first, one.second, one.only_first.tolist(), one.only_second.tolist())
        for one in conflicts(pairs, tags, told=told)
    ]
    # 1 and 2 differ only in a tag that a picture cannot tell.
    assert found == [(0, 1, [1], [2]), (0, 3, [0], [])]
    decided = sparse.csr_matrix(np.array([[0, 0, 0, 0], [0, -1, 2, 0], [0] * 4, [0] * 4], dtype=np.int8))
    found = [(one.first, one.second) for one in conflicts(pairs, tags, told=told, decided=decided)]
    assert found == [(0, 3)]


def test_groups_hold_together_what_is_linked():
    pairs = Pairs(np.array([1, 4, 0]), np.array([4, 6, 2]), np.ones(3, dtype=np.float32))
    assert groups(pairs, 8) == [[0, 2], [1, 4, 6]]
