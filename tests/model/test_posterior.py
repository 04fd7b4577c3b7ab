"""The step from logits to final scores, by hand and by loops."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from tagrefine_core.model.posterior import TagRates, final_scores, smoothed


def test_rates_by_hand():
    probabilities = np.array([[0.8, 0.1], [0.6, 0.1], [0.1, 0.1], [0.1, 0.5]])
    tags = csr_matrix([[1, 0], [1, 0], [0, 0], [0, 1]])
    blocks = [(logit(probabilities[:3]), tags[:3]), (logit(probabilities[3:]), tags[3:])]
    rates = TagRates.measure(blocks, 2)
    np.testing.assert_allclose(rates.given, [0.4, 0.2])
    # Carriers' mean, with two photos' worth of the rate mixed in.
    np.testing.assert_allclose(rates.reported, [(1.4 + 2 * 0.4) / 4, (0.5 + 2 * 0.2) / 3])
    np.testing.assert_allclose(rates.evidence, np.log([0.55 / 0.4, 0.3 / 0.2]))


def test_a_tag_that_nobody_carries_is_given_at_its_rate_and_proves_nothing():
    rates = TagRates.measure([(np.full((3, 1), -2.0), csr_matrix((3, 1)))], 1)
    np.testing.assert_allclose(rates.reported, rates.given)
    assert rates.evidence[0] == 0


def test_smoothing_by_loops():
    generator = np.random.default_rng(0)
    logits, known = generator.normal(size=(3, 4)), generator.normal(size=(6, 4))
    neighbors = np.array([[5, 1], [0, 5], [2, 3]])
    squared = np.array([[0.5, 1.0], [0.0, 2.0], [0.0, 0.0]])
    found = smoothed(logits, neighbors, squared, known, smooth=0.3)
    for row in range(3):
        sigma = np.median(squared[row]) or 1.0
        gamma = np.exp(-squared[row] / sigma)
        around = (gamma[:, None] * known[neighbors[row]]).sum(axis=0) / gamma.sum()
        np.testing.assert_allclose(found[row], 0.7 * logits[row] + 0.3 * around, atol=1e-6)
    np.testing.assert_array_equal(
        smoothed(logits, neighbors, squared, known, smooth=0.0), logits.astype(np.float32)
    )
    np.testing.assert_array_equal(
        smoothed(logits, neighbors[:, :0], squared[:, :0], known, smooth=0.3), logits.astype(np.float32)
    )


def test_neighbors_that_agree_change_nothing():
    logits = np.tile([0.3, -2.0], (4, 1))
    neighbors = np.array([[1, 2], [0, 2], [3, 0], [1, 1]])
    found = smoothed(logits, neighbors, np.ones((4, 2)), logits, smooth=0.8)
    np.testing.assert_allclose(found, logits, rtol=1e-6)


def test_scores_are_p_over_rho_in_the_odds_and_tags_are_evidence():
    rates = TagRates(given=np.array([0.1, 0.2]), reported=np.array([0.5, 0.2]))
    logits = np.array([[-1.0, 0.5], [2.0, -3.0]])
    tags = csr_matrix([[1, 0], [0, 1]])
    plain = final_scores(logits, rates, tags, evidence=0.0, reporting=0.0)
    np.testing.assert_allclose(plain, expit(logits), rtol=1e-6)
    full = final_scores(logits, rates, tags, evidence=2.0, reporting=1.0)
    wanted = logits - np.log([0.5, 0.2])
    wanted[0, 0] += 2.0 * np.log(5)
    wanted[1, 1] += 0.0  # its photos look no more like it than others do
    np.testing.assert_allclose(full, expit(wanted), rtol=1e-6)


def test_a_tag_speaks_for_others_by_xi_and_by_the_photos_that_carry_it():
    probabilities = np.array([[0.8, 0.6], [0.6, 0.4], [0.1, 0.1], [0.1, 0.1]])
    tags = csr_matrix([[1, 0], [1, 0], [0, 0], [0, 1]])
    xi = np.array([[0.0, 0.5], [0.5, 0.0]])
    rates = TagRates.measure([(logit(probabilities), tags)], 2, xi)
    # Two photos carry the first; five photos' worth of the rate are mixed in. The second's photo looks like neither.
    seen = (0.6 + 0.4 + 5 * 0.3) / 7
    np.testing.assert_allclose(rates.related, [[0, 0.5 * np.log(seen / 0.3)], [0, 0]], atol=1e-6)

    given = csr_matrix([[1, 0], [0, 0], [1, 1]])
    logits = np.zeros((3, 2))
    scores = final_scores(logits, rates, given, evidence=0.0, reporting=0.0, related=2.0)
    spoken = expit(2.0 * rates.related[0, 1])
    np.testing.assert_allclose(scores, [[0.5, spoken], [0.5, 0.5], [0.5, spoken]], rtol=1e-6)
    without = TagRates.measure([(logit(probabilities), tags)], 2)
    assert without.related is None
    np.testing.assert_allclose(
        final_scores(logits, without, given, evidence=0.0, reporting=0.0, related=2.0), 0.5
    )


@pytest.mark.parametrize("reporting", [0.0, 0.5, 1.0])
def test_order_within_a_tag_stays(reporting):
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(20, 3))
    rates = TagRates(given=np.full(3, 0.1), reported=np.array([0.9, 0.5, 0.01]))
    scores = final_scores(logits, rates, None, evidence=1.0, reporting=reporting)
    np.testing.assert_array_equal(np.argsort(scores, axis=0), np.argsort(logits, axis=0))
