import warnings

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning, UnsupportedTask
from tagrefine_core.methods import create


def clusters(
    seed: int = 0, images: int = 120
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.int64]]:
    """Six clusters with three tags of their own each."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(images) % 6
    features = np.maximum(
        3 * rng.standard_normal((6, 16))[cluster] + 0.5 * rng.standard_normal((images, 16)), 0.0
    )
    truth = np.repeat(np.eye(6, dtype=bool), 3, axis=1)[cluster]
    tags = np.where(truth, rng.random(truth.shape) < 0.5, rng.random(truth.shape) < 0.03)
    return features, tags.astype(np.uint8), cluster


def mean_gap(scores: NDArray[np.float32], cluster: NDArray[np.int64]) -> float:
    """How much more the true tags score than the others."""
    truth = np.repeat(np.eye(6, dtype=bool), 3, axis=1)[cluster]
    return float(scores[truth].mean() - scores[~truth].mean())


@pytest.mark.parametrize("gamma", [{}, {"gamma_images": 0.1}])
def test_planted_clusters_are_completed(gamma: dict[str, float]) -> None:
    features, tags, cluster = clusters()
    model = create("nmf", rank=6, **gamma).fit(features, tags)
    refined = model.refine(features, tags)
    truth = np.repeat(np.eye(6, dtype=bool), 3, axis=1)[cluster]
    # Of the tags that no user gave, the true ones stand out.
    assert refined[truth & (tags == 0)].mean() > 3 * refined[~truth & (tags == 0)].mean()
    new, _, of_new = clusters(images=240)  # the same centers
    assert mean_gap(model.annotate(new[120:]), of_new[120:]) > 0.2


def test_scores_are_products_of_the_factors() -> None:
    features, tags, _ = clusters()
    model = create("nmf", rank=5, iterations=20).fit(features, tags)
    U, V, W = model.U_, model.V_, model.W_
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(model.refine(features, tags), U @ V, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.annotate(features), unit @ W @ V, rtol=1e-5, atol=1e-7)
    assert np.mean(U @ V) == pytest.approx(tags.mean(), rel=0.5)  # the scale of the tags


def test_other_images_use_their_tags_and_features() -> None:
    features, tags, _ = clusters()
    new, of_users, _ = clusters(images=240)
    new, of_users = new[120:], of_users[120:]
    model = create("nmf", rank=6).fit(features, tags)
    with_tags, without = model.refine(new, of_users), model.refine(new, 0 * of_users)
    assert with_tags[of_users == 1].mean() > without[of_users == 1].mean()
    assert (without > 0).any()
    # Another answer for the images of fit when their tags are others.
    assert not np.array_equal(model.refine(features, 0 * tags), model.refine(features, tags))


def test_without_the_tie_to_features_it_only_refines() -> None:
    features, tags, _ = clusters()
    model = create("nmf", rank=6, alpha=0.0).fit(features, tags)
    assert np.isfinite(model.refine(features, tags)).all()
    assert np.isfinite(model.refine(features[:4], tags[:4])).all()
    with pytest.raises(UnsupportedTask, match="alpha"):
        model.annotate(features)


def test_negative_features_count_too() -> None:
    features, tags, cluster = clusters()
    model = create("nmf", rank=6).fit(features - 1.0, tags)
    assert model.W_.shape == (32, 6)
    assert mean_gap(model.annotate(features - 1.0), cluster) > 0.15


def test_a_graph_of_tags_without_a_vocabulary_says_so() -> None:
    features, tags, _ = clusters()
    with pytest.warns(TagRefineWarning, match="vocabulary"):
        create("nmf", gamma_tags=0.1, iterations=3).fit(features, tags)


def test_a_stronger_graph_makes_neighbors_more_alike() -> None:
    features, tags, _ = clusters()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    nearest = np.argsort(-(unit @ unit.T), axis=1)[:, 1:6]
    roughness = []
    for gamma in (0.0, 0.3, 3.0):
        U = create("nmf", rank=6, gamma_images=gamma, k=5).fit(features, tags).U_
        roughness.append(((U[:, None] - U[nearest]) ** 2).sum() / (U**2).sum())
    assert roughness[0] > roughness[1] > roughness[2]


def test_same_seed_same_scores_and_any_order_of_columns() -> None:
    features, tags, _ = clusters()
    order = np.random.default_rng(0).permutation(18)
    first, second = (create("nmf", rank=6).fit(features, tags).annotate(features) for _ in range(2))
    assert np.array_equal(first, second)
    shuffled = create("nmf", rank=6).fit(features, tags[:, order]).annotate(features)
    np.testing.assert_allclose(shuffled, first[:, order], rtol=1e-3, atol=1e-4)
    assert not np.array_equal(create("nmf", rank=6, seed=1).fit(features, tags).annotate(features), first)


@pytest.mark.parametrize("method", ["nmf", "wdnl", "wdmf"])
@pytest.mark.parametrize("params", [{}, {"beta": 0.0}])
@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize(
    "tags",
    [[[1]], [[0]], [[1], [0]], [[0, 0]] * 4, [[1, 1]] * 4, [[1, 0], [0, 0], [1, 1], [1, 0], [0, 0]]],
)
def test_degenerate_data(method: str, params: dict[str, float], zero: bool, tags: list[list[int]]) -> None:
    features = np.zeros((len(tags), 3)) if zero else np.ones((len(tags), 3))
    if method != "nmf":
        params = {**params, "rounds": 2, "hidden": (4, 4)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)
        model = create(method, **params).fit(features, csr_matrix(tags, dtype=np.uint8))
    for scores in (
        model.annotate(features),
        model.annotate(np.eye(3)),
        model.refine(features, tags),
        model.refine(np.eye(3), np.ones((3, len(tags[0])), np.uint8)),
    ):
        assert np.isfinite(scores).all() and (scores >= 0).all()


@pytest.mark.parametrize("wrong", [{"rank": 0}, {"alpha": -1.0}, {"beta": np.nan}, {"gamma_images": -1.0}])
def test_parameters_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        create("nmf", **wrong).fit([[0.0], [1.0]], [[1], [0]])
