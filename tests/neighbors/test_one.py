"""The nearest to one image, against all distances in float64."""

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.neighbors import distances_to, nearest_to, one
from tagrefine_core.neighbors.search import nearest


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("block", [2**24, 7 * 4 * 6])
def test_against_all_distances(dtype, block, monkeypatch):
    monkeypatch.setattr(one, "_BLOCK_BYTES", block)
    features = np.random.default_rng(0).normal(size=(50, 6)).astype(dtype)
    distance = ((features.astype(float) - features[3].astype(float)) ** 2).sum(axis=1)
    np.testing.assert_allclose(distances_to(features[3], features), distance, rtol=1e-5, atol=1e-12)
    rows, squared = nearest_to(features[3], features, 9, exclude=3)
    assert rows.tolist() == np.argsort(distance)[1:10].tolist()
    np.testing.assert_allclose(squared, np.sort(distance)[1:10], rtol=1e-5)
    assert rows.tolist() == nearest(features[[3]], features, 9, exclude=[3])[0][0].tolist()


def test_a_mapped_file_is_read_and_left_as_it_is(tmp_path):
    features = np.arange(12, dtype=np.float16).reshape(6, 2)
    np.save(tmp_path / "features.npy", features)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    assert nearest_to(mapped[0], mapped, 2, exclude=0)[0].tolist() == [1, 2]
    assert np.array_equal(np.load(tmp_path / "features.npy"), features)


def test_ties_go_by_row_also_where_the_list_ends():
    features = np.array([[1.0], [0.0], [-1.0], [1.0], [0.0], [1.0]])
    assert nearest_to(features[1], features, 3, exclude=1)[0].tolist() == [4, 0, 2]
    assert nearest_to(features[1], features, 2)[0].tolist() == [1, 4]


def test_near_duplicates_far_from_the_origin_are_told_apart():
    """Expanding the square in float32 would leave nothing of distances below .06."""
    features = np.array([[1000.0, 0], [1000.02, 0], [1000.01, 0], [1000.0, 0]], dtype=np.float32)
    rows, squared = nearest_to(features[0], features, 3, exclude=0)
    assert rows.tolist() == [3, 2, 1] and squared[0] == 0
    np.testing.assert_allclose(squared[1:], [1e-4, 4e-4], rtol=0.02)


def test_fewer_than_asked_for_are_all():
    features = np.eye(3)
    assert sorted(nearest_to(features[0], features, 9, exclude=0)[0].tolist()) == [1, 2]
    assert nearest_to(features[0], features[:1], 9, exclude=0)[0].tolist() == []


def test_mistakes_are_told():
    features = np.eye(3)
    with pytest.raises(DataError, match=r"\(2,\)"):
        nearest_to([1, 2], features, 1)
    with pytest.raises(DataError, match="image 1"):
        nearest_to(features[0], np.array([[1.0, 0, 0], [np.nan, 0, 0]]), 1)
    with pytest.raises(ConfigError, match="k must"):
        nearest_to(features[0], features, 0)
