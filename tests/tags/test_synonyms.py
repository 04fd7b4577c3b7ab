"""Proposals of tags that may be one: names and use have to speak for them."""

import math

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.tags import propose_merges

TAGS = ("auto", "beach", "car", "color", "colour", "dog", "harbor", "harbour", "sand", "sea", "seat")
RNG = np.random.default_rng(0)


def photos(*groups: tuple[int, str]) -> sparse.csr_matrix:
    """Return tags of photos: so many of each list of words."""
    rows = [[tag in words.split() for tag in TAGS] for count, words in groups for _ in range(count)]
    return sparse.csr_matrix(np.array(rows, dtype=np.uint8))


def pairs(found):
    return [(TAGS[one.tag], TAGS[one.into]) for one in found]


def test_two_words_for_one_thing_that_are_written_together(wordnet):
    tags = photos((20, "car"), (6, "car auto"), (1, "auto"), (30, "beach sand"), (9, "sea"), (9, "dog seat"))
    (one,) = [one for one in propose_merges(TAGS, tags, wordnet) if TAGS[one.tag] == "auto"]
    assert (TAGS[one.into], one.together, one.meaning) == ("car", 6, 1.0), "the rarer goes into the other"
    assert math.isnan(one.look) and 0.5 < one.score <= 1
    assert ("beach", "sand") not in pairs(propose_merges(TAGS, tags, wordnet)), (
        "written together, but two things"
    )
    assert ("sea", "seat") not in pairs(propose_merges(TAGS, tags, wordnet))


def test_photos_that_look_alike_speak_where_nobody_writes_both(wordnet):
    tags = photos((40, "harbor"), (30, "harbour"), (40, "dog"), (40, "car"))
    kinds = np.repeat([0, 0, 1, 2], [40, 30, 40, 40])
    features = np.eye(3)[kinds] + RNG.normal(scale=0.05, size=(150, 3))
    assert pairs(propose_merges(TAGS, tags, wordnet)) == [], "never written together"
    (one,) = propose_merges(TAGS, tags, wordnet, features=features.astype(np.float16))
    assert pairs([one]) == [("harbour", "harbor")] and one.look > 0.9 and one.together == 0
    other = np.repeat([0, 1, 1, 2], [40, 30, 40, 40])
    unlike = np.eye(3)[other] + RNG.normal(scale=0.05, size=(150, 3))
    assert propose_merges(TAGS, tags, wordnet, features=unlike) == []


def test_a_photo_with_both_tags_is_not_what_makes_them_look_alike(wordnet):
    tags = photos((1, "harbor harbour"), (1, "harbor"), (1, "harbour"), (60, "dog"))
    features = RNG.normal(size=(63, 64))
    (one,) = propose_merges(TAGS, tags, wordnet, features=features)
    assert one.together == 1 and one.look < 0.3


def test_what_is_apart_is_not_asked_again_and_the_best_come_first(wordnet):
    tags = photos((20, "car auto"), (20, "color"), (8, "color colour"), (5, "colour"), (60, "dog"))
    found = propose_merges(TAGS, tags, wordnet)
    assert set(pairs(found)) == {("auto", "car"), ("colour", "color")}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert pairs(propose_merges(TAGS, tags, wordnet, top=1)) == pairs(found)[:1]
    apart = [frozenset(("car", "auto"))]
    assert pairs(propose_merges(TAGS, tags, wordnet, apart=apart)) == [("colour", "color")]


@pytest.mark.parametrize("names", [(), ("dog",), ("qqq", "zzz")])
def test_nothing_to_propose(wordnet, names):
    tags = sparse.csr_matrix(np.ones((4, len(names)), dtype=np.uint8))
    assert propose_merges(names, tags, wordnet) == []
