import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.methods.votes import KNN, TagVote, vote_blocks

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*neighbors were asked:tagrefine_core.errors.TagRefineWarning"
)

DOG, CAT, GRASS, SKY = range(4)


def published_example():
    """A hundred images on a line: the query is at 0, its neighbors and their users as in the example."""
    features = np.arange(1.0, 101.0)[:, None]
    tags = np.zeros((100, 4), dtype=np.uint8)
    for image, given in enumerate(((DOG, GRASS), (DOG,), (CAT,), (DOG, SKY))):
        tags[image, list(given)] = 1
    for tag, count in ((DOG, 40), (CAT, 10), (GRASS, 20), (SKY, 50)):
        missing = count - tags[:, tag].sum()
        tags[100 - missing :, tag] = 1
    return features, tags, ["a", "a", "b", "c", *(f"user {i}" for i in range(96))]


@pytest.mark.parametrize(
    ("with_users", "expected"), [(False, [0.8, 0.7, 0.4, -1.5]), (True, [0.8, 0.7, 0.4, -0.5])]
)
def test_published_example(with_users, expected):
    features, tags, users = published_example()
    method = TagVote(k=3, metric="euclidean").fit(features, tags, users=users if with_users else None)
    assert method.unique_users_ == with_users
    assert method.annotate([[0.0]])[0] == pytest.approx(expected)


def test_knn_on_the_published_example():
    features, tags, _ = published_example()
    assert KNN(k=3, metric="euclidean").fit(features, tags).annotate([[0.0]])[0] == pytest.approx(
        np.array([2, 1, 1, 0]) / 3
    )


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", [KNN, TagVote])
def test_more_neighbors_than_images_are_cut_with_a_warning(kind):
    features, tags, _ = small_data()
    with pytest.warns(TagRefineWarning, match="only 40 images; all of them vote"):
        cut = kind(k=41).fit(features, tags)
    np.testing.assert_array_equal(cut.annotate(features), kind(k=40).fit(features, tags).annotate(features))


def test_users_vote_freely_when_asked():
    features, tags, users = published_example()
    free = TagVote(k=3, metric="euclidean", unique_users=False).fit(features, tags, users=users)
    assert not free.unique_users_
    assert free.annotate([[0.0]])[0] == pytest.approx([0.8, 0.7, 0.4, -1.5])


@pytest.mark.parametrize(("prior_k", "k"), [("nominal", 3), ("actual", 2)])
def test_too_few_users_in_the_pool(prior_k, k):
    features, tags, users = published_example()
    method = TagVote(k=3, pool=3, prior_k=prior_k, metric="euclidean").fit(features, tags, users=users)
    votes = np.array([1, 1, 1, 0])  # the first of user a, and user b
    assert method.annotate([[0.0]])[0] == pytest.approx(votes - k * np.array([0.4, 0.1, 0.2, 0.5]))


def slow_distance(x, y, metric):
    if metric == "euclidean":
        return np.linalg.norm(x - y)
    zero = (not x.any(), not y.any())
    if any(zero):
        return 0.0 if all(zero) else 1.0
    return 1 - x @ y / np.linalg.norm(x) / np.linalg.norm(y)


def slow_votes(query, own_row, features, tags, k, metric, users=None, pool=None):
    order = [
        (round(slow_distance(query, x, metric), 9), row) for row, x in enumerate(features) if row != own_row
    ]
    seen, votes, voters = set(), np.zeros(tags.shape[1]), 0
    for _, row in sorted(order)[: k if users is None else pool]:
        if voters == k:
            break
        if users is not None and users[row] is not None:
            if users[row] in seen:
                continue
            seen.add(users[row])
        votes += tags[row]
        voters += 1
    return votes, voters


def small_data(seed=0, images=40, columns=7):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(images, 4))
    features[5] = features[11] = 0
    features[20] = features[3]
    tags = (rng.random((images, columns)) < 0.25).astype(np.uint8)
    tags[:, 0], tags[:, 1], tags[7] = 1, 0, 0
    users = [None if i % 9 == 0 else int(rng.integers(6)) for i in range(images)]
    return features, tags, users


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 4, 11, 100])
def test_against_plain_loops(metric, k):
    features, tags, users = small_data()
    other = np.random.default_rng(9).normal(size=(6, 4))
    n = len(features)
    for queries, own in ((features, True), (other, False)):
        available = min(k, n - own)
        knn = KNN(k=k, metric=metric).fit(features, tags)
        free = TagVote(k=k, metric=metric).fit(features, tags)
        strict = TagVote(k=k, metric=metric, pool=max(k, 15)).fit(features, tags, users=users)
        actual = TagVote(k=k, metric=metric, pool=max(k, 15), prior_k="actual").fit(
            features, tags, users=users
        )
        found = [m.refine(queries, tags) if own else m.annotate(queries) for m in (knn, free, strict, actual)]
        for i, query in enumerate(queries):
            row = i if own else None
            votes, _ = slow_votes(query, row, features, tags, available, metric)
            once, voters = slow_votes(query, row, features, tags, available, metric, users, max(k, 15))
            assert found[0][i] == pytest.approx(votes / available)
            assert found[1][i] == pytest.approx(votes - available * tags.mean(axis=0), abs=1e-5)
            assert found[2][i] == pytest.approx(once - available * tags.mean(axis=0), abs=1e-5)
            assert found[3][i] == pytest.approx(once - voters * tags.mean(axis=0), abs=1e-5)


