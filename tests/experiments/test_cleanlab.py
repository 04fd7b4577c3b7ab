"""What benchmarks/cleanlab.py asks: the parts that need cleanlab are skipped without it."""

import importlib.util

import numpy as np
import pytest

from benchmarks.cleanlab import fits, issues, out_of_fold, precisions

needs_cleanlab = pytest.mark.skipif(
    importlib.util.find_spec("cleanlab") is None,
    reason="cleanlab is an optional extra: pip install .[cleanlab]",
)


def separable(photos=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random((photos, 2)) < 0.4
    features = (truth @ rng.normal(0, 2, (2, 6)) + rng.normal(0, 0.3, (photos, 6))).astype(np.float32)
    return features, truth


def test_queues_are_counted_by_hand(monkeypatch):
    monkeypatch.setattr("benchmarks.cleanlab.TOPS", (1, 2, 4))
    given = np.array([[True, True], [True, False], [False, False]])
    truth = np.array([[0, 1], [0, 1], [-1, 0]], np.int8)
    likely = np.array([[0.1, 0.3], [0.5, 0.2], [0.9, 0.7]])
    # Given, the least likely first: wrong, right, wrong. Not given, the likeliest first: nobody judged .9; .7 is right so, .2 is missing.
    assert precisions(likely, given, truth, True) == pytest.approx([1, 1 / 2, 2 / 3])
    assert precisions(likely, given, truth, False) == pytest.approx([0, 1 / 2, 1 / 2])


def test_no_regression_has_seen_the_photo_it_is_asked_about():
    features, given = separable()
    given = np.column_stack([given, np.zeros(len(given), bool)])
    plain = out_of_fold(features, given, folds=3, seed=0)
    flipped = given.copy()
    flipped[7] = ~flipped[7]
    again = out_of_fold(features, flipped, folds=3, seed=0)
    np.testing.assert_array_equal(plain[7, :2], again[7, :2])
    assert plain[given[:, 0], 0].min() > plain[~given[:, 0], 0].max() and plain[:, 2].max() == 0


@needs_cleanlab
def test_cleanlab_finds_labels_that_are_exchanged():
    _, truth = separable()
    given = truth.copy()
    given[:9, 0] = ~given[:9, 0]
    probabilities = np.where(truth, 0.95, 0.05) + np.random.default_rng(1).normal(0, 0.01, truth.shape)
    found = issues(given, probabilities)
    assert found.shape == truth.shape and found[:9, 0].sum() >= 8 and not found[9:].any()
    likely = fits(given, probabilities)
    assert likely[truth].min() > likely[~truth].max(), "quality is turned round where a label is not given"
