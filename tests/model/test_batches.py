"""Algorithm 1 against a naive second implementation, and the equivalence of its refresh modes."""

import numpy as np
import pytest
import torch

from tagrefine_core.errors import ConfigError
from tagrefine_core.model.batches import Bank, anchors_of_step, select_batch
from tagrefine_core.neighbors.search import candidate_sets

MODES = ("exact", "shortlist", "bank", "static")


def case(n=60, d=6, M=20, seed=0):
    features = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return torch.from_numpy(features), candidate_sets(features, M)


def naive(anchors, candidates, features, m):
    rows = []
    for anchor in anchors:
        distance = {
            int(z): float(((features[z] - features[anchor]).double() ** 2).sum()) for z in candidates[anchor]
        }
        rows.append([anchor, *sorted(distance, key=lambda z: (distance[z], z))[: m - 1]])
    return np.array(rows)


def select(anchors, candidates, *, mode, now, stored, m=5, shortlist=8):
    return select_batch(
        anchors,
        candidates[anchors],
        m=m,
        mode=mode,
        forward=lambda rows: now[torch.from_numpy(rows)],
        bank=Bank(stored),
        shortlist=shortlist,
    )


def test_exact_is_algorithm_1():
    features, candidates = case()
    moved = features + 0.5 * torch.randn(features.shape, generator=torch.Generator().manual_seed(1))
    anchors = np.array([3, 41, 17])
    batch = select(anchors, candidates, mode="exact", now=moved, stored=features)
    assert np.array_equal(batch.rows, naive(anchors, candidates, moved, 5))
    for group, row in enumerate(batch.rows):
        expected = (moved[row[1:]] - moved[row[0]]).square().sum(dim=1)
        assert torch.allclose(batch.squared_distances[group], expected, rtol=1e-5)


def test_all_modes_are_one_while_nothing_has_moved():
    features, candidates = case()
    anchors = np.array([0, 5, 59])
    batches = [select(anchors, candidates, mode=mode, now=features, stored=features) for mode in MODES]
    for batch in batches:
        assert np.array_equal(batch.rows[:, 0], anchors)
        assert np.array_equal(batch.rows[:, 1:], candidates[anchors][:, :4])


def test_bank_that_is_up_to_date_is_exact_and_stale_one_is_static():
    features, candidates = case()
    moved = features + torch.randn(features.shape, generator=torch.Generator().manual_seed(2))
    anchors = np.arange(10)
    exact = select(anchors, candidates, mode="exact", now=moved, stored=features)
    assert np.array_equal(select(anchors, candidates, mode="bank", now=moved, stored=moved).rows, exact.rows)
    stale = select(anchors, candidates, mode="bank", now=moved, stored=features)
    static = select(anchors, candidates, mode="static", now=moved, stored=features)
    assert np.array_equal(stale.rows, static.rows)
    assert not np.array_equal(stale.rows, exact.rows)


def test_shortlist_of_all_candidates_is_exact():
    features, candidates = case()
    moved = features + torch.randn(features.shape, generator=torch.Generator().manual_seed(3))
    anchors = np.arange(8)
    short = select(anchors, candidates, mode="shortlist", now=moved, stored=features, shortlist=20)
    assert np.array_equal(
        short.rows, select(anchors, candidates, mode="exact", now=moved, stored=features).rows
    )


def test_cost_of_modes_is_counted():
    features, candidates = case()
    anchors = np.array([1, 2])
    counts = {
        mode: select(anchors, candidates, mode=mode, now=features, stored=features).forwarded
        for mode in MODES
    }
    assert counts["bank"] == counts["static"] == 0
    assert 0 < counts["shortlist"] <= 2 * 9 < counts["exact"] <= 2 * 21


def test_whole_candidate_set_when_m_is_one_more():
    features, candidates = case(M=4)
    batch = select(np.array([7]), candidates, mode="exact", now=features, stored=features)
    assert set(batch.rows[0, 1:]) == set(candidates[7].tolist())


def test_too_few_candidates_is_an_error_that_says_so():
    features, candidates = case(M=3)
    with pytest.raises(ConfigError, match=r"m=5 images needs 4 candidates.*there are 3"):
        select(np.array([0]), candidates, mode="bank", now=features, stored=features)
    with pytest.raises(ConfigError, match="stored features"):
        select_batch(
            np.array([0]), candidates[:1], m=2, mode="bank", forward=lambda rows: features, bank=None
        )


@pytest.mark.parametrize("mode", ["exact", "shortlist", "bank"])
def test_ties_go_to_the_lower_row_whatever_the_order(mode):
    features = torch.zeros(10, 2)
    features[[9, 2, 7, 4]] = torch.tensor([[1.0, 0], [0, 1.0], [-1.0, 0], [0, -1.0]])
    candidates = np.zeros((1, 4), dtype=np.int32) + np.array([9, 2, 7, 4], dtype=np.int32)
    batch = select(np.array([0]), candidates, mode=mode, now=features, stored=features, m=4, shortlist=4)
    assert batch.rows.tolist() == [[0, 2, 4, 7]] and batch.squared_distances.tolist() == [[1.0, 1.0, 1.0]]


def test_every_image_is_an_anchor_once_a_cycle_and_steps_are_independent():
    steps = [anchors_of_step(step, anchors=4, images=10, seed=3) for step in range(5)]
    assert sorted(np.concatenate(steps)[:10]) == list(range(10))
    assert sorted(np.concatenate(steps)[10:]) == list(range(10))
    assert np.array_equal(anchors_of_step(3, anchors=4, images=10, seed=3), steps[3])
    assert not np.array_equal(anchors_of_step(0, anchors=10, images=10, seed=4), np.concatenate(steps)[:10])


def test_bank_keeps_half_precision_only_above_its_budget():
    features = torch.rand(10, 4)
    assert Bank(features).features.dtype == torch.float32
    small = Bank(features, budget=100)
    assert small.features.dtype == torch.float16
    small.write(np.array([2]), torch.ones(1, 4))
    assert torch.equal(small.read(np.array([2])), torch.ones(1, 4))
