"""Tables of similar tags, against the full matrix and by hand."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import DataError
from tagrefine_core.tags import google_distance, similarity_matrix, tag_distance
from tagrefine_core.tags.pairs import TagSimilarity, clustered_order

# sea and beach always together, dog and cat once, dog and sea never.
TAGS = sparse.csr_matrix(
    np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.uint8)
)
MEANING = np.array([[0, 0.6, 1, 1], [0.6, 0, 1, 1], [1, 1, 0, 0.2], [1, 1, 0.2, 0]])


@pytest.fixture
def alike() -> TagSimilarity:
    return TagSimilarity(TAGS, google_distance(TAGS), MEANING)


def test_parts_of_a_link(alike: TagSimilarity) -> None:
    link = alike.link(0, 1, 0.5)
    assert (link.google, link.wordnet, link.together) == (0.0, 0.6, 2)
    assert link.similarity == alike.xi(0.5)[0, 1]
    never = alike.link(0, 2, 0.5)
    assert (never.google, never.similarity, never.together) == (np.inf, 0.0, 0)


def test_alpha_weighs_meaning(alike: TagSimilarity) -> None:
    for alpha in (0.0, 0.5, 2.0):
        expected = similarity_matrix(tag_distance(alike.google, alike.wordnet, alpha))
        np.testing.assert_array_equal(alike.xi(alpha), expected)


def test_most_similar_leaves_out_what_is_not_linked(alike: TagSimilarity) -> None:
    assert [link.columns for link in alike.most_similar(0, 0.5, 10)] == [(0, 1)]
    assert [link.columns for link in alike.most_similar(3, 0.5, 10)] == [(3, 2)]


def test_strongest_pairs_are_those_of_the_whole_matrix() -> None:
    rng = np.random.default_rng(3)
    tags = sparse.csr_matrix((rng.random((80, 12)) < 0.3).astype(np.uint8))
    meaning = rng.random((12, 12))
    meaning = np.triu(meaning, 1) + np.triu(meaning, 1).T
    alike = TagSimilarity(tags, google_distance(tags), meaning)
    xi = alike.xi(1.0)
    rows, columns = np.triu_indices(12, 1)
    best = np.sort(xi[rows, columns])[::-1][:9]
    np.testing.assert_array_equal([link.similarity for link in alike.strongest(1.0, 9)], best)


def test_levels_span_eight_bits(alike: TagSimilarity) -> None:
    levels, peak = alike.levels(0.5)
    assert levels.dtype == np.uint8 and levels.max() == 255
    np.testing.assert_allclose(levels / 255 * peak, alike.xi(0.5), atol=peak / 510 + 1e-12)


def test_nothing_linked_is_all_zero() -> None:
    tags = sparse.csr_matrix(np.eye(3, dtype=np.uint8))
    alike = TagSimilarity(tags, google_distance(tags), np.ones((3, 3)) - np.eye(3))
    levels, peak = alike.levels(0.5)
    assert not levels.any() and peak == 1.0
    assert alike.strongest(0.5, 5) == []


def test_order_puts_clusters_side_by_side() -> None:
    rng = np.random.default_rng(0)
    cluster = rng.permutation(np.repeat(np.arange(5), 8))
    xi = np.where(cluster[:, None] == cluster, 0.8, 0.05)
    np.fill_diagonal(xi, 0)
    order = clustered_order(xi)
    assert sorted(order.tolist()) == list(range(40))
    assert np.count_nonzero(np.diff(cluster[order])) == 4


@pytest.mark.parametrize("count", [0, 1, 2])
def test_order_of_hardly_any_tags(count: int) -> None:
    assert clustered_order(np.zeros((count, count))).tolist() == list(range(count))


def test_distances_of_other_tags_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\(4, 4\)"):
        TagSimilarity(TAGS, np.zeros((3, 3)), MEANING)
