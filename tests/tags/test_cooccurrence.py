import math

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_matrix

from tagrefine_core.errors import DataError
from tagrefine_core.tags import google_distance, tag_counts


def pair(f1, f2, joint, n):
    """Build a matrix of two tags with the given counts."""
    matrix = np.zeros((n, 2), np.uint8)
    matrix[:f1, 0] = 1
    matrix[f1 - joint : f1 - joint + f2, 1] = 1
    return matrix


@pytest.fixture
def random_tags():
    return (np.random.default_rng(3).random((400, 12)) < np.linspace(0.005, 0.6, 12)).astype(np.uint8)


def test_counts(random_tags):
    f, joint = tag_counts(csr_matrix(random_tags))
    np.testing.assert_array_equal(f, random_tags.sum(axis=0))
    for i in range(12):
        for j in range(12):
            assert joint[i, j] == sum(
                a and b for a, b in zip(random_tags[:, i], random_tags[:, j], strict=True)
            )


def test_counts_do_not_wrap():
    f, joint = tag_counts(csr_matrix(np.ones((1000, 2), np.uint8)))
    assert f.tolist() == [1000, 1000]
    assert joint[0, 1] == 1000


@pytest.mark.parametrize(
    ("f1", "f2", "joint", "n", "expected"),
    [
        (1024, 256, 128, 16384, 0.5),
        (100, 50, 25, 10000, math.log(4) / math.log(200)),
        (100, 50, 25, 10000, 0.261648),
        (30, 30, 30, 100, 0.0),
        (100, 20, 20, 100, 1.0),  # one tag on all images: log(100/20) / log(100/20)
        (100, 100, 100, 100, 0.0),  # both: 0 / 0, identical use
    ],
)
def test_hand_computed(f1, f2, joint, n, expected):
    distance = google_distance(pair(f1, f2, joint, n))
    assert distance[0, 1] == pytest.approx(expected, abs=5e-7)
    assert distance[1, 0] == distance[0, 1]
    assert distance[0, 0] == 0


def test_against_plain_loops(random_tags):
    n, c = random_tags.shape
    expected = np.zeros((c, c))
    for i in range(c):
        for j in range(c):
            fi, fj = random_tags[:, i].sum(), random_tags[:, j].sum()
            both = (random_tags[:, i] & random_tags[:, j]).sum()
            if i != j:
                high, low = max(fi, fj), min(fi, fj)
                expected[i, j] = math.log2(high / both) / math.log2(n / low) if both else math.inf
    for matrix in (random_tags, random_tags.astype(bool), csr_matrix(random_tags), coo_array(random_tags)):
        np.testing.assert_allclose(google_distance(matrix), expected, rtol=1e-12)
    assert np.isinf(expected).any()


def test_unused_tags_and_no_images():
    distance = google_distance(np.array([[1, 0, 0], [1, 0, 0]]))
    np.testing.assert_array_equal(distance, np.where(np.eye(3), 0, np.inf))
    assert np.isinf(google_distance(np.zeros((0, 2)))[0, 1])


def test_permuting_tags_permutes_distances(random_tags):
    order = np.random.default_rng(0).permutation(12)
    np.testing.assert_array_equal(
        google_distance(random_tags[:, order]), google_distance(random_tags)[np.ix_(order, order)]
    )


def test_bad_input():
    with pytest.raises(DataError, match="0 and 1"):
        tag_counts(np.array([[2.0]]))
    with pytest.raises(DataError, match="0 and 1"):
        tag_counts(csr_matrix([[np.nan]]))
    with pytest.raises(DataError, match="shape"):
        tag_counts(np.zeros(3))
