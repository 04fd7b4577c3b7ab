import time

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, LabelError
from tagrefine_core.tags import build_vocabulary

PHOTOS = [
    ["Flowers", "flower", "New York", "zzgrblx"],
    ["FLOWERS", "nikond70s", "", "sea"],
    ["flower", "flower", "clouds"],
    ["athankyou", "sea", "zoo"],
]


@pytest.fixture
def vocabulary(wordnet):
    return build_vocabulary(
        PHOTOS, ["cloud", "zzgrblx", "river", "flower"], min_fraction=0.5, wordnet=wordnet
    )


def test_tags_are_alphabetical_and_labels_stay(vocabulary):
    assert vocabulary.tags == ("cloud", "flower", "river", "sea", "zzgrblx")
    assert [vocabulary.tags[i] for i in vocabulary.label_columns] == ["cloud", "zzgrblx", "river", "flower"]
    assert vocabulary.label_columns.dtype == np.int64
    assert vocabulary.forced == ("cloud", "river", "zzgrblx")
    assert len(vocabulary.tags) - len(vocabulary.forced) == 2


def test_matrix_ors_the_spellings_of_a_lemma(vocabulary):
    assert vocabulary.matrix.dtype == np.uint8
    np.testing.assert_array_equal(
        vocabulary.matrix.toarray(), [[0, 1, 0, 0, 1], [0, 1, 0, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 0]]
    )
    np.testing.assert_array_equal(vocabulary.frequency, [1, 3, 0, 2, 1])


def test_every_spelling_has_its_decision(vocabulary):
    decisions = {each.raw: (each.count, each.outcome, each.tag, each.reason) for each in vocabulary.decisions}
    assert decisions == {
        "flower": (2, "kept", "flower", "in WordNet, on enough photos"),
        "sea": (2, "kept", "sea", "in WordNet, on enough photos"),
        "": (1, "dropped", None, "empty after normalization"),
        "FLOWERS": (1, "merged", "flower", "plural of flower"),
        "Flowers": (1, "merged", "flower", "plural of flower"),
        "New York": (
            1,
            "dropped",
            None,
            "spelling variant of new york, on 1 of 4 photos, fewer than 50 %",
        ),
        "athankyou": (1, "dropped", None, "not in WordNet"),
        "clouds": (1, "merged", "cloud", "plural of cloud, kept because it is a label"),
        "nikond70s": (1, "dropped", None, "camera or number only"),
        "zoo": (1, "dropped", None, "on 1 of 4 photos, fewer than 50 %"),
        "zzgrblx": (1, "kept", "zzgrblx", "kept because it is a label"),
    }
    assert list(decisions)[:2] == ["flower", "sea"]


@pytest.mark.parametrize(
    ("n", "minimum", "fraction"),
    [(7_000, 7, 0.001), (25_000, 25, 0.001), (201_302, 202, 0.001), (100, 7, 0.07)],
)
def test_a_tag_exactly_at_the_threshold_stays(wordnet, n, minimum, fraction):
    photos = [[*(["sea"] if i < minimum else []), *(["sky"] if i < minimum - 1 else [])] for i in range(n)]
    vocabulary = build_vocabulary(photos, [], min_fraction=fraction, wordnet=wordnet)
    assert vocabulary.tags == ("sea",)


def test_label_spelled_as_a_plural_is_one_with_the_tag(wordnet):
    vocabulary = build_vocabulary([["cloud"], ["CLOUDS"]], ["Clouds"], wordnet=wordnet)
    assert vocabulary.tags == ("cloud",)
    assert vocabulary.frequency.tolist() == [2]


def test_labels_that_wordnet_lacks_match_by_normalized_spelling(wordnet):
    vocabulary = build_vocabulary([["My  Robot"], ["my_robot"]], ["my robot"], wordnet=wordnet)
    assert vocabulary.tags == ("my_robot",)
    assert vocabulary.frequency.tolist() == [2]
    assert {each.reason for each in vocabulary.decisions} == {
        "spelling variant of my robot, kept because it is a label",
        "kept because it is a label",
    }


