import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.methods.factorization import (
    UnitFeatures,
    factor_product,
    factorize,
    fold_in,
    initial_factors,
    update_images,
    update_tags,
)

ANY = UnitFeatures(split=False)


def data() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(2)
    tags = (rng.random((30, 9)) < 0.3).astype(float)
    tags[:3], tags[:, 4] = 0, 0  # images without tags, a tag without images
    return tags, rng.random((30, 7))


def links(size: int) -> NDArray[np.float64]:
    graph = np.random.default_rng(size).random((size, size)) * (1 - np.eye(size))
    return graph + graph.T


def objective(
    T: NDArray[np.float64],
    X: NDArray[np.float64],
    U: NDArray[np.float64],
    V: NDArray[np.float64],
    W: NDArray[np.float64],
    alpha: float,
    beta: float,
    of_images: NDArray[np.float64],
    of_tags: NDArray[np.float64],
) -> float:
    """J by its definition, the graphs pair by pair."""
    X = X / np.linalg.norm(X, axis=1, keepdims=True)
    J = 0.5 * ((T - U @ V) ** 2).sum() + alpha / 2 * ((U - X @ W) ** 2).sum()
    J += beta / 2 * ((U**2).sum() + (V**2).sum() + (W**2).sum())
    for graph, factors in ((of_images, U), (of_tags, V.T)):
        for i in range(len(graph)):
            for j in range(i):
                J += 0.5 * graph[i, j] * ((factors[i] - factors[j]) ** 2).sum()
    return float(J)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("beta", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("gamma", [0.0, 0.3])
def test_objective_is_that_of_the_text_and_never_rises(alpha: float, beta: float, gamma: float) -> None:
    T, X = data()
    of_images, of_tags = gamma * links(30), gamma * links(9)
    found = factorize(
        T,
        ANY,
        X,
        rank=4,
        alpha=alpha,
        beta=beta,
        image_links=csr_matrix(of_images) if gamma else None,
        tag_links=of_tags if gamma else None,
        iterations=300,
        tolerance=0.0,
    )
    by_hand = objective(T, X, found.U, found.V, found.W, alpha, beta, of_images, of_tags)
    assert found.objective[-1] == pytest.approx(by_hand, rel=1e-9)
    # 300 rounds, or until rounding stops the fall
    assert len(found.objective) > 20
    steps = np.diff(found.objective)
    assert (steps <= 1e-12 * np.array(found.objective[:-1])).all()
    assert found.objective[-1] < 0.95 * found.objective[0]
    assert min(found.U.min(), found.V.min(), found.W.min()) >= 0


def test_each_update_lowers_the_objective() -> None:
    T, X = data()
    rng = np.random.default_rng(7)
    U, V, W = rng.random((30, 4)), rng.random((4, 9)), rng.random((7, 4))
    of_images, of_tags = links(30), links(9)
    target = ANY.times(X, W)
    start = objective(T, X, U, V, W, 1.0, 0.1, of_images, of_tags)
    moved = update_images(csr_matrix(T), U, V, target, 1.0, 0.1, csr_matrix(of_images))
    after_images = objective(T, X, moved, V, W, 1.0, 0.1, of_images, of_tags)
    after_tags = objective(
        T, X, moved, update_tags(csr_matrix(T), moved, V, 0.1, of_tags), W, 1.0, 0.1, of_images, of_tags
    )
    assert after_tags < after_images < start


def test_updates_by_plain_loops() -> None:
    T, _ = data()
    rng = np.random.default_rng(7)
    U, V, target = rng.random((30, 4)), rng.random((4, 9)), rng.random((30, 4))
    expected = U.copy()
    for i in range(30):
        for k in range(4):
            above = sum(T[i, c] * V[k, c] for c in range(9)) + 0.7 * target[i, k]
            below = (
                sum(U[i, m] * V[m, c] * V[k, c] for m in range(4) for c in range(9)) + (0.7 + 0.2) * U[i, k]
            )
            expected[i, k] = U[i, k] * above / below
    np.testing.assert_allclose(update_images(csr_matrix(T), U, V, target, 0.7, 0.2), expected, rtol=1e-9)
    expected = V.copy()
    for k in range(4):
        for c in range(9):
            above = sum(U[i, k] * T[i, c] for i in range(30))
            below = sum(U[i, k] * U[i, m] * V[m, c] for i in range(30) for m in range(4)) + 0.2 * V[k, c]
            expected[k, c] = V[k, c] * above / below
    np.testing.assert_allclose(update_tags(csr_matrix(T), U, V, 0.2), expected, rtol=1e-9, atol=1e-12)


def test_a_matrix_of_rank_one_is_found_exactly() -> None:
    T = np.array([[2.0, 4.0], [1.0, 2.0]])
    found = factorize(T, ANY, np.ones((2, 1)), rank=1, alpha=0.0, beta=0.0, tolerance=0.0)
    np.testing.assert_allclose(found.U @ found.V, T, rtol=1e-9)
    assert found.objective[-1] == pytest.approx(0.0, abs=1e-12)


def test_an_exact_product_is_found_up_to_local_optima() -> None:
    rng = np.random.default_rng(0)
    T = rng.random((20, 2)) @ rng.random((2, 10))
    best = min(
        factorize(
            T, ANY, np.ones((20, 1)), rank=2, alpha=0.0, beta=0.0, iterations=3000, tolerance=0.0, seed=seed
        ).objective[-1]
        for seed in range(3)
    )
    assert best < 1e-4 * (T**2).sum()


def test_first_factors_have_the_scale_of_the_tags() -> None:
    T, _ = data()
    U, V = initial_factors(csr_matrix(T), 50, 0)
    assert U.shape == (30, 9) and V.shape == (9, 9)
    # r entries of U, of mean 1/2 of the scale, times a constant of that scale.
    assert (U @ V).mean() == pytest.approx(T.mean() / 2, rel=0.2)


def test_features_are_unit_rows_without_signs() -> None:
    features = np.array([[3.0, -4.0], [0.0, 0.0], [1.0, 0.0]], np.float32)
    view = UnitFeatures.of(features)
    assert view.split and not UnitFeatures.of(np.abs(features)).split
    expected = np.array([[0.6, 0, 0, 0.8], [0, 0, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_allclose(view.rows(features), expected, atol=1e-12)
    U, W = np.random.default_rng(0).random((3, 2)), np.random.default_rng(1).random((4, 2))
    np.testing.assert_allclose(view.times(features, W), expected @ W)
    np.testing.assert_allclose(view.transposed_times(features, U), expected.T @ U)
    np.testing.assert_allclose(view.gram(features), expected.T @ expected)


def test_fold_in_finds_the_best_images_for_fixed_tags() -> None:
    T, _ = data()
    rng = np.random.default_rng(3)
    V, target = rng.random((4, 9)), rng.random((30, 4))
    U = fold_in(csr_matrix(T), V, target, 1.0, 0.1)
    # At a minimum over U >= 0 the gradient is 0 where U > 0 and not negative elsewhere.
    gradient = (U @ V - T) @ V.T + 1.0 * (U - target) + 0.1 * U
    assert np.abs(U * gradient).max() < 0.02 and gradient.min() > -0.05
    alone = fold_in(csr_matrix(T[4:5]), V, target[4:5], 1.0, 0.1)
    np.testing.assert_allclose(alone[0], U[4], rtol=1e-10)
    np.testing.assert_allclose(factor_product(U, V), U @ V, rtol=1e-6)
