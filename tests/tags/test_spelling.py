"""What raw tags are made of, with what other spellings of a collection say of them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagrefine_core.tags import load
from tagrefine_core.tags.spelling import Spellings


def names(raw, *others, wordnet):
    return [lemma.name for lemma in Spellings([raw, *others], wordnet).read(raw) if lemma.known]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Places|Italy|Rome", ["rome", "italy", "place"]),
        ("Places/Italy/Rome", ["rome", "italy", "place"]),
        ("Animals\\Birds", ["bird", "animal"]),
        ("Animals > Birds", ["bird", "animal"]),
        ("动物｜Birds", ["bird"]),
        ("Nature/Sky", ["sky", "nature"]),
        ("Birds|Bird", ["bird"]),
        ("|Birds|", ["bird"]),
        ("People|Zzgrblx", ["people"]),
        ("qqqq|zzzz", []),
        ("b/w", []),
        ("AC/DC", []),
        ("and/or", []),
        ("http://example.org/dog", []),
        ("2008/05/12", []),
        ("24/7", ["24/7"]),
        ("km/h", ["km/h"]),
    ],
)
def test_levels_the_most_specific_first(wordnet, raw, found):
    assert names(raw, wordnet=wordnet) == found


def test_a_slash_stands_between_levels_where_several_paths_begin_alike(wordnet):
    assert names("Family/Zzgrblx", wordnet=wordnet) == []
    assert names("Family/Zzgrblx", "Family/Qqqq", wordnet=wordnet) == ["family"]


@pytest.mark.parametrize(
    ("raw", "other", "found"),
    [
        ("Places/U.S.A./Q7", "Places/Rome", ["u.s.a.", "place"]),
        ("film/35mm", "film/120", ["film"]),
        ("/Nature/Water/", "dog", ["water", "nature"]),
        ("AC/DC", "AC/DC Live", []),
        ("w/ friends", "w/ family", []),
        ("http://a.org/dog", "http://b.org/cat", []),
        ("2008/dog", "2008/cat", []),
    ],
)
def test_short_levels_below_a_root_of_several(wordnet, raw, other, found):
    assert names(raw, other, wordnet=wordnet) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("creature:dog", ["dog"]),
        ("place: new york", ["new_york"]),
        ("place:Italy/Rome", ["rome", "italy"]),
        ("color:red", ["red"]),
        ("rating:safe", []),
        ("rating:explicit", []),
        ("geo:lat=51.5", []),
        ("taxonomy:genus=felis", []),
        ("10:30", []),
        ("year:2008", []),
    ],
)
def test_the_part_behind_a_namespace(wordnet, raw, found):
    assert names(raw, wordnet=wordnet) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("lily_(flower)", "lily"),
        (r"lily \(flower\)", "lily"),
        ("(lily:1.2)", "lily"),
        ("((beach))", "beach"),
        ("[beach]", "beach"),
        ("{{{sunset}}}", "sunset"),
        ("#Sunset", "sunset"),
        ("new+york", "new_york"),
        ("polar+bears", "polar_bear"),
        ("caf\\u00e9", "cafe"),
        ("caf\\xe9", "cafe"),
        ("caf%C3%A9", "cafe"),
        ("rock &amp; rye", None),
    ],
)
def test_what_stands_around_a_word(wordnet, raw, found):
    assert names(raw, wordnet=wordnet) == ([found] if found else [])


def test_a_lost_backslash_is_mended_by_the_right_spelling_only(wordnet):
    assert names("cafu00e9", wordnet=wordnet) == []
    assert names("cafu00e9", "Café", wordnet=wordnet) == ["cafe"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (":d", "emoticon"),
        ("^_^", "only marks"),
        (">_<", "only marks"),
        ("o_o", "emoticon"),
        ("<lora:foo:0.8>", "an instruction to an image generator"),
        ("geo:lat=51.5", "machine tag"),
        ("rating:safe", "the part behind rating: names no thing"),
        ("qqqq|zzzz", "no level of it is in WordNet"),
        ("c++", "not in WordNet"),
        ("b&w", "not in WordNet"),
        ("4:3", "not in WordNet"),
    ],
)
def test_what_is_no_word_says_why(wordnet, raw, reason):
    (lemma,) = Spellings([raw], wordnet).read(raw)
    assert (lemma.known, lemma.relation) == (False, reason)


@pytest.mark.parametrize(
    ("raw", "relation"),
    [
        ("Places|Italy", "level of Places|Italy"),
        ("creature:dog", "the part behind creature:"),
        ("(lily:1.2)", "lily, without brackets and weight"),
        ("new+york", "new york, with + for a space"),
        ("roses_(flower)", "plural of rose, without what is in brackets"),
    ],
)
def test_the_reason_is_kept(wordnet, raw, relation):
    assert {lemma.relation for lemma in Spellings([raw], wordnet).read(raw)} == {relation}


@given(st.text(st.sampled_from("abdogs|/\\:()[]{}<>_-+&%u0e9é# =.1"), max_size=30))
@settings(max_examples=1000, deadline=None)
def test_any_text_is_read_and_known_names_are_in_wordnet(raw):
    wordnet = load()
    found = Spellings([raw], wordnet).read(raw)
    assert found
    assert all(lemma.name in wordnet and lemma.relation is not None for lemma in found if lemma.known)
    assert len({lemma.name for lemma in found}) == len(found)


@pytest.mark.parametrize("piece", ["(", "a:", "a|", "a/", "u00e9", "+a", "\\u00e9", "[(", "é", "o_", "a > "])
def test_long_tags_take_no_time(wordnet, piece):
    raw = piece * 10_000
    start = time.process_time()
    Spellings([raw], wordnet).read(raw)
    assert time.process_time() - start < 2
