"""Search by cells: it finds nearly all that exact search finds, always the same, whatever the order and the threads."""

import numpy as np
import pytest
import torch

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.neighbors.index import Index
from tagrefine_core.neighbors.search import nearest


@pytest.fixture(scope="module")
def features():
    """Photos of sixty kinds, each kind a cloud of its own in twelve of forty dimensions."""
    rng = np.random.default_rng(0)
    kinds, directions = rng.normal(size=(60, 40)), rng.normal(size=(60, 12, 40)) / 12**0.5
    kind = rng.integers(0, 60, size=6000)
    spread = np.einsum("na,nad->nd", rng.normal(size=(6000, 12)), directions[kind])
    return (kinds[kind] + spread + 0.05 * rng.normal(size=(6000, 40))).astype(np.float16)


@pytest.fixture(scope="module")
def index(features):
    return Index.build(features, exact=False)


def found(rows, expected):
    return np.mean([np.isin(one, other).mean() for one, other in zip(expected, rows, strict=True)])


def test_nearly_all_of_the_nearest_are_found_and_few_photos_are_compared(features, index):
    own = np.arange(0, 6000, 7)
    expected, far = nearest(features[own], features, 20, exclude=own)
    rows, squared = index.search(features[own], 20, exclude=own)
    assert index.compared < 3000
    assert found(rows, expected) > 0.95
    assert found(rows[:, :8], expected[:, :8]) > 0.97
    # What is found lies where it lies.
    wide = features.astype(np.float64)
    by_hand = ((wide[own][:, None] - wide[rows]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared, by_hand, rtol=1e-3, atol=1e-3)
    assert (squared >= far - 1e-3).all() and (np.diff(squared) >= 0).all()


def test_asking_everything_is_exact(features, index):
    own = np.arange(100)
    rows, squared = index.search(features[:100], 5999, exclude=own)
    expected, far = nearest(features[:100], features, 5999, exclude=own)
    assert (np.sort(rows) == np.sort(expected)).all()
    np.testing.assert_allclose(squared, far, rtol=2e-5)


def test_more_neighbors_than_are_compared(features, index):
    k = index.compared + 500
    rows, _ = index.search(features[:3], k, exclude=np.arange(3))
    assert rows.shape == (3, k)
    assert all(len(set(one)) == k and own not in one for own, one in enumerate(rows.tolist()))


def test_up_to_a_size_the_search_is_exact(features):
    small = Index.build(features)
    assert small.compared == len(features)
    for one, other in zip(small.search(features[:50], 9), nearest(features[:50], features, 9), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("exact", [True, False])
def test_duplicates_come_first_by_row_and_the_photo_itself_never(features, exact):
    copied = features[:1000][np.arange(4000) % 1000]  # photo i again at i + 1000, ...
    index = Index.build(copied, exact=exact)
    own = np.arange(0, 4000, 11)
    rows, squared = index.search(copied[own], 10, exclude=own)
    for photo, one in zip(own, rows, strict=True):
        assert one[:3].tolist() == [twin for twin in range(photo % 1000, 4000, 1000) if twin != photo]
    assert (squared[:, :3] == 0).all() and (squared[:, 3:] > 0).all()


def test_the_same_again_with_any_threads_and_in_any_order(features, index):
    own = np.arange(0, 6000, 3)
    rows, squared = index.search(features[own], 15, exclude=own)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        again = Index.build(features, exact=False)
        other, far = again.search(features[own], 15, exclude=own, block_bytes=2**22)
    finally:
        torch.set_num_threads(threads)
    assert again.compared == index.compared
    np.testing.assert_array_equal(rows, other)
    np.testing.assert_array_equal(squared, far)
    turned, _ = index.search(features[own[::-1]], 15, exclude=own[::-1])
    np.testing.assert_array_equal(turned[::-1], rows)


def test_cosine_is_euclidean_between_unit_vectors(features):
    unit = features.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    index = Index.build(features, metric="cosine", exact=False)
    rows, squared = index.search(features[:200], 20)
    np.testing.assert_allclose(squared, 2 * (1 - (unit[:200, None] * unit[rows]).sum(axis=2)), atol=1e-4)
    assert found(rows, nearest(features[:200], features, 20, "cosine")[0]) > 0.95


def test_a_mapped_file_and_empty_cells(tmp_path):
    rng = np.random.default_rng(1)
    features = np.repeat(rng.normal(size=(3, 8)), 400, axis=0).astype(
        np.float32
    )  # three photos for four cells
    np.save(tmp_path / "features.npy", features)
    index = Index.build(np.load(tmp_path / "features.npy", mmap_mode="r"), exact=False)
    rows, squared = index.search(features[[5, 900]], 300, exclude=[5, 900])
    assert rows[0].tolist() == [row for row in range(301) if row != 5] and (squared == 0).all()
    assert rows[1].tolist() == [row for row in range(800, 1101) if row != 900]


def test_building_and_searching_can_be_stopped(features, index):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Index.build(features, exact=False, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        index.search(features, 5, progress=stop)


def test_progress_counts_queries(features, index):
    seen = []
    index.search(features, 5, progress=lambda *at: seen.append(at), block_bytes=2**22)
    assert len(seen) > 1 and seen == sorted(seen) and seen[-1] == (6000, 6000)


def test_mistakes_are_named(features, index):
    with pytest.raises(DataError, match="39 dimensions"):
        index.search(features[:2, :39], 3)
    with pytest.raises(ConfigError, match="1 to the 5999 neighbors"):
        index.search(features[:1], 6000, exclude=[0])
    broken = features.astype(np.float32)
    broken[4321, 7] = np.nan
    with pytest.raises(DataError, match=r"features\[4321, 7\] is nan"):
        Index.build(broken, exact=False)
