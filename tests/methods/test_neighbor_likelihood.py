import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from tagrefine_core.methods import neighbor_likelihood
from tagrefine_core.methods.neighbor_likelihood import EPSILON, NeighborLikelihood, propagate

IMAGES, TAGS, K = 25, 6, 5
Data = tuple[NDArray[np.int64], NDArray[np.float64], csr_matrix]
Sigmoids = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture
def data() -> Data:
    rng = np.random.default_rng(3)
    tags = (rng.random((IMAGES, TAGS)) < 0.35).astype(np.uint8)
    tags[:4] = 0
    others = [np.delete(np.arange(IMAGES), i) for i in range(IMAGES)]
    neighbors = np.array([rng.choice(rest, K, replace=False) for rest in others])
    return neighbors, np.sort(rng.random((IMAGES, K)), axis=1), csr_matrix(tags)


def weights(parameters: NDArray[np.float64], distances: NDArray[np.float64] | None) -> NDArray[np.float64]:
    raw = (
        np.tile(np.exp(parameters), (IMAGES, 1)) if distances is None else np.exp(-parameters[0] * distances)
    )
    return raw / raw.sum(axis=1, keepdims=True)


def naive_loss(
    data: Data, parameters: NDArray[np.float64], by_rank: bool, sigmoids: Sigmoids | None
) -> float:
    neighbors, distances, tags = data
    T = tags.toarray()
    pi = weights(parameters, None if by_rank else distances)
    present = int(T.sum())
    loss = 0.0
    for i in range(IMAGES):
        for w in range(TAGS):
            x = sum(pi[i, k] * T[neighbors[i, k], w] for k in range(K))
            if sigmoids is None:
                h = EPSILON + (1 - 2 * EPSILON) * x
            else:
                h = 1 / (1 + np.exp(-(sigmoids[0][w] * x + sigmoids[1][w])))
            if T[i, w]:
                loss -= 0.5 / present * np.log(h)
            else:
                loss -= 0.5 / (IMAGES * TAGS - present) * np.log(1 - h)
    return loss


@pytest.mark.parametrize("by_rank", [True, False])
@pytest.mark.parametrize("with_sigmoids", [True, False])
class TestOnRandomData:
    def model(self, data: Data, by_rank: bool) -> NeighborLikelihood:
        return NeighborLikelihood(data[0], None if by_rank else data[1], data[2])

    def at(self, by_rank: bool, with_sigmoids: bool) -> tuple[NDArray[np.float64], Sigmoids | None]:
        rng = np.random.default_rng(8)
        parameters = rng.standard_normal(K) if by_rank else np.array([2.3])
        return parameters, (
            rng.standard_normal(TAGS) * 3,
            rng.standard_normal(TAGS),
        ) if with_sigmoids else None

    def test_loss_equals_plain_loops(self, data: Data, by_rank: bool, with_sigmoids: bool) -> None:
        parameters, sigmoids = self.at(by_rank, with_sigmoids)
        loss = self.model(data, by_rank).loss(parameters, sigmoids)
        assert loss == pytest.approx(naive_loss(data, parameters, by_rank, sigmoids), rel=1e-12)

    def test_gradient_equals_differences(self, data: Data, by_rank: bool, with_sigmoids: bool) -> None:
        parameters, sigmoids = self.at(by_rank, with_sigmoids)
        model = self.model(data, by_rank)
        step = 1e-5
        differences = [
            (model.loss(parameters + step * unit, sigmoids) - model.loss(parameters - step * unit, sigmoids))
            / (2 * step)
            for unit in np.eye(len(parameters))
        ]
        gradient = model.gradient(parameters, sigmoids)
        assert np.abs(gradient).max() > 1e-3
        assert np.abs(gradient - differences).max() < 1e-6 * np.abs(gradient).max()


@pytest.mark.parametrize("by_rank", [True, False])
def test_votes_made_anew_in_small_blocks_change_nothing(
    data: Data, by_rank: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbors, distances, tags = data
    lists = neighbors, None if by_rank else distances
    parameters = np.linspace(-0.5, 0.5, K) if by_rank else np.array([0.7])
    kept = NeighborLikelihood(*lists, tags)
    monkeypatch.setattr(neighbor_likelihood, "KEPT_BYTES", 0)
    monkeypatch.setattr(neighbor_likelihood, "BLOCK_BYTES", 2000)
    anew = NeighborLikelihood(*lists, tags)
    assert len(list(anew._blocks())) > 1
    assert anew.loss(parameters) == pytest.approx(kept.loss(parameters))
    np.testing.assert_allclose(anew.gradient(parameters), kept.gradient(parameters))


def test_each_sigmoid_is_the_best_one(data: Data) -> None:
    neighbors, _, tags = data
    model = NeighborLikelihood(neighbors, None, tags)
    lam = np.linspace(1, 0, K)
    a, b = model.fit_sigmoids(lam)
    reached = model.loss(lam, (a, b))
    best = minimize(
        lambda p: naive_loss(data, lam, True, (p[:TAGS], p[TAGS:])),
        np.zeros(2 * TAGS),
        options={"gtol": 1e-8},
    )
    assert reached == pytest.approx(best.fun, rel=1e-5)
    again = model.fit_sigmoids(lam, (a, b))
    assert model.loss(lam, again) <= reached


def test_tags_on_no_image_or_on_all_get_a_constant() -> None:
    tags = csr_matrix(np.array([[0, 1, 1], [0, 1, 0], [0, 1, 1], [0, 1, 0]], np.uint8))
    neighbors = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    a, b = NeighborLikelihood(neighbors, None, tags).fit_sigmoids(np.zeros(2))
    assert a[:2].tolist() == [0.0, 0.0]
    h = 1 / (1 + np.exp(-b))
    assert h[0] == pytest.approx(EPSILON) and h[1] == pytest.approx(1 - EPSILON)


def test_separable_tags_end_finite() -> None:
    tags = csr_matrix(np.array([[1], [1], [0], [0]], np.uint8))
    neighbors = np.array([[1], [0], [3], [2]])
    a, b = NeighborLikelihood(neighbors, None, tags).fit_sigmoids(np.zeros(1))
    assert np.isfinite([a[0], b[0]]).all()
    assert a[0] + b[0] > 5 and b[0] < -5


def test_propagate_with_hand_weights() -> None:
    tags = csr_matrix(np.array([[1, 0], [0, 1], [1, 1]], np.float64))
    shares = propagate(np.array([[0, 1], [2, 0]]), np.array([0.75, 0.25]), tags)
    assert shares.toarray().tolist() == [[0.75, 0.25], [1.0, 0.75]]
    assert propagate(np.empty((2, 0), np.int64), np.empty(0), tags).toarray().tolist() == [[0, 0], [0, 0]]
