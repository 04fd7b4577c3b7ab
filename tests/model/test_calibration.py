"""From given to fitting: the curve of one tag by a general optimizer, the rates of all by loops, and what both are for."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.sparse import csr_matrix
from scipy.special import expit, logit

from tagrefine_core.errors import RunError
from tagrefine_core.model import calibration as module
from tagrefine_core.model.calibration import Calibration


def written(photos, *, rate, fits, slope=1.8, seed=0):
    """Photos with logits of a tag, whether it fits (with log-odds slope * logit + offset), and whether its user wrote it.

    A tag that is seldom written is written where the photo shows it best.
    """
    generator = np.random.default_rng(seed)
    logits = generator.normal(-4, 1.5, size=photos)
    offset = brentq(lambda offset: expit(slope * logits + offset).mean() - fits, -30, 30)
    chance = expit(slope * logits + offset)
    kappa = max(0, 1 - rate / 0.25)
    fitting = generator.random(photos) < chance
    return logits, fitting, fitting & (generator.random(photos) < rate * chance**kappa)


def measured(logits, given):
    logits, given = np.atleast_2d(np.asarray(logits).T).T, np.atleast_2d(np.asarray(given, dtype=float).T).T
    return Calibration.measure([(logits, csr_matrix(given))], logits.shape[1], len(logits))


def test_the_curve_by_a_general_optimizer():
    generator = np.random.default_rng(1)
    photos = generator.integers(0, 40, size=(2, 1, module._BINS)).astype(float)
    photos[:, :, 75:] = 0
    given = np.floor(photos * expit(1.5 * module._CENTERS + 3) * 0.4)
    slopes, offsets, likelihood = module._fitted_block(photos, given)

    def loss(parameters, rate, tag):
        log_slope, offset = parameters
        fits = expit(np.exp(log_slope) * module._CENTERS + offset)
        q = np.clip(rate * (0.001 + 0.999 * fits), 1e-9, 1 - 1e-9)
        terms = given[tag, 0] * np.log(q) + (photos - given)[tag, 0] * np.log(1 - q)
        return -terms.sum() + 0.5 * ((log_slope - np.log(1.8)) / 0.35) ** 2 + 0.5 * (offset / 4.0) ** 2

    for tag in range(2):
        for number in (3, 7, 9, 13):
            rate = module._RATES[number]
            best = min(
                (minimize(loss, [np.log(1.8), start], args=(rate, tag), tol=1e-10) for start in (0.0, 3.0)),
                key=lambda found: found.fun,
            )
            np.testing.assert_allclose(np.log(slopes[tag, number]), best.x[0], atol=2e-3)
            np.testing.assert_allclose(offsets[tag, number], best.x[1], atol=1e-2)
            # Laplace: the loss at its lowest, and half the log-determinant of its (expected) curvature.
            assert likelihood[tag, number] < -best.fun


def test_rates_by_loops():
    generator = np.random.default_rng(2)
    tags = 5
    likelihood = generator.normal(scale=3, size=(tags, len(module._RATES)))
    carriers = np.array([3, 40, 100, 250, 0])
    alike = np.abs(generator.normal(size=(tags, tags)))
    alike = np.minimum(alike + alike.T, 1.0)
    np.fill_diagonal(alike, 0)
    prior = np.full_like(likelihood, 1 / len(module._RATES))
    for _ in range(module._ROUNDS):
        found = np.exp(likelihood) * prior
        found /= found.sum(axis=1, keepdims=True)
        counts = [min(count, 100) / 100 for count in carriers]
        common = sum(counts[tag] * found[tag] for tag in range(tags)) / sum(counts)
        common = 0.98 * common + 0.02 / len(module._RATES)
        prior = np.empty_like(prior)
        for tag in range(tags):
            weights = [alike[tag, other] ** 8 * counts[other] for other in range(tags)]
            total = sum(weight * found[other] for other, weight in enumerate(weights))
            prior[tag] = (total + 0.1 * common) / (sum(weights) + 0.1)
    np.testing.assert_allclose(module._rates_of(likelihood, carriers, alike), found, atol=1e-9)


@pytest.mark.parametrize(("rate", "fits"), [(0.7, 0.05), (0.15, 0.3), (0.4, 0.1)])
def test_a_ceiling_that_is_reached_tells_the_rate_and_probabilities_hold(rate, fits):
    logits, fitting, given = written(40_000, rate=rate, fits=fits)
    found = measured(logits, given)
    assert abs(logit(found.reported[0]) - logit(rate)) < 0.35
    chance = expit(found.fits(logits[:, None]))[:, 0]
    assert abs(chance.mean() - fits) < 0.15 * fits + 0.005
    order = np.argsort(chance)
    for part in np.array_split(order, 10):
        assert abs(chance[part].mean() - fitting[part].mean()) < 0.12


def test_a_tag_of_nobody_fits_nowhere():
    """0.1.0 gave a tag that nobody wrote .137 everywhere."""
    generator = np.random.default_rng(3)
    logits = generator.normal(-6, 1, size=(5000, 3))
    given = np.zeros((5000, 3))
    given[np.argsort(-logits[:, 0])[:200:2], 0] = 1
    given[generator.integers(0, 5000, size=3), 1] = 1
    found = expit(measured(logits, given).fits(logits))
    assert found[:, 2].max() < 0.02
    assert np.median(found[:, 1]) < 0.02


def test_of_what_pictures_do_not_show_it_is_told_how_likely_it_is_given():
    """A ceiling fitted to a tag of chance says that it fits half of all photos."""
    generator = np.random.default_rng(8)
    logits = generator.normal(-3.5, 0.4, size=(6000, 2))
    given = csr_matrix((generator.random((6000, 2)) < 0.05 + 0.02 * (logits + 3.5)).astype(float))
    plain, told = (
        Calibration.measure([(logits, given)], 2, 6000, unseen=unseen)
        for unseen in (None, np.array([True, False]))
    )
    before, after = (expit(found.fits(logits)).mean(axis=0) for found in (plain, told))
    assert before.max() > 0.137
    assert after[0] == pytest.approx(0.05, abs=0.02)
    np.testing.assert_array_equal(told.curve[1], plain.curve[1])
    assert (np.diff(told.curve[0]) >= 0).all(), "order within the tag stays"
    # The user's word is all there is.
    written = expit(logit(told.given[0]) + told.written(0.5)[0])
    assert written == pytest.approx(0.9, abs=1e-5) and told.written(0.5)[1] == plain.written(0.5)[1]
    assert not told.written(0.0).any()


def test_a_rare_tag_is_drawn_to_those_seen_on_the_same_photos():
    logits, fitting, _ = written(4000, rate=1.0, fits=0.1, seed=4)
    generator = np.random.default_rng(5)
    few = fitting & (generator.random(4000) < 0.02)
    often, seldom = (fitting & (generator.random(4000) < rate) for rate in (0.8, 0.15))
    elsewhere = generator.permutation(4000)

    def rate_beside(other, other_logits=logits):
        return measured(np.column_stack([logits, other_logits]), np.column_stack([few, other])).reported[0]

    assert rate_beside(often) > 2 * rate_beside(seldom)
    # What is seen on other photos says little.
    apart = [rate_beside(other[elsewhere], logits[elsewhere]) for other in (often, seldom)]
    assert apart[0] / apart[1] < rate_beside(often) / rate_beside(seldom)


def test_what_is_not_known_is_uncertain():
    many, _, given = written(40_000, rate=0.6, fits=0.1)
    sure = measured(many, given)
    few, _, some = written(300, rate=0.6, fits=0.05, seed=6)
    unsure = measured(few, some)
    chances = np.array([0.5, 0.8])
    assert (sure.uncertainty(chances) < 0.5 * unsure.uncertainty(chances)).all()
    assert unsure.uncertainty(chances).shape == (1, 2)
    # By hand: the curve's own spread at the logit that gives this probability.
    place = np.interp(logit(0.5) - 0.7, unsure.curve[0], unsure.spread[0])
    np.testing.assert_allclose(unsure.uncertainty(np.array([0.5]), np.array([0.7]))[0, 0], 0.25 * place)


def test_curves_rise_and_stay_where_logits_end():
    logits, _, given = written(3000, rate=0.4, fits=0.1)
    found = measured(logits, given)
    assert (np.diff(found.curve[0]) >= 0).all()
    ends = found.fits(np.array([[-50.0], [-13.9], [7.9], [50.0]]))[:, 0]
    np.testing.assert_allclose(ends[[0, 3]], found.curve[0][[0, -1]], atol=2e-3)
    np.testing.assert_allclose(found.fits(module._CENTERS[5:9, None])[:, 0], found.curve[0][5:9], atol=1e-4)
    between = found.fits(np.array([[module._CENTERS[50] + 0.05]]))[0, 0]
    np.testing.assert_allclose(between, 0.75 * found.curve[0][50] + 0.25 * found.curve[0][51], atol=1e-4)


def test_blocks_do_not_matter():
    generator = np.random.default_rng(7)
    logits = generator.normal(-4, 1.5, size=(2000, 3)).astype(np.float32)
    given = (generator.random((2000, 3)) < 0.3 * expit(1.5 * logits + 4)) * 0.6
    whole = measured(logits, given)
    parts = Calibration.measure(
        (
            (logits[start : start + 130], csr_matrix(given[start : start + 130]))
            for start in range(0, 2000, 130)
        ),
        3,
        2000,
    )
    for name in ("curve", "spread", "reported", "given"):
        np.testing.assert_allclose(
            getattr(parts, name), getattr(whole, name), rtol=1e-5, atol=1e-6, err_msg=name
        )
    np.testing.assert_allclose(whole.given, given.mean(axis=0))


def test_evidence_of_what_is_written_by_hand():
    found = Calibration(
        curve=np.zeros((3, 4), np.float32),
        spread=np.zeros((3, 4), np.float32),
        reported=np.array([0.5, 0.8, 0.01]),
        given=np.array([0.05, 0.02, 0.03]),
    )
    ratios = np.log([10, 40, 1 / 3])
    common = (0.05 * ratios[0] + 0.02 * ratios[1] + 0.03 * ratios[2]) / 0.1
    assert ratios[0] > common and ratios[2] < common
    np.testing.assert_allclose(found.written(1.0)[:2], ratios[:2], rtol=1e-5)
    np.testing.assert_allclose(found.written(1.0)[2], max(0, (ratios[2] + common) / 2), rtol=1e-5)
    np.testing.assert_allclose(found.written(0.5), found.written(1.0) / 2, rtol=1e-6)
    np.testing.assert_allclose(found.unwritten(0.5), np.log([0.5, 0.2, 0.99]), rtol=1e-5)
    assert not found.written(0.0).any() and not found.unwritten(0.0).any(), (
        "switched off, silence says nothing either"
    )


def test_it_is_kept_and_damage_is_told(tmp_path):
    logits, _, given = written(1000, rate=0.4, fits=0.1)
    found = measured(logits, given)
    path = tmp_path / "calibration.safetensors"
    found.save(path)
    again = Calibration.load(path)
    for name, array in vars(found).items():
        np.testing.assert_array_equal(getattr(again, name), array)
    assert again.unseen is None
    unseen = replace(found, unseen=np.array([True]))
    unseen.save(path)
    np.testing.assert_array_equal(Calibration.load(path).unseen, [True])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="damaged"):
        Calibration.load(path)
    path.unlink()
    with pytest.raises(RunError, match="gone"):
        Calibration.load(path)


def test_no_tags_and_no_photos():
    assert Calibration.measure([], 0, 0).curve.shape == (0, module._BINS)
    assert np.isfinite(Calibration.measure([], 2, 0).curve).all()
