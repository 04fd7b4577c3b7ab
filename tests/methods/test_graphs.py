import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning, WordNetMissing
from tagrefine_core.methods import graphs
from tagrefine_core.methods.graphs import image_graph, laplacian, neighbor_graph, spectral_norm, tag_graph
from tagrefine_core.tags import load, wordnet_distance

TAGS = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1]], np.uint8)


def test_images_are_joined_in_either_direction() -> None:
    graph = image_graph(np.array([[1], [2], [1]]), np.array([[0.5], [0.25], [0.25]])).toarray()
    assert graph.tolist() == [[0, 0.5, 0], [0.5, 0, 0.25], [0, 0.25, 0]]
    assert image_graph(np.empty((2, 0), np.int64), np.empty((2, 0))).nnz == 0


def test_neighbors_weigh_by_the_median_distance() -> None:
    graph = neighbor_graph(np.array([[1], [2], [1]]), np.array([[1.0], [3.0], [3.0]])).toarray()
    assert graph[0, 1] == pytest.approx(np.exp(-1 / 3)) and graph[1, 2] == pytest.approx(np.exp(-1))
    same = neighbor_graph(np.array([[1], [0]]), np.zeros((2, 1))).toarray()
    assert same.tolist() == [[0, 1], [1, 0]]


def test_tags_without_words_are_alike_by_company() -> None:
    with pytest.warns(TagRefineWarning, match="no vocabulary"):
        similarity = tag_graph(csr_matrix(TAGS), None)
    expected = 0.9 * np.array([[0, 2 / 5, 0], [2 / 5, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(similarity, expected)


def test_wordnet_adds_a_tenth() -> None:
    load()  # a missing WordNet is another test
    words = ["dog", "wolf", "qqzzx"]
    similarity = tag_graph(csr_matrix(TAGS), words)
    lin = 1 - wordnet_distance(words, senses="first")[0, 1]
    assert 0 < lin < 1
    assert similarity[0, 1] == similarity[1, 0] == pytest.approx(0.9 * 2 / 5 + 0.1 * lin)
    assert similarity[2].tolist() == [0, 0, 0]


def test_without_wordnet_it_says_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **options: object) -> NDArray[np.float64]:
        raise WordNetMissing("none here")

    monkeypatch.setattr(graphs, "wordnet_distance", missing)
    with pytest.warns(TagRefineWarning, match="setup"):
        similarity = tag_graph(csr_matrix(TAGS), ["dog", "wolf", "qqzzx"])
    assert similarity[0, 1] == pytest.approx(0.9 * 2 / 5)


def test_names_for_other_tags_are_an_error() -> None:
    with pytest.raises(ConfigError, match="2 tags but there are 3"):
        tag_graph(csr_matrix(TAGS), ["dog", "wolf"])


@pytest.mark.parametrize("size", [5, 300])  # dense, and by iteration
def test_laplacians_are_flat_on_constants_and_have_that_norm(size: int) -> None:
    rng = np.random.default_rng(size)
    graph = np.triu((rng.random((size, size)) < 0.1) * rng.random((size, size)), 1)
    graph += graph.T
    L = laplacian(csr_matrix(graph))
    np.testing.assert_allclose(L @ np.ones(size), 0, atol=1e-12)
    x = rng.standard_normal(size)
    pairs = 0.5 * sum(graph[i, j] * (x[i] - x[j]) ** 2 for i, j in zip(*np.nonzero(graph), strict=True))
    assert x @ (L @ x) == pytest.approx(pairs)
    assert spectral_norm(L) == pytest.approx(np.linalg.norm(L.toarray(), 2), rel=1e-6)


def test_no_links_have_no_norm() -> None:
    assert spectral_norm(laplacian(csr_matrix((4, 4)))) == 0.0
