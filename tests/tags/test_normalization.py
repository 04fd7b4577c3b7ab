import pytest

from tagrefine_core.tags import lemmatize, normalize


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Sunset", "sunset"),
        ("  New \t York\n", "new_york"),
        ("new__york_", "new_york"),
        ("Straße", "strasse"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full_width"),
        ("o’clock", "o'clock"),
        ("do\u200bg\x07", "dog"),
        ("\u2028\x85 \u200d", ""),
        ("\ud800", ""),
        ("❤️", "❤️"),
    ],
)
def test_normalize(raw, text):
    assert normalize(raw) == text
    assert normalize(text) == text


@pytest.mark.parametrize(
    ("raw", "name", "relation"),
    [
        ("flower", "flower", ""),
        ("Flower", "flower", "spelling variant of flower"),
        ("Flowers", "flower", "plural of flower"),
        ("walked", "walk", "form of walk"),
        ("new york", "new_york", ""),
        ("New-York", "new_york", "spelling variant of new york"),
        ("hot dogs", "hot_dog", "plural of hot dog"),
        ("t shirt", "t-shirt", "spelling variant of t-shirt"),
        ("sun-set", "sunset", "spelling variant of sunset"),
        ("#sunset!", "sunset", "spelling variant of sunset"),
        ("Café", "cafe", "spelling variant of cafe"),
    ],
)
def test_known_words(wordnet, raw, name, relation):
    lemma = lemmatize(raw, wordnet)
    assert (lemma.name, lemma.known, lemma.relation) == (name, True, relation)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty after normalization"),
        (" \u200b\n", "empty after normalization"),
        ("athankyou", "not in WordNet"),
        ("project365", "not in WordNet"),
        ("🌅", "not in WordNet"),
        ("!!!", "not in WordNet"),
        ("日本", "not in WordNet"),
        ("y" * 10_000, "not in WordNet"),
        ("-_" * 5_000, "not in WordNet"),
        ("nikond70s", "camera or number only"),
        ("DSC_0012", "camera or number only"),
        ("50mm", "camera or number only"),
        ("2007", "camera or number only"),
    ],
)
def test_unknown_words(wordnet, raw, reason):
    lemma = lemmatize(raw, wordnet)
    assert not lemma.known
    assert lemma.relation == reason
