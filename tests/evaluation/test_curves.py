import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve as reference

from tagrefine_core.errors import DataError
from tagrefine_core.evaluation import precision_recall_curve


def test_hand_made():
    curve = precision_recall_curve([0.9, 0.5, 0.5, 0.1, 0.7], [1, 1, 0, 0, -1])
    np.testing.assert_allclose(curve.thresholds, [0.9, 0.5, 0.1])
    np.testing.assert_allclose(curve.precision, [1, 2 / 3, 1 / 2])
    np.testing.assert_allclose(curve.recall, [1 / 2, 1, 1])


def test_equals_the_one_of_scikit_learn():
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 20, 200) / 20, rng.integers(0, 2, 200)
    precision, recall, thresholds = reference(truth, scores)
    curve = precision_recall_curve(scores, truth)
    np.testing.assert_allclose(curve.thresholds, thresholds[::-1])
    np.testing.assert_allclose(curve.precision, precision[:-1][::-1])
    np.testing.assert_allclose(curve.recall, recall[:-1][::-1])


def test_undefined_and_mistakes():
    assert np.isnan(precision_recall_curve([0.5, -np.inf], [0, 0]).recall).all()
    assert len(precision_recall_curve([0.5], [-1]).thresholds) == 0
    with pytest.raises(DataError, match="nan"):
        precision_recall_curve([np.nan], [1])
