import numpy as np
import pytest
from scipy.special import expit
from sklearn.svm import LinearSVC

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.evaluation import evaluate
from tagrefine_core.methods.bagged_svm import platt
from tagrefine_core.methods.tag_feature import TagFeature
from tagrefine_core.tags import google_distance

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*free of related tags; their:tagrefine_core.errors.TagRefineWarning"
)

WORDS = ["dog", "sky", "car", "tree", "house", "boat", "canon"]


def small_data(seed=0, images=90, columns=7, noise=0.6):
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 3, images)
    features = np.eye(3)[topic].repeat(4, axis=1) + noise * rng.normal(size=(images, 12))
    tags = rng.random((images, columns)) < np.where(np.arange(columns) % 3 == topic[:, None], 0.6, 0.02)
    truth = (np.arange(columns) % 3 == topic[:, None]).astype(np.int8)
    return features.astype(np.float32), tags.astype(np.uint8), truth


def test_it_finds_what_users_left_out():
    features, tags, truth = small_data()
    method = TagFeature(vocabulary=WORDS).fit(features, tags)
    new_features, _, new_truth = small_data(seed=1)
    scores = method.annotate(new_features)
    assert scores.min() > 0 and scores.max() < 1
    assert evaluate(scores, new_truth).map > 0.95
    assert evaluate(method.refine(features, tags), truth).map > evaluate(tags, truth).map + 0.1


def slow_fit(features, tags):
    """Write the method out where no draw leaves anything out: fewer images than any sample."""
    distance = google_distance(tags)
    columns = range(tags.shape[1])
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)

    def learn(vectors):
        models = []
        for tag in columns:
            others = [c for c in columns if c != tag]
            least = min(distance[tag, c] for c in others)
            near = [tag, *(c for c in others if distance[tag, c] == least and least < 1)]
            tagged, pool = np.flatnonzero(tags[:, tag]), np.flatnonzero(~tags[:, near].any(axis=1))
            x, y = (
                np.vstack((vectors[tagged], vectors[pool])),
                np.arange(len(tagged) + len(pool)) < len(tagged),
            )
            weight = {True: 0.5 * len(y) / len(tagged), False: 0.5 * len(y) / len(pool)}
            w = LinearSVC(dual=False, fit_intercept=False, class_weight=weight).fit(x, y).coef_[0]
            models.append((w, *platt(x @ w, y)))
        return lambda vectors: np.stack([expit(a * (vectors @ w) + b) for w, a, b in models], axis=1)

    popular = learn(unit)

    def augment(unit):
        shares = popular(unit)
        return np.hstack((unit, shares / shares.sum(axis=1, keepdims=True)))

    final = learn(augment(unit))
    return lambda new: final(augment(new / np.linalg.norm(new, axis=1, keepdims=True)))


def test_against_plain_loops():
    features, tags, _ = small_data()
    new = small_data(seed=1)[0]
    with pytest.warns(TagRefineWarning):
        found = TagFeature().fit(features, tags).annotate(new)
    assert found == pytest.approx(slow_fit(features, tags)(new), abs=5e-3)


def test_rare_tag_and_tag_on_all_images_score_their_share():
    features, tags, _ = small_data()
    tags[:, 2], tags[:4, 2] = 0, 1
    tags[:, 5], tags[:, 6] = 0, 1
    method = TagFeature(vocabulary=WORDS).fit(features, tags)
    assert method.untrained_ == [2, 5, 6]
    scores = method.annotate(features)
    assert scores[:, [2, 5, 6]] == pytest.approx(np.tile([4 / 90, 0, 1], (90, 1)))


def test_only_label_columns_are_learned():
    features, tags, _ = small_data()
    every = TagFeature(vocabulary=WORDS).fit(features, tags).annotate(features)
    some = TagFeature(vocabulary=WORDS, label_columns=[4, 1]).fit(features, tags)
    scores = some.annotate(features)
    assert np.array_equal(scores[:, [4, 1]], every[:, [4, 1]])
    assert np.isneginf(scores[:, [0, 2, 3, 5, 6]]).all()


