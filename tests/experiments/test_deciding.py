"""The decision step of a comparison: from any scores to labels handed out."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.experiments.deciding import DECIDED, decide, fitting
from tagrefine_core.refinement import Prospects, changes


def case(photos=4000, rate=0.5, wrong=0.01, noise=0.6, seed=0):
    """Three labels that three of ten photos show: scores that tell them well, and what users wrote of them."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((photos, 3)) < 0.3).astype(np.int8)
    scores = (truth + rng.normal(0, noise, truth.shape)).astype(np.float32)
    given = np.where(truth == 1, rng.random(truth.shape) < rate, rng.random(truth.shape) < wrong)
    return scores, csr_matrix(given.astype(np.uint8)), truth


def everybody(photos):
    return np.ones((photos, 1), dtype=np.uint8)


def test_only_the_order_of_photos_counts():
    scores, given, _ = case()
    plain = fitting(scores, given, known=True)
    other = np.exp(3 * scores.astype(np.float64)) - np.array([0.0, 50.0, 1e4])
    np.testing.assert_array_equal(fitting(other, given, known=True), plain)
    mixed = np.random.default_rng(1).permutation(len(scores))
    np.testing.assert_allclose(fitting(scores[mixed], given[mixed], known=True), plain[mixed], atol=1e-6)


def test_what_users_seldom_write_is_found_where_scores_tell_it():
    """Half of those who could have given a label did: a probability of being given would never pass one half."""
    scores, given, truth = case()
    fits = fitting(scores, given, known=False)
    assert fits.mean(axis=0) == pytest.approx(truth.mean(axis=0), abs=0.05)
    assert fits[scores > 1.8].mean() > 0.9 and fits[scores < -0.5].mean() < 0.05


def test_what_the_user_wrote_is_evidence_where_it_is_known():
    scores, given, _ = case()
    known, unknown = (fitting(scores, given, known=known) for known in (True, False))
    own = given.toarray() > 0
    assert (known[own] >= unknown[own]).all() and (known[~own] <= unknown[~own]).all()
    assert (known[own] > unknown[own]).mean() > 0.9


def test_no_score_is_the_last_place():
    scores, given, _ = case()
    scores[scores < 0] = -np.inf
    lowest = scores.copy()
    lowest[np.isinf(lowest)] = -7
    np.testing.assert_array_equal(fitting(scores, given, known=True), fitting(lowest, given, known=True))


def test_a_promise_is_kept_and_measured_by_the_lists():
    scores, given, truth = case()
    found = decide(scores, given, truth, everybody(len(scores)), known=True).measures
    assert found["added"]["precision"] > 0.75 and found["added"]["recall"] > 0.3
    assert found["f1_micro"] > found["user_f1_micro"] + 0.1
    assert found["ece"]["pooled"] < 0.05

    # The same by hand: limits and changes of the same probabilities, counted pair by pair.
    fits = fitting(scores, given, known=True)
    changed = changes(fits, given, Prospects(fits, given).limits(0.75))
    added, removed = changed.added.toarray() > 0, changed.removed.toarray() > 0
    own, true = given.toarray() > 0, truth == 1
    final = (own | added) & ~removed
    assert found["f1_micro"] == pytest.approx(2 * (final & true).sum() / (final.sum() + true.sum()))
    assert found["user_f1_micro"] == pytest.approx(2 * (own & true).sum() / (own.sum() + true.sum()))
    assert found["added"]["precision"] == pytest.approx((added & true).sum() / added.sum())
    assert found["added"]["recall"] == pytest.approx((added & true).sum() / (true & ~own).sum())
    assert found["added"]["count"] == added.sum()
    assert found["added"]["per_photo"] == pytest.approx(added.sum() / len(truth))
    assert found["removed"]["recall"] == pytest.approx((removed & ~true).sum() / (own & ~true).sum())


def test_where_tags_are_not_known_all_is_added():
    scores, given, truth = case()
    found = decide(scores, given, truth, everybody(len(scores)), known=False).measures
    assert found["removed"] is None and found["user_f1_micro"] is None
    precision, recall = found["added"]["precision"], found["added"]["recall"]
    assert precision > 0.75
    assert found["f1_micro"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_what_scores_cannot_tell_is_left_alone():
    scores, given, truth = case()
    chance = np.random.default_rng(3).random(scores.shape)
    found = decide(chance, given, truth, everybody(len(scores)), known=True).measures
    assert found["added"]["count"] == found["removed"]["count"] == 0
    assert found["f1_micro"] == found["user_f1_micro"]
    assert np.isnan(found["added"]["precision"])


def test_scores_that_are_the_users_tags_or_rank_only_them_change_nothing():
    scores, given, truth = case()
    own = given.toarray()
    ranked = np.where(own > 0, scores, -np.inf)
    for each in (own.astype(np.float32), ranked):
        found = decide(each, given, truth, everybody(len(scores)), known=True).measures
        assert found["f1_micro"] == found["user_f1_micro"]


def test_probabilities_are_taken_at_their_word():
    truth = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 20, np.int8)
    given = csr_matrix(np.array([[1, 0], [1, 0], [0, 1], [0, 0]] * 20, np.uint8))
    scores = np.where(truth == 1, 0.9, 0.1).astype(np.float32)
    # Users gave the labels on photos of both kinds; what tells them is that most of the higher half carry them.
    found = decide(scores, given, truth, everybody(80), known=True, probabilities=True).measures
    assert found["ece"] == {"pooled": pytest.approx(0.1), "mean": pytest.approx(0.1)}


def test_a_resample_is_measured_as_if_its_photos_were_there():
    scores, given, truth = case(photos=600)
    truth[::7] = -1
    counts = np.random.default_rng(5).integers(0, 3, (600, 4)).astype(np.uint8)
    draws = decide(scores, given, truth, counts, known=True).draws
    whole = decide(scores, given, truth, everybody(600), known=True)
    flat = {
        "f1_micro": whole.measures["f1_micro"],
        **{
            f"{part}_{key}": whole.measures[part][key]
            for part in ("added", "removed")
            for key in ("precision", "recall")
        },
        "added_per_photo": whole.measures["added"]["per_photo"],
    }
    np.testing.assert_allclose(whole.draws[0], [flat[name] for name in DECIDED])
    fits = fitting(scores, given, known=True)
    changed = changes(fits, given, Prospects(fits, given).limits(0.75))
    added = changed.added.toarray() > 0
    for draw in range(4):
        rows = np.repeat(np.arange(600), counts[:, draw])
        judged = truth[rows] != -1
        right = (added[rows] & (truth[rows] == 1)).sum()
        assert draws[draw, DECIDED.index("added_precision")] == pytest.approx(
            right / (added[rows] & judged).sum()
        )
        assert draws[draw, DECIDED.index("added_per_photo")] == pytest.approx(added[rows].sum() / len(rows))


@pytest.mark.parametrize("known", [True, False])
def test_nothing_given_and_few_photos_are_no_mistake(known):
    scores = np.arange(6, dtype=np.float32).reshape(3, 2)
    nothing, truth = csr_matrix((3, 2), dtype=np.uint8), np.zeros((3, 2), np.int8)
    found = decide(scores, nothing, truth, everybody(3), known=known).measures
    assert found["added"]["count"] == 0 and np.isnan(found["f1_micro"])
