import random
import time

import pytest

from tagrefine_core.reading.cells import split_cells


def tags(*cells):
    return split_cells(cells, where="tags.csv").tags


def said(*cells):
    return "\n".join(issue.reason for issue in split_cells(cells, where="tags.csv").issues)


@pytest.mark.parametrize(
    "mark", [",", ", ", ";", "|", "\n", "\r\n", "\r", "\t", "，", "、", "；", "｜", " / "]
)
def test_one_mark_in_all_cells(mark):
    lists = [["beach", "new york", "sky"], ["dog", "red car"], ["boat"]]
    assert tags(*(mark.join(own) for own in lists)) == lists


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        # Each cell goes by its own marks
        (["beach，sea", "dog、cat", "flower；garden", "boat"], [["beach", "sea"], ["dog", "cat"], ["flower", "garden"], ["boat"]]),
        (["beach\nsea", "dog, cat", "sky; sun"], [["beach", "sea"], ["dog", "cat"], ["sky", "sun"]]),
        (["beach, sea,\nsky, dog\n", None, "", " , ,"], [["beach", "sea", "sky", "dog"], [], [], []]),
        # One mark joins what the other separates
        (["Animals|Birds|Owl, Plants|Tree", "Animals|Dog"], [["Animals|Birds|Owl", "Plants|Tree"], ["Animals|Dog"]]),
        (
            ["Rome, Places, Sky, Places|Rome", "Rome, Sky, Italy, Places, Places|Italy|Rome", "Sky, Sea", "Sea"],
            [["Rome", "Places", "Sky", "Places|Rome"], ["Rome", "Sky", "Italy", "Places", "Places|Italy|Rome"], ["Sky", "Sea"], ["Sea"]],
        ),
        (["Rome, Places|Rome", *["Places|Rome", "dog", "cat"] * 4], [["Rome", "Places|Rome"], *[["Places|Rome"], ["dog"], ["cat"]] * 4]),
        (["Paris, Texas, USA", "dusk, dew, fog, ice", *"abcdefghijk"], [["Paris, Texas, USA"], ["dusk", "dew", "fog", "ice"], *map(list, "abcdefghijk")]),
        (["Places|Italy; Sky", "Sky|Blue\nSea"], [["Places|Italy", "Sky"], ["Sky|Blue", "Sea"]]),
        (
            ["beach|Washington, D.C.|dog", "sky|sea", "cat|dog", "sky|dog|red"],
            [["beach", "Washington, D.C.", "dog"], ["sky", "sea"], ["cat", "dog"], ["sky", "dog", "red"]],
        ),
        # Spaces, where nothing else explains them
        (["beach sunset sea 2008 nikon", "sky cloud mountain", "cat"], [["beach", "sunset", "sea", "2008", "nikon"], ["sky", "cloud", "mountain"], ["cat"]]),
        (["1girl long_hair ;d", "no_humans sea", "dog"], [["1girl", "long_hair", ";d"], ["no_humans", "sea"], ["dog"]]),
        (['"new york" beach', 'dog "red car"', "sea"], [["new york", "beach"], ["dog", "red car"], ["sea"]]),
        (["new york", "red car", "golden gate bridge", "dog"], [["new york"], ["red car"], ["golden gate bridge"], ["dog"]]),
        (["beach, golden gate bridge", "old red car"], [["beach", "golden gate bridge"], ["old red car"]]),
        (["#beach #sea", "#sky#sun", "dog, #cat"], [["#beach", "#sea"], ["#sky", "#sun"], ["dog", "#cat"]]),
        (["猫　犬", "海　空　山", "花"], [["猫", "犬"], ["海", "空", "山"], ["花"]]),
        (["Places > Italy > Rome", "Animals > Dog", "Places > New York"], [["Places > Italy > Rome"], ["Animals > Dog"], ["Places > New York"]]),
        # Marks that separate nothing
        (["rock &amp; roll; jazz", "b%26w,sky"], [["rock &amp; roll", "jazz"], ["b%26w", "sky"]]),
        ([r"lily \(flower\), Washington\, D.C."], [[r"lily \(flower\)", r"Washington\, D.C."]]),
        (['"Washington, D.C.", beach', "'a, b', c"], [["Washington, D.C.", "beach"], ["a, b", "c"]]),
        (["Paris (France, Europe), sea", "sad, :(, dog, :)"], [["Paris (France, Europe)", "sea"], ["sad", ":(", "dog", ":)"]]),
        (["(lily:1.2), [beach], {{{sky}}}"], [["(lily:1.2)", "[beach]", "{{{sky}}}"]]),
        # A list in brackets
        (["[beach, 'red car']", '{sea,"a, b"}', "((red hair, blue eyes:1.2)), dog"], [["beach", "red car"], ["sea", "a, b"], ["red hair", "blue eyes", "dog"]]),
        (["['sea']", '["sky", "sun"]', "[]"], [["sea"], ["sky", "sun"], []]),
        # Escaped marks, where there is no other
        (["beach%2Ccaf%C3%A9", "dog&#44;cat", r"sky\nsun"], [["beach", "caf%C3%A9"], ["dog", "cat"], ["sky", "sun"]]),
        (["washington%2C+d.c.", "new+york,washington%2C+d.c.", "sky,sea"], [["washington%2C+d.c."], ["new+york", "washington%2C+d.c."], ["sky", "sea"]]),
    ],
)  # fmt: skip
def test_what_the_cells_show(cells, right):
    assert tags(*cells) == right


