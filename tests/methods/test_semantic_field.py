import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, TagRefineWarning, UnsupportedTask
from tagrefine_core.methods.semantic_field import SemanticField, context_similarity, tag_relevance
from tagrefine_core.methods.wordnet_relations import wu_palmer
from tagrefine_core.tags import google_distance, load

VOCABULARY = ["dog", "zzqx", "wolf", "car", "sunset", "sky", "qwrt"]
UNKNOWN = [1, 6]


def small_data(seed=0, images=50):
    rng = np.random.default_rng(seed)
    tags = (rng.random((images, len(VOCABULARY))) < 0.3).astype(np.uint8)
    tags[0] = 0
    tags[1] = np.eye(len(VOCABULARY))[0]
    tags[2] = np.eye(len(VOCABULARY))[1]
    return np.ones((images, 2)), tags


def slow_scores(tags, similarity, unknown):
    scores = np.full(tags.shape, -np.inf)
    for image, row in enumerate(tags):
        given = [t for t in range(tags.shape[1]) if row[t] and t not in unknown]
        for c in given:
            scores[image, c] = sum(similarity[c, t] for t in given) / len(given)
    return scores


@pytest.mark.parametrize("similarity", ["wordnet", "context", "mean", "product"])
def test_against_plain_loops(similarity):
    features, tags = small_data()
    near = wu_palmer(VOCABULARY, load())
    context = np.exp(-1.512 * google_distance(tags))
    expected = {
        "wordnet": near,
        "context": context,
        "mean": (near + context) / 2,
        "product": near * context,
    }[similarity]
    unknown = [] if similarity == "context" else UNKNOWN
    method = SemanticField(similarity=similarity, vocabulary=VOCABULARY).fit(features, tags)
    found = method.refine(features, tags)
    assert found == pytest.approx(slow_scores(tags, expected, unknown), abs=1e-6)


def test_image_with_one_tag_and_image_without():
    features, tags = small_data()
    scores = SemanticField(vocabulary=VOCABULARY).fit(features, tags).refine(features, tags)
    assert np.isneginf(scores[0]).all()
    assert scores[1, 0] == 1 and np.isneginf(scores[1, 1:]).all()
    assert np.isneginf(scores[2]).all()  # its only tag is not in WordNet


def test_close_tags_score_above_a_stranger():
    tags = np.ones((1, 4), dtype=np.uint8)
    method = SemanticField(vocabulary=["dog", "wolf", "fox", "bridge"]).fit([[1.0]], tags)
    scores = method.refine([[1.0]], tags)[0]
    assert scores.argmin() == 3


def test_without_words_it_uses_the_context():
    features, tags = small_data()
    with pytest.warns(TagRefineWarning, match="context similarity instead"):
        alone = SemanticField().fit(features, tags)
    context = SemanticField(similarity="context").fit(features, tags)
    assert np.array_equal(alone.refine(features, tags), context.refine(features, tags))


@pytest.mark.parametrize(
    ("images", "gamma"), [(1, 1.512), (25_000, 1.512), (50_000, 1.262), (200_000, 1.262), (400_000, 1.18)]
)
def test_decay_follows_the_size_of_the_set(images, gamma):
    given = csr_matrix((np.ones(3, dtype=np.uint8), ([0, 0, images // 2], [0, 1, 0])), (images, 2))
    given.data[:] = 1
    assert np.array_equal(context_similarity(given), context_similarity(given, gamma=gamma))
    if images > 1:
        distance = google_distance(given)[0, 1]
        assert context_similarity(given)[0, 1] == pytest.approx(np.exp(-gamma * distance))


def test_tags_that_never_meet_have_no_similarity():
    similarity = context_similarity(csr_matrix(np.eye(3, dtype=np.uint8)))
    assert np.array_equal(similarity, np.eye(3))


def test_relevance_keeps_the_order_of_the_matrix():
    _, tags = small_data()
    similarity = context_similarity(csr_matrix(tags))
    matrix = csr_matrix(tags)
    expected = slow_scores(tags, similarity, [])
    rows, columns = matrix.nonzero()
    assert tag_relevance(matrix, similarity) == pytest.approx(expected[rows, columns])


def test_order_of_columns_does_not_matter():
    features, tags = small_data()
    order = np.random.default_rng(1).permutation(len(VOCABULARY))
    plain = SemanticField(similarity="mean", vocabulary=VOCABULARY).fit(features, tags)
    turned = SemanticField(similarity="mean", vocabulary=[VOCABULARY[i] for i in order])
    scores = turned.fit(features, tags[:, order]).refine(features, tags[:, order])
    assert scores == pytest.approx(plain.refine(features, tags)[:, order], abs=1e-6)


def test_tag_that_was_unused_when_fitting():
    method = SemanticField(similarity="context").fit(np.ones((3, 1)), [[1, 0], [1, 0], [0, 0]])
    assert method.refine([[1.0]], [[1, 1]]).tolist() == [[0.5, 0.5]]


def test_it_cannot_annotate():
    with pytest.raises(UnsupportedTask):
        SemanticField(similarity="context").fit([[1.0]], [[1]]).annotate([[1.0]])


@pytest.mark.parametrize(
    "options", [{"similarity": "lin"}, {"gamma": 0}, {"gamma": np.inf}, {"vocabulary": ["dog", "cat"]}]
)
def test_wrong_options_are_errors(options):
    with pytest.raises(ConfigError):
        SemanticField(**options).fit([[1.0]], [[1]])
