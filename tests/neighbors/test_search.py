"""Exact search: hand-made cases, all pairs in float64, duplicates, mistakes; candidate sets."""

import warnings

import numpy as np
import pytest
import torch

from tagrefine_core.errors import ConfigError, DataError, TagRefineWarning
from tagrefine_core.neighbors.search import candidate_sets, nearest


def naive(queries, base, k, metric="euclidean", exclude=None):
    """All pairs in float64, one query after the other: rows by (distance, row), and squared distances."""
    base = np.asarray(base, dtype=np.float64)
    rows, squared = [], []
    for number, query in enumerate(np.asarray(queries, dtype=np.float64)):
        if metric == "euclidean":
            far = ((base - query) ** 2).sum(axis=1)
        else:
            lengths, length = np.linalg.norm(base, axis=1), np.linalg.norm(query)
            both = lengths * length
            cosine = np.divide(base @ query, both, out=np.zeros(len(base)), where=both > 0)
            far = 2 * np.where((lengths == 0) & (length == 0), 0.0, 1 - cosine)
        among = np.arange(len(base))
        if exclude is not None:
            among = among[among != exclude[number]]
        order = among[np.lexsort((among, far[among].round(9)))][:k]
        rows.append(order)
        squared.append(far[order])
    return np.array(rows), np.array(squared)


def assert_same(result, expected):
    np.testing.assert_array_equal(result[0], expected[0])
    np.testing.assert_allclose(result[1], expected[1], rtol=1e-5, atol=1e-6)


def assert_same_but_for_ties(result, expected):
    """The same distances; rows may change places where float32 cannot tell them apart."""
    np.testing.assert_allclose(result[1], expected[1], rtol=2e-5, atol=1e-5)
    assert (result[0] == expected[0]).mean() > 0.99


def test_hand_made_ties_go_to_the_lower_row():
    base = np.array([[0.0, 2.0], [2.0, 0.0], [-2.0, 0.0], [1.0, 0.0], [0.0, -2.0]])
    rows, squared = nearest(np.zeros((1, 2)), base, 4)
    assert rows.tolist() == [[3, 0, 1, 2]]
    np.testing.assert_allclose(squared, [[1.0, 4.0, 4.0, 4.0]], rtol=1e-5)
    assert rows.dtype == np.int64 and squared.dtype == np.float32


def test_hand_made_cosine_with_zero_vectors():
    base = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 5.0], [-1.0, 0.0], [0.0, 0.0]])
    rows, squared = nearest(np.array([[0.0, 0.0], [2.0, 0.0]]), base, 5, "cosine")
    assert rows.tolist() == [[0, 4, 1, 2, 3], [1, 0, 2, 4, 3]]
    np.testing.assert_allclose(squared, [[0, 0, 2, 2, 2], [0, 2, 2, 2, 4]], rtol=1e-5)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("block_bytes", [1, 20_000, 2**28])
def test_equals_all_pairs(metric, dtype, block_bytes):
    rng = np.random.default_rng(1)
    base, queries = rng.normal(size=(90, 24)).astype(dtype), rng.normal(size=(7, 24)).astype(dtype)
    result = nearest(queries, base, 7, metric, block_bytes=block_bytes)
    assert_same(result, naive(queries, base, 7, metric))


def test_a_base_of_several_blocks():
    rng = np.random.default_rng(2)
    base = rng.normal(size=(20_000, 12)).astype(np.float32)
    own = np.arange(0, 20_000, 500)
    result = nearest(base[own], base, 60, exclude=own)
    assert_same_but_for_ties(result, naive(base[own], base, 60, exclude=own))


def test_ties_on_an_integer_grid():
    rng = np.random.default_rng(2)
    base = rng.integers(-1, 2, size=(3000, 4))
    own = np.arange(0, 3000, 50)
    result = nearest(base[own], base, 60, exclude=own, block_bytes=2**18)
    assert_same(result, naive(base[own], base, 60, exclude=own))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_duplicates_stay_neighbors_and_the_image_itself_goes(metric):
    rng = np.random.default_rng(3)
    distinct = rng.normal(size=(40, 1280)).astype(np.float32)
    base = distinct[rng.integers(0, 40, size=4000)]  # about 100 copies of everything
    own = np.arange(0, 4000, 97)
    rows, squared = nearest(base[own], base, 150, metric, exclude=own, block_bytes=2**20)
    assert not (rows == own[:, None]).any()
    for row, found, far in zip(own, rows, squared, strict=True):
        same = np.flatnonzero((base == base[row]).all(1) & (np.arange(4000) != row))
        assert found[: len(same)].tolist() == same[:150].tolist()
        assert (far[: len(same)] == 0).all() and (np.diff(far) >= 0).all()


