import math

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.tags import similarity_matrix, tag_distance

INF = math.inf


def test_equation_4_keeps_infinite_distances():
    google = np.array([[0, 0.5, INF], [0.5, 0, 1.0], [INF, 1.0, 0]])
    knowledge = np.array([[0, 0.2, 0], [0.2, 0, 1.0], [0, 1.0, 0]])
    expected = [[0, 0.6, INF], [0.6, 0, 1.5], [INF, 1.5, 0]]
    np.testing.assert_allclose(tag_distance(google, knowledge, 0.5), expected)
    np.testing.assert_array_equal(tag_distance(google, knowledge, 0), google)


def test_equation_5_by_hand():
    distance = np.array([[0, 1, 2], [1, 0, INF], [2, INF, 0]])
    # Finite pairs have dist^2 of 1 and 4, each twice: the median is 2.5.
    xi = similarity_matrix(distance)
    np.testing.assert_allclose(
        xi,
        [
            [0, math.exp(-1 / 2.5), math.exp(-4 / 2.5)],
            [math.exp(-1 / 2.5), 0, 0],
            [math.exp(-4 / 2.5), 0, 0],
        ],
    )


def test_any_array_like_gives_float64():
    for distance in ([[0, 1], [1, 0]], np.array([[0, 1], [1, 0]], dtype=np.float16)):
        xi = similarity_matrix(distance)
        assert xi.dtype == np.float64
        np.testing.assert_allclose(xi, [[0, math.exp(-1)], [math.exp(-1), 0]])


def test_degenerate_sigma():
    np.testing.assert_array_equal(similarity_matrix(np.zeros((2, 2))), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(similarity_matrix(np.array([[0, INF], [INF, 0]])), np.zeros((2, 2)))
    assert similarity_matrix(np.zeros((0, 0))).shape == (0, 0)


def test_the_graph_laplacian_is_positive_semidefinite():
    distance = np.random.default_rng(0).random((20, 20))
    xi = similarity_matrix(distance + distance.T)
    eigenvalues = np.linalg.eigvalsh(np.diag(xi.sum(axis=1)) - xi)
    assert eigenvalues.min() > -1e-12
    assert not xi.diagonal().any()


def test_input_is_left_alone():
    distance = np.array([[0.0, 1.0], [1.0, 0.0]])
    similarity_matrix(distance)
    np.testing.assert_array_equal(distance, [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    "distance", [np.zeros((2, 3)), [[0, -1], [-1, 0]], [[0, math.nan], [math.nan, 0]], [[0, 1], [2, 0]]]
)
def test_bad_distances(distance):
    with pytest.raises(DataError):
        similarity_matrix(np.asarray(distance, dtype=float))


def test_bad_parameters():
    with pytest.raises(DataError, match="shape"):
        tag_distance(np.zeros((2, 2)), np.zeros((3, 3)), 1)
    for alpha in (-1, math.nan, INF):
        with pytest.raises(ConfigError, match="alpha"):
            tag_distance(np.zeros((2, 2)), np.zeros((2, 2)), alpha)
