import numpy as np
import pytest
from scipy.special import expit
from sklearn.svm import SVC

from tagrefine_core.methods.bagged_svm import (
    IntersectionKernel,
    LinearKernel,
    TagModels,
    platt,
    unit_rows,
)


def histograms(seed=0, images=60, dimensions=7):
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.normal(size=(images, dimensions)), 0)
    positive = rng.random(images) < 0.3
    features[positive, 0] += 0.7
    return features, positive


def test_intersection_gram_is_the_sum_of_minima_and_positive_semidefinite():
    features, _ = histograms()
    gram = IntersectionKernel.gram(features)
    slow = [[sum(min(a, b) for a, b in zip(x, y, strict=True)) for y in features] for x in features]
    assert gram == pytest.approx(np.array(slow))
    assert np.linalg.eigvalsh(gram).min() > -1e-9


def test_encoding_interpolates_between_fifty_points():
    features, _ = histograms()
    kernel = IntersectionKernel(features.min(axis=0), features.max(axis=0))
    encoded = kernel.encode(features)
    assert encoded.shape == (60, 7 * 50)
    assert np.asarray(encoded.sum(axis=1)).ravel() == pytest.approx([7] * 60, rel=1e-5)
    # Tables of a function that is straight everywhere give the function.
    points = kernel.low[:, None] + np.arange(50) * kernel.step[:, None]
    assert encoded @ points.ravel() == pytest.approx(features.sum(axis=1), rel=1e-5)
    outside = kernel.encode(np.vstack((features.min(axis=0) - 1, features.max(axis=0) + 1)))
    assert outside @ points.ravel() == pytest.approx([kernel.low.sum(), features.max(axis=0).sum()], rel=1e-5)


def slow_decision(features, positive, queries):
    machine = SVC(kernel="precomputed", class_weight="balanced")
    gram = np.minimum(features[:, None], features).sum(axis=2)
    machine.fit(gram, positive)
    return machine.decision_function(np.minimum(queries[:, None], features).sum(axis=2))


def test_table_is_exact_where_values_are_on_its_points():
    rng = np.random.default_rng(0)
    features = rng.integers(0, 50, (80, 4)) / 49
    features[:2] = [[0] * 4, [1] * 4]
    positive = features[:, 0] + 0.3 * rng.normal(size=80) > 0.6
    kernel = IntersectionKernel(np.zeros(4), np.ones(4))
    found = kernel.encode(features) @ kernel.train(features, positive)
    assert found == pytest.approx(slow_decision(features, positive, features), abs=1e-4)


def test_table_is_close_elsewhere():
    features, positive = histograms()
    kernel = IntersectionKernel(features.min(axis=0), features.max(axis=0))
    found = kernel.encode(features) @ kernel.train(features, positive)
    expected = slow_decision(features, positive, features)
    assert np.abs(found - expected).max() < 0.05 * np.abs(expected).max()


def test_linear_machine_is_at_the_optimum_of_its_objective():
    features, positive = histograms()
    w = LinearKernel().train(features, positive)
    n, sign = len(positive), np.where(positive, 1.0, -1.0)
    weight = np.where(positive, 0.5 * n / positive.sum(), 0.5 * n / (~positive).sum())

    def objective(w):
        return 0.5 * w @ w + (weight * np.maximum(0, 1 - sign * (features @ w)) ** 2).sum()

    best = objective(w)
    for step in np.random.default_rng(0).normal(scale=0.01, size=(200, len(w))):
        assert objective(w + step) >= best - 1e-6


@pytest.mark.parametrize("overlap", [0.0, 2.0])
def test_platt_is_at_the_optimum_of_the_smoothed_likelihood(overlap):
    rng = np.random.default_rng(0)
    decisions = np.concatenate((rng.uniform(1 - overlap, 2, 20), rng.uniform(-2, -1 + overlap, 60)))
    positive = np.arange(80) < 20
    slope, offset = platt(decisions, positive)
    assert np.isfinite([slope, offset]).all() and slope > 0
    target = np.where(positive, 21 / 22, 1 / 62)
    error = expit(slope * decisions + offset) - target  # the gradient's factor
    assert abs(error.sum()) < 1e-3 and abs((error * decisions).sum()) < 1e-3


def test_platt_does_not_depend_on_the_scale():
    decisions, positive = np.array([3.0, 1.0, 2.0, -1.0, 0.5, -2.0]), np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    slope, offset = platt(decisions, positive)
    small_slope, small_offset = platt(decisions * 1e-6, positive)
    assert (small_slope * 1e-6, small_offset) == pytest.approx((slope, offset), rel=1e-5)


def test_platt_of_equal_decisions_is_the_share_of_positives():
    slope, offset = platt(np.full(40, 0.3), np.arange(40) < 10)
    assert slope == 0
    assert expit(offset) == pytest.approx((10 * 11 / 12 + 30 * 1 / 32) / 40)


def test_tag_without_a_machine_scores_its_prior():
    models = TagModels(priors=np.array([0.0, 0.25, 1.0, 0.5]), dimensions=3)
    models.put(3, np.array([1.0, 0.0, -1.0]), (2.0, 0.5))
    found = models.probabilities(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], dtype=np.float32))
    assert found[:, :3] == pytest.approx(np.array([[0, 0.25, 1], [0, 0.25, 1]]))
    assert found[:, 3] == pytest.approx(expit([2 * -2 + 0.5, 0.5]))


def test_unit_rows():
    rows = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]), np.array([1, 0]))
    assert rows.dtype == np.float32 and rows == pytest.approx(np.array([[0, 0], [0.6, 0.8]]))
