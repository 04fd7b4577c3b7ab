import numpy as np
import pytest
from scipy.special import expit
from sklearn.svm import LinearSVC

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.evaluation import evaluate
from tagrefine_core.methods.bagged_svm import IntersectionKernel, LinearKernel, platt
from tagrefine_core.methods.tag_example import TagExample, borda
from tagrefine_core.tags import google_distance

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*free of related tags; their:tagrefine_core.errors.TagRefineWarning"
)

WORDS = ["dog", "sky", "car", "tree", "house", "boat", "snow"]


def small_data(seed=0, images=120, columns=7, noise=0.6, wrong=0.03, above_zero=False):
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 3, images)
    features = np.eye(3)[topic].repeat(4, axis=1) + noise * rng.normal(size=(images, 12))
    if above_zero:
        features = np.maximum(features, 0)
    belongs = np.arange(columns) % 3 == topic[:, None]
    tags = rng.random((images, columns)) < np.where(belongs, 0.6, wrong)
    return features.astype(np.float32), tags.astype(np.uint8), belongs.astype(np.int8)


def test_borda_of_one_ranking_is_the_ranking():
    scores = np.array([0.3, 0.9, 0.1, 0.5])
    assert borda(scores, 7 * scores) == pytest.approx([0.5, 1, 0.25, 0.75])


def test_borda_by_hand():
    # Ranks 0, 1, 2 and 1.5, 0, 1.5.
    assert borda(np.array([3.0, 2, 1]), np.array([1.0, 2, 1])) == pytest.approx(
        [1 - 1.5 / 6, 1 - 1 / 6, 1 - 3.5 / 6]
    )


@pytest.mark.parametrize("kernel", ["linear", "hik"])
def test_it_finds_what_users_left_out(kernel):
    features, tags, truth = small_data(above_zero=True)
    method = TagExample(vocabulary=WORDS, k=15, kernel=kernel, rounds=4).fit(features, tags)
    new_features, _, new_truth = small_data(seed=1, above_zero=True)
    scores = method.annotate(new_features)
    assert scores.min() > 0 and scores.max() < 1
    assert evaluate(scores, new_truth).map > 0.9
    assert evaluate(method.refine(features, tags), truth).map > evaluate(tags, truth).map + 0.1


def slow_fit(features, tags, positives, rounds, k):
    """Write the method out with a linear kernel, where no draw leaves an image of the pool out."""
    n, columns = tags.shape
    distance = google_distance(tags)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    similar = np.exp(-1.512 * distance)
    order = [
        sorted(set(range(n)) - {i}, key=lambda j: (round(1 - unit[i] @ unit[j], 12), j)) for i in range(n)
    ]
    models, used = [], []
    for tag in range(columns):
        others = [c for c in range(columns) if c != tag]
        least = min(distance[tag, c] for c in others)
        near = [tag, *(c for c in others if distance[tag, c] == least and least < 1)]
        tagged, pool = np.flatnonzero(tags[:, tag]), np.flatnonzero(~tags[:, near].any(axis=1))
        context = [similar[tag, np.flatnonzero(tags[i])].mean() for i in tagged]
        votes = [sum(tags[j, tag] for j in order[i][:k]) for i in tagged]
        merit = []
        for a, b in zip(context, votes, strict=True):
            ranks = [
                sum(other > value for other in values) + (sum(other == value for other in values) - 1) / 2
                for value, values in ((a, context), (b, votes))
            ]
            merit.append(1 - sum(ranks) / 2 / len(tagged))
        best = sorted(range(len(tagged)), key=lambda i: (-round(merit[i], 12), i))[:positives]
        shown = unit[np.sort(tagged[best])]
        negatives, machines = pool, []
        for round_ in range(rounds):
            if round_:
                w = np.mean(machines, axis=0)
                decisions = unit[pool] @ w
                if np.mean([np.mean(shown @ w <= 0), np.mean(decisions > 0)]) < 1e-4:
                    break
                negatives = pool[np.sort(np.argsort(-decisions)[int(0.01 * len(pool)) :])]
            x, y = np.vstack((shown, unit[negatives])), np.arange(len(shown) + len(negatives)) < len(shown)
            machines.append(
                LinearSVC(dual=False, fit_intercept=False, class_weight="balanced").fit(x, y).coef_[0]
            )
        w = np.mean(machines, axis=0)
        everything = np.vstack((shown, unit[pool]))
        models.append((w, *platt(everything @ w, np.arange(len(everything)) < len(shown))))
        used.append(len(machines))
    return used, lambda new: np.stack(
        [expit(a * (new / np.linalg.norm(new, axis=1, keepdims=True) @ w) + b) for w, a, b in models], axis=1
    )


def test_against_plain_loops():
    features, tags, _ = small_data(images=220)
    new = small_data(seed=1)[0]
    with pytest.warns(TagRefineWarning):
        method = TagExample(positives=20, rounds=3, k=9).fit(features, tags)
    assert isinstance(method.kernel_, LinearKernel)
    used, expected = slow_fit(features, tags, 20, 3, 9)
    assert method.rounds_.tolist() == used and max(used) == 3
    assert method.annotate(new) == pytest.approx(expected(new), abs=5e-3)


