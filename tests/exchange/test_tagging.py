"""What is left of a spelling when tags do not fit, and how new tags are spelled."""

import pytest

from tagrefine_core.exchange.tagging import Spellings
from tagrefine_core.store import TagRecord

RECORDS = (
    TagRecord("Dog", 4, "merged", "dog", ""),
    TagRecord("dogs", 1, "merged", "dog", ""),
    TagRecord("Animals|Birds|Owl", 3, "merged", "owl", "", ("bird", "animal")),
    TagRecord("Trips/2019/New York", 2, "merged", "new_york", "", ("trip",)),
    TagRecord("Tiere|Vögel", 2, "merged", "bird", "", ("animal",)),
    TagRecord("Tiere", 1, "merged", "animal", ""),
    TagRecord("what:sea", 1, "merged", "sea", ""),
    TagRecord("(lily:1.2)", 1, "merged", "lily", ""),
    TagRecord("AC/DC", 1, "dropped", None, ""),
    TagRecord("People/Bob Xx", 1, "merged", "people", ""),
    TagRecord("People/Bob Yy", 1, "merged", "people", ""),
    TagRecord("Coast > Sea", 1, "merged", "sea", "", ("coast",)),
    TagRecord("A|B", 1, "dropped", None, ""),
    TagRecord("Animals|Boxes|box", 1, "merged", "box", "", ("animal",)),
    TagRecord("Animals|Dogs|dog", 1, "merged", "dog", "", ("animal",)),
    TagRecord("Style|black/white", 1, "merged", "style", ""),
)


@pytest.fixture
def spellings() -> Spellings:
    return Spellings(RECORDS)


@pytest.mark.parametrize(
    ("raw", "gone", "left"),
    [
        ("Dog", {"dog"}, None),
        ("Dog", {"sea"}, "Dog"),
        ("what:sea", {"sea"}, None),
        ("Animals|Dogs|dog", {"dog"}, "Animals"),
        ("Animals|Dogs|dog", {"animal"}, "Dogs|dog"),
        ("Animals|Dogs|dog", {"animal", "dog"}, None),
        ("Animals|Boxes|box", {"box"}, "Animals"),
        ("(lily:1.2)", {"lily"}, None),
        ("AC/DC", {"dog"}, "AC/DC"),
        ("AC/DC", {"AC/DC"}, None),
        ("never seen", {"dog"}, "never seen"),
        ("Animals|Birds|Owl", {"owl"}, "Animals|Birds"),
        ("Animals|Birds|Owl", {"bird"}, "Animals|Owl"),  # nobody took the owl away
        ("Animals|Birds|Owl", {"animal"}, "Birds|Owl"),
        ("Animals|Birds|Owl", {"animal", "bird", "owl"}, None),
        ("Animals|Birds|Owl", {"dog"}, "Animals|Birds|Owl"),
        ("Animals/Birds/Owl", {"owl"}, "Animals/Birds"),  # the same path as digiKam writes it
        ("Trips/2019/New York", {"new_york"}, "Trips/2019"),
        ("Trips/2019/New York", {"trip"}, "2019/New York"),
        ("People/Bob Xx", {"people"}, "Bob Xx"),
        ("People/Bob Yy", {"people"}, "Bob Yy"),
        ("People|Bob Yy", {"people"}, "Bob Yy"),
        ("Coast > Sea", {"sea"}, "Coast"),
        ("A|B", {"dog"}, "A|B"),
        ("Style|black/white", {"style"}, "black/white"),
        ("Style/black/white", {"style"}, "black/white"),
        ("Tiere|Vögel", {"bird"}, "Tiere"),
        ("Tiere|Vögel", {"animal"}, "Vögel"),
    ],
)
def test_a_removed_tag_takes_its_spellings_along_and_its_level_of_a_path(
    spellings: Spellings, raw: str, gone: set[str], left: str | None
) -> None:
    assert spellings.becomes(raw, gone) == left


@pytest.mark.parametrize(
    ("raw", "is_path"),
    [
        ("Animals|Birds|Owl", True),
        ("Animals/Birds", True),  # what is left of it
        ("Birds/Owl", True),
        ("People/Bob Xx", True),  # only one level is a tag
        ("A|B", True),  # none is
        ("Bob Xx", False),
        ("AC/DC", False),
        ("km/h", False),
    ],
)
def test_a_path_is_known_whatever_its_levels_mean(spellings: Spellings, raw: str, is_path: bool) -> None:
    assert spellings.is_path(raw) == is_path


def test_a_new_tag_is_spelled_as_most_people_here_do(spellings: Spellings) -> None:
    assert [spellings.usual(tag) for tag in ("dog", "owl", "new_york")] == ["Dog", "owl", "new york"]
