import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tagrefine_core.errors import ConfigError, DataError, UnsupportedTask
from tagrefine_core.evaluation import evaluate, random_miap
from tagrefine_core.methods.baselines import RandomGuess, UserTags

TAGS = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]], dtype=np.uint8)
FEATURES = np.arange(6.0).reshape(3, 2)


def test_random_scores_are_uniform_and_seeded():
    features, tags = np.ones((400, 1)), np.zeros((400, 50), dtype=np.uint8)
    first = RandomGuess(seed=3).fit(features, tags)
    scores = first.annotate(features)
    assert scores.shape == (400, 50) and scores.dtype == np.float32
    assert scores.min() >= 0 and scores.max() < 1
    assert abs(scores.mean() - 0.5) < 4 * np.sqrt(1 / 12 / scores.size)
    assert np.array_equal(scores, RandomGuess(seed=3).fit(features, tags).refine(features, tags))
    assert not np.array_equal(scores, RandomGuess(seed=4).fit(features, tags).annotate(features))


def test_eighty_random_runs_agree_with_the_closed_form():
    rng = np.random.default_rng(0)
    truth = (rng.random((300, 14)) < 0.07).astype(np.int8)
    features = np.ones((300, 1))
    runs = [
        evaluate(RandomGuess(seed=seed).fit(features, truth).annotate(features), truth) for seed in range(80)
    ]
    for values, expected in (
        ([run.miap for run in runs], random_miap(truth)),
        ([run.micro_auc for run in runs], 0.5),
        ([run.macro_auc for run in runs], 0.5),
    ):
        assert abs(np.mean(values) - expected) < 4 * np.std(values, ddof=1) / np.sqrt(80)


def test_negative_seed_is_an_error():
    with pytest.raises(ConfigError, match="seed"):
        RandomGuess(seed=-1).fit(FEATURES, TAGS)


def test_user_tags_score_what_was_given():
    method = UserTags().fit(FEATURES, TAGS)
    assert np.array_equal(method.refine(FEATURES, TAGS), TAGS)
    assigned = method.refine(FEATURES, TAGS, mode="assigned")
    assert np.array_equal(np.isfinite(assigned), TAGS == 1)


def test_label_that_nobody_used_ties_everywhere():
    truth = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0]])
    scores = UserTags().fit(FEATURES, TAGS).refine(FEATURES, TAGS)
    assert evaluate(scores, truth).per_label_auc[3] == 0.5


def test_user_tags_cannot_annotate():
    with pytest.raises(UnsupportedTask):
        UserTags().fit(FEATURES, TAGS).annotate(FEATURES)


@pytest.mark.parametrize("as_given", [csr_matrix, np.array])
def test_places_in_the_users_list(as_given):
    places = as_given([[3, 0, 1, 0], [0, 0, 0, 7], [0, 9, 0, 0]])
    expected = np.array([[1 / 4, 0, 1 / 2, 0], [0, 0, 0, 0], [0, 1 / 10, 0, 0]], dtype=np.float32)
    for options in ({}, {"scores": "position"}):
        scores = UserTags(positions=places, **options).fit(FEATURES, TAGS).refine(FEATURES, TAGS)
        assert np.array_equal(scores, expected)
    binary = UserTags(positions=places, scores="binary").fit(FEATURES, TAGS).refine(FEATURES, TAGS)
    assert np.array_equal(binary, TAGS)


def test_places_of_nothing():
    none = np.zeros((3, 4), dtype=np.uint8)
    method = UserTags(positions=csr_matrix((3, 4), dtype=np.int32)).fit(FEATURES, none)
    assert not method.refine(FEATURES, none).any()


@pytest.mark.parametrize(
    ("places", "said"),
    [
        (csr_matrix(np.ones((2, 4), dtype=int)), "shape"),
        (csr_matrix([[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]), "Image 0 has tag 2"),
        (csr_matrix([[1, 0, -2, 0], [0, 0, 0, 0], [0, 1, 0, 0]]), "start at 1"),
    ],
)
def test_wrong_places_are_errors(places, said):
    with pytest.raises(DataError, match=said):
        UserTags(positions=places).fit(FEATURES, TAGS).refine(FEATURES, TAGS)


@pytest.mark.parametrize("options", [{"scores": "first"}, {"scores": "position"}])
def test_wrong_options_are_errors(options):
    with pytest.raises(ConfigError):
        UserTags(**options).fit(FEATURES, TAGS)
