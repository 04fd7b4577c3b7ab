"""What a neighbor trace says, on a trace small enough to judge by eye and against plain loops."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import DataError
from tagrefine_core.runs.run import NeighborTrace
from tagrefine_core.runs.trace import chance, precision_curve, relevance

# Photos 0 to 5; labels: sea, sky. Photo 5 has none.
HAVE = sparse.csr_matrix(np.array([[1, 0], [1, 1], [0, 1], [0, 1], [1, 0], [0, 0]], dtype=np.int8))


def trace(queries: list[int], neighbors: list[list[list[int]]]) -> NeighborTrace:
    array = np.array(neighbors, dtype=np.int64)
    return NeighborTrace(
        np.array(queries, dtype=np.int64),
        np.arange(len(array), dtype=np.int64) * 10,
        array,
        np.zeros(array.shape, dtype=np.float32),
    )


# Query 0 (sea), 2 (sky), 5 (no label); two iterations, two neighbors.
SMALL = trace([0, 2, 5], [[[2, 3], [3, 0], [0, 1]], [[1, 4], [0, 1], [1, 2]]])


def test_relevance_by_hand() -> None:
    judged = relevance(SMALL, HAVE, by="labels")
    assert judged.by == "labels"
    assert judged.judged.tolist() == [True, True, False]
    assert judged.relevant[:, 0].tolist() == [[False, False], [True, True]]
    assert judged.relevant[:, 1].tolist() == [[True, False], [False, True]]
    assert not judged.relevant[:, 2].any()


def test_curve_by_hand() -> None:
    curve = precision_curve(relevance(SMALL, HAVE, by="labels"), neighbors=2)
    np.testing.assert_array_equal(curve.queries, [[0, 0.5, np.nan], [1, 0.5, np.nan]])
    np.testing.assert_array_equal(curve.mean, [0.25, 0.75])
    np.testing.assert_array_equal(curve.gain, [1, 0, np.nan])
    assert curve.judged == 2
    first = precision_curve(relevance(SMALL, HAVE, by="labels"), neighbors=1)
    np.testing.assert_array_equal(first.mean, [0.5, 0.5])


def test_chance_by_hand() -> None:
    # Of the five others, photos 1 and 4 share sea with 0; 1 and 3 share sky with 2.
    np.testing.assert_array_equal(chance(SMALL, HAVE), [0.4, 0.4, np.nan])


def test_nothing_to_judge_is_nan_not_zero() -> None:
    alone = trace([5], [[[0, 1]]])
    curve = precision_curve(relevance(alone, HAVE, by="refined"), neighbors=2)
    assert curve.judged == 0
    assert np.isnan(curve.mean).all() and np.isnan(curve.low).all() and np.isnan(curve.high).all()


def test_against_plain_loops_and_band() -> None:
    rng = np.random.default_rng(1)
    have = rng.random((50, 6)) < 0.25
    queries = rng.choice(50, 20, replace=False)
    found = trace(queries.tolist(), rng.integers(50, size=(4, 20, 5)).tolist())
    matrix = sparse.csr_matrix(have)
    judged = relevance(found, matrix, by="labels")
    for t in range(4):
        for q in range(20):
            for k in range(5):
                shares = (have[queries[q]] & have[found.neighbors[t, q, k]]).any()
                assert judged.relevant[t, q, k] == shares
    curve = precision_curve(judged, neighbors=5)
    assert ((curve.low <= curve.mean) & (curve.mean <= curve.high)).all()
    spread = np.nanstd(curve.queries, axis=1, ddof=1) / np.sqrt(curve.judged)
    # A bootstrap interval of a mean is about two standard errors to each side.
    np.testing.assert_allclose((curve.high - curve.low) / (2 * spread), 1.96, rtol=0.2)
    again = precision_curve(judged, neighbors=5)
    np.testing.assert_array_equal(curve.low, again.low)


@pytest.mark.parametrize("neighbors", [0, 3])
def test_neighbors_out_of_range(neighbors: int) -> None:
    with pytest.raises(DataError, match="holds 2 neighbors"):
        precision_curve(relevance(SMALL, HAVE, by="labels"), neighbors=neighbors)


def test_trace_of_other_data_is_an_error() -> None:
    with pytest.raises(DataError, match="photo 9"):
        relevance(trace([0], [[[9, 1]]]), HAVE, by="labels")
