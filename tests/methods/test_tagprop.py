import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError
from tagrefine_core.methods import create
from tagrefine_core.methods.neighbor_likelihood import EPSILON
from tagrefine_core.methods.tagprop import TagProp


def clusters(
    seed: int = 0, images: int = 80, keep: float = 0.6, noise: float = 0.05
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.int64]]:
    """Eight clusters with a tag each, user tags partly missing and partly wrong."""
    rng = np.random.default_rng(seed)
    cluster = np.arange(images) % 8
    features = 3 * rng.standard_normal((8, 12))[cluster] + rng.standard_normal((images, 12))
    truth = np.eye(8, dtype=bool)[cluster]
    tags = np.where(truth, rng.random(truth.shape) < keep, rng.random(truth.shape) < noise)
    return features, tags.astype(np.uint8), cluster


class TestByHand:
    """Two training images, the first one at the query and with the tag."""

    def fitted(self, sigmoids: tuple[float, float] | None) -> TagProp:
        features = np.array([[1.0, 0.0], [0.8, 0.2], [0.6, 0.4], [0.0, 1.0]])
        model = TagProp(k=2, rounds=0, sigmoids=sigmoids is not None)
        model.fit(features, np.array([[1], [0], [0], [0]]))
        model._parameters = np.log([3.0, 1.0])
        if sigmoids is not None:
            model._sigmoids = np.array([sigmoids[0]]), np.array([sigmoids[1]])
        return model

    def test_plain_probability(self) -> None:
        h = self.fitted(None).annotate([[1.0, 0.0]])[0, 0]
        assert h == pytest.approx(0.749995, abs=1e-7)
        assert -np.log(h) == pytest.approx(0.287689, abs=1e-6)

    def test_with_a_sigmoid(self) -> None:
        assert self.fitted((4.0, -2.0)).annotate([[1.0, 0.0]])[0, 0] == pytest.approx(0.731059, abs=1e-6)


def test_equal_weights_without_sigmoids_are_knn() -> None:
    features, tags, _ = clusters()
    scores = TagProp(k=7, sigmoids=False, steps=0).fit(features, tags).refine(features, tags)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    far = 1 - unit @ unit.T
    np.fill_diagonal(far, np.inf)
    share = np.array([tags[np.argsort(row)[:7]].mean(axis=0) for row in far])
    np.testing.assert_allclose(scores, EPSILON + (1 - 2 * EPSILON) * share, rtol=1e-5)


@pytest.mark.parametrize("weights", ["rank", "distance"])
@pytest.mark.parametrize("sigmoids", [True, False])
def test_loss_never_rises_and_learning_helps(weights: str, sigmoids: bool) -> None:
    features, tags, cluster = clusters(images=240)
    new, _, of_new = clusters(images=480)  # the first draws are the same centers
    new, of_new = new[240:], of_new[240:]
    params = {"k": 60, "weights": weights, "sigmoids": sigmoids, "rounds": 2}
    equal, learned = (create("tagprop", **params, steps=steps).fit(features, tags) for steps in (0, 20))
    assert np.all(np.diff(learned.losses_) <= 1e-12)
    right = [
        [(model.refine(features, tags).argmax(axis=1) == cluster).mean() for model in (equal, learned)],
        [(model.annotate(new).argmax(axis=1) == of_new).mean() for model in (equal, learned)],
    ]
    # Sixty neighbors are twice a cluster: equal weights mix two, learned ones tell them apart.
    for before, after in right:
        assert after > before + 0.1


def test_ranks_that_inform_get_the_weight() -> None:
    rng = np.random.default_rng(1)
    pairs = rng.standard_normal((40, 8))
    features = np.repeat(pairs, 2, axis=0) + 0.01 * rng.standard_normal((80, 8))
    tags = np.repeat(rng.random((40, 5)) < 0.4, 2, axis=0).astype(np.uint8)
    model = TagProp(k=5).fit(features, tags)
    assert model.pi_[0] > 0.9 and model.pi_.sum() == pytest.approx(1.0)


def test_theta_stays_at_zero_where_near_neighbors_mislead() -> None:
    # Along a line, tags of neighbors at distance 1 are the opposite, at distance 2 the same.
    features = np.arange(40.0)[:, None]
    tags = (np.arange(40) % 2)[:, None]
    model = TagProp(k=4, weights="distance", sigmoids=False, metric="euclidean").fit(features, tags)
    assert model.pi_ == 0.0


def test_neighbors_are_at_most_half_of_the_images() -> None:
    features, tags, _ = clusters()
    assert len(TagProp(k=1000, rounds=1, steps=2).fit(features, tags).pi_) == 40


def test_untagged_neighbors_leave_the_offset() -> None:
    features, tags, _ = clusters()
    features[:10], tags[:10] = np.eye(12)[0], 0
    model = TagProp(k=5).fit(features, tags)
    expected = 1 / (1 + np.exp(-model.offsets_))
    np.testing.assert_allclose(model.annotate(np.eye(12)[:1])[0], expected, rtol=1e-5)


def test_columns_may_be_in_any_order() -> None:
    features, tags, _ = clusters()
    order = np.random.default_rng(0).permutation(8)
    straight = TagProp(k=10).fit(features, tags).annotate(features)
    shuffled = TagProp(k=10).fit(features, tags[:, order]).annotate(features)
    np.testing.assert_allclose(straight[:, order], shuffled, atol=1e-4)


def test_same_data_same_scores() -> None:
    features, tags, _ = clusters()
    first, second = (TagProp(k=10).fit(features, csr_matrix(tags)).annotate(features) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("weights", ["rank", "distance"])
@pytest.mark.parametrize("sigmoids", [True, False])
@pytest.mark.parametrize(
    ("images", "tags"),
    [
        (1, [[1, 0]]),
        (2, [[1], [0]]),
        (4, [[0, 0]] * 4),
        (4, [[1, 1]] * 4),
        (5, [[1, 0], [0, 0], [1, 1], [1, 0], [0, 0]]),
    ],
)
def test_degenerate_data(weights: str, sigmoids: bool, images: int, tags: list[list[int]]) -> None:
    features = np.ones((images, 2))  # duplicates
    model = create("tagprop", weights=weights, sigmoids=sigmoids).fit(features, tags)
    for scores in (model.annotate(features), model.annotate(np.zeros((3, 2))), model.refine(features, tags)):
        assert np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()


@pytest.mark.parametrize("wrong", [{"k": 0}, {"weights": "none"}, {"rounds": -1}, {"steps": -1}])
def test_parameters_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        create("tagprop", **wrong).fit([[0.0], [1.0]], [[1], [0]])
