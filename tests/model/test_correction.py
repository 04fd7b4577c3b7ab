"""Verdicts move one tag: by a general optimizer, by hand, and in the direction that a person would expect."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from tagrefine_core.model.calibration import _CENTERS, Calibration
from tagrefine_core.model.correction import correct

OFFSET, SLOPE, LOOK = 1.0, 0.02, 1.0  # variances of the priors


def calibration_of(*curves, spread=0.5):
    curve = np.array(curves, dtype=np.float32)
    rates = np.full(len(curve), 0.5)
    return Calibration(curve, np.full_like(curve, spread), rates, rates / 10)


# Straight, so that a general optimizer sees no kinks; and a shifted one, which must not be read instead.
STRAIGHT = calibration_of(1.5 * _CENTERS + 2.0, 0 * _CENTERS - 3.0)


def asked_about(n, d, seed=0):
    generator = np.random.default_rng(seed)
    looks = generator.normal(size=(n, d))
    logits = generator.uniform(-6, 2, size=n)
    words = np.where(generator.random(n) < 0.4, 1.3, -0.4)
    return logits, looks, words, generator.random(n) < expit(1.2 * logits + 1 + looks[:, 0] + words)


def loss(x, logits, looks, words, fits, size):
    """Say the negative log-posterior of (offset, log slope, weight) in words of its definition, one photo at a time."""
    offset, log_slope, weight = x[0], x[1], x[2:]
    total = 0.5 * (offset**2 / OFFSET + log_slope**2 / SLOPE + weight @ weight * size / LOOK)
    for z, v, said_before, fit in zip(logits, looks, words, fits, strict=True):
        f = said_before + offset + np.exp(log_slope) * (1.5 * (z + weight @ v) + 2.0)
        total -= np.log(expit(f)) if fit else np.log(1 - expit(f))
    return total


@pytest.mark.parametrize(("n", "d"), [(9, 20), (60, 4)])  # fewer verdicts than weights, and more
def test_the_posterior_mode_by_a_general_optimizer(n, d):
    photos = asked_about(n, d)
    found = correct(STRAIGHT, 0, *photos, size=2.5)
    best = minimize(loss, np.zeros(2 + d), args=(*photos, 2.5), method="BFGS", tol=1e-10)
    x = np.concatenate([[found.offset, np.log(found.slope)], found.weight])
    assert loss(x, *photos, 2.5) <= best.fun + 1e-6
    np.testing.assert_allclose(x, best.x, atol=2e-3)


def test_without_verdicts_nothing_moves():
    found = correct(STRAIGHT, 0, np.empty(0), np.empty((0, 5)), np.empty(0), np.empty(0, bool), size=1.0)
    assert (found.offset, found.slope, found.doubt) == (0, 1, 1) and not found.weight.any()


def test_one_verdict_by_hand():
    """A photo of which the classifier reads nothing, where the curve is 0: only the offset can say so."""
    at_zero = -2.0 / 1.5
    found = correct(
        STRAIGHT, 0, np.array([at_zero]), np.zeros((1, 3)), np.zeros(1), np.array([True]), size=1.0
    )
    # offset = 1 - s(offset), where the prior pulls as much as the verdict.
    assert found.offset == pytest.approx(1 - expit(found.offset), abs=1e-5)
    assert not found.weight.any()
    likely = expit(found.offset)
    assert found.doubt == pytest.approx((1 + likely * (1 - likely)) ** -0.5, abs=1e-4)


def test_look_alikes_of_what_was_rejected_sink_and_of_what_was_accepted_rise():
    looks = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    found = correct(STRAIGHT, 0, np.full(2, -1.0), looks, np.zeros(2), np.array([True, False]), size=1.0)
    assert found.weight[0] > 0.2 and found.weight[1] < -0.2 and found.weight[2] == 0


def test_verdicts_that_a_run_foresaw_move_little_and_surprises_much():
    logits, looks = np.full(40, 3.0), np.random.default_rng(0).normal(size=(40, 6))
    sure = correct(STRAIGHT, 0, logits, looks, np.zeros(40), np.ones(40, bool), size=6.0)
    surprised = correct(STRAIGHT, 0, logits, looks, np.zeros(40), np.zeros(40, bool), size=6.0)
    assert 0 < sure.offset < 0.1 < 1.5 < -surprised.offset
    assert surprised.slope > 0


def test_who_is_asked_does_not_bias():
    """Whether a person is shown the highest scores or any, a calibration that is right stays so."""
    generator = np.random.default_rng(3)
    logits = generator.uniform(-5, 2, size=20_000)
    looks = np.zeros((20_000, 1))
    fits = generator.random(20_000) < expit(1.5 * logits + 2.0)
    highest = np.argsort(-logits)[:3000]
    for asked in (highest, np.arange(3000)):
        found = correct(STRAIGHT, 0, logits[asked], looks[asked], np.zeros(3000), fits[asked], size=1.0)
        assert abs(found.offset) < 0.25 and abs(found.slope - 1) < 0.15


def test_a_corrected_calibration_is_the_curve_moved():
    before = calibration_of(1.5 * _CENTERS, -1.0 + 0 * _CENTERS, 0.5 * _CENTERS)
    after = before.corrected(
        np.array([2, 0]), slope=np.array([2.0, 1.0]), offset=np.array([0.5, -1]), doubt=np.array([0.5, 1])
    )
    logits = np.array([[-3.0, 0.7, 1.1]])
    np.testing.assert_allclose(after.fits(logits)[0], [-4.5 - 1, -1, 2 * 0.55 + 0.5], atol=1e-5)
    np.testing.assert_array_equal(after.spread[:, 0], np.float32([0.5, 0.5, 0.25]))
    np.testing.assert_array_equal(after.curve[1], before.curve[1])
    np.testing.assert_array_equal(before.curve[0], (1.5 * _CENTERS).astype(np.float32))


def test_the_curve_of_a_tag_and_its_rise():
    generator = np.random.default_rng(0)
    one = calibration_of(
        np.cumsum(generator.random(len(_CENTERS))), np.cumsum(generator.random(len(_CENTERS)))
    )
    logits = generator.uniform(_CENTERS[0] - 1, _CENTERS[-1] + 1, size=50)
    value, rise = one.curve_of(1, logits)
    np.testing.assert_allclose(value, one.fits(np.stack([logits, logits], axis=1))[:, 1], atol=1e-4)
    step = 1e-6
    np.testing.assert_allclose(rise, (one.curve_of(1, logits + step)[0] - value) / step, atol=1e-3)
    assert rise[logits < _CENTERS[0]].max() == 0 and value.max() <= one.curve[1, -1]
