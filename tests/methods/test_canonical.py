import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.errors import DataError
from tagrefine_core.methods.canonical import canonical_correlation, tag_vectors


def covariances(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return x.T @ x / (len(x) - 1), y.T @ y / (len(x) - 1), x.T @ y / (len(x) - 1)


def views(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((60, 2))
    x = np.hstack((shared + 0.3 * rng.standard_normal((60, 2)), rng.standard_normal((60, 3))))
    y = np.hstack((shared + 0.5 * rng.standard_normal((60, 2)), rng.standard_normal((60, 2))))
    return x @ rng.standard_normal((5, 5)), y @ rng.standard_normal((4, 4))


@pytest.mark.parametrize(("ridge", "correlation"), [(0.0, 0.6), (1.0, 0.375)])
def test_one_dimension_by_hand(ridge: float, correlation: float) -> None:
    x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[2.0], [1.0], [4.0], [3.0]])
    found = canonical_correlation(*covariances(x, y), q=1, rx=ridge, ry=ridge)
    assert found.correlations[0] == pytest.approx(correlation, abs=1e-12)


def test_projections_are_white_and_correlate_as_said() -> None:
    x, y = views()
    Cx, Cy, Cxy = covariances(x, y)
    found = canonical_correlation(Cx, Cy, Cxy, q=3, rx=0.2, ry=0.1)
    np.testing.assert_allclose(found.Wx.T @ (Cx + 0.2 * np.eye(5)) @ found.Wx, np.eye(3), atol=1e-10)
    np.testing.assert_allclose(found.Wy.T @ (Cy + 0.1 * np.eye(4)) @ found.Wy, np.eye(3), atol=1e-10)
    np.testing.assert_allclose(found.Wx.T @ Cxy @ found.Wy, np.diag(found.correlations), atol=1e-10)
    assert np.all(np.diff(found.correlations) <= 0)


def test_without_ridges_the_projections_have_these_correlations() -> None:
    x, y = views()
    found = canonical_correlation(*covariances(x, y), q=4)
    for j, correlation in enumerate(found.correlations):
        measured = np.corrcoef(x @ found.Wx[:, j], y @ found.Wy[:, j])[0, 1]
        assert measured == pytest.approx(correlation, abs=1e-10)


def test_correlations_do_not_depend_on_coordinates() -> None:
    x, y = views()
    rng = np.random.default_rng(9)
    moved = canonical_correlation(
        *covariances(x @ rng.standard_normal((5, 5)) + 7, y @ rng.standard_normal((4, 4))), q=4
    )
    straight = canonical_correlation(*covariances(x, y), q=4)
    np.testing.assert_allclose(moved.correlations, straight.correlations, atol=1e-9)


def test_a_singular_covariance_needs_a_ridge() -> None:
    x, y = views()
    doubled = np.hstack((x, x[:, :1]))
    with pytest.raises(DataError, match="ridge"):
        canonical_correlation(*covariances(doubled, y), q=2)
    with pytest.raises(DataError, match="ridge"):
        canonical_correlation(np.zeros((2, 2)), np.eye(1), np.zeros((2, 1)), q=1)
    found = canonical_correlation(*covariances(doubled, y), q=2, rx=0.1)
    assert np.isfinite(found.Wx).all()


def test_more_directions_than_there_are() -> None:
    x, y = views()
    assert canonical_correlation(*covariances(x, y), q=50).Wx.shape == (5, 4)


def naive_information(tags: np.ndarray) -> np.ndarray:
    c = tags.shape[1]
    table = np.zeros((c, c))
    for i in range(c):
        for j in range(c):
            joint = np.mean(tags[:, i] * tags[:, j])
            if joint:
                table[i, j] = max(0.0, np.log(joint / (tags[:, i].mean() * tags[:, j].mean())))
    return table


def test_vectors_of_all_dimensions_keep_the_information() -> None:
    tags = (np.random.default_rng(2).random((50, 7)) < 0.3).astype(np.uint8)
    vectors = tag_vectors(csr_matrix(tags), 7)
    # With M = Q D Q', the vectors are Q |D|^(1/2): their Gram matrix is the square root of M M'.
    information = naive_information(tags)
    np.testing.assert_allclose(
        (vectors @ vectors.T) @ (vectors @ vectors.T), information @ information, atol=1e-10
    )


def test_few_dimensions_are_the_largest() -> None:
    tags = (np.random.default_rng(2).random((50, 7)) < 0.3).astype(np.uint8)
    singular = np.linalg.svd(naive_information(tags), compute_uv=False)
    vectors = tag_vectors(csr_matrix(tags), 2)
    assert vectors.shape == (7, 2)
    np.testing.assert_allclose((vectors**2).sum(axis=0), singular[:2], rtol=1e-10)


def test_tags_that_tell_nothing_have_no_vector() -> None:
    tags = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 0]], np.uint8)
    vectors = tag_vectors(csr_matrix(tags), 3)
    assert np.abs(vectors[:2]).max() < 1e-12
    assert np.abs(vectors[2]).max() == pytest.approx(np.sqrt(np.log(3)))
