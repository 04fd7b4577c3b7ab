"""Forms of words: an ending comes off only where the lemma is the same thing."""

import pytest

from tagrefine_core.tags.morphology import Form


@pytest.mark.parametrize(
    "word", ["its", "las", "les", "mis", "lest", "bing", "hamed", "colores", "sunseting", "us's", ""]
)
def test_no_lemma_is_made_of_a_name_or_a_word_of_another_language(wordnet, word):
    assert wordnet.morphology.form(word) is None


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("does", "do"),
        ("was", "be"),
        ("has", "have"),
        ("is", "be"),
        ("walked", "walk"),
        ("canceled", "cancel"),
        ("kissed", "kiss"),
        ("biggest", "big"),
    ],
)
def test_verbs_and_adjectives_keep_their_part_of_speech(wordnet, word, lemma):
    assert wordnet.morphology.form(word) == Form(lemma, "form")


@pytest.mark.parametrize("word", ["waved", "hammed"])
def test_a_verb_does_not_become_a_thing_that_is_something_else(wordnet, word):
    assert wordnet.morphology.form(word) is None


@pytest.mark.parametrize(
    ("word", "singular"),
    [
        ("eyes", "eye"),  # WordNet: an opinion
        ("hands", "hand"),  # custody
        ("shoes", "shoe"),  # a situation
        ("wings", "wing"),  # a means of ascent
        ("windows", "window"),  # an operating system
        ("parks", "park"),  # Rosa Parks
        ("waters", "water"),  # Ethel Waters
        ("men", "man"),  # a work force
        ("teeth", "tooth"),
        ("cows", "cow"),  # cattle
        ("bones", "bone"),
        ("leaves", "leaf"),
        ("needs", "need"),  # an adverb
        ("bats", "bat"),  # an adjective
        ("tvs", "tv"),
        ("goes", "go"),
        ("oxes", None),
    ],
)  # fmt: skip
def test_an_odd_noun_goes_to_the_thing_that_people_mean(wordnet, word, singular):
    assert wordnet.morphology.form(word) == (singular and Form(singular, "plural"))


@pytest.mark.parametrize(
    "word",
    ["glasses", "sunglasses", "scissors", "news", "clothes", "pants", "woods", "stairs", "steps", "wales", "alps", "aids",
     "philippines", "queens", "data", "stamina", "graffiti", "discuss", "boss", "alas", "outdoors", "texas", "mars"],
)  # fmt: skip
def test_what_is_no_plural_stays(wordnet, word):
    form = wordnet.morphology.form(word)
    assert (form.lemma, form.kind) == (word, "")


def test_what_only_use_can_tell_is_said(wordnet):
    assert wordnet.morphology.form("colors").doubt == "color"
    assert wordnet.morphology.form("glasses").doubt == "glass"
    assert wordnet.morphology.form("news").doubt == "" == wordnet.morphology.form("eyes").doubt


def test_every_lemma_is_a_form_of_a_lemma_and_lemmas_stand_still(wordnet):
    """A plural of a plural would make two tags of one thing: "eyes" is an eye, which is an eye."""
    for word in list(wordnet.reader.index)[::37]:
        lemma = wordnet.morphology.form(word).lemma
        assert lemma in wordnet
        assert wordnet.morphology.form(lemma).lemma == lemma, word


def test_names(wordnet):
    assert all(map(wordnet.morphology.is_name, ["zurich", "mexico", "sao_paulo"]))
    assert not any(map(wordnet.morphology.is_name, ["bar", "rose", "qqqq", "discuss"]))
