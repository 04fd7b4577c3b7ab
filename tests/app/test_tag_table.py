"""Tag by tag: the table, the tag that is open, and what the curator says about it."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.tags.words import RULES, decision, sentence
from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.app.conftest import EVIL, UNTOLD, VOCABULARY, add_collection, set_config

OpenPage = Callable[..., AppTest]


def data(page: AppTest) -> dict[str, Any]:
    assert not page.exception and not page.error
    (element,) = page.get("bidi_component")
    return json.loads(element.proto.json)


def row(page: AppTest, tag: str) -> dict[str, Any]:
    columns = data(page)["columns"]
    return {name: values[columns["tag"].index(tag)] for name, values in columns.items()}


def words(page: AppTest) -> str:
    """Return all that is said beside the table, without the escapes of markdown."""
    told = [*page.header, *page.markdown, *page.caption]
    return " ".join(element.value.replace("\\", "") for element in told)


def heading(page: AppTest) -> str:
    """Return the heading of the panel: a tag is no markdown, so it is HTML."""
    bodies = " ".join(element.proto.body for element in page.get("html"))
    found = re.search(r'<h2 class="tr-tag">(.*?)</h2>', bodies)
    return unescape(found[1]) if found else page.header[0].value


def links(page: AppTest) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """Return page and parameters of every link, by its text."""
    return {
        element.proto.label: (element.proto.page, parse_qs(element.proto.query_string))
        for element in page.get("page_link")
    }


def strips(page: AppTest) -> dict[str, list[tuple[int, str, str]]]:
    """Return the photos that are shown by title: row, what stands under it, and where it leads to."""
    found = {}
    for element in page.get("html"):
        if 'class="tr-photos"' not in (text := element.proto.body):
            continue
        (title,) = re.findall(r'<p class="tr-about">(.*?)</p>', text)
        rows = [int(number) for number in re.findall(r'src="/thumbnails/\d+/(\d+)\?', text)]
        notes = re.findall(r"<figcaption>(.*?)</figcaption>", text) or [""] * len(rows)
        targets = [unescape(link) for link in re.findall(r'href="(.*?)"', text)] or [""] * len(rows)
        found[title] = list(zip(rows, notes, targets, strict=True))
    return found


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


def test_all_tags_in_a_few_words(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", run="run-new")
    added = sum(one.added for one in workflow.tag_summaries(small_home, "run-new"))
    removed = sum(one.removed for one in workflow.tag_summaries(small_home, "run-new"))
    told = words(page)
    assert "**6** are judged, **1** are left alone" in told
    assert f"**+ {added}**" in told and f"**− {removed}**" in told and "% of them right" in told


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
    (photos,) = strips(page).values()
    column = collection.vocabulary.index("dog")
    assert photos and all(collection.tags[number, column] for number, *_ in photos)
    page.button_group(key="rule").set_value("leave").run()
    assert row(page, "dog")["decision"] == "you said: leave alone"


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
    assert set(data(page)["columns"]["right"]) == {None} and "of them right" not in words(page)


def test_the_open_tag_tells_its_numbers_and_leads_to_its_photos(
    small_home: Store, open_page: OpenPage
) -> None:
    page = open_page("tags", collection="demo", run="run-new", tag="sky", precision="0.6")
    one = row(page, "sky")
    assert data(page)["chosen"] == "sky" and heading(page) == "sky"
    assert f"People wrote it on {one['given']} photos. A picture can tell this tag (0.80 of 1" in words(page)
    to_browse = {
        label: query["kind"] for label, (target, query) in links(page).items() if target.endswith("browse")
    }
    assert to_browse == {
        f":green[+ {one['added']} added]": ["added"],
        f":red[− {one['removed']} removed]": ["removed"],
        f"{one['kept']} kept": ["kept"],
    }
    for _, query in links(page).values():
        del query["kind"]
        assert query == {"collection": ["demo"], "run": ["run-new"], "tag": ["sky"], "precision": ["0.6"]}


def test_photos_that_speak_for_and_against(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", run="run-new", tag="sky")
    collection, run = Collection.open(small_home, "demo"), Run.open(small_home, "run-new")
    column = VOCABULARY.index("sky")
    scores = {number: float(run.scores[number, column]) for number in range(collection.n)}
    given = [number for number in scores if collection.tags[number, column]]
    others = [number for number in scores if number not in given]
    assert len(given) >= 10
    best = lambda rows, sign: sorted(rows, key=lambda number: sign * scores[number])[:5]
    shown = strips(page)
    assert [[number for number, *_ in photos] for photos in shown.values()] == [
        best(given, -1),
        best(given, 1),
        best(others, -1),
    ]
    for number, note, link in [photo for photos in shown.values() for photo in photos]:
        if 0.01 <= scores[number] <= 0.99:
            assert note == f"{100 * scores[number]:.0f} %"
        query = parse_qs(urlsplit(link).query)
        assert (
            urlsplit(link).path == "/browse" and query["photo"] == [str(number)] and query["tag"] == ["sky"]
        )


def test_a_tag_that_a_picture_cannot_tell(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", run="run-new", tag=UNTOLD)
    given = row(page, UNTOLD)["given"]
    assert "A picture cannot tell this tag (0.18 of 1" in words(page)
    (link,) = links(page).items()
    assert link[0] == f"{given} left alone" and link[1][1]["kind"] == ["untold"]


def test_the_curator_overrules(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", run="run-new", tag="sky")
    demo, other = (small_home.collection(name).id for name in ("demo", "unchecked"))
    before = row(page, "sky")
    assert page.button_group(key="rule").value == "measure" and before["added"]
    page.button_group(key="rule").set_value("leave").run()
    assert small_home.tag_rules(demo) == {"sky": "leave"} and small_home.tag_rules(other) == {}
    now = row(page, "sky")
    assert (now["added"], now["removed"], now["decision"]) == (0, 0, "you said: leave alone")
    assert "You said: leave alone" in words(page) and page.button_group(key="rule").value == "leave"
    page.button_group(key="rule").set_value("measure").run()
    assert small_home.tag_rules(demo) == {} and row(page, "sky") == before

    page = open_page("tags", collection="demo", run="run-new", tag=UNTOLD)
    assert not row(page, UNTOLD)["told"]
    page.button_group(key="rule").set_value("judge").run()
    assert small_home.tag_rules(demo) == {UNTOLD: "judge"}
    assert row(page, UNTOLD)["told"] and row(page, UNTOLD)["decision"] == "you said: always judge"
    assert "though a picture cannot tell it" in words(page)


def test_what_the_curator_says_elsewhere_is_shown(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", run="run-new", tag="sky")
    workflow.set_tag_rules(small_home, "demo", ["sky"], "judge")
    page.run()
    assert page.button_group(key="rule").value == "judge"
    assert row(page, "sky")["decision"] == "you said: always judge"


def test_a_listed_tag_that_is_gone_is_shown_and_can_be_taken_off(
    small_home: Store, open_page: OpenPage
) -> None:
    demo = small_home.collection("demo").id
    small_home.set_tag_rules(demo, {"unicorn": "leave"})
    page = open_page("tags", collection="demo", run="run-new", tag="unicorn")
    one = row(page, "unicorn")
    assert one["gone"] and one["given"] is None and "no tag now" in one["decision"]
    assert data(page)["columns"]["tag"] == [*VOCABULARY, "unicorn"]
    assert "has no effect" in words(page) and not strips(page)
    page.button(key="forget").click().run()
    assert small_home.tag_rules(demo) == {} and data(page)["columns"]["tag"] == list(VOCABULARY)
    assert heading(page) == "All tags"


def test_an_unknown_tag_in_the_address_opens_none(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", tag="xyz", by="-seen")
    assert heading(page) == "All tags" and data(page)["order"] == "-seen"


def test_a_tag_is_no_markdown(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", run="run-new", tag=EVIL)
    assert heading(page) == EVIL
    told = [*page.header, *page.markdown, *page.caption]
    assert all("evil" not in element.value for element in told)
    page = open_page("tags", collection="demo", run="run-new", tag="<b>bold</b>")
    assert heading(page) == "<b>bold</b>"
    assert all("<b>bold" not in element.proto.body for element in page.get("html"))


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
    assert set(RULES) == {"measure", "judge", "leave"}
