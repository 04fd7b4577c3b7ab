import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning, UnsupportedTask
from tagrefine_core.methods import create
from tagrefine_core.methods.low_rank import separate


@pytest.fixture(autouse=True)
def without_words() -> Iterator[None]:
    """Most fits here have no vocabulary, which `test_without_words_it_says_so` is about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)
        yield


def clusters(
    seed: int = 0, images: int = 60
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.bool_]]:
    """Five clusters with four tags of their own each; the truth comes third."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(images) % 5
    features = 2 * rng.standard_normal((5, 10))[cluster] + 0.7 * rng.standard_normal((images, 10))
    truth = np.repeat(np.eye(5, dtype=bool), 4, axis=1)[cluster]
    tags = np.where(truth, rng.random(truth.shape) < 0.5, rng.random(truth.shape) < 0.05)
    return features, tags.astype(np.uint8), truth


def distances(features: NDArray[np.float64]) -> NDArray[np.float64]:
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    far = 1 - unit @ unit.T
    np.fill_diagonal(far, np.inf)
    return far


@pytest.mark.parametrize("data", ["raw", "propagated"])
@pytest.mark.parametrize("decay", ["d", "d2"])
def test_inputs_by_plain_loops(data: str, decay: str) -> None:
    features, tags, _ = clusters()
    model = create("rpca", data=data, decay=decay, k_propagate=3, k_graph=4, lambda2=0.5).fit(features, tags)
    far, n, c = distances(features), *tags.shape
    order = np.argsort(far, axis=1)

    def weight(i: int, j: int, k: int) -> float:
        bandwidth = np.median(np.take_along_axis(far, order[:, :k], axis=1)) ** 2
        return float(np.exp(-(far[i, j] if decay == "d" else far[i, j] ** 2) / bandwidth))

    D = tags.astype(float)
    if data == "propagated":
        for i in range(n):
            near = [(tags[j], weight(i, j, 3)) for j in order[i, :3]]
            D[i] = (tags[i] + sum(w * t for t, w in near)) / (1 + sum(w for _, w in near))
    L_I = np.zeros((n, n))
    for i in range(n):
        for j in order[i, :4]:
            L_I[i, j] = L_I[j, i] = -weight(i, j, 4)
    L_T = np.zeros((c, c))
    for a in range(c):
        for b in range(c):
            if a != b:
                L_T[a, b] = (
                    -0.9 * (tags[:, a] & tags[:, b]).sum() / max(1, tags[:, a].sum() + tags[:, b].sum())
                )
    for L in (L_I, L_T):
        np.fill_diagonal(L, -L.sum(axis=1))
    expected = separate(D, lambda1=0.5, lambda2=0.5, L_I=csr_matrix(L_I), L_T=L_T)
    np.testing.assert_allclose(model.refine(features, tags), expected.A, atol=1e-4)
    assert model.iterations_ == expected.iterations


@pytest.mark.parametrize("data", ["raw", "propagated"])
def test_planted_clusters_are_completed(data: str) -> None:
    features, tags, truth = clusters()
    scores = create("rpca", data=data, k_graph=5).fit(features, tags).refine(features, tags)
    assert scores[truth & (tags == 0)].mean() > 2 * scores[~truth & (tags == 0)].mean()
    assert scores[truth & (tags == 1)].mean() > scores[~truth & (tags == 1)].mean() + 0.05


def test_images_of_fit_get_the_solution_of_fit() -> None:
    features, tags, _ = clusters()
    model = create("rpca").fit(features, tags)
    scores = model.refine(features, tags)
    assert np.array_equal(scores, model.refined_)
    # The assigned mode overwrites its scores; they must be a copy.
    assert np.isneginf(model.refine(features, tags, mode="assigned")[tags == 0]).all()
    assert np.array_equal(model.refine(features, tags), scores)


def test_other_images_are_appended() -> None:
    features, tags, _ = clusters()
    model = create("rpca", k_graph=4, k_propagate=3).fit(features[:50], tags[:50])
    together = create("rpca", k_graph=4, k_propagate=3).fit(features, tags)
    expected = together.refine(features, tags)[50:]
    np.testing.assert_allclose(model.refine(features[50:], tags[50:]), expected, atol=1e-6)


def test_other_tags_of_the_images_of_fit_are_solved_anew() -> None:
    features, tags, _ = clusters()
    model = create("rpca").fit(features, tags)
    changed = tags.copy()
    changed[0] = 1 - changed[0]
    expected = create("rpca").fit(features, changed).refine(features, changed)
    assert np.array_equal(model.refine(features, changed), expected)


def test_untagged_images_get_tags_through_the_graph_alone() -> None:
    features, tags, truth = clusters()
    tags[:5] = 0
    without = create("rpca", data="raw", lambda2=0.0).fit(features, tags).refine(features, tags)
    assert np.abs(without[:5]).max() < 1e-6
    joined = create("rpca", data="raw", lambda2=1.0, k_graph=5, decay="d2")
    smooth = joined.fit(features, tags).refine(features, tags)
    assert smooth[:5][truth[:5]].mean() > 2 * np.abs(smooth[:5][~truth[:5]]).mean()
    assert smooth[:5][truth[:5]].mean() > 1e-3


def test_it_only_refines() -> None:
    features, tags, _ = clusters()
    with pytest.raises(UnsupportedTask, match="refine"):
        create("rpca").fit(features, tags).annotate(features)


def test_without_words_it_says_so() -> None:
    features, tags, _ = clusters()
    with pytest.warns(TagRefineWarning, match="vocabulary"):
        create("rpca").fit(features, tags)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create("rpca", lambda2=0.0).fit(features, tags)  # no graph, no need


def test_columns_may_be_in_any_order_and_scores_repeat() -> None:
    features, tags, _ = clusters()
    order = np.random.default_rng(0).permutation(20)
    scores = create("rpca").fit(features, tags).refine(features, tags)
    assert np.array_equal(scores, create("rpca").fit(features, csr_matrix(tags)).refine(features, tags))
    shuffled = create("rpca").fit(features, tags[:, order]).refine(features, tags[:, order])
    np.testing.assert_allclose(shuffled, scores[:, order], atol=1e-5)


@pytest.mark.parametrize("data", ["raw", "propagated"])
@pytest.mark.parametrize("lambda2", [0.0, 0.25])
@pytest.mark.parametrize(
    "tags",
    [[[1]], [[0]], [[1], [0]], [[0, 0]] * 4, [[1, 1]] * 4, [[1, 0], [0, 0], [1, 1], [1, 0], [0, 0]]],
)
def test_degenerate_data(data: str, lambda2: float, tags: list[list[int]]) -> None:
    features = np.ones((len(tags), 2))  # duplicates
    model = create("rpca", data=data, lambda2=lambda2).fit(features, tags)
    for scores in (
        model.refine(features, tags),
        model.refine(np.zeros((2, 2)), np.zeros((2, len(tags[0])), np.uint8)),
    ):
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("images", [3, 1000, 200_000])
def test_the_grid_lies_where_errors_and_rank_are_both_possible(images: int) -> None:
    values = create("rpca").grid(images)["lambda1"]
    assert values == sorted(values) and values[0] > 0 and values[-1] < 1


@pytest.mark.parametrize(
    "wrong", [{"data": "x"}, {"decay": "x"}, {"iterations": 0}, {"k_graph": 0}, {"lambda1": -1.0}]
)
def test_parameters_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        create("rpca", **wrong).fit([[0.0], [1.0]], [[1], [0]])