def test_one_image_may_be_left_out_and_another_not():
    base = np.array([[0.0], [0.0], [1.0], [3.0]])
    rows, _ = nearest(base[:2], base, 2, exclude=[0, -1])
    assert rows.tolist() == [[1, 2], [0, 1]]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_all_rows_identical(metric):
    base = np.full((5000, 8), 0.1, dtype=np.float32)
    rows, squared = nearest(base[:3], base, 4, metric, exclude=np.arange(3), block_bytes=2**18)
    assert rows.tolist() == [[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 3, 4]]
    assert (squared == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_common_offset(dtype):
    rng = np.random.default_rng(4)
    base = (1e4 + rng.normal(size=(2000, 12))).astype(dtype)
    result = nearest(base[:50], base, 10, exclude=np.arange(50))
    assert_same_but_for_ties(result, naive(base[:50], base, 10, exclude=np.arange(50)))


def test_what_float32_cannot_tell_apart_is_at_distance_zero():
    rng = np.random.default_rng(5)
    base = np.array([[1e4], [-1e4]]) + np.array([[[0.0]], [[1e-3]], [[2e-3]]]) * rng.normal(size=12)
    rows, squared = nearest(base[:, 0], base.reshape(-1, 12), 6)
    assert rows.tolist() == [[0, 2, 4, 1, 3, 5]] * 3
    assert (squared[:, :3] == 0).all() and (squared[:, 3:] > 0).all()


def test_order_of_base_rows_does_not_matter():
    rng = np.random.default_rng(8)
    base, queries = rng.normal(size=(500, 9)), rng.normal(size=(20, 9))
    order = rng.permutation(500)
    rows, squared = nearest(queries, base, 11)
    shuffled, same = nearest(queries, base[order], 11)
    np.testing.assert_array_equal(order[shuffled], rows)
    np.testing.assert_allclose(squared, same, rtol=2e-5)


def test_more_copies_than_neighbors_at_one_distance_go_by_row():
    rng = np.random.default_rng(12)
    base = rng.normal(size=(3, 64)).astype(np.float32)[rng.permutation(np.repeat([0, 1, 2], 400))]
    result = nearest(base[:1], base, 600, exclude=[0], block_bytes=2**17)
    assert_same(result, naive(base[:1], base, 600, exclude=[0]))


def test_settings_of_the_caller_do_not_change_the_result():
    rng = np.random.default_rng(9)
    base = rng.normal(size=(400, 32)).astype(np.float32)
    expected = nearest(base, base, 5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = nearest(base, base, 5)
    assert_same(result, expected)


def test_memory_mapped_and_empty_queries(tmp_path):
    rng = np.random.default_rng(10)
    base = rng.normal(size=(120, 6)).astype(np.float16)
    np.save(tmp_path / "features.npy", base)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    assert_same(nearest(mapped[:5], mapped, 3, "cosine"), nearest(base[:5], base, 3, "cosine"))
    rows, squared = nearest(base[:0], base, 3, exclude=np.empty(0, int))
    assert rows.shape == squared.shape == (0, 3)


def test_more_neighbors_than_rows_warns_and_returns_all():
    base = np.arange(4.0)[:, None]
    with pytest.warns(TagRefineWarning, match="only 4 exist"):
        rows, _ = nearest([[0.0]], base, 9)
    assert rows.tolist() == [[0, 1, 2, 3]]
    with pytest.warns(TagRefineWarning, match="only 3 exist"):
        rows, _ = nearest([[0.0]], base, 4, exclude=[0])
    assert rows.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("error", "message", "arguments", "options"),
    [
        (ConfigError, "k must be from 1", ([[0.0]], [[0.0]], 0), {}),
        (ConfigError, "manhattan", ([[0.0]], [[0.0]], 1, "manhattan"), {}),
        (ConfigError, "'mps'", ([[0.0]], [[0.0]], 1), {"device": "mps"}),
        (ConfigError, "block_bytes", ([[0.0]], [[0.0]], 1), {"block_bytes": 0}),
        (DataError, r"base\[1, 0\] is nan", ([[0.0]], [[0.0], [np.nan]], 1), {}),
        (DataError, r"queries\[0, 1\] is inf", ([[0.0, np.inf]], [[0.0, 1.0]], 1), {}),
        (DataError, "2 dimensions but base has 1", ([[0.0, 1.0]], [[0.0]], 1), {}),
        (DataError, "2-D", ([0.0], [[0.0]], 1), {}),
        (DataError, "no neighbor", ([[0.0]], [[0.0]], 1), {"exclude": [0]}),
        (DataError, "no neighbor", ([[0.0]], np.empty((0, 1)), 1), {}),
        (DataError, "one row number per query", ([[0.0]], [[0.0], [1.0]], 1), {"exclude": [0, 1]}),
        (DataError, "there are rows 0 to 1", ([[0.0]], [[0.0], [1.0]], 1), {"exclude": [2]}),
        (DataError, "there are rows 0 to 1", ([[0.0]], [[0.0], [1.0]], 1), {"exclude": [-2]}),
        (DataError, r"queries\[0, 0\] is 1e\+200", ([[1e200]], [[0.0]], 1), {}),
        (DataError, "dtype", ([["a"]], [[0.0]], 1), {}),
    ],
)
def test_mistakes_are_named(error, message, arguments, options):
    with pytest.raises(error, match=message):
        nearest(*arguments, **options)


def test_candidate_sets_in_memory_and_on_disk(tmp_path):
    rng = np.random.default_rng(11)
    features = rng.integers(0, 3, size=(700, 4)).astype(np.float32)
    expected, _ = naive(features, features, 12, exclude=np.arange(700))
    seen = []
    on_disk = candidate_sets(
        features,
        12,
        out=tmp_path / "deep" / "candidates.npy",
        progress=lambda *at: seen.append(at),
        block_bytes=2**17,
    )
    np.testing.assert_array_equal(on_disk, expected)
    np.testing.assert_array_equal(candidate_sets(features, 12), expected)
    assert isinstance(on_disk, np.memmap) and on_disk.dtype == np.int32
    assert len(seen) > 1 and seen == sorted(seen) and seen[-1] == (700, 700)


def test_a_stopped_search_leaves_no_file(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        candidate_sets(np.eye(50), 3, out=tmp_path / "candidates.npy", progress=stop)
    assert not list(tmp_path.iterdir())


def test_candidate_sets_of_a_tiny_collection():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert candidate_sets([[0.0], [1.0], [5.0]], 512).tolist() == [[1, 2], [0, 2], [1, 0]]
    assert [warning.category for warning in caught] == [TagRefineWarning]
    with pytest.raises(DataError, match="1 rows"):
        candidate_sets([[0.0]], 3)
