"""The blind audit: chances are what they are said to be, totals by hand, and intervals that hold the truth as often as they promise."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.refinement.audit import _chances, _systematic, audit_result, draw_audit


def world(photos=600, tags=40, seed=0, honest=True):
    """Probabilities, what is handed out, and what is true; probabilities that are not honest are far too high."""
    generator = np.random.default_rng(seed)
    scores = generator.beta(0.25, 2.5, size=(photos, tags)).astype(np.float32)
    truth = generator.random(scores.shape) < (scores if honest else scores**1.7)
    return scores, sparse.csr_matrix((scores > 0.4).astype(np.int8)), truth


EVERY = np.ones(40, dtype=bool)


def answers(audit, truth):
    return truth[audit.rows, audit.columns].astype(float)


def test_everything_asked_is_everything_known():
    """With all photos, and as many decoys as there are tags, the estimate is the truth whatever the probabilities say."""
    scores, final, truth = world(photos=30, tags=8, honest=False)
    audit = draw_audit(scores, final, told=np.ones(8, bool), photos=99, seed=0, decoys=8)
    assert len(audit.rows) == 240 and (audit.chance == 1).all() and audit.population == 30
    found = audit_result(audit, answers(audit, truth))
    handed = final.toarray() > 0
    assert found.precision.value == pytest.approx((truth & handed).sum() / handed.sum(), abs=1e-6)
    assert found.recall.value == pytest.approx((truth & handed).sum() / truth.sum(), abs=1e-6)
    assert (found.photos, found.answers, found.unsure) == (30, 240, 0)


def test_the_difference_estimator_by_hand():
    scores = np.array([[0.8, 0.1], [0.6, 0.3], [0.9, 0.2]], dtype=np.float32)
    final = sparse.csr_matrix(np.array([[1, 0], [1, 0], [1, 0]]))
    audit = draw_audit(scores, final, told=np.ones(2, bool), photos=2, seed=1, decoys=1)
    assert (audit.total, len(audit.rows)) == (3, 4)
    assert audit.expected_right == pytest.approx(2.3) and audit.expected_missing == pytest.approx(0.6)
    fits = np.where(audit.handed_out, audit.rows != audit.photos[0], False).astype(float)
    # The first photo's tag is wrong, the second's right; nothing is missing on either.
    wrong, right = (float(scores[row, 0]) for row in audit.photos)
    fitting = 2.3 + 3 * (-wrong + 1 - right) / 2
    absent = 0.6 - 3 * float(scores[audit.photos, 1].mean())
    found = audit_result(audit, fits)
    assert found.precision.value == pytest.approx(max(0, fitting / 3), abs=1e-6)
    assert found.recall.value == pytest.approx(min(1, max(0, fitting / (fitting + absent))), abs=1e-6)


def test_nobody_can_tell_which_is_which_by_the_order():
    scores, final, _ = world()
    audit = draw_audit(scores, final, told=EVERY, photos=500, seed=0)
    first = np.r_[True, audit.rows[1:] != audit.rows[:-1]]
    share = audit.handed_out.mean()
    assert abs(audit.handed_out[first].mean() - share) < 0.06
    for row in audit.photos[:20]:
        tags = audit.columns[audit.rows == row]
        assert len(set(tags)) == len(tags)
        handed = final[[row]].indices
        assert set(tags[audit.handed_out[audit.rows == row]]) == set(handed) or len(handed) > 12


def test_only_tags_that_are_judged_are_asked_about_and_counted():
    scores, final, _ = world()
    told = np.arange(40) % 2 == 0
    audit = draw_audit(scores, final, told=told, photos=50, seed=0)
    assert told[audit.columns].all()
    assert audit.total == final[:, np.flatnonzero(told)].sum()


def test_chances_sum_to_what_is_drawn_and_large_ones_are_sure():
    np.testing.assert_allclose(_chances(np.array([8.0, 1, 1]), 2), [1, 0.5, 0.5])
    np.testing.assert_allclose(_chances(np.array([3.0, 1]), 5), [1, 1])
    np.testing.assert_allclose(_chances(np.array([1.0, 1, 2]), 1), [0.25, 0.25, 0.5])
    assert len(_chances(np.empty(0), 3)) == 0


def test_systematic_sampling_draws_each_with_its_chance():
    generator = np.random.default_rng(0)
    chance = np.array([1.0, 0.7, 0.2, 0.1, 0.5, 0.5])
    drawn = np.zeros(6)
    for _ in range(4000):
        found = _systematic(np.arange(6), chance, generator)
        assert len(found) == 3
        drawn[found] += 1
    np.testing.assert_allclose(drawn / 4000, chance, atol=0.03)


@pytest.mark.parametrize("honest", [True, False])
def test_estimates_are_unbiased_and_intervals_hold_what_they_promise(honest):
    scores, final, truth = world(photos=1500, honest=honest)
    handed = final.toarray() > 0
    right = (truth & handed).sum()
    true = {"precision": right / handed.sum(), "recall": right / truth.sum()}
    draws = [draw_audit(scores, final, told=EVERY, photos=60, seed=seed, decoys=6) for seed in range(150)]
    results = [audit_result(audit, answers(audit, truth)) for audit in draws]
    for name, value in true.items():
        shares = [getattr(result, name) for result in results]
        assert abs(np.mean([share.value for share in shares]) - value) < 0.02
        covered = np.mean([share.low <= value <= share.high for share in shares])
        assert covered > 0.9, "150 draws at 95 %: below .9 is no chance"
        assert np.mean([share.high - share.low for share in shares]) < 0.35, "and they say something"


def test_photos_that_are_not_done_do_not_count():
    scores, final, truth = world()
    audit = draw_audit(scores, final, told=EVERY, photos=20, seed=0)
    fits = answers(audit, truth)
    whole = audit_result(audit, fits)
    later = fits.copy()
    later[audit.rows == audit.photos[-1]] = np.nan
    found = audit_result(audit, later)
    assert found.photos == 19 and found.answers == (audit.rows != audit.photos[-1]).sum()
    assert found.precision != whole.precision
    nothing = audit_result(audit, np.full(len(fits), np.nan))
    assert nothing.photos == 0 and np.isnan(nothing.precision.value) and np.isnan(nothing.recall.low)


def test_who_is_not_sure_leaves_it_to_the_probability():
    scores, final, _ = world()
    audit = draw_audit(scores, final, told=EVERY, photos=20, seed=0)
    found = audit_result(audit, np.full(len(audit.rows), 0.5))
    assert found.unsure == found.answers == len(audit.rows)
    assert found.precision.value == pytest.approx(audit.expected_right / audit.total)


def test_mistakes_are_told():
    scores, final, _ = world()
    with pytest.raises(ConfigError, match="at least 2 photos and 1 decoy, got 1 and 8"):
        draw_audit(scores, final, told=EVERY, photos=1, seed=0)
    with pytest.raises(ConfigError, match="No tag is judged"):
        draw_audit(scores, final, told=~EVERY, photos=5, seed=0)
    with pytest.raises(DataError, match="1 answers were given to"):
        audit_result(draw_audit(scores, final, told=EVERY, photos=5, seed=0), np.ones(1))
