import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods.graphs import laplacian
from tagrefine_core.methods.low_rank import separate, soft_threshold, threshold_singular_values

Floats = NDArray[np.float64]


def planted(seed: int = 0) -> tuple[Floats, Floats]:
    """Two blocks of ones in 60 x 20, and the same with 5 % of the entries flipped."""
    clean = np.zeros((60, 20))
    clean[:30, :6], clean[30:, 8:14] = 1, 1
    flips = np.random.default_rng(seed).random(clean.shape) < 0.05
    return clean, np.where(flips, 1 - clean, clean)


def graph(size: int, seed: int) -> csr_matrix:
    rng = np.random.default_rng(seed)
    links = np.triu((rng.random((size, size)) < 0.3) * rng.random((size, size)), 1)
    return laplacian(csr_matrix(links + links.T))


def by_svd(matrix: Floats, threshold: float) -> Floats:
    U, s, Vt = np.linalg.svd(matrix, full_matrices=False)
    return (U * np.maximum(s - threshold, 0)) @ Vt


def dense_steps(
    D: Floats, lambda1: float, lambda2: float, L_I: Floats, L_T: Floats, steps: int, mu: float = 1.0
) -> tuple[Floats, Floats]:
    """The same algorithm in a few dense lines, without a stopping rule."""
    norms = [np.linalg.norm(L, 2) for L in (L_I, L_T)]
    Lf = np.sqrt(4 * (mu * lambda2 * norms[0]) ** 2 + 4 * (mu * lambda2 * norms[1]) ** 2 + 6)
    A = A_before = E = E_before = np.zeros_like(D)
    b = b_before = 1.0
    for _ in range(steps):
        Y_A = A + (b_before - 1) / b * (A - A_before)
        Y_E = E + (b_before - 1) / b * (E - E_before)
        G_A = Y_A - (mu * lambda2 * (L_I @ Y_A + Y_A @ L_T) + Y_A + Y_E - D) / Lf
        G_E = Y_E - (Y_A + Y_E - D) / Lf
        A_before, E_before = A, E
        A = by_svd(G_A, mu / Lf)
        E = np.sign(G_E) * np.maximum(np.abs(G_E) - lambda1 * mu / Lf, 0)
        b_before, b = b, (1 + np.sqrt(1 + 4 * b**2)) / 2
        mu = max(0.9 * mu, 1e-9)
    return A, E


def test_singular_values_by_hand() -> None:
    np.testing.assert_allclose(
        threshold_singular_values(np.diag([3.0, 1.0, 0.2]), 0.5), np.diag([2.5, 0.5, 0.0]), atol=1e-12
    )


@pytest.mark.parametrize("shape", [(40, 7), (5, 12)])
def test_by_the_gram_matrix_as_by_the_svd(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(1).standard_normal(shape)
    np.testing.assert_allclose(threshold_singular_values(matrix, 1.5), by_svd(matrix, 1.5), atol=1e-11)
    np.testing.assert_allclose(threshold_singular_values(0 * matrix, 1.5), 0 * matrix)


def test_soft_threshold_by_hand() -> None:
    np.testing.assert_allclose(soft_threshold([1, -0.3, 0.05], 0.1), [0.9, -0.2, 0], atol=1e-12)


@pytest.mark.parametrize("lambda2", [0.0, 0.25])
@pytest.mark.parametrize("steps", [1, 2, 15])
def test_blocks_and_sparse_products_change_nothing(lambda2: float, steps: int) -> None:
    _, D = planted()
    L_I, L_T = graph(60, 1), graph(20, 2)
    found = separate(D, lambda1=0.3, lambda2=lambda2, L_I=L_I, L_T=L_T, iterations=steps, tolerance=0.0)
    A, E = dense_steps(D, 0.3, lambda2, L_I.toarray(), L_T.toarray(), steps)
    assert found.iterations == steps
    np.testing.assert_allclose(found.A, A, atol=2e-5)
    np.testing.assert_allclose(found.E, E, atol=2e-5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_blocks_are_recovered(seed: int) -> None:
    clean, flipped = planted(seed)
    flips = clean != flipped
    right = separate(flipped, lambda1=0.2)
    assert ((right.A > 0.5) == clean).all()
    assert (np.abs(right.E[flips]) > 0.5).all()


@pytest.mark.parametrize("lambda1", [1.0, 3.0])
def test_errors_that_cost_as_much_as_rank_never_pay(lambda1: float) -> None:
    """With mu fixed, lowered singular values and E = 0 are optimal, as ``|D - A| <= mu``."""
    _, flipped = planted()
    found = separate(flipped, lambda1=lambda1, continuation=1.0, iterations=2000, tolerance=0.0)
    np.testing.assert_allclose(found.A, by_svd(flipped, 1.0), atol=1e-3)
    np.testing.assert_allclose(found.E, 0.0, atol=1e-3)


def test_the_flips_stay_where_errors_cost_as_much_as_rank() -> None:
    clean, flipped = planted()
    kept = (separate(flipped, lambda1=1.0).A > 0.5) == flipped
    assert kept[clean != flipped].all()


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_errors_cheaper_than_the_first_singular_value_take_everything(share: float) -> None:
    """With mu fixed, ``E = soft(D)`` and A = 0 are optimal, as ``||D - E||_2 = lambda1 mu ||D||_2 <= mu``."""
    _, flipped = planted()
    lambda1 = share / np.linalg.norm(flipped, 2)
    found = separate(flipped, lambda1=float(lambda1), continuation=1.0, iterations=2000, tolerance=0.0)
    np.testing.assert_allclose(found.A, 0.0, atol=1e-3)
    np.testing.assert_allclose(found.E, flipped * (1 - lambda1), atol=1e-3)


def test_smoothness_fills_a_row_from_its_neighbors() -> None:
    _, flipped = planted()
    flipped[0] = 0
    links = np.zeros((60, 60))
    links[0, 1:6] = links[1:6, 0] = 1
    alone = separate(flipped, lambda1=0.3).A[0]
    joined = separate(flipped, lambda1=0.3, lambda2=1.0, L_I=laplacian(csr_matrix(links))).A[0]
    assert np.abs(alone).max() < 1e-3
    assert joined[:6].min() > joined[6:].max() + 0.02


def test_it_stops_when_nothing_moves() -> None:
    _, flipped = planted()
    assert separate(flipped, lambda1=0.3, tolerance=1e-2).iterations < 50
    assert separate(0 * flipped, lambda1=0.3).iterations == 1
    assert separate(flipped, lambda1=0.3, iterations=3).iterations == 3


@pytest.mark.parametrize(
    "wrong", [{"lambda1": -1.0}, {"lambda2": np.nan}, {"mu": 0.0}, {"continuation": 1.5}]
)
def test_parameters_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        separate(np.ones((2, 2)), **{"lambda1": 0.5, **wrong})
