import warnings

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tagrefine_core.errors import Cancelled, ConfigError, TagRefineWarning
from tagrefine_core.methods import Method, create
from tagrefine_core.methods.factor_network import column_norms, unit_rows


def clusters(
    seed: int = 0, images: int = 120
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.bool_]]:
    """Six clusters with three tags of their own each; the truth comes third."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(images) % 6
    features = 2 * rng.standard_normal((6, 16))[cluster] + 0.5 * rng.standard_normal((images, 16))
    truth = np.repeat(np.eye(6, dtype=bool), 3, axis=1)[cluster]
    tags = np.where(truth, rng.random(truth.shape) < 0.5, rng.random(truth.shape) < 0.03)
    return features, tags.astype(np.uint8), truth


def fitted(method: str, **params: object) -> Method:
    features, tags, _ = clusters()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)  # no vocabulary
        return create(method, **{"rank": 6, "hidden": (32, 16), **params}).fit(features, tags)


@pytest.mark.parametrize("method", ["wdnl", "wdmf"])
def test_planted_clusters_are_completed(method: str) -> None:
    features, tags, truth = clusters()
    model = fitted(method)
    refined = model.refine(features, tags)
    assert refined[truth & (tags == 0)].mean() > 3 * refined[~truth & (tags == 0)].mean()
    new, of_users, of_new = (part[120:] for part in clusters(images=240))  # the same centers
    scores = model.annotate(new)
    assert scores[of_new].mean() > scores[~of_new].mean() + 0.15
    assert model.refine(new, of_users)[of_users == 1].mean() > scores[of_users == 1].mean()
    assert model.losses_[-1] < 0.7 * model.losses_[0]


@pytest.mark.parametrize("method", ["wdnl", "wdmf"])
def test_scores_are_products_of_the_factors(method: str) -> None:
    features, tags, _ = clusters()
    model = fitted(method, rounds=2)
    U, V, network = model.U_, model.V_, model.network_
    assert U.min() >= 0 and V.min() >= 0
    np.testing.assert_allclose(model.refine(features, tags), U @ V, rtol=1e-5, atol=1e-7)
    with torch.no_grad():
        g = network(unit_rows(features)).numpy() * network.scale
    np.testing.assert_allclose(model.annotate(features), g @ V, rtol=1e-4)


@pytest.mark.parametrize("method", ["wdnl", "wdmf"])
def test_same_seed_same_scores_and_any_order_of_columns(method: str) -> None:
    features, tags, _ = clusters()
    first, second, other = (fitted(method, rounds=3, seed=seed).annotate(features) for seed in (0, 0, 1))
    assert np.array_equal(first, second) and not np.array_equal(first, other)
    order = np.random.default_rng(0).permutation(18)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TagRefineWarning)
        model = create(method, rank=6, hidden=(32, 16), rounds=3).fit(features, tags[:, order])
    np.testing.assert_allclose(model.annotate(features), first[:, order], rtol=1e-2, atol=1e-3)


def test_sparsity_shrinks_the_first_layer() -> None:
    free, sparse = (
        fitted("wdmf", sparsity=sparsity, epochs=20, learning_rate=1e-2).network_.first.weight.detach()
        for sparsity in (0.0, 1.0)
    )
    assert float(column_norms(sparse).sum()) < 0.5 * float(column_norms(free).sum())


def test_without_its_additions_wdmf_is_wdnl() -> None:
    features, _, _ = clusters()
    plain = fitted("wdnl", rounds=2)
    bare = fitted("wdmf", rounds=2, gamma_images=0.0, gamma_tags=0.0, sparsity=0.0)
    assert np.array_equal(plain.annotate(features), bare.annotate(features))


def test_a_graph_of_tags_without_a_vocabulary_says_so() -> None:
    features, tags, _ = clusters()
    with pytest.warns(TagRefineWarning, match="vocabulary"):
        create("wdmf", rounds=1, epochs=1).fit(features, tags)


def test_it_can_be_stopped() -> None:
    features, tags, _ = clusters()
    model = create("wdnl", rounds=3, epochs=2)
    seen = []

    def stop(stage: str, done: int, total: int) -> None:
        seen.append((done, total))
        if done == 3:
            raise Cancelled

    model.progress = stop
    with pytest.raises(Cancelled):
        model.fit(features, tags)
    assert seen == [(0, 6), (1, 6), (2, 6), (3, 6)]


def test_both_say_that_they_are_reconstructions() -> None:
    assert all(create(name).reconstruction for name in ("nmf", "wdnl", "wdmf"))


@pytest.mark.parametrize(
    ("method", "wrong"),
    [
        ("wdnl", {"alpha": 0.0}),
        ("wdnl", {"rank": 0}),
        ("wdnl", {"hidden": (4,)}),
        ("wdnl", {"epochs": 0}),
        ("wdmf", {"sparsity": -1.0}),
        ("wdmf", {"gamma_tags": -1.0}),
    ],
)
def test_parameters_out_of_range(method: str, wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        create(method, **wrong).fit([[0.0], [1.0]], [[1], [0]])
