"""Tag by tag: the table, the tag that is open, and what the curator says about it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.browse.view import tags_to_choose, view
from pages.tags.words import decision, sentence
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.app.conftest import UNTOLD, VOCABULARY, add_collection, components, set_config

OpenPage = Callable[..., AppTest]


def data(page: AppTest) -> dict[str, Any]:
    assert not page.exception and not page.error
    (element,) = components(page)
    return json.loads(element.proto.json)


def row(page: AppTest, tag: str) -> dict[str, Any]:
    columns = data(page)["columns"]
    return {name: values[columns["tag"].index(tag)] for name, values in columns.items()}


def words(page: AppTest) -> str:
    """Return all that is said beside the table, without the escapes of markdown."""
    told = [*page.header, *page.markdown, *page.caption]
    return " ".join(element.value.replace("\\", "") for element in told)


def links(page: AppTest) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Return page and parameters of every link, by its text."""
    return {
        element.proto.label: (element.proto.page, parse_qs(element.proto.query_string))
        for element in page.get("page_link")
    }


def test_the_table_says_what_the_command_says(small_home: Store, open_page: OpenPage) -> None:
    for parameters, precision in (({}, 0.75), ({"precision": "0.9"}, 0.9), ({"precision": "many"}, 0.75)):
        page = open_page("tags", collection="demo", run="run-new", **parameters)
        shown = data(page)
        assert shown["columns"]["tag"] == list(VOCABULARY)
        assert (shown["chosen"], shown["order"], shown["first"]) == (None, "", "changes")
        for one in workflow.tag_summaries(small_home, "run-new", precision=precision):
            told = row(page, one.tag)
            for name in ("given", "added", "removed", "kept", "told"):
                assert told[name] == getattr(one, name), (one.tag, name)
            assert told["seen"] == pytest.approx(one.visualness, abs=5e-4)
            assert told["seen_low"] == pytest.approx(one.visualness_low, abs=5e-4)
            if one.expected_precision is None:
                assert told["right"] is None
            else:
                assert told["right"] == pytest.approx(one.expected_precision, abs=5e-4)
            assert told["decision"] == ("a picture cannot tell" if one.tag == UNTOLD else "judged")


def test_without_a_run_the_table_knows_what_people_wrote(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="fresh", tag="dog")
    collection = Collection.open(small_home, "fresh")
    shown = data(page)
    assert shown["columns"]["given"] == np.asarray(collection.tags.sum(axis=0)).ravel().tolist()
    assert shown["first"] == "given"
    for name in ("added", "removed", "kept", "seen", "right"):
        assert set(shown["columns"][name]) == {None}
    assert "Train once" in words(page) and "Go to Train" in links(page)
    assert len(links(page)) == 1, "nothing to browse"
    workflow.set_tag_rules(small_home, "fresh", ["dog"], "leave")
    assert row(page.run(), "dog")["decision"] == "you said: leave alone"


def test_a_run_of_an_earlier_import_says_nothing_of_these_photos(
    small_home: Store, open_page: OpenPage
) -> None:
    import shutil

    shutil.rmtree(small_home.home / "photos" / "demo")
    add_collection(small_home, "demo", seed=5)
    page = open_page("tags", collection="demo", run="run-new")
    assert "earlier state of the collection" in words(page)
    given = np.asarray(Collection.open(small_home, "demo").tags.sum(axis=0)).ravel().tolist()
    assert data(page)["columns"]["given"] == given and set(data(page)["columns"]["added"]) == {None}


def test_scores_that_are_no_probabilities_promise_nothing(small_home: Store, open_page: OpenPage) -> None:
    set_config(small_home, "run-new", train_config("paper"))
    page = open_page("tags", collection="demo", run="run-new")
    assert set(data(page)["columns"]["right"]) == {None}


def test_a_listed_tag_that_is_gone_is_shown_and_until_it_is_taken_off(
    small_home: Store, open_page: OpenPage
) -> None:
    demo = small_home.collection("demo").id
    small_home.set_tag_rules(demo, {"unicorn": "leave"})
    page = open_page("tags", collection="demo", run="run-new", tag="unicorn")
    one = row(page, "unicorn")
    assert one["gone"] and one["given"] is None and "no tag now" in one["decision"]
    assert data(page)["columns"]["tag"] == [*VOCABULARY, "unicorn"]
    workflow.set_tag_rules(small_home, "demo", ["unicorn"], None)
    assert data(page.run())["columns"]["tag"] == list(VOCABULARY) and data(page)["chosen"] is None


def test_an_unknown_tag_in_the_address_opens_none(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", tag="xyz", by="-seen")
    assert data(page)["chosen"] is None and data(page)["order"] == "-seen"


@pytest.mark.parametrize(
    ("told", "rule", "gone", "expected"),
    [
        (True, None, False, "judged"),
        (False, None, False, "a picture cannot tell"),
        (None, None, False, ""),
        (False, "leave", False, "you said: leave alone"),
        (True, "judge", False, "you said: always judge"),
        (None, "judge", True, "no tag now; always judge"),
    ],
)
def test_decisions_in_words(told: bool | None, rule: str | None, gone: bool, expected: str) -> None:
    assert decision(told, rule, gone=gone) == expected


def test_every_case_has_a_sentence_of_its_own() -> None:
    well, badly = (0.9, 0.8, 0.95), (0.5, 0.2, 0.7)
    told = [
        sentence(rule == "judge" or (rule is None and seen is well), rule, seen, 0.4)
        for seen in (well, badly)
        for rule in (None, "leave", "judge")
    ]
    assert len(set(told)) == 6
    assert all("0.90 of 1, likely 0.80 to 0.95" in text for text in told[:3])
    assert told[3].startswith("A picture cannot tell this tag (0.50 of 1, likely 0.20 to 0.70;")
    assert all(
        ("neither added nor removed" in text) == (place in (1, 3, 4)) for place, text in enumerate(told)
    )


def test_a_limit_of_ones_own_in_words() -> None:
    assert decision(True, None, limit=0.5625) == "you said: from 0.56 on"
    assert decision(False, "leave", limit=0.5625) == "you said: leave alone", "which has the last word"
    told = sentence(True, None, (0.5, 0.2, 0.7), 0.4, limit=0.5625)
    assert (
        "added from 0.56 on, whatever is promised" in told and "not measured that a picture can tell" in told
    )


def test_tags_are_chosen_by_use_and_change(small_home: Store, open_page: OpenPage) -> None:
    summaries = workflow.tag_summaries(small_home, "run-new")
    expected = sorted(summaries, key=lambda one: (-one.given - one.added - one.removed, one.tag))
    page = open_page("triage", collection="demo", run="run-new")
    offered = {
        "triage": page.selectbox(key="tag").options,
        "browse": list(tags_to_choose(view("run-new")).values()),
    }
    for name, options in offered.items():
        assert [option.split("  ")[0] for option in options] == [one.tag for one in expected], name
        most = expected[0]
        assert options[0] == f"{most.tag}  {most.given} +{most.added} −{most.removed}"
    page = open_page("tags", collection="demo", view="pairs")
    written = sorted(summaries, key=lambda one: (-one.given, one.tag))
    assert page.selectbox(key="tag").options == [f"{one.tag}  {one.given}" for one in written]