def test_votes_of_everyone_are_those_of_chance():
    features, tags, _ = small_data()
    scores = TagVote(k=len(features)).fit(features, tags).annotate(features)
    assert np.abs(scores).max() < 1e-5


def test_all_tags_of_the_neighbors_are_counted():
    features, tags, _ = small_data()
    scores = KNN(k=5, metric="euclidean").fit(features, tags).annotate(features[:3] + 0.1)
    for query, row in zip(features[:3] + 0.1, scores, strict=True):
        nearest = np.argsort(np.linalg.norm(features - query, axis=1), kind="stable")[:5]
        assert row.sum() * 5 == pytest.approx(tags[nearest].sum())


def test_one_neighbor_gives_its_tags_and_duplicates_are_neighbors():
    features, tags, _ = small_data()
    scores = KNN(k=1).fit(features, tags).refine(features, tags)
    assert np.array_equal(scores[20], tags[3]) and np.array_equal(scores[3], tags[20])


def test_more_votes_than_a_byte_counts():
    features = np.random.default_rng(0).normal(size=(700, 2))
    scores = KNN(k=600).fit(features, np.ones((700, 1), dtype=np.uint8)).annotate(features[:2])
    assert scores.tolist() == [[1.0], [1.0]]


def test_blocks_cover_all_images_of_a_wide_vocabulary():
    rng = np.random.default_rng(0)
    columns = 1_500_000
    given = rng.integers(columns, size=30)
    tags = csr_matrix((np.ones(30, dtype=np.uint8), (np.arange(30), given)), (30, columns))
    neighbors = rng.permuted(np.tile(np.arange(30), (30, 1)), axis=1)[:, :3]
    neighbors[4, 1:] = -1
    blocks = list(vote_blocks(neighbors, tags))
    assert len(blocks) > 1 and blocks[0][0].start == 0 and blocks[-1][0].stop == 30
    for rows, votes in blocks:
        for i, row in enumerate(range(rows.start, rows.stop)):
            expected = np.bincount([given[j] for j in neighbors[row] if j >= 0], minlength=columns)
            assert np.array_equal(votes[i], expected)


@pytest.mark.parametrize("kind", [KNN, TagVote])
def test_one_image_and_one_tag(kind):
    method = kind().fit([[1.0]], [[1]], users=["a"])
    assert method.refine([[1.0]], [[1]]).tolist() == [[0.0]]
    assert np.isfinite(method.annotate([[2.0]])).all()


@pytest.mark.parametrize("users", [None, [None] * 40])
def test_without_known_users_everyone_votes(users):
    features, tags, _ = small_data()
    assert not TagVote(k=3).fit(features, tags, users=users).unique_users_


def test_assigned_mode_scores_given_tags_only():
    features, tags, _ = small_data()
    method = TagVote(k=5).fit(features, tags)
    every, assigned = method.refine(features, tags), method.refine(features, tags, mode="assigned")
    assert np.array_equal(assigned[tags == 1], every[tags == 1])
    assert np.isneginf(assigned[tags == 0]).all()


@pytest.mark.parametrize("kind", [KNN, TagVote])
def test_wrong_options_are_errors(kind):
    for options in ({"k": 0}, {"metric": "manhattan"}):
        with pytest.raises(ConfigError):
            kind(**options).fit([[1.0]], [[1]])


@pytest.mark.parametrize("options", [{"k": 5, "pool": 4}, {"prior_k": "none"}])
def test_wrong_options_of_the_vote_are_errors(options):
    with pytest.raises(ConfigError):
        TagVote(**options).fit([[1.0]], [[1]])


@pytest.mark.parametrize(("images", "largest"), [(1, 1), (20, 19), (300, 200), (25_000, 1000)])
def test_grid_stays_below_the_images(images, largest):
    assert max(KNN.grid(images)["k"]) == largest
    assert TagVote.grid(images) == KNN.grid(images)
