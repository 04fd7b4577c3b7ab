"""Photos in a plane: neighbors stay neighbors, seeds repeat, and what moves a map as a whole is taken off."""

import numpy as np
import pytest

from tagrefine_core.errors import Cancelled, DataError
from tagrefine_core.neighbors.layout import aligned, layout, neighbor_graph, principal_plane

SIZES = (60, 40)


@pytest.fixture(scope="module")
def clouds():
    """Two clouds of 32 dimensions, far from each other."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(size, 32)) + 20 * place for place, size in enumerate(SIZES)])


@pytest.fixture(scope="module")
def graph(clouds):
    return neighbor_graph(clouds, 10)


def test_a_graph_joins_each_photo_to_its_nearest(clouds, graph):
    weights, rows = graph
    far = ((clouds[:, None] - clouds) ** 2).sum(axis=2)
    np.fill_diagonal(far, np.inf)
    np.testing.assert_allclose(far[np.arange(100)[:, None], rows], np.sort(far, axis=1)[:, :10], rtol=1e-5)
    dense = weights.toarray()
    assert np.array_equal(dense, dense.T) and not dense.diagonal().any()
    assert dense.min() >= 0 and dense.max() <= 1
    joined = np.zeros(dense.shape, dtype=bool)
    joined[np.arange(100)[:, None], rows] = True
    assert not (dense > 0)[~(joined | joined.T)].any()
    # The nearest of each is surely joined to it (local connectivity 1).
    np.testing.assert_allclose(dense[np.arange(100), rows[:, 0]], 1)


def test_clouds_stay_apart_and_the_same_seed_gives_the_same_map(clouds, graph):
    start = principal_plane(clouds)
    told = []
    first = layout(graph[0], start, epochs=60, progress=lambda *done: told.append(done))
    again = layout(graph[0], start, epochs=60)
    other = layout(graph[0], start, epochs=60, seed=1)
    assert first.shape == (100, 2) and first.dtype == np.float32 and np.isfinite(first).all()
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert told[0] == (0, 60) and all(done <= total for done, total in told)
    cloud = np.repeat([0, 1], SIZES)
    far = np.linalg.norm(first[:, None] - first, axis=2)
    assert far[cloud == 0][:, cloud == 1].min() > np.median(far[cloud == 0][:, cloud == 0])


def test_a_layout_can_be_stopped(clouds, graph):
    def stop(done, total):
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        layout(graph[0], principal_plane(clouds), epochs=100_000, progress=stop)


def test_photos_that_begin_at_one_place_part(graph):
    positions = layout(graph[0], np.zeros((100, 2)), epochs=30)
    assert len(np.unique(positions, axis=0)) == 100 and np.isfinite(positions).all()


def test_features_have_to_be_finite(clouds):
    with pytest.raises(DataError, match="finite"):
        neighbor_graph(np.where(np.arange(32) == 3, np.nan, clouds), 5)


def test_the_plane_is_that_of_the_largest_variance():
    rng = np.random.default_rng(1)
    features = (rng.normal(size=(9000, 6)) * (9, 5, 2, 1, 1, 1) + 7) @ np.linalg.qr(rng.normal(size=(6, 6)))[
        0
    ]
    centered = features - features.mean(axis=0)
    left, values, _ = np.linalg.svd(centered, full_matrices=False)
    expected = left[:, :2] * values[:2]
    found = principal_plane(features.astype(np.float32))
    for axis in range(2):
        sign = np.sign(found[:, axis] @ expected[:, axis])
        np.testing.assert_allclose(found[:, axis], sign * expected[:, axis], atol=1e-3)
    assert np.array_equal(found, principal_plane(features.astype(np.float32)))
    line = principal_plane(np.arange(5.0)[:, None])
    np.testing.assert_allclose(line, [[-2, 0], [-1, 0], [0, 0], [1, 0], [2, 0]], atol=1e-6)


@pytest.mark.parametrize("mirror", [1, -1])
def test_turns_mirrors_and_sizes_are_taken_off(mirror):
    rng = np.random.default_rng(2)
    wanted = rng.normal(size=(50, 2)).astype(np.float32)
    turn = np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    moved = 3 * wanted @ turn * (1, mirror) + (5, -2)
    np.testing.assert_allclose(aligned(moved, wanted), wanted, atol=1e-5)
    # One photo that really moved is still where it went, near enough.
    moved[0] += 30
    left = np.linalg.norm(aligned(moved, wanted) - wanted, axis=1)
    assert left.argmax() == 0 and left[0] > 5 * np.median(left)
