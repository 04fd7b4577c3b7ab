"""Ridge as a method: the closed form on centered features, against numpy."""

import numpy as np

from tagrefine_core.methods import create
from tests.training.data import photos


def test_against_ridge_regression_in_numpy():
    features, tags = photos(n=60)
    method = create("ridge").fit(features, tags)
    unit = features.astype(np.float64) / np.linalg.norm(features, axis=1, keepdims=True)
    x = unit - unit.mean(axis=0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    centered, y = x - x.mean(axis=0), tags.toarray() - tags.toarray().mean(axis=0)
    scores = method.refine(features, tags)
    for tag, penalty in enumerate(method.layer_.penalty.tolist()):
        weights = np.linalg.solve(
            centered.T @ centered + penalty * np.eye(x.shape[1]), centered.T @ y[:, tag]
        )
        # The method scales and shifts each tag's predictions; what they say is the same.
        assert np.corrcoef(centered @ weights, scores[:, tag])[0, 1] > 1 - 1e-6
    new, _ = photos(n=5, seed=4)
    np.testing.assert_allclose(
        method.annotate(new), method.refine(new, np.zeros((5, 6), np.uint8)), rtol=1e-6
    )


def test_tags_that_count_in_part_pull_in_part():
    features, tags = photos(n=60)
    half = tags.toarray() * np.where(np.arange(60) % 2, 1.0, 0.5)[:, None]
    scores = [create("ridge").fit(features, given).annotate(features) for given in (tags, half, half > 0)]
    assert not np.allclose(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])
