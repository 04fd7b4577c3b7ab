"""The hidden-tag test: which tag is hidden, what the other tags say for it, whether it comes back."""

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.evaluation.hidden import Hidden, found_again, hide_one


def tags_of(seed, photos=60, tags=7):
    rng = np.random.default_rng(seed)
    given = rng.random((photos, tags)) < 0.3
    given[:5] = False
    return sparse.csr_matrix(given.astype(np.uint8))


def test_one_given_tag_of_each_photo_that_has_any():
    tags = tags_of(0)
    hidden = hide_one(tags, np.arange(60))
    assert hidden.rows.tolist() == np.flatnonzero(np.diff(tags.indptr)).tolist()
    assert all(tags[row, column] for row, column in zip(*hidden, strict=True))
    some = np.array([3, 8, 9, 40])
    part = hide_one(tags, some)
    place = np.searchsorted(hidden.rows, part.rows)
    np.testing.assert_array_equal(part.columns, hidden.columns[place], "whoever else is asked")
    assert set(part.rows) <= set(some)


def test_every_given_tag_has_the_same_chance():
    tags = sparse.csr_matrix(np.tile([1, 0, 1, 1], (6000, 1)).astype(np.uint8))
    counts = np.bincount(hide_one(tags, np.arange(6000)).columns, minlength=4)
    assert counts[1] == 0 and (np.abs(counts[[0, 2, 3]] - 2000) < 5 * np.sqrt(6000 * 2 / 9)).all()
    first, again, other = (hide_one(tags, np.arange(6000), seed=seed).columns for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()


def test_hidden_tags_come_back_at_their_limits():
    hidden = Hidden(np.array([0, 1, 2, 3, 5]), np.array([0, 0, 1, 2, 1]))
    limits = np.array([0.5, 0.8, np.inf])
    found = found_again(
        hidden,
        np.array([0.5, 0.4, 0.9, 1.0, 0.7]),
        limits,
        np.array([3, 0, 1, 2, 0]),
        told=np.array([True, True, False]),
    )
    assert found.asked.tolist() == [2, 2, 1] and found.hits.tolist() == [1, 1, 0]
    assert found.recall == 2 / 5 and found.recall_told == 2 / 4
    assert found.additions == 3 + 0 + 1 + 2 + 0 + 2 and found.additions_per_hit == 4
    low, high = found.recall_interval
    assert 0 <= low < 2 / 5 < high <= 1


def test_without_tags_nothing_can_be_asked():
    hidden = hide_one(sparse.csr_matrix((4, 3), dtype=np.uint8), np.arange(4))
    found = found_again(
        hidden, np.empty(0), np.full(3, 0.5), np.empty(0, np.int64), told=np.ones(3, dtype=bool)
    )
    assert np.isnan([found.recall, found.recall_told, found.additions_per_hit]).all()
    assert found.recall_interval is None and found.additions == 0


@pytest.mark.parametrize("scores", [[0.1, 0.2], [0.0, 0.0]])
def test_where_none_comes_back_the_price_is_undefined(scores):
    found = found_again(
        Hidden(np.array([0, 1]), np.array([0, 0])),
        np.array(scores),
        np.array([0.5]),
        np.array([4, 0]),
        told=np.array([True]),
    )
    assert found.recall == 0 and found.additions == 4 and np.isnan(found.additions_per_hit)
