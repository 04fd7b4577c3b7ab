import random

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.methods.wordnet_relations import (
    narrower_tags,
    steps_up,
    words_and_wordnet,
    wu_palmer,
)
from tagrefine_core.tags import load
from tagrefine_core.tags.taxonomy import Taxonomy, ancestors

ENTITY, ANIMAL, CANINE, DOG, WOLF, CAT, CAR = range(1, 8)
WORDS = {
    "n": {
        "entity": (ENTITY,),
        "animal": (ANIMAL,),
        "dog": (DOG,),
        "hound": (DOG,),
        "wolf": (WOLF,),
        "cat": (CAT,),
        "car": (CAR,),
        "beetle": (CAR, CAT),
    },
    "v": {"run": (1,), "sprint": (2,), "swim": (3,), "dog": (2,), "turn": (4,), "return": (5,)},
    "a": {"big": (1,), "large": (1,), "small": (2,)},
    "r": {"fast": (1,)},
}


class Toy:
    """Seven nouns below one root, verbs with two roots and a circle, and words without hypernyms."""

    nouns = Taxonomy(
        {
            ANIMAL: (ENTITY,),
            CANINE: (ANIMAL,),
            DOG: (CANINE,),
            WOLF: (CANINE,),
            CAT: (ANIMAL,),
            CAR: (ENTITY,),
        },
        {},
    )
    verbs = Taxonomy({2: (1,), 4: (5,), 5: (4,)}, {})

    def senses(self, lemma, part):
        return WORDS.get(part, {}).get(lemma, ())

    def taxonomy(self, part):
        return {"n": self.nouns, "v": self.verbs}[part]


def between(a, b):
    matrix = wu_palmer([a, b], Toy())
    assert matrix[0, 1] == matrix[1, 0]
    return matrix[0, 1]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("dog", "wolf", 2 * 3 / (4 + 4)),  # below canine, at depth 3
        ("dog", "cat", 2 * 2 / (4 + 3)),
        ("dog", "animal", 2 * 2 / (4 + 2)),
        ("dog", "car", 2 * 1 / (4 + 2)),
        ("beetle", "cat", 2 * 1 / (2 + 3)),  # the first sense of beetle is the car
        ("dog", "hound", 1.0),
        ("dog", "sprint", 1.0),  # as verbs
        ("run", "sprint", 2 * 1 / (1 + 2)),
        ("run", "swim", 0.0),  # no common root
        ("run", "cat", 0.0),
        ("big", "large", 1.0),
        ("big", "small", 0.0),
        ("fast", "zqx", 0.0),
    ],
)
def test_similarities_by_hand(a, b, expected):
    assert between(a, b) == pytest.approx(expected)


def test_unknown_words_are_not_even_similar_to_themselves():
    assert wu_palmer(["zqx", "dog"], Toy()).tolist() == [[0, 0], [0, 1]]


def test_circles_of_hypernyms_end():
    assert 0 < between("turn", "return") <= 1


def test_steps_are_the_fewest():
    parents = {1: (2, 3), 2: (4,), 4: (3,), 3: (5,)}
    assert steps_up(parents, 1) == {1: 0, 2: 1, 3: 1, 4: 2, 5: 2}


def test_narrower_tags_by_hand():
    words = ["animal", "dog", "hound", "beetle", "car", "run", "sprint", "big", "large", "zqx"]
    narrower = narrower_tags(words, Toy())
    below = {w: {words[c] for c in np.flatnonzero(row)} for w, row in zip(words, narrower, strict=True)}
    assert below == {
        "animal": {"animal", "dog", "hound", "beetle"},
        "dog": {"dog", "hound", "sprint"},
        "hound": {"dog", "hound"},
        "beetle": {"beetle", "car"},
        "car": {"beetle", "car"},
        "run": {"run", "sprint", "dog"},
        "sprint": {"sprint", "dog"},
        "big": {"big", "large"},
        "large": {"big", "large"},
        "zqx": set(),
    }


@pytest.fixture(scope="module")
def nouns():
    words = sorted(w for w, parts in load().reader.index.items() if parts.get("n") and w.isalpha())
    return random.Random(0).sample(words, 60)


def test_against_nltk(nouns):
    """NLTK takes one lowest common ancestor and we the best of all, which differs where paths up are several."""
    wordnet = load()
    words = [word for word in [*nouns, "dog", "cat", "car", "sunset"] if not wordnet.senses(word, "v")]
    ours = wu_palmer(words, wordnet)
    theirs = np.zeros_like(ours)
    firsts = [wordnet.synset("n", wordnet.senses(word, "n")[0]) for word in words]
    with wordnet.lock:
        for i, a in enumerate(firsts):
            for j, b in enumerate(firsts):
                theirs[i, j] = a.wup_similarity(b)
    assert np.isclose(ours, theirs).mean() > 0.95


def test_narrower_tags_against_all_pairs(nouns):
    wordnet = load()
    words = [*nouns[:30], "animal", "dog", "plant", "person", "run", "entity"]
    expected = np.zeros((len(words), len(words)), dtype=bool)
    for part in ("n", "v"):
        parents = wordnet.taxonomy(part).parents
        for i, wide in enumerate(words):
            for j, narrow in enumerate(words):
                above = {a for s in wordnet.senses(narrow, part) for a in ancestors(parents, s)}
                expected[i, j] |= bool(above & set(wordnet.senses(wide, part)))
    found = narrower_tags(words, wordnet)
    assert not (expected & ~found).any()  # adjectives among the words may add synonyms
    assert found[words.index("entity"), : len(nouns[:30])].mean() > 0.9


def test_words_come_with_wordnet():
    words = words_and_wordnet(("dog", "cat"), 2, otherwise="nothing changes")
    assert words == (["dog", "cat"], load())


def test_missing_words_are_said():
    with pytest.warns(TagRefineWarning, match="so tags are numbers"):
        assert words_and_wordnet(None, 2, otherwise="tags are numbers") is None


def test_missing_wordnet_is_said(monkeypatch):
    monkeypatch.setattr("tagrefine_core.tags.wordnet._loaded", None)
    monkeypatch.setenv("WNSEARCHDIR", "/nowhere")
    monkeypatch.setattr("nltk.data.path", [])
    with pytest.warns(TagRefineWarning, match=r"so tags are numbers.*WNSEARCHDIR"):
        assert words_and_wordnet(["dog"], 1, otherwise="tags are numbers") is None


def test_vocabulary_of_another_length_is_an_error():
    with pytest.raises(ConfigError, match="names 1 tags but there are 2"):
        words_and_wordnet(["dog"], 2, otherwise="nothing changes")