def test_popular_tags_are_frequent_and_their_names_fit_first():
    images = 40
    rng = np.random.default_rng(0)
    tags = np.zeros((images, 7), dtype=np.uint8)
    for tag, count in enumerate((6, 20, 10, 30, 4, 8, 35)):
        tags[:count, tag] = 1
    tags[:, 1] = tags[::-1, 1]
    features = rng.normal(size=(images, 3))

    def popular(vocabulary, users=None, **options):
        method = TagFeature(vocabulary=vocabulary, bags=1, **options)
        return method.fit(features, tags, users=users).popular_.tolist()

    assert popular(WORDS, popular=3) == [3, 1, 2]  # canon is a camera
    assert popular(WORDS) == [3, 1, 2, 5, 0, 6]  # house has too few images; unfit names fill up
    odd = ["dog", "b2", "ox", "qqxz", "house", "photograph", "sky"]
    assert popular(odd, popular=3) == [6, 0, 3]
    # Only tag 1 has many users.
    users = ["one user"] * 20 + list(range(20))
    assert popular(WORDS, users, popular=2, min_users=17) == [1, 6]
    assert popular(WORDS, users, popular=2, min_users=11) == [3, 1]
    assert popular(WORDS, [*users[:20], *[None] * 20], popular=2, min_users=2) == [6, 3]


def test_crossfit_does_not_show_an_image_its_own_tags():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 60)).astype(np.float32)
    tags = (rng.random((120, 5)) < 0.3).astype(np.uint8)  # nothing to learn

    def auc(crossfit):
        method = TagFeature(vocabulary=WORDS[:5], crossfit=crossfit).fit(features, tags)
        order = np.argsort(method.popular_)
        own = method._augmented(features, np.arange(120), own=True)[:, 60:]
        return evaluate(own[:, order], tags).macro_auc

    assert auc(None) > 0.85
    assert auc(4) < 0.6


def test_crossfit_keeps_new_images_apart_from_fitted_ones():
    features, tags, truth = small_data()
    method = TagFeature(vocabulary=WORDS, crossfit=3).fit(features, tags)
    assert evaluate(method.refine(features, tags), truth).map > 0.9
    assert not np.array_equal(method.refine(features, tags), method.annotate(features))


def test_order_of_columns_does_not_matter():
    features, tags, _ = small_data()
    order = np.random.default_rng(1).permutation(7)
    options = {"positives": 10, "bags": 2}
    plain = TagFeature(vocabulary=WORDS, **options).fit(features, tags).annotate(features)
    turned = TagFeature(vocabulary=[WORDS[i] for i in order], **options).fit(features, tags[:, order])
    assert np.array_equal(turned.annotate(features), plain[:, order])


def test_same_seed_same_scores():
    features, tags, _ = small_data()

    def scores(seed):
        method = TagFeature(vocabulary=WORDS, positives=8, bags=2, seed=seed)
        return method.fit(features, tags).annotate(features)

    assert np.array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))


def test_without_words_it_says_what_changes():
    features, tags, _ = small_data()
    with pytest.warns(TagRefineWarning, match="popular tags by frequency and negatives by co-occurrence"):
        TagFeature(bags=1).fit(features, tags)


@pytest.mark.parametrize("images", [1, 12])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_images_that_are_all_the_same(images, value):
    features = np.full((images, 2), value)
    tags = np.arange(images)[:, None] % 2 == 0
    scores = TagFeature(vocabulary=["dog"]).fit(features, tags.astype(np.uint8)).annotate(features)
    assert np.isfinite(scores).all() and len(np.unique(scores)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"popular": 0},
        {"positives": 4},
        {"bags": 0},
        {"min_users": -1},
        {"seed": -1},
        {"crossfit": 1},
        {"label_columns": [9]},
        {"vocabulary": ["dog"]},
    ],
)
def test_wrong_options_are_errors(options):
    features, tags, _ = small_data()
    with pytest.raises(ConfigError):
        TagFeature(**{"vocabulary": WORDS, **options}).fit(features, tags)
