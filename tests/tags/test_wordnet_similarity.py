import itertools
import math
import time

import numpy as np
import pytest

from tagrefine_core.errors import ConfigError
from tagrefine_core.tags import explain_wordnet, wordnet_distance
from tagrefine_core.tags.taxonomy import Taxonomy

ENTITY, ANIMAL, CANINE, DOG, WOLF, CAT, CAR, GHOST, WISP = range(1, 10)


WORDS = {
    "n": {
        "entity": (ENTITY,),
        "thing": (ENTITY,),
        "dog": (DOG,),
        "wolf": (WOLF,),
        "cat": (CAT,),
        "car": (CAR,),
        "beetle": (CAR, CAT),
        "ghost": (GHOST,),
        "wisp": (WISP,),
    },
    "v": {"run": (1,), "swim": (2,), "dog": (1,)},
}


class Toy:
    """The taxonomy of the specification, with two synsets that were never seen and verbs without a common root."""

    nouns = Taxonomy(
        {
            ANIMAL: (ENTITY,),
            CANINE: (ANIMAL,),
            DOG: (CANINE,),
            WOLF: (CANINE,),
            CAT: (ANIMAL,),
            CAR: (ENTITY,),
            GHOST: (ENTITY,),
            WISP: (GHOST,),
        },
        {ENTITY: 0.0, ANIMAL: 1.0, CANINE: 2.0, DOG: 3.0, WOLF: 4.0, CAT: 2.5, CAR: 2.0},
    )
    verbs = Taxonomy({}, {1: 1.0, 2: 3.0})

    def senses(self, lemma, part):
        return WORDS[part].get(lemma, ())

    def taxonomy(self, part):
        return {"n": self.nouns, "v": self.verbs}[part]


def between(a, b, **options):
    matrix = wordnet_distance([a, b], wordnet=Toy(), **options)
    assert matrix[0, 1] == matrix[1, 0]
    assert matrix[0, 0] == matrix[1, 1] == 0
    return matrix[0, 1]


@pytest.mark.parametrize(
    ("a", "b", "lin"),
    [
        ("dog", "wolf", 4 / 7),
        ("dog", "cat", 2 / 5.5),
        ("dog", "car", 0),
        ("dog", "beetle", 2 / 5.5),  # the second sense is the better one
        ("entity", "thing", 1),  # the same synset, though its IC is 0
        ("entity", "dog", 0),
        ("dog", "run", 1),  # both verbs have that sense
        ("run", "swim", 0),  # no common ancestor
        ("car", "run", 0),  # noun and verb
        ("dog", "unheard", 0),
        ("ghost", "wisp", 0),  # never seen: infinite IC
    ],
)
def test_lin_on_the_toy_taxonomy(a, b, lin):
    assert between(a, b) == pytest.approx(1 - lin)


def test_first_sense_looks_at_the_first_noun_sense_only():
    assert between("cat", "beetle") == 0
    assert between("cat", "beetle", senses="first") == 1
    assert between("dog", "run", senses="first") == 1


def test_same_unknown_tag_is_at_distance_zero_from_itself_alone():
    np.testing.assert_array_equal(wordnet_distance(["qqq", "zzz"], wordnet=Toy()), [[0, 1], [1, 0]])
    assert wordnet_distance([], wordnet=Toy()).shape == (0, 0)


def test_bad_options():
    with pytest.raises(ConfigError, match="senses"):
        wordnet_distance(["dog"], senses="all", wordnet=Toy())


def nouns_and_verbs(wordnet, n, seed):
    words = sorted(lemma for lemma, parts in wordnet.reader.index.items() if "n" in parts or "v" in parts)
    rng = np.random.default_rng(seed)
    common = ["dog", "cat", "run", "running", "new_york", "sea", "ocean", "car", "sunset", "entity", "be"]
    return common + rng.choice(words, n, replace=False).tolist()


def test_equals_nltk(wordnet):
    words = nouns_and_verbs(wordnet, 60, seed=1)
    matrix = wordnet_distance(words, wordnet=wordnet)
    np.testing.assert_array_equal(matrix, matrix.T)
    compared = 0
    for i, j in itertools.combinations(range(len(words)), 2):
        lins = []
        for part in "nv":
            for a, b in itertools.product(wordnet.senses(words[i], part), wordnet.senses(words[j], part)):
                first, second = wordnet.synset(part, a), wordnet.synset(part, b)
                lins.append(first.lin_similarity(second, wordnet.ic))
        if lins:
            compared += 1
            assert matrix[i, j] == pytest.approx(1 - max(lins), abs=1e-9)
        else:
            assert matrix[i, j] == 1
    assert compared > 1000


def test_every_tag_is_at_most_one_away(wordnet):
    words = nouns_and_verbs(wordnet, 300, seed=2)
    matrix = wordnet_distance(words, wordnet=wordnet)
    assert matrix.min() >= 0
    assert matrix.max() <= 1
    assert not matrix.diagonal().any()


def test_nuswide_size_takes_seconds(wordnet):
    words = sorted(lemma for lemma, parts in wordnet.reader.index.items() if len(parts.get("n", ())) > 1)
    start = time.process_time()
    matrix = wordnet_distance(words[:: len(words) // 3010][:3010], wordnet=wordnet)
    assert matrix.shape == (3010, 3010)
    assert time.process_time() - start < 20


def test_explanation_agrees_with_the_matrix(wordnet):
    words = nouns_and_verbs(wordnet, 40, seed=3)
    matrix = wordnet_distance(words, wordnet=wordnet)
    for i, j in itertools.combinations(range(len(words)), 2):
        link = explain_wordnet(words[i], words[j], wordnet)
        assert matrix[i, j] == pytest.approx(1 if link is None else 1 - link.lin, abs=1e-12)


def test_explanation_in_words(wordnet):
    link = explain_wordnet("dog", "cat", wordnet)
    assert (link.sense_a, link.sense_b, link.subsumer) == ("dog.n.01", "cat.n.01", "carnivore.n.01")
    assert "Canis" in link.gloss_a
    assert "feline" in link.gloss_b
    assert "flesh-eating" in link.subsumer_gloss
    assert link.lin == pytest.approx(2 * link.ic_subsumer / (link.ic_a + link.ic_b))
    assert explain_wordnet("dog", "unheardof", wordnet) is None
    assert math.isclose(explain_wordnet("new york", "New York".casefold(), wordnet).lin, 1)
