"""The recorder of neighbors: which moments it keeps, what it says of them, and that a checkpoint holds all of it."""

import numpy as np
import pytest
import torch

from tagrefine_core.files import read_arrays
from tagrefine_core.training import recorder
from tagrefine_core.training.recorder import TraceRecorder, changed, moments, spaced


def unit(n, d, seed):
    return torch.nn.functional.normalize(
        torch.randn(n, d, generator=torch.Generator().manual_seed(seed)), dim=1
    )


def by_hand(features, photos, candidates, k):
    """The k nearest of each photo's candidates, one photo after the other."""
    features = features.double().numpy()
    return [
        sorted(own, key=lambda row: (np.linalg.norm(features[row] - features[photo]), row))[:k]
        for photo, own in zip(photos, candidates, strict=True)
    ]


def everyone_else(n):
    return np.array([np.delete(np.arange(n), row) for row in range(n)], dtype=np.int32)


def test_moments_stand_closer_at_the_start_and_hold_the_end():
    assert sorted(moments(100, 5)) == [1, 3, 10, 32, 100]
    assert sorted(moments(3, 9)) == [1, 2, 3]
    assert moments(0, 9) == frozenset()
    assert moments(1, 9) == {1}
    assert all(max(moments(steps, 9)) == steps and len(moments(steps, 9)) <= 9 for steps in range(1, 200))


def test_as_much_changes_between_any_two_moments_that_are_kept():
    # Of seven moments, most changes from the third to the fourth.
    assert spaced([0.0, 0.1, 0.1, 0.1, 0.1, 0.2], most=5) == [0, 1, 3, 5, 6]
    assert spaced([0.2] * 5, most=9) == [0, 1, 2, 3, 4, 5]
    # Where nothing changes there is nothing to see, but for both ends and the start of training.
    assert spaced([0.0] * 8, most=6) == [0, 1, 8]
    assert spaced([0.3, 0.0, 0.0, 0.4, 0.0], most=6) == [0, 1, 4, 5]
    assert spaced([0.5], most=6) == [0, 1] and spaced([], most=6) == [0]
    generator = np.random.default_rng(0)
    for _ in range(50):
        kept = spaced(generator.random(generator.integers(1, 40)).tolist(), most=7)
        assert len(kept) <= 7 and kept == sorted(set(kept))


def test_order_is_no_change():
    before = np.array([[1, 2, 3], [0, 2, 3]], dtype=np.int32)
    after = np.array([[3, 1, 2], [0, 4, 5]], dtype=np.int32)
    assert changed(before, after) == pytest.approx(2 / 6)


def test_records_the_nearest_of_the_candidates_by_rows_of_the_collection(tmp_path):
    rows = np.arange(30, dtype=np.int64) * 2 + 5
    frozen, later = unit(30, 6, 0), unit(30, 4, 1)
    candidates = np.array([np.roll(np.delete(np.arange(30), row), row)[:9] for row in range(30)], np.int32)
    trace = TraceRecorder(rows, neighbors=3, seed=0)
    trace.take("frozen", 0, frozen, everyone_else(30))
    trace.take("phi0", 0, later, candidates)
    trace.take("constraints", 7, frozen, everyone_else(30))
    trace.save(tmp_path / "trace.npz")
    stored = read_arrays(tmp_path / "trace.npz")
    assert stored["photos"].tolist() == rows.tolist()
    assert stored["stages"].tolist() == ["frozen", "phi0", "constraints"]
    assert stored["steps"].tolist() == [0, 0, 7]
    found = stored["neighbors"]
    assert found.dtype == np.int32
    first = rows[by_hand(frozen, range(30), everyone_else(30), 3)]
    np.testing.assert_array_equal(found[0], first)
    np.testing.assert_array_equal(found[2], first)
    np.testing.assert_array_equal(found[1], rows[by_hand(later, range(30), candidates, 3)])


def test_of_many_photos_a_sample_is_recorded_whose_neighbors_are_of_all(monkeypatch):
    monkeypatch.setattr(recorder, "MOST_PHOTOS", 10)
    frozen = unit(40, 5, 0)
    one, same, other = (TraceRecorder(np.arange(40), neighbors=3, seed=seed) for seed in (0, 0, 1))
    assert len(one.photos) == 10 and np.array_equal(one.photos, np.unique(one.photos))
    assert np.array_equal(one.photos, same.photos) and not np.array_equal(one.photos, other.photos)
    one.take("frozen", 0, frozen, everyone_else(40))
    np.testing.assert_array_equal(one.found[0], by_hand(frozen, one.photos, everyone_else(40)[one.photos], 3))
    assert set(one.found[0].ravel().tolist()) - set(one.photos.tolist())


def test_fewer_photos_than_neighbors():
    trace = TraceRecorder(np.arange(4), neighbors=7, seed=0)
    trace.take("frozen", 0, unit(4, 3, 0), everyone_else(4))
    assert trace.found[0].shape == (4, 3)


def test_a_checkpoint_holds_all_of_it(tmp_path):
    whole, first = (TraceRecorder(np.arange(20), neighbors=2, seed=0) for _ in range(2))
    for trace in (whole, first):
        trace.take("frozen", 0, unit(20, 3, 0), everyone_else(20))
    for step in range(11):
        features = unit(20, 3, step + 1)
        whole.take("phi0", step, features, everyone_else(20))
        first.take("phi0", step, features, everyone_else(20))
        torch.save(first.state(), tmp_path / "state.pt")
        first = TraceRecorder(np.arange(20), neighbors=2, seed=0)
        first.load(torch.load(tmp_path / "state.pt", weights_only=True))
    assert first.taken == whole.taken
    assert all(np.array_equal(a, b) for a, b in zip(first.found, whole.found, strict=True))
