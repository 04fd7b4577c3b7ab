"""The closed-form last layer against plain ridge regressions, one for each photo left out."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from tagrefine_core.model.least_squares import least_squares

N, D, C = 40, 6, 3


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    features = generator.normal(size=(N, D)) + 3.0
    likely = features @ generator.normal(size=(D, C)) + generator.normal(size=(N, C))
    tags = (likely > np.median(likely, axis=0)).astype(np.uint8)
    tags[:, 2] = 0  # a tag that nobody gave
    return features, tags


def each(function, features: np.ndarray, tags: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Give every tag the column of its own penalty."""
    return np.stack([function(features, tags, p)[:, t] for t, p in enumerate(penalties)], axis=1)


def naive(features: np.ndarray, tags: np.ndarray, penalty: float) -> np.ndarray:
    mean, rate = features.mean(axis=0), tags.mean(axis=0)
    x = photos = features - mean
    weight = np.linalg.solve(x.T @ x + penalty * np.eye(D), x.T @ (tags - rate))
    return photos @ weight


def left_out(features: np.ndarray, tags: np.ndarray, penalty: float) -> np.ndarray:
    """Fit without a photo, an unpenalized intercept included, and predict it; relative to the mean of all tags."""
    found = np.empty((N, C))
    for i in range(N):
        rest = np.delete(np.arange(N), i)
        x = np.column_stack([features[rest], np.ones(N - 1)])
        ridge = penalty * np.diag([*np.ones(D), 0.0])
        weight = np.linalg.solve(x.T @ x + ridge, x.T @ tags[rest])
        found[i] = np.append(features[i], 1.0) @ weight - tags.mean(axis=0)
    return found


def test_the_ridge_of_a_tag_is_the_one_that_predicts_photos_left_out_best(data):
    features, tags = data
    size = ((features - features.mean(axis=0)) ** 2).sum() / N
    penalties = 4.0 ** np.arange(-1, 5) * size
    errors = np.array(
        [
            ((tags - tags.mean(axis=0) - left_out(features, tags, penalty)) ** 2).sum(axis=0)
            for penalty in penalties
        ]
    )
    solved = least_squares(torch.from_numpy(features).float(), csr_matrix(tags))
    chosen = solved.penalty.numpy()
    np.testing.assert_allclose(chosen[:2], penalties[errors.argmin(axis=0)][:2], rtol=1e-5)
    assert chosen[0] != chosen[1]


def test_predictions_are_the_ridge_regression_scaled_by_photos_left_out(data):
    features, tags = data
    solved = least_squares(torch.from_numpy(features).float(), csr_matrix(tags))
    penalties = solved.penalty.numpy()
    spread = each(left_out, features, tags, penalties).std(axis=0)[:2]
    logits = features @ solved.weight.numpy().T + solved.bias.numpy()
    wanted = each(naive, features, tags, penalties)[:, :2] / spread
    centered = logits[:, :2] - logits[:, :2].mean(axis=0)
    np.testing.assert_allclose(centered, wanted - wanted.mean(axis=0), atol=1e-4)


def test_the_mean_probability_of_photos_left_out_is_the_rate(data):
    features, tags = data
    solved = least_squares(torch.from_numpy(features).float(), csr_matrix(tags))
    out = each(left_out, features, tags, solved.penalty.numpy())[:, :2]
    shift = solved.bias.numpy()[:2] + solved.weight.numpy()[:2] @ features.mean(axis=0)
    p = 1 / (1 + np.exp(-(out / out.std(axis=0) + shift)))
    np.testing.assert_allclose(p.mean(axis=0), tags[:, :2].mean(axis=0), atol=1e-4)


def test_a_tag_that_nobody_gave_has_no_weight_and_is_unlikely(data):
    features, tags = data
    solved = least_squares(torch.from_numpy(features).float(), csr_matrix(tags))
    assert not solved.weight[2].any()
    assert solved.bias[2] == pytest.approx(np.log(1e-4 / (1 - 1e-4)), rel=1e-3)


def test_photos_that_are_all_alike_teach_only_rates():
    tags = csr_matrix(np.array([[1], [0], [0], [1]], dtype=np.uint8))
    solved = least_squares(torch.ones(4, 3), tags)
    assert torch.isfinite(solved.weight).all()
    logits = torch.ones(1, 3) @ solved.weight.T + solved.bias
    assert torch.sigmoid(logits).item() == pytest.approx(0.5, abs=1e-4)
