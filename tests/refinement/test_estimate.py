"""How many suggestions are right: hand cases, what is known is known, and the interval holds what it says."""

import numpy as np
import pytest

from tagrefine_core.errors import DataError
from tagrefine_core.refinement.estimate import estimate


def test_without_answers_it_is_what_the_run_believes():
    found = estimate(np.array([0.9, 0.7, 0.8]), np.zeros(3, dtype=int))
    assert found.right == pytest.approx(0.8) and found.low < 0.8 < found.high
    assert (found.suggestions, found.answered) == (3, 0)


def test_hand_case_of_one_stratum():
    # 10 suggestions at .92; 4 answered, 3 right. Beta(4 * .92 + 3, 4 * .08 + 1): mean 6.68 / 8 = .835.
    probabilities = np.full(10, 0.92)
    verdicts = np.array([1, 1, 1, -1, 0, 0, 0, 0, 0, 0])
    found = estimate(probabilities, verdicts)
    assert found.right == pytest.approx((3 + 6 * 0.835) / 10)
    spread = 0.835 * 0.165 / 9
    error = 1.959964 * np.sqrt(36 * spread + 6 * (0.835 * 0.165 - spread))
    assert found.low == pytest.approx(max(3, 8.01 - error) / 10)
    assert found.high == pytest.approx(min(9, 8.01 + error) / 10)


def test_what_is_answered_is_known():
    verdicts = np.array([1, 1, -1, 1])
    found = estimate(np.array([0.1, 0.5, 0.99, 0.7]), verdicts)
    assert found.right == found.low == found.high == 0.75


def test_answers_of_one_stratum_say_nothing_of_another():
    probabilities = np.r_[np.full(50, 0.97), np.full(50, 0.62)]
    verdicts = np.r_[np.ones(50, dtype=int), np.zeros(50, dtype=int)]
    assert estimate(probabilities, verdicts).right == pytest.approx((50 + 50 * 0.62) / 100)


def test_nothing_to_estimate_and_mistakes():
    assert np.isnan(estimate(np.zeros(0), np.zeros(0, dtype=int)).right)
    with pytest.raises(DataError, match="come with"):
        estimate(np.zeros(2), np.zeros(3, dtype=int))
    with pytest.raises(DataError, match="in \\[0, 1\\]"):
        estimate(np.array([1.5]), np.array([0]))


@pytest.mark.parametrize("believed_too_much", [0.0, 0.1])
def test_the_interval_holds_the_truth_though_the_surest_were_asked(believed_too_much):
    rng = np.random.default_rng(0)
    inside, asked_share = 0, []
    for _ in range(300):
        probabilities = np.sort(rng.uniform(0.5, 1, 400))[::-1]
        truth = rng.random(400) < probabilities - believed_too_much
        verdicts = np.where(truth, 1, -1)
        # Every second of the surest 240 and a few of the others were answered.
        verdicts[(np.arange(400) % 2 == 1) & (np.arange(400) < 240)] = 0
        verdicts[240:] *= rng.random(160) < 0.2
        found = estimate(probabilities, verdicts)
        inside += found.low <= truth.mean() <= found.high
        asked_share.append(truth[verdicts != 0].mean() - truth.mean())
    assert inside / 300 >= 0.9
    assert np.mean(asked_share) > 0.03, "the share among the answered alone would be too high"
