from itertools import pairwise, permutations

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, DataError
from tagrefine_core.evaluation import AP_VARIANTS, average_precision, random_average_precision


def plain_ap(relevant):
    """AP of a list in ranked order, as its definition reads."""
    found, total = 0, 0.0
    for rank, is_relevant in enumerate(relevant, start=1):
        if is_relevant:
            found += 1
            total += found / rank
    return total / found if found else float("nan")


def ap_of_row(scores, truth, variant):
    """One row at a time: all orders of the ties, or the one order that the variant names."""
    judged = [(-score, relevant) for score, relevant in zip(scores, truth, strict=True) if relevant != -1]
    if variant == "stable":
        return plain_ap([relevant for _, relevant in sorted(judged, key=lambda pair: pair[0])])
    if variant == "pessimistic":
        return plain_ap([relevant for _, relevant in sorted(judged)])
    values = [
        plain_ap([judged[place][1] for place in order])
        for order in permutations(range(len(judged)))
        if all(judged[a][0] <= judged[b][0] for a, b in pairwise(order))
    ]
    return float(np.mean(values))


@pytest.mark.parametrize(
    ("scores", "truth", "expected"),
    [
        ([1, 1, 0, 0], [1, 0, 1, 0], 2 / 3),
        ([0.9, 0.5, 0.5, 0.1], [0, 1, 0, 1], 0.4583333),
        ([0, 0, 0], [1, 0, 0], 11 / 18),
        ([2, 1, 1, 1, 0], [1, 1, 0, 1, 0], 0.9074074),
        ([3, 2, 1], [1, 1, 1], 1.0),
        ([3, 2, 1], [0, 0, 1], 1 / 3),
        ([3, -np.inf, -np.inf], [0, 1, 0], (1 / 2 + 1 / 3) / 2),
        ([5], [1], 1.0),
    ],
)
def test_hand_made(scores, truth, expected):
    assert average_precision([scores], [truth])[0] == pytest.approx(expected, abs=1e-7)


def test_variants_of_one_tie():
    scores, truth = [[1, 1, 1]], [[0, 1, 0]]
    assert average_precision(scores, truth)[0] == pytest.approx(11 / 18)
    assert average_precision(scores, truth, variant="stable")[0] == pytest.approx(1 / 2)
    assert average_precision(scores, truth, variant="pessimistic")[0] == pytest.approx(1 / 3)


def test_unjudged_columns_are_not_in_the_ranking():
    assert average_precision([[9, 2, 1]], [[-1, 1, 0]])[0] == 1.0
    # An unjudged column does not even tie with the lowest scores.
    assert average_precision([[-np.inf, -np.inf]], [[-1, 1]])[0] == 1.0


@pytest.mark.parametrize("variant", AP_VARIANTS)
def test_equals_enumeration(variant):
    rng = np.random.default_rng(0)
    for n in range(1, 8):
        scores = rng.choice([-np.inf, 0.0, 0.5, 1.0], size=(12, n))
        truth = rng.choice([-1, 0, 1], size=(12, n), p=[0.2, 0.4, 0.4])
        expected = [ap_of_row(*row, variant) for row in zip(scores, truth, strict=True)]
        np.testing.assert_allclose(average_precision(scores, truth, variant=variant), expected, rtol=1e-12)


def test_long_rows_without_ties_agree_in_all_variants():
    rng = np.random.default_rng(1)
    scores = rng.permuted(np.tile(np.arange(3000.0), (4, 1)), axis=1)
    truth = (rng.random((4, 3000)) < 0.1).astype(int)
    expected = [plain_ap(row[np.argsort(-score)]) for score, row in zip(scores, truth, strict=True)]
    for variant in AP_VARIANTS:
        np.testing.assert_allclose(average_precision(scores, truth, variant=variant), expected, rtol=1e-12)


def test_all_tied_is_the_closed_form():
    truth = np.tril(np.ones((14, 14), dtype=int))
    expected = random_average_precision(14, np.arange(1, 15))
    np.testing.assert_allclose(average_precision(np.zeros((14, 14)), truth), expected, rtol=1e-12)


def test_variants_bracket_the_expectation():
    rng = np.random.default_rng(2)
    scores, truth = rng.integers(0, 3, (200, 12)), rng.integers(0, 2, (200, 12))
    expected = average_precision(scores, truth)
    worst = average_precision(scores, truth, variant="pessimistic")
    defined = ~np.isnan(expected)
    assert (worst[defined] <= expected[defined] + 1e-12).all() and (worst[defined] < expected[defined]).any()


def test_nothing_relevant_is_undefined():
    assert np.isnan(average_precision([[1.0, 2.0], [1.0, 2.0]], [[0, 0], [-1, -1]])).all()
    assert average_precision(np.empty((3, 0)), np.empty((3, 0))).shape == (3,)


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="optimistic"):
        average_precision([[1.0]], [[1]], variant="optimistic")
    with pytest.raises(DataError, match=r"\(1, 2\).*\(1, 1\)"):
        average_precision([[1.0, 2.0]], [[1]])
