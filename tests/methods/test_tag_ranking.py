import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, UnsupportedTask
from tagrefine_core.methods.tag_ranking import TagRanking, walk
from tagrefine_core.tags import google_distance


def slow_walk(similarity, v, alpha):
    transition = similarity / similarity.sum(axis=1, keepdims=True)
    r = np.array(v, dtype=float)
    for _ in range(2000):
        r = alpha * transition.T @ r + (1 - alpha) * np.asarray(v)
    return r


def test_published_walk():
    similarity = np.array([[1, 0.5, 0], [0.5, 1, 0.2], [0, 0.2, 1]])
    v = np.array([0.2, 0.3, 0.1])
    assert walk(similarity, v, alpha=0.5) == pytest.approx([0.210811, 0.275676, 0.113514], abs=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 0.95])
def test_solution_is_where_the_iteration_ends(alpha):
    rng = np.random.default_rng(0)
    similarity = rng.random((5, 4, 4))
    similarity[:, range(4), range(4)] = 1
    v = rng.random((5, 4))
    found = walk(similarity, v, alpha=alpha)
    for i in range(5):
        assert found[i] == pytest.approx(slow_walk(similarity[i], v[i], alpha))
    assert found.sum(axis=1) == pytest.approx(v.sum(axis=1))


def small_data(seed=0, images=40, columns=6):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(images, 3))
    features[4] = 0
    features[9] = features[8]
    tags = (rng.random((images, columns)) < 0.4).astype(np.uint8)
    tags[0], tags[:, 2], tags[:, 3] = 0, 0, 1
    tags[0] = 0
    tags[:, 4] = 0
    tags[7, 4] = 1  # nobody else has it
    return features, tags


def slow_scores(queries, query_tags, features, tags, bandwidth, alpha, own):
    def unit(x):
        return x / (np.linalg.norm(x) or 1)

    similarity = np.exp(-google_distance(tags))
    scores = np.full(query_tags.shape, -np.inf)
    for i, row in enumerate(query_tags):
        given = np.flatnonzero(row)
        v = []
        for t in given:
            others = [j for j in range(len(features)) if tags[j, t] and not (own and i == j)]
            kernel = [
                np.exp(-np.sum((unit(queries[i]) - unit(features[j])) ** 2) / bandwidth**2) for j in others
            ]
            v.append(np.mean(kernel) if kernel else 0.0)
        if len(given):
            scores[i, given] = slow_walk(similarity[np.ix_(given, given)], v, alpha)
    return scores


@pytest.mark.parametrize(("own", "alpha"), [(True, 0.5), (False, 0.5), (True, 0.0)])
def test_against_plain_loops(own, alpha):
    features, tags = small_data()
    rng = np.random.default_rng(5)
    queries = features if own else rng.normal(size=(12, 3))
    given = tags if own else (rng.random((12, 6)) < 0.5).astype(np.uint8)
    method = TagRanking(alpha=alpha, bandwidth=0.7).fit(features, tags)
    expected = slow_scores(queries, given, features, tags, 0.7, alpha, own)
    assert method.refine(queries, given) == pytest.approx(expected, abs=1e-5)


def test_bandwidth_is_the_median_distance():
    features, tags = small_data()
    unit = features / np.maximum(np.linalg.norm(features, axis=1), 1e-12)[:, None]
    pairs = [np.linalg.norm(unit[i] - unit[j]) for i in range(40) for j in range(i)]
    assert TagRanking().fit(features, tags).bandwidth_ == pytest.approx(np.median(pairs), abs=1e-6)


def test_samples_limit_the_images_of_a_tag():
    features, tags = small_data()
    few = TagRanking(samples=3, bandwidth=0.7, seed=1).fit(features, tags)
    scores = few.refine(features, tags)
    again = TagRanking(samples=3, bandwidth=0.7, seed=1).fit(features, tags)
    other = TagRanking(samples=3, bandwidth=0.7, seed=2).fit(features, tags)
    assert np.array_equal(scores, again.refine(features, tags))
    assert not np.array_equal(scores, other.refine(features, tags))
    # An image with tag 3 alone has as density the mean over some three images.
    query, given = np.array([[0.3, -1.0, 0.5]]), np.eye(6, dtype=np.uint8)[[3]]
    unit = features / np.maximum(np.linalg.norm(features, axis=1), 1e-12)[:, None]
    kernel = np.exp(-np.sum((unit - query / np.linalg.norm(query)) ** 2, axis=1) / 0.49)
    triples = [kernel[[i, j, k]].mean() for i in range(40) for j in range(i) for k in range(j)]
    assert np.abs(np.array(triples) - few.refine(query, given)[0, 3]).min() < 1e-6


def test_order_of_columns_does_not_matter():
    features, tags = small_data()
    order = np.random.default_rng(1).permutation(6)
    plain = TagRanking(samples=3).fit(features, tags).refine(features, tags)
    turned = TagRanking(samples=3).fit(features, tags[:, order]).refine(features, tags[:, order])
    assert turned == pytest.approx(plain[:, order], abs=1e-6)


def test_typical_image_scores_above_an_odd_one():
    features = np.array([[1, 0.1], [1, 0], [1, -0.1], [0, 1.0]])
    scores = TagRanking().fit(features, np.ones((4, 1))).refine(features, np.ones((4, 1)))
    assert scores[:, 0].argmin() == 3


@pytest.mark.parametrize("images", [1, 5])
def test_images_that_are_all_the_same(images):
    features, tags = np.ones((images, 2)), np.ones((images, 1))
    method = TagRanking().fit(features, tags)
    assert method.bandwidth_ == 1
    assert method.refine(features, tags).ravel() == pytest.approx([1.0 if images > 1 else 0.0] * images)
    assert method.refine([[1.0, 1.0], [1.0, 1.0]], [[1], [0]])[0, 0] == pytest.approx(1)


def test_it_cannot_annotate():
    with pytest.raises(UnsupportedTask):
        TagRanking().fit([[1.0]], [[1]]).annotate([[1.0]])


@pytest.mark.parametrize(
    "options", [{"alpha": 1.0}, {"alpha": -0.1}, {"samples": 0}, {"bandwidth": 0.0}, {"seed": -1}]
)
def test_wrong_options_are_errors(options):
    with pytest.raises(ConfigError):
        TagRanking(**options).fit([[1.0]], [[1]])
