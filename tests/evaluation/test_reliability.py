"""Reliability diagrams and expected calibration errors."""

import numpy as np
import pytest

from tagrefine_core.errors import DataError
from tagrefine_core.evaluation import reliability


def naive(scores, truth, bins):
    """Sort pairs into bins one by one."""

    def error(pairs):
        total = 0.0
        for number in range(bins):
            inside = [(s, r) for s, r in pairs if min(int(s * bins), bins - 1) == number]
            if inside:
                distance = abs(np.mean([s for s, _ in inside]) - np.mean([r for _, r in inside]))
                total += len(inside) / len(pairs) * distance
        return total if pairs else np.nan

    pairs = [
        [(float(s), float(r)) for s, r in zip(column, judged, strict=True) if r != -1]
        for column, judged in zip(scores.T, truth.T, strict=True)
    ]
    return error([pair for label in pairs for pair in label]), [error(label) for label in pairs]


def case(seed, photos=200, labels=5):
    rng = np.random.default_rng(seed)
    scores = rng.random((photos, labels)).astype(np.float32) ** 2
    scores[:3, 0] = 0, 1, 0.4  # 0.4 is the edge of a bin of fifteen
    truth = (rng.random(scores.shape) < scores**1.5).astype(np.int8)
    truth[rng.random(scores.shape) < 0.2] = -1
    truth[:, 2] = -1
    return scores, truth


def test_worked_example():
    scores = np.array([[0.2, 0.9], [0.4, 0.9], [0.7, 1.0], [0.1, 0.6]])
    truth = np.array([[0, 1], [1, 0], [1, 1], [-1, -1]])
    found = reliability(scores, truth, bins=2)
    assert found.count.tolist() == [2, 4], "the last photo was not judged"
    np.testing.assert_allclose(found.probability, [0.3, 0.875])
    np.testing.assert_allclose(found.relevant, [0.5, 0.75])
    assert found.pooled == pytest.approx((2 * 0.2 + 4 * 0.125) / 6)
    # The first label: two below .5 (.3 against .5), one above (.7 against 1). The second: .9333 against .6667.
    np.testing.assert_allclose(found.by_label, [(2 * 0.2 + 0.3) / 3, 2.8 / 3 - 2 / 3])
    assert found.mean == pytest.approx(np.mean(found.by_label))


@pytest.mark.parametrize("bins", [1, 7, 15])
@pytest.mark.parametrize("seed", range(3))
def test_equals_a_naive_implementation(seed, bins):
    scores, truth = case(seed)
    found = reliability(scores, truth, bins=bins)
    pooled, by_label = naive(scores, truth, bins)
    assert found.pooled == pytest.approx(pooled)
    np.testing.assert_allclose(found.by_label, by_label)
    assert found.count.sum() == (truth != -1).sum()
    assert np.isnan(found.by_label[2]) and found.mean == pytest.approx(np.nanmean(by_label))


def test_errors_of_labels_do_not_make_up_for_each_other():
    scores = np.full((100, 2), 0.5)
    truth = np.zeros((100, 2), dtype=int)
    truth[:80, 0] = truth[:20, 1] = 1
    found = reliability(scores, truth)
    assert found.pooled == pytest.approx(0) and found.mean == pytest.approx(0.3)


def test_probabilities_at_their_word_have_little_error():
    rng = np.random.default_rng(5)
    scores = rng.random((20_000, 3))
    truth = (rng.random(scores.shape) < scores).astype(int)
    assert reliability(scores, truth).pooled < 0.01
    assert reliability(scores**3, truth).pooled > 0.2


def test_blocks_are_as_one(monkeypatch):
    scores, truth = case(7)
    whole = reliability(scores, truth)
    monkeypatch.setattr("tagrefine_core.evaluation.calibration._BLOCK", 9)
    parts = reliability(scores, truth)
    np.testing.assert_array_equal(parts.count, whole.count)
    np.testing.assert_allclose(parts.by_label, whole.by_label)


def test_without_judged_pairs_all_is_undefined():
    found = reliability(np.full((3, 2), 0.5), np.full((3, 2), -1))
    assert np.isnan([found.pooled, found.mean]).all() and np.isnan(found.relevant).all()
    assert found.count.tolist() == [0] * 15


@pytest.mark.parametrize(
    ("message", "scores", "truth"),
    [
        ("differ in shape", [[0.5]], [[1, 0]]),
        ("only probabilities", [[1.5]], [[1]]),
        ("only probabilities", [[-float("inf")]], [[1]]),
        ("must be finite", [[float("nan")]], [[1]]),
        (r"truth\[0, 0\] is 3", [[0.5]], [[3]]),
    ],
)
def test_mistakes_are_named(message, scores, truth):
    with pytest.raises(DataError, match=message):
        reliability(scores, truth)
