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
        ("(lily:1.2)", {"lily"}, None),
        ("AC/DC", {"dog"}, "AC/DC"),
        ("AC/DC", {"AC/DC"}, None),
        ("never seen", {"dog"}, "never seen"),
        ("Animals|Birds|Owl", {"owl"}, "Animals|Birds"),
        ("Animals|Birds|Owl", {"bird"}, "Animals"),
        ("Animals|Birds|Owl", {"animal"}, None),
        ("Animals|Birds|Owl", {"dog"}, "Animals|Birds|Owl"),
        ("Animals/Birds/Owl", {"owl"}, "Animals/Birds"),  # the same path as digiKam writes it
        ("Trips/2019/New York", {"new_york"}, "Trips/2019"),
        ("Trips/2019/New York", {"trip"}, None),
        ("Tiere|Vögel", {"bird"}, "Tiere"),
        ("Tiere|Vögel", {"animal"}, None),
    ],
)
def test_a_removed_tag_takes_its_spellings_and_the_levels_below_along(
    spellings: Spellings, raw: str, gone: set[str], left: str | None
) -> None:
    assert spellings.becomes(raw, gone) == left


def test_a_new_tag_is_spelled_as_most_people_here_do(spellings: Spellings) -> None:
    assert [spellings.usual(tag) for tag in ("dog", "owl", "new_york")] == ["Dog", "owl", "new york"]
