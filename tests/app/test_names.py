"""Names of one tag: what was said, what waits, what cannot be said, and the import that applies it."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from tagrefine_core import workflow
from tagrefine_core.store import Store
from tests.app.conftest import EVIL

OpenPage = Callable[..., AppTest]


def words(page: AppTest) -> str:
    assert not page.exception
    told = [*page.caption, *page.info, *page.warning, *page.error]
    return " ".join([element.value.replace("\\", "") for element in told])


def test_a_name_is_said_waits_and_is_taken_back(small_home: Store, open_page: OpenPage) -> None:
    demo = small_home.collection("demo").id
    page = open_page("tags", collection="demo", view="merges", tag="sky")
    assert "Nothing yet" in words(page)
    page.text_input(key="to").input("Big Sky")
    page.button[-1].click().run()
    assert small_home.tag_aliases(demo) == {"sky": "big_sky"} and "1 name waits" in words(page)
    page.button(key="back_sky").click().run()
    assert small_home.tag_aliases(demo) == {} and "Nothing yet" in words(page)


def test_two_labels_cannot_be_one_and_the_page_says_why(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", view="merges", tag="sky")
    page.text_input(key="to").input("sea")
    page.button[-1].click().run()
    assert "ground truth, too" in words(page)
    assert small_home.tag_aliases(small_home.collection("demo").id) == {}


def test_a_spelling_is_split_off(small_home: Store, open_page: OpenPage) -> None:
    page = open_page("tags", collection="demo", view="merges", tag="sea")
    page.selectbox(key="spelling").select("seas").run()
    page.button(key="split").click().run()
    assert small_home.tag_aliases(small_home.collection("demo").id) == {"seas": "seas"}
    assert "1 name waits" in words(page)


def test_after_another_import_it_is_told_what_a_training_would_add(
    small_home: Store, open_page: OpenPage
) -> None:
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET data_hash = 'of an earlier import'")
    page = open_page("tags", collection="demo", view="merges")
    assert "train again to see more" in words(page) and "any more" not in words(page)


def test_what_an_older_import_did_not_keep_is_told(
    small_home: Store, open_page: OpenPage, started: list[Any]
) -> None:
    workflow.set_alias(small_home, "demo", EVIL, "dog")
    page = open_page("tags", collection="demo", view="merges")
    page.button(key="again").click().run()
    assert "did not keep from where" in words(page) and started == []
    bodies = " ".join(element.proto.body for element in page.get("html"))
    assert EVIL in bodies, "as text of a chip"
    assert all("evil" not in element.value for element in page.markdown)
