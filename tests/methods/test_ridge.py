"""Ridge as a method: the closed form on centered features, against numpy."""

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods import create
from tests.training.data import photos


def seen(features, power):
    """Features to a power, at unit length, less the mean."""
    raised = np.sign(features) * np.abs(features.astype(np.float64)) ** power
    unit = raised / np.linalg.norm(raised, axis=1, keepdims=True)
    return unit - unit.mean(axis=0)


def correlation(one, other):
    return np.corrcoef(one, other)[0, 1]


@pytest.mark.parametrize("power", [1.0, 0.6])
def test_against_ridge_regression_in_numpy(power):
    features, tags = photos(n=60)
    x, y = seen(features, power), tags.toarray() - tags.toarray().mean(axis=0)
    method = create("ridge", power=power, prototype=0.0).fit(features, tags)
    scores = method.refine(features, tags)
    for tag, penalty in enumerate(method.layer_.penalty.tolist()):
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y[:, tag])
        # The method scales and shifts each tag's predictions; what they say is the same.
        assert correlation(x @ weights, scores[:, tag]) > 1 - 1e-6
    new, _ = photos(n=5, seed=4)
    np.testing.assert_allclose(
        method.annotate(new), method.refine(new, np.zeros((5, 6), np.uint8)), rtol=1e-6
    )


def test_the_other_end_is_the_mean_feature_of_a_tags_photos():
    features, tags = photos(n=60)
    x = seen(features, 0.6)
    scores = create("ridge", prototype=1.0).fit(features, tags).annotate(features)
    for tag in range(tags.shape[1]):
        typical = x[tags.toarray()[:, tag] == 1].mean(axis=0)
        assert correlation(x @ typical, scores[:, tag]) > 1 - 1e-6


def test_tags_that_count_in_part_pull_in_part():
    features, tags = photos(n=60)
    half = tags.toarray() * np.where(np.arange(60) % 2, 1.0, 0.5)[:, None]
    scores = [create("ridge").fit(features, given).annotate(features) for given in (tags, half, half > 0)]
    assert not np.allclose(scores[0], scores[1])
    np.testing.assert_array_equal(scores[0], scores[2])


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"power": 0}, "power must be above 0 and at most 1; got 0"),
        ({"power": 1.5}, "power must be above 0"),
        ({"prototype": -0.1}, r"prototype must be from 0 to 1; got -0\.1"),
        ({"prototype": float("nan")}, "prototype must be from 0 to 1"),
    ],
)
def test_shares_and_powers_have_limits(parameters, said):
    with pytest.raises(ConfigError, match=said):
        create("ridge", **parameters).fit(*photos(n=20))
