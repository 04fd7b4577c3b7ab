"""How many suggestions are right: hand cases, what is known is known, and the interval holds what it says."""

import math

import numpy as np
import pytest

from tagrefine_core.errors import DataError
from tagrefine_core.refinement.estimate import estimate, estimate_from, estimate_of_tag


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


def plain(probabilities: list[float], verdicts: list[int]) -> tuple[float, float, float]:
    """The same of one tag, by loops over the numbers that its log-odds may be off by."""
    shifts = [step / 10 for step in range(-50, 51)]
    fits = [[1 / (1 + math.exp(-(math.log(p / (1 - p)) + shift))) for p in probabilities] for shift in shifts]
    weights = []
    for shift, of in zip(shifts, fits, strict=True):
        weight = math.exp(-((shift / 1.3) ** 2) / 2)
        for p, said in zip(of, verdicts, strict=True):
            weight *= p if said == 1 else 1 - p if said == -1 else 1
        weights.append(weight)
    weights = [weight / sum(weights) for weight in weights]
    open_ = [place for place, said in enumerate(verdicts) if not said]
    known, wrong = verdicts.count(1), verdicts.count(-1)
    mean = sum(w * sum(of[place] for place in open_) for w, of in zip(weights, fits, strict=True))
    second = sum(
        w * (sum(of[place] * (1 - of[place]) for place in open_) + sum(of[place] for place in open_) ** 2)
        for w, of in zip(weights, fits, strict=True)
    )
    error, n = 1.959964 * math.sqrt(second - mean**2), len(verdicts)
    return (known + mean) / n, max(known, known + mean - error) / n, min(n - wrong, known + mean + error) / n


def test_of_one_tag_by_loops():
    rng = np.random.default_rng(3)
    for _ in range(10):
        n = int(rng.integers(1, 30))
        probabilities = (rng.integers(5, 250, n) + 0.5) / 256
        verdicts = rng.integers(-1, 2, n)
        found = estimate_of_tag(probabilities, verdicts)
        expected = plain(probabilities.tolist(), verdicts.tolist())
        assert (found.right, found.low, found.high) == pytest.approx(expected, abs=1e-6)
        assert (found.suggestions, found.answered) == (n, np.count_nonzero(verdicts))


def test_answers_of_one_tag_speak_for_all_its_suggestions():
    probabilities = np.r_[np.full(50, 0.95), np.full(50, 0.7)]
    nothing, no = np.zeros(100, dtype=int), np.r_[np.full(20, -1), np.zeros(80, dtype=int)]
    assert (
        estimate_of_tag(probabilities, no).right < 0.2 < 0.6 < estimate_of_tag(probabilities, nothing).right
    )
    assert estimate(probabilities, no).right > 0.35, (
        "where tags are mixed they speak for those of about their own"
    )


def test_at_every_limit_it_is_that_of_what_lies_above():
    rng = np.random.default_rng(0)
    levels, said = rng.integers(0, 200, 300), rng.integers(-1, 2, 300)
    size, right, answered = (
        np.bincount(levels[chosen], minlength=200) for chosen in (said < 2, said == 1, said != 0)
    )
    found = estimate_from(size, size * (np.arange(200) + 0.5) / 200, right, answered)
    one = estimate_of_tag((levels + 0.5) / 200, said)  # counted in 256 bins instead of 200
    assert [part[0] for part in found] == pytest.approx([one.right, one.low, one.high], abs=0.003)
    for limit in (7, 50, 143, 199):
        above = np.arange(200) >= limit
        n = int(size[above].sum())
        known = right[above].sum() / n
        assert (
            known
            <= found[1][limit]
            <= found[0][limit]
            <= found[2][limit]
            <= 1 - (answered[above].sum() - right[above].sum()) / n
        )


@pytest.mark.parametrize("shift", [-2.5, -1.0, 0.0, 1.0])
def test_the_interval_of_one_tag_holds_the_truth_whatever_its_probabilities_are_worth(shift):
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        probabilities = np.sort(rng.uniform(0.5, 0.99, 200))[::-1]
        truth = rng.random(200) < 1 / (1 + np.exp(-(np.log(probabilities / (1 - probabilities)) + shift)))
        verdicts = np.where(truth, 1, -1)
        verdicts[30:] = 0
        found = estimate_of_tag(probabilities, verdicts)
        inside += found.low <= truth.mean() <= found.high
    assert inside / 300 >= 0.88


def test_nothing_to_estimate_and_mistakes():
    assert np.isnan(estimate_of_tag(np.zeros(0), np.zeros(0, dtype=int)).right)
    with pytest.raises(DataError, match="come with"):
        estimate_of_tag(np.zeros(2), np.zeros(3, dtype=int))
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