def test_bad_labels(wordnet):
    with pytest.raises(LabelError, match="'cloud' and 'clouds'"):
        build_vocabulary([], ["cloud", "clouds"], wordnet=wordnet)
    with pytest.raises(LabelError, match="no name"):
        build_vocabulary([], ["  "], wordnet=wordnet)


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan")])
def test_bad_fraction(wordnet, fraction):
    with pytest.raises(ConfigError, match="min_fraction"):
        build_vocabulary([["sea"]], [], min_fraction=fraction, wordnet=wordnet)


@pytest.mark.parametrize("photos", [[], [[]], [[], []], [["qqqq"]]])
def test_nothing_to_keep(wordnet, photos):
    vocabulary = build_vocabulary(photos, ["sea"], wordnet=wordnet)
    assert vocabulary.matrix.shape == (len(photos), 1)
    assert vocabulary.matrix.nnz == 0
    assert vocabulary.forced == ("sea",)
    assert build_vocabulary(photos, [], wordnet=wordnet).matrix.shape == (len(photos), 0)


def test_order_of_photos_and_tags_does_not_matter(wordnet):
    rng = np.random.default_rng(0)
    words = np.array(["sea", "Seas", "dog", "dogs", "sky", "qqqq", "New York", "new_york"])
    photos = [list(rng.choice(words, 3)) for _ in range(50)]
    order = rng.permutation(50)
    one = build_vocabulary(photos, ["dog"], wordnet=wordnet)
    other = build_vocabulary([photos[i][::-1] for i in order], ["dog"], wordnet=wordnet)
    assert one.tags == other.tags
    assert one.decisions == other.decisions
    np.testing.assert_array_equal(one.matrix.toarray()[order], other.matrix.toarray())


def test_two_hundred_thousand_photos_take_seconds(wordnet):
    rng = np.random.default_rng(0)
    words = np.array(["sea", "dog", "dogs", "New York"] + [f"tag{i}" for i in range(20_000)])
    photos = words[rng.integers(len(words), size=(200_000, 10))].tolist()
    start = time.process_time()
    vocabulary = build_vocabulary(photos, ["sea"], wordnet=wordnet)
    assert time.process_time() - start < 20
    assert vocabulary.matrix.shape[0] == 200_000


def said(wordnet, aliases, labels=(), photos=PHOTOS, min_fraction=0.5):
    return build_vocabulary(photos, labels, min_fraction=min_fraction, wordnet=wordnet, aliases=aliases)


def test_a_tag_is_merged_renamed_and_left_out(wordnet):
    merged = said(wordnet, {"sea": "flower"})
    assert merged.tags == ("flower",)
    np.testing.assert_array_equal(merged.matrix.toarray(), [[1], [1], [1], [1]])
    renamed = said(wordnet, {"flower": "zzblossom", "sea": ""})
    assert renamed.tags == ("zzblossom",), "a word that WordNet need not know"
    told = {one.raw: (one.outcome, one.tag, one.reason) for one in renamed.decisions}
    assert told["Flowers"] == ("merged", "zzblossom", "you said: counts for zzblossom")
    assert told["sea"] == ("dropped", None, "you said: leave it out")


def test_a_spelling_is_split_off_however_it_is_typed(wordnet):
    split = said(wordnet, {"flowers": "flowers"})
    assert split.tags == ("flower", "flowers", "sea")
    np.testing.assert_array_equal(split.matrix.toarray(), [[1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]])
    told = {one.raw: (one.outcome, one.tag) for one in split.decisions}
    assert told["Flowers"] == told["FLOWERS"] == ("merged", "flowers") and told["flower"] == (
        "kept",
        "flower",
    )


def test_an_alias_of_an_alias(wordnet):
    assert said(wordnet, {"flower": "plant", "plant": "green", "sea": "plant"}).tags == ("green",)
    assert said(wordnet, {"flower": "sea", "sea": "flower"}).matrix.shape[1] == 2, "a circle ends"


def test_a_label_moves_with_its_tag_and_is_never_left_out(wordnet):
    found = said(wordnet, {"flower": "plant", "sea": ""}, labels=["flower", "sea"])
    assert [found.tags[column] for column in found.label_columns] == ["plant", "sea"]
    with pytest.raises(LabelError, match="both the tag 'plant'"):
        said(wordnet, {"flower": "plant", "sea": "plant"}, labels=["flower", "sea"])
