"""What a picture can tell: a median and a binomial interval, by hand and by loops."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.stats import binom

from tagrefine_core.model.visualness import Visualness


def measured(logits, given):
    return Visualness.measure([(np.asarray(logits, dtype=float), csr_matrix(given))], np.shape(logits)[1])


def test_by_hand():
    logits = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    given = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    found = measured(logits, given)
    # Both carriers in the upper half; one in each half.
    np.testing.assert_allclose(found.value, [1.0, 0.0])
    # Two of two: shares of the lower half up to the one at which that has a chance of .1.
    np.testing.assert_allclose(found.low[0], max(0, 1 - 2 * (1 - np.sqrt(0.1))), atol=1e-6)
    assert found.high[0] == 1 and found.low[1] == 0


def test_against_numpy_and_the_binomial_distribution():
    generator = np.random.default_rng(0)
    logits = generator.normal(-4, 2, size=(3001, 6))
    given = generator.random((3001, 6)) < np.clip(0.02 + 0.03 * (logits + 4), 0, 1) * np.linspace(0, 1, 6)
    found = measured(logits, given)
    for tag in range(1, 6):
        carriers = logits[given[:, tag], tag]
        below = int((carriers < np.median(logits[:, tag])).sum())
        share = below / len(carriers)
        np.testing.assert_allclose(found.value[tag], np.clip(1 - 2 * share, 0, 1), atol=2 / len(carriers))
        # At the ends of the interval, what was seen has a chance of .1 (Clopper and Pearson).
        worst, best = (1 - found.low[tag]) / 2, (1 - found.high[tag]) / 2
        if found.low[tag]:
            assert binom.cdf(below, len(carriers), worst) == pytest.approx(0.1, abs=0.03)
        if found.high[tag] < 1:
            assert 1 - binom.cdf(below - 1, len(carriers), best) == pytest.approx(0.1, abs=0.03)
    assert (found.low[1:] > 0).all() and (found.high[1:] < 1).any()


def test_it_is_fair_to_tags_that_are_seldom_written():
    generator = np.random.default_rng(1)
    photos = 20_000
    people = np.arange(photos) < photos * 0.35
    logits = np.where(people, generator.normal(3, 1, photos), generator.normal(-3, 1, photos))[:, None]
    written = (people & (generator.random(photos) < 0.04))[:, None]
    found = measured(logits, written)
    assert found.low[0] > 0.95
    order = logits[:, 0].argsort().argsort()
    carriers = written[:, 0]
    auc = (order[carriers].mean() - (carriers.sum() - 1) / 2) / (photos - carriers.sum())
    assert auc < 0.85, "a plain AUC misjudges it"


def test_a_tag_on_most_photos_is_measured_by_how_far_it_could_go():
    generator = np.random.default_rng(4)
    logits = generator.normal(size=(2000, 2))
    given = np.column_stack([logits[:, 0] > np.quantile(logits[:, 0], 0.2), generator.random(2000) < 0.8])
    found = measured(logits, given)
    assert found.value[0] == pytest.approx(1, abs=0.01) and found.enough[0], "seen on 4 of 5 photos, and told"
    assert found.value[1] < 0.1 and not found.enough[1], "on 4 of 5 photos by chance"


def test_what_is_not_shown_may_still_be_likely():
    found = Visualness(
        *(np.array(part, np.float32) for part in ([0.9, 0.5, 0.9], [0.6, 0.1, 0.2], [1, 0.8, 1]))
    )
    assert found.enough.tolist() == [True, False, False]
    assert found.unseen.tolist() == [False, True, False]


def test_nine_photos_are_too_few_to_be_sure_and_chance_is_nothing():
    generator = np.random.default_rng(2)
    logits = generator.normal(size=(4000, 300))
    given = np.zeros((4000, 300))
    for tag in range(300):
        given[generator.choice(4000, size=9, replace=False), tag] = 1
    found = measured(logits, given)
    assert found.enough.mean() < 0.02
    assert np.median(found.high - found.low) > 0.3
    # A tag that a picture does tell needs about a dozen photos to show it.
    upper = np.argsort(-logits[:, 0])[:1500]
    shown = [measured(logits[:, [0]], np.isin(np.arange(4000), upper[:n])[:, None]) for n in (3, 20)]
    assert [bool(one.enough[0]) for one in shown] == [False, True]


def test_equal_logits_tell_nothing_and_tags_of_nobody_neither():
    found = measured(np.full((50, 2), -3.0), np.column_stack([np.arange(50) < 10, np.zeros(50)]))
    np.testing.assert_array_equal(found.value, [0, 0])
    assert not found.enough.any() and found.high[1] == 1


def test_blocks_do_not_matter_and_it_is_kept():
    generator = np.random.default_rng(3)
    logits = generator.normal(size=(500, 4))
    given = csr_matrix(generator.random((500, 4)) < 0.1)
    whole = Visualness.measure([(logits, given)], 4)
    parts = Visualness.measure(((logits[row : row + 7], given[row : row + 7]) for row in range(0, 500, 7)), 4)
    np.testing.assert_array_equal(parts.as_array(), whole.as_array())
    np.testing.assert_array_equal(Visualness.of_array(whole.as_array()).low, whole.low)
