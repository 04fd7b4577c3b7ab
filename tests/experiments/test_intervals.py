import numpy as np
import pytest

from tagrefine_core.evaluation import evaluate, random_miap
from tagrefine_core.experiments.intervals import MEASURES, copies, interval, over_repeats, resampled


def case(seed, photos=30, labels=4, unjudged=0.1):
    rng = np.random.default_rng(seed)
    scores = np.round(rng.normal(size=(photos, labels)), 1).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    truth = rng.choice([0, 1, -1], size=scores.shape, p=[0.7 - unjudged, 0.3, unjudged]).astype(np.int8)
    return scores, truth


@pytest.mark.parametrize("seed", range(4))
def test_a_resample_is_measured_as_if_its_photos_were_there(seed):
    scores, truth = case(seed)
    truth[:, 0] = np.where(truth[:, 0] == 1, 0, truth[:, 0])  # a label without positives
    if seed == 3:
        scores[:] = 1  # all tied
    counts = copies(len(scores), 12, seed)
    found = resampled(scores, truth, counts)
    for draw in range(12):
        rows = np.repeat(np.arange(len(scores)), counts[:, draw])
        metrics = evaluate(scores[rows], truth[rows])
        np.testing.assert_allclose(found[draw], [getattr(metrics, key) for key in MEASURES], atol=1e-12)


def test_many_chunks_are_as_one(monkeypatch):
    scores, truth = case(7)
    counts = copies(len(scores), 9, 0)
    whole = resampled(scores, truth, counts)
    monkeypatch.setattr("tagrefine_core.experiments.intervals._CHUNK_BYTES", 1)
    np.testing.assert_allclose(resampled(scores, truth, counts), whole, rtol=1e-12)


def test_nothing_relevant_is_undefined():
    found = resampled(np.zeros((3, 2), np.float32), np.zeros((3, 2), np.int8), copies(3, 4, 0))
    assert np.all(found[:, 0] == 0) and np.isnan(found[:, 1:]).all()
    assert interval(found[:, 2]) is None


def test_resamples_have_as_many_photos():
    counts = copies(50, 20, 1)
    assert np.all(counts.sum(axis=0, dtype=int) == 50)
    assert np.array_equal(counts, copies(50, 20, 1)) and not np.array_equal(counts, copies(50, 20, 2))


def test_an_interval_covers_the_expectation():
    rng = np.random.default_rng(0)
    truth = np.tile(np.array([[1, 0, 0], [1, 1, 0]], np.int8), (40, 1))
    expected, covered = random_miap(truth), 0
    for seed in range(60):
        scores = rng.random(truth.shape).astype(np.float32)
        low, high = interval(resampled(scores, truth, copies(len(truth), 200, seed))[:, 0])
        covered += low <= expected <= high
    assert covered >= 51  # 95 % of 60 is 57, four standard errors below that 50


def test_an_interval_over_repeats_is_wider_by_what_repeats_differ_by():
    draws = np.zeros((4, 2000, 1)) + np.array([0.0, 1.0, 2.0, 3.0])[:, None, None]
    found = over_repeats(draws, seed=0)
    assert found.shape == (2000, 1)
    # The mean of four drawn from 0, 1, 2, 3: mean 1.5, variance 1.25 / 4.
    assert abs(found.mean() - 1.5) < 0.05 and abs(found.var() - 1.25 / 4) < 0.03
    photos = np.random.default_rng(0).normal(size=(1, 50, 3))
    np.testing.assert_array_equal(over_repeats(photos, seed=0), photos[0])