def test_a_rare_comma_is_part_of_a_tag_unless_its_pieces_are_tags():
    plain = ["beach", "dog", "red car", "sky", "boat", "new york"]
    assert tags(*plain, "Washington, D.C.")[-1] == ["Washington, D.C."]
    assert "commas are part of 'Washington, D.C.'" in said(*plain, "Washington, D.C.")
    assert tags(*plain, "dog, beach")[-1] == ["dog", "beach"]
    assert tags(*plain, "fox,hen")[-1] == ["fox", "hen"]
    lines = "\n".join(plain)
    assert tags(lines, lines + "\nWashington, D.C.")[1][-1] == "Washington, D.C."


def test_a_tree_is_told_from_a_list():
    places = [f"Places|Italy|{city}" for city in ("Rome", "Milan", "Pisa")] + [
        "Animals|Birds|Owl",
        "Animals|Birds|Hen",
    ]
    assert tags(*places) == [[path] for path in places]
    lists = ["sky|sea|dog", "dog|sea|sky", "sea|dog", "sky|dog|sea", "dog|sky"]
    assert tags(*lists) == [text.split("|") for text in lists]


def test_what_was_decided_is_said():
    assert said("beach, sea", "dog, cat", "sky; sun", "boat") == (
        "tags are split at commas in 2 of 4 cells, at semicolons in 1"
    )
    assert "at spaces" in said("1girl long_hair sky", "dog")
    assert "pipes join the levels of 'Animals|Owl, Tree'" in said("Animals|Owl, Tree", "sky, sea")
    assert "all 3 cells are one tag each, 2 of them with spaces" in said("red car", "old dog", "sea")
    assert "escaped marks (such as %2C) were read as marks in 1 cells" in said("a%2Cb")
    assert said(None, "") == ""


@pytest.mark.parametrize(
    "captions",
    [
        ["a photo of a dog on the beach at sunset, the sky is orange", "two people walking in a park with a small lake", "boat"],
        ["ein roter Hund sitzt auf dem Sofa.", "zwei Kinder spielen im Garten mit einem Ball."],
        ["un chien court sur la plage de la mer", "une femme et un homme dans la rue"],
    ],
)  # fmt: skip
def test_captions_are_said_and_kept(captions):
    assert "look like captions (sentences)" in said(*captions)
    assert all(any(words in caption for caption in captions) for own in tags(*captions) for words in own)


@pytest.mark.parametrize(
    "lists",
    [
        ["beach sunset sea 2008 nikon", "sky cloud mountain usa blue"],
        ["1girl, long hair, blue hair, looking at viewer, solo", "no humans, blue sky, hair ribbon"],
        ["museum of modern art, new york", "new york\nstatue of liberty\nsea"],
    ],
)
def test_lists_are_no_captions(lists):
    assert "captions" not in said(*lists)


def test_lists_come_back_whatever_their_tags_and_order():
    """A list that was joined by any mark comes back, since the cells as a whole show the mark."""
    rng = random.Random(0)
    words = [
        "beach",
        "café",
        "new york",
        "R&B",
        "don't",
        "8 1/2",
        '5" disk',
        "C#",
        "(lily)",
        "100%",
        "a_b",
        ":d",
        "日本",
    ]
    for mark in (",", ", ", ";", "; ", "\n", "\t", "，", "；"):
        lists = [rng.sample(words, rng.randint(1, 6)) for _ in range(50)]
        assert tags(*(mark.join(own) for own in lists)) == lists, mark


@pytest.mark.parametrize(
    "text", ['"', "(", "(,", "'", "' ", "&", "&a", " ", "#", "a ", "\\", "[a,", " ,", "|", "%2C", "&#44;", "_", "\t;", "a|b,"]
)  # fmt: skip
def test_time_grows_with_length_alone(text):
    def seconds(cell):
        start = time.process_time()
        split_cells([cell, "a, b"], where="x")
        return time.process_time() - start

    small = text * 20_000
    assert seconds(small * 8) < 40 * max(min(seconds(small), seconds(small)), 0.005)


def test_nothing_but_marks_is_lost():
    """Whatever a cell holds, its letters come back in their order, in tags without white space around them."""
    rng = random.Random(1)
    signs = [
        *"abéß日 ,;|/\t\n\"'()[]{}#_-.，、；｜（）&\\%:=^<>\0\u2028\x85\ud800\ufdd0",
        " / ",
        ", ",
        "\r\n",
        ":(",
    ]
    for _ in range(3000):
        cells = ["".join(rng.choices(signs, k=rng.randint(0, 30))) for _ in range(rng.randint(1, 4))]
        for cell, own in zip(cells, tags(*cells), strict=True):
            assert [c for c in "".join(own) if c.isalpha()] == [c for c in cell if c.isalpha()], cell
            assert all(tag and tag == tag.strip() for tag in own), cell
