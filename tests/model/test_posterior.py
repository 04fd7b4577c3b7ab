"""The step from logits to final scores, by hand and by loops."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import expit

from tagrefine_core.model.calibration import _CENTERS, Calibration
from tagrefine_core.model.posterior import final_scores, had_he_not_written, smoothed


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


def calibrated(tags=3, seed=0):
    """A calibration of logits that are as they should be: fits(z) = z."""
    line = np.tile(_CENTERS.astype(np.float32), (tags, 1))
    generator = np.random.default_rng(seed)
    rates, given = generator.uniform(0.2, 0.9, tags), generator.uniform(0.01, 0.1, tags)
    return Calibration(line, np.zeros_like(line), rates, given)


def test_scores_by_loops():
    generator = np.random.default_rng(1)
    calibration, logits = calibrated(), generator.normal(size=(5, 3))
    written = np.array([[1, 0, 0], [0, 0.5, 0], [0, 0, 0], [1, 1, 0.2], [0, 0, 1]])
    found = final_scores(logits, calibration, csr_matrix(written), evidence=0.7)
    gain, loss = calibration.written(0.7), calibration.unwritten(0.7)
    for row, column in np.ndindex(5, 3):
        share = written[row, column]
        wanted = logits[row, column] + share * gain[column] + (1 - share) * loss[column]
        assert found[row, column] == pytest.approx(expit(wanted), rel=1e-4)


def test_of_a_photo_whose_user_is_not_known_only_the_picture_speaks():
    calibration, logits = calibrated(), np.random.default_rng(2).normal(size=(4, 3))
    np.testing.assert_allclose(
        final_scores(logits, calibration, None, evidence=3.0), expit(logits), rtol=1e-4
    )
    silent = final_scores(logits, calibration, csr_matrix((4, 3)), evidence=3.0)
    assert (silent < expit(logits)).all(), "who writes tags and leaves one out says something"


def test_without_calibration_scores_are_the_networks_own():
    logits = np.random.default_rng(3).normal(size=(4, 3))
    given = csr_matrix(np.ones((4, 3)))
    np.testing.assert_allclose(final_scores(logits, None, given, evidence=3.0), expit(logits), rtol=1e-6)


def test_order_within_a_tag_stays():
    generator = np.random.default_rng(4)
    logits = np.sort(generator.normal(-3, 2, size=(200, 2)), axis=0)
    given = generator.random((200, 2)) < 0.5 * expit(1.5 * logits + 2)
    calibration = Calibration.measure([(logits, csr_matrix(given.astype(float)))], 2, 200)
    assert (np.diff(final_scores(logits, calibration, None, evidence=1.0), axis=0) >= 0).all()


@pytest.mark.parametrize("evidence", [0.0, 0.75, 3.0])
def test_a_tag_taken_back_scores_as_if_it_had_not_been_written(evidence):
    generator = np.random.default_rng(4)
    curve = np.sort(generator.normal(0, 4, (5, len(_CENTERS))), axis=1).astype(np.float32)
    calibration = Calibration(
        curve, np.ones_like(curve), generator.uniform(0.1, 0.9, 5), generator.uniform(0.01, 0.1, 5)
    )
    logits = generator.normal(-2, 3, (40, 5)).astype(np.float32)
    columns = generator.integers(5, size=40)
    hint = np.where(generator.random(40) < 0.5, generator.random(40), 0).astype(np.float32)
    others = (generator.random((40, 5)) < 0.3).astype(np.float32)
    each = np.arange(40)
    with_it, without = others.copy(), others.copy()
    with_it[each, columns], without[each, columns] = 1, hint
    before, expected = (
        final_scores(logits, calibration, csr_matrix(written), evidence=evidence)[each, columns]
        for written in (with_it, without)
    )
    found = had_he_not_written(before, columns, calibration, hint, evidence=evidence)
    certain = before > 0.999  # single precision keeps few digits of how far below 1
    np.testing.assert_allclose(found[~certain], expected[~certain], rtol=1e-3)
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert (found <= before + 1e-6).all() and (found < before - 1e-3).any() == (evidence > 0)


def test_what_is_rounded_to_certain_stays_next_to_certain():
    calibration = Calibration(
        np.tile(_CENTERS, (1, 1)).astype(np.float32),
        np.ones((1, len(_CENTERS)), np.float32),
        np.array([0.5]),
        np.array([0.5]),
    )
    found = had_he_not_written(
        np.array([1.0, 0.0], np.float32), np.array([0, 0]), calibration, np.zeros(2), evidence=1.0
    )
    assert 0.99999 < found[0] < 1 and 0 < found[1] < 1e-5