def test_one_round_is_enough_where_nothing_is_wrong():
    features, tags, truth = small_data(noise=0.05, wrong=0.0)
    clean = TagExample(vocabulary=WORDS[:3], k=15).fit(features, truth[:, :3])
    assert clean.rounds_.tolist() == [1, 1, 1]
    # Users left tags out, so that some of the negatives show the tag and cannot be told apart.
    noisy = TagExample(vocabulary=WORDS[:3], k=15).fit(features, tags[:, :3])
    assert noisy.rounds_.tolist() == [10, 10, 10]


def test_most_relevant_images_are_the_positives():
    # Tag 0 is on 6 images of its own corner and on 6 strays; its 6 positives must not be strays.
    rng = np.random.default_rng(0)
    features = np.vstack((rng.normal(5, 0.1, (6, 2)), rng.normal((5, -5), 0.1, (60, 2))))
    tags = np.zeros((66, 3), dtype=np.uint8)
    tags[:6, :2] = 1
    tags[6:12, 0], tags[12:, 2] = 1, 1
    method = TagExample(vocabulary=WORDS[:3], positives=6, k=5, label_columns=[0]).fit(features, tags)
    scores = method.annotate(features)[:, 0]
    assert scores[:6].min() > 0.5 > scores[6:].max()


def test_kernel_follows_the_features():
    plain, tags, _ = small_data(images=40)
    above, _, _ = small_data(images=40, above_zero=True)

    def chosen(features, kernel=None):
        return TagExample(vocabulary=WORDS, kernel=kernel, rounds=1).fit(features, tags).kernel_

    assert isinstance(chosen(plain), LinearKernel)
    assert isinstance(chosen(above), IntersectionKernel)
    assert isinstance(chosen(above, "linear"), LinearKernel)
    with pytest.raises(ConfigError, match="negative"):
        chosen(plain, "hik")


def test_rare_tag_and_tag_on_all_images_score_their_share():
    features, tags, _ = small_data()
    tags[:, 2], tags[:4, 2] = 0, 1
    tags[:, 5], tags[:, 6] = 0, 1
    method = TagExample(vocabulary=WORDS, rounds=1).fit(features, tags)
    assert method.untrained_ == [2, 5, 6] and method.rounds_[[2, 5, 6]].tolist() == [0, 0, 0]
    assert method.annotate(features)[:, [2, 5, 6]] == pytest.approx(np.tile([4 / 120, 0, 1], (120, 1)))


def test_only_label_columns_are_learned():
    features, tags, _ = small_data()
    every = TagExample(vocabulary=WORDS, rounds=2).fit(features, tags).annotate(features)
    some = TagExample(vocabulary=WORDS, rounds=2, label_columns=[4, 1]).fit(features, tags)
    scores = some.annotate(features)
    assert scores[:, [4, 1]] == pytest.approx(every[:, [4, 1]], abs=1e-6)
    assert np.isneginf(scores[:, [0, 2, 3, 5, 6]]).all()


@pytest.mark.parametrize("above_zero", [False, True])
def test_order_of_columns_does_not_matter(above_zero):
    features, tags, _ = small_data(above_zero=above_zero)
    order = np.random.default_rng(1).permutation(7)
    options = {"positives": 10, "rounds": 2}
    plain = TagExample(vocabulary=WORDS, **options).fit(features, tags).annotate(features)
    turned = TagExample(vocabulary=[WORDS[i] for i in order], **options).fit(features, tags[:, order])
    assert turned.annotate(features) == pytest.approx(plain[:, order], abs=1e-6)


def test_same_seed_same_scores():
    features, tags, _ = small_data(images=900)

    def scores(seed):
        method = TagExample(vocabulary=WORDS, positives=8, rounds=2, k=20, seed=seed, label_columns=[1, 4])
        return method.fit(features, tags).annotate(features)

    assert np.array_equal(scores(1), scores(1))
    assert not np.array_equal(scores(1), scores(2))


def test_without_words_it_says_what_changes():
    features, tags, _ = small_data(images=30)
    with pytest.warns(TagRefineWarning, match="related tags by co-occurrence alone"):
        TagExample(rounds=1).fit(features, tags)


@pytest.mark.parametrize("images", [1, 12])
@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_images_that_are_all_the_same(images, value):
    features = np.full((images, 2), value)
    tags = np.arange(images)[:, None] % 2 == 0
    scores = TagExample(vocabulary=["dog"]).fit(features, tags.astype(np.uint8)).annotate(features)
    assert np.isfinite(scores).all() and len(np.unique(scores)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"positives": 4},
        {"rounds": 0},
        {"k": 0},
        {"seed": -1},
        {"kernel": "rbf"},
        {"label_columns": [9]},
        {"vocabulary": ["dog"]},
    ],
)
def test_wrong_options_are_errors(options):
    features, tags, _ = small_data(images=30)
    with pytest.raises(ConfigError):
        TagExample(**{"vocabulary": WORDS, **options}).fit(features, tags)
