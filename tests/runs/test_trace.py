"""What a neighbor trace says, on traces small enough to judge by eye and against plain loops."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.cli.results import _neighborhoods
from tagrefine_core.errors import LabelError, RunError
from tagrefine_core.runs.judging import OVERLAP, Judge, judge_of
from tagrefine_core.runs.queries import GROUPS, group_of, queries_of
from tagrefine_core.runs.run import NeighborTrace
from tagrefine_core.runs.trace import neighborhoods_of, precision
from tagrefine_core.settings import train_config


class Photos:
    """A collection as far as judging asks."""

    def __init__(self, truth, names=("sea", "sky")):
        self.truth = None if truth is None else np.array(truth, dtype=np.int8)
        self.labels, self.name, self.n = names, "photos", len(truth or [])


class Trained:
    """A run as far as its trace is asked for."""

    id = "r"

    def __init__(self, trace, n, **settings):
        self.trace, self.rows = trace, np.arange(n)
        m = trace.neighbors.shape[2] + 1
        self.config = train_config("default").replaced({"neighbors.m": m, "neighbors.s": 8 * m, **settings})


def trace_of(photos, neighbors):
    """A trace that begins in the frozen features."""
    array = np.array(neighbors, dtype=np.int32)
    stages = ("frozen", *["constraints"] * (len(array) - 1))
    return NeighborTrace(np.array(photos), stages, np.arange(len(array)) * 10, array)


# Photos 0 to 5; sea on 0, 1, 4 and sky on 1, 2, 3, 5, so that sea is the rarer one.
TRUTH = [[1, 0], [1, 1], [0, 1], [0, 1], [1, 0], [0, 1]]
# Photo 0 (sea), 1 (sea and sky), 2 (sky); two nearest each, at two moments.
SMALL = trace_of([0, 1, 2], [[[2, 3], [2, 3], [3, 0]], [[1, 4], [3, 4], [5, 0]]])


def small(truth=TRUTH, trace=SMALL, **settings):
    return neighborhoods_of(Trained(trace, len(truth), **settings), Photos(truth))


# Relevance


def test_a_neighbor_is_relevant_when_it_has_the_rarest_label():
    judge = small().judge
    assert judge.rarest(np.arange(6)).tolist() == [0, 0, 1, 1, 0, 1]
    first, last = (judge.relevant(SMALL.photos, neighbors).tolist() for neighbors in SMALL.neighbors)
    # Photo 1 shares sky with 2 and 3; what counts is the sea.
    assert first == [[False, False], [False, False], [True, False]]
    assert last == [[True, True], [False, True], [True, False]]


def test_of_equally_rare_labels_the_first_counts_and_none_without_labels():
    judge = Judge.of("labels", np.array([[1, 1], [1, 1], [0, 0]], dtype=bool), None, ("a", "b"))
    assert judge.rarest(np.array([0, 2])).tolist() == [0, -1]
    assert judge.relevant(np.array([2]), np.array([[0, 1]])).tolist() == [[False, False]]
    assert judge.judged(np.arange(3)).tolist() == [True, True, False]


def test_refined_tags_agree_by_weight():
    # Weights by rarity: log(8 / 4), log(8 / 2), log(8 / 1) are 1, 2 and 3 times log 2.
    have = np.zeros((8, 3), dtype=bool)
    have[:4, 0] = have[[0, 1], 1] = have[0, 2] = True
    judge = Judge.of("refined", have, None, ("a", "b", "c"))
    np.testing.assert_allclose(judge.weights, np.log(2) * np.array([1, 2, 3]))
    # Photo 0 has all (6): with 1 it shares 3 of 6, with 2 it shares 1 of 6, with 5 nothing. Photo 2 shares 1 of 3 with 1.
    assert OVERLAP == 1 / 3
    assert judge.relevant(np.array([0, 2]), np.array([[1, 2, 5], [1, 3, 5]])).tolist() == [
        [True, False, False],
        [True, True, False],
    ]
    assert not judge.relevant(np.array([5]), np.array([[6, 7]])).any(), (
        "two photos without tags have nothing in common"
    )


@pytest.mark.parametrize("by", ["labels", "refined"])
def test_of_no_photos_no_neighbor_is_relevant(by):
    judge = Judge.of(by, np.array(TRUTH) == 1, None, ("sea", "sky"))
    assert judge.relevant(np.zeros(0, dtype=np.int64), np.zeros((0, 7), dtype=np.int32)).shape == (0, 7)


def test_chance_is_the_share_of_all_others():
    judge = small().judge
    # Of the five others, 1 and 4 have the sea.
    assert judge.chance(0, np.arange(6)) == pytest.approx(2 / 5)
    assert judge.chance(0, np.array([0, 1, 2])) == pytest.approx(1 / 2)


def test_labels_that_are_not_there_cannot_judge():
    with pytest.raises(LabelError, match="no ground truth"):
        judge_of(Trained(SMALL, 6), Photos(None), "labels")


# The curve


def test_precision_by_hand():
    found = small()
    # Sea: photo 0 has 0 of 2, then 2; photo 1 has 0, then 1. Sky: photo 1 has 2, then 1; photo 2 has 1, then 1.
    first, last = (0 + 0) / 2, (1 + 0.5) / 2
    sky_first, sky_last = (1 + 0.5) / 2, (0.5 + 0.5) / 2
    np.testing.assert_allclose(found.precision.value, [(first + sky_first) / 2, (last + sky_last) / 2])
    assert found.precision.gain[0] == pytest.approx(found.precision.value[1] - found.precision.value[0])
    # Two of five others have the sea, three of five the sky.
    assert found.precision.chance == pytest.approx((2 / 5 + 3 / 5) / 2)


def test_what_nobody_has_judged_is_left_out():
    truth = [[1, 0], [1, 0], [-1, 0], [-1, 0], [0, 0], [-1, 0]]
    trace = trace_of([0, 1], [[[1, 2], [2, 3]], [[2, 4], [0, 2]]])
    found = small(truth, trace)
    # Photo 0: its one judged neighbor has it; photo 1 has none that is judged. Then: 0 of 1, and 1 of 1. Nobody has sky.
    np.testing.assert_allclose(found.precision.value, [1.0, 0.5])
    assert found.judged.tolist() == [True, True]


def test_nothing_to_judge_is_nan_not_zero():
    found = small([[0, 0]] * 6)
    assert np.isnan(found.precision.value).all() and np.isnan(found.first).all()
    document = found.as_dict()
    assert document["judged"] == document["better"] == document["same"] == document["worse"] == 0
    assert [point["precision"] for point in document["points"]] == [None, None]
    assert document["gain"]["low"] is None and document["chance"] is None


def test_precision_and_interval_against_plain_loops():
    generator = np.random.default_rng(1)
    state = generator.choice([1, 0, -1], p=[0.25, 0.65, 0.1], size=(300, 6))
    photos = np.sort(generator.permutation(300)[:200])
    trace = trace_of(photos, generator.integers(300, size=(3, 200, 5)))
    judge = Judge.of("labels", state == 1, state == -1, tuple("abcdef"))

    def mean(neighbors, chosen):
        labels = []
        for label in range(6):
            shares = []
            for q in chosen:
                told = [state[row, label] for row in neighbors[q] if state[row, label] != -1]
                if state[photos[q], label] == 1 and told:
                    shares.append(np.mean([mark == 1 for mark in told]))
            labels.append(np.mean(shares))
        return np.mean(labels)

    found = precision(trace, judge, among=np.arange(300))
    np.testing.assert_allclose(found.value, [mean(near, range(200)) for near in trace.neighbors])
    draws = [generator.integers(200, size=200) for _ in range(60)]
    spread = np.std([mean(trace.neighbors[0], draw) for draw in draws])
    # A bootstrap interval is about two standard errors to each side.
    assert (found.high[0] - found.low[0]) / (2 * 1.96 * spread) == pytest.approx(1, abs=0.35)
    gains = np.std([mean(trace.neighbors[-1], draw) - mean(trace.neighbors[0], draw) for draw in draws])
    assert (found.gain[2] - found.gain[1]) / (2 * 1.96 * gains) == pytest.approx(1, abs=0.35)
    again = precision(trace, judge, among=np.arange(300))
    np.testing.assert_array_equal(found.low, again.low)


# Change


def test_changed_and_what_became_of_each_photo():
    found = small()
    # New at the end: both of photo 0, 4 for photo 1, 5 for photo 2; that 3 and 0 moved up does not count.
    assert found.changed == pytest.approx(4 / 6)
    np.testing.assert_allclose(found.first, [0, 0, 0.5])
    np.testing.assert_allclose(found.last, [1, 0.5, 0.5])
    document = found.as_dict()
    assert (document["better"], document["same"], document["worse"]) == (2, 1, 0)
    assert (document["judged"], document["m"], document["photos"], document["of"]) == (3, 3, 3, 6)
    assert [(point["stage"], point["step"]) for point in document["points"]] == [
        ("frozen", 0),
        ("constraints", 10),
    ]
    assert document["why_still"] is None and document["why_not_judged"] is None


def test_where_nothing_can_be_judged_it_says_why():
    found = small(truth=np.zeros((6, 2), dtype=int).tolist())
    why = found.why_not_judged
    assert why is not None and "true label" in why and found.as_dict()["why_not_judged"] == why
    # The command says it in place of numbers that are none.
    told = _neighborhoods(found)
    assert why in told and "66.7 % of the neighbors" in told and "nan" not in told and "undefined" not in told


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"phi0.epochs": 0, "constraints.epochs": 0}, "no step was taken"),
        ({"constraints.lambda_nbr": 0.0, "constraints.eta": 1.0, "scoring.closed_form": 0.5}, "cannot learn"),
        ({}, "A larger constraints.lr (it is 0.001) or more epochs"),
        (
            {"phi0.epochs": 1, "scoring.closed_form": 0.5},
            "A larger phi0.lr (it is 0.01) or constraints.lr (it is 0.001) or more epochs",
        ),
    ],
)
def test_neighbors_that_stand_still_say_why(settings, why):
    # In another order they are the same neighbors.
    still = trace_of([0, 1, 2], [[[2, 3], [2, 3], [3, 0]], [[3, 2], [2, 3], [0, 3]]])
    found = small(trace=still, **settings)
    assert found.changed == 0 and found.why_still is not None and why in found.why_still


def test_a_trace_of_other_data_is_an_error():
    with pytest.raises(RunError, match="not there"):
        small(trace=trace_of([0], [[[9, 1]]]))


# Queries


def test_queries_are_of_their_group_and_spread_over_labels():
    generator = np.random.default_rng(3)
    truth = np.zeros((200, 4), dtype=np.int8)
    # One label has most of the photos.
    truth[np.arange(200), generator.choice(4, p=[0.85, 0.05, 0.05, 0.05], size=200)] = 1
    trace = trace_of(np.arange(200), generator.integers(200, size=(2, 200, 7)))
    found = neighborhoods_of(Trained(trace, 200), Photos(truth.tolist(), tuple("abcd")))
    gain = found.last - found.first
    shown = {group: queries_of(found, group, most=12) for group in GROUPS}
    for group, sign in zip(GROUPS, (1, 0, -1), strict=True):
        assert (np.sign(gain[shown[group]]) == sign).all() and len(set(shown[group])) == len(shown[group])
        assert all(group_of(found, int(place)) == group for place in shown[group])
        there = set(truth[getattr(found, group)].argmax(axis=1))
        first = truth[shown[group]].argmax(axis=1)[: len(there)]
        assert set(first) == there, "of each label one, before a second of any"
    assert sum(int(getattr(found, group).sum()) for group in GROUPS) == found.judged.sum()
    most = {label: gain[truth[:, label] == 1].max() for label in range(4)}
    first = shown["better"][0]
    assert gain[first] == most[truth[first].argmax()] == max(most.values())
    assert queries_of(found, "same", most=5).tolist() == shown["same"][:5].tolist()


def test_photos_that_cannot_be_judged_are_in_no_group():
    found = small([[0, 0], *TRUTH[1:]])
    assert group_of(found, 0) is None and group_of(found, 1) == "better"
    assert 0 not in np.concatenate([queries_of(found, group, most=9) for group in GROUPS])


def test_refined_tags_that_few_photos_have_are_no_label(monkeypatch):
    kept = sparse.csr_matrix(np.array([[0, 1, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]))
    added = sparse.csr_matrix((np.zeros(3, np.float32), ([0, 4, 5], [0, 0, 2])), shape=(6, 3))

    changes = SimpleNamespace(kept=kept, added=added)
    monkeypatch.setattr("tagrefine_core.runs.judging.changes_of", lambda run, collection: changes)
    photos = Photos(None)
    photos.vocabulary = ("a", "b", "c")
    judge = judge_of(Trained(SMALL, 6), photos, "refined")
    # m is 3: a is on five photos, b on two, c on one. An added tag counts though its stored score is 0.
    assert judge.have.toarray().tolist() == [[1, 0, 0]] * 5 + [[0, 0, 0]]
