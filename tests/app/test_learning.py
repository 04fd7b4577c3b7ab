"""Train: learn from verdicts, with one button, and what moved."""

import json

from tagrefine_core.collections import Collection
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tagrefine_core.workflow.verdicts import Answer, decide
from tests.app.conftest import EVIL, set_config


def say(store: Store, *answers: Answer, collection: str = "demo") -> int:
    opened = Collection.open(store, collection)
    decide(store, opened, answers, by="ann")
    return store.curation.version(opened.id)


def began_with(store: Store, run: str, origin: dict[str, object]) -> None:
    """Let a run have learned."""
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET origin = ? WHERE id = ?", (json.dumps(origin), run))


def text(page) -> str:
    return " ".join(element.value for element in [*page.markdown, *page.caption])


def button(page):
    return next((one for one in page.button if one.key == "learn_now"), None)


def test_without_a_verdict_there_is_no_card(small_home: Store, open_page) -> None:
    assert button(open_page("train", collection="demo")) is None
    say(small_home, Answer(0, "sea", "unsure"))
    assert button(open_page("train", collection="demo")) is None, "not sure teaches nothing"


def test_one_button_learns_from_the_verdicts(small_home: Store, open_page, started) -> None:
    say(small_home, Answer(0, "sea", "accept"), Answer(1, EVIL, "reject"), Answer(2, "sea", "unsure"))
    page = open_page("train", collection="demo", run="run-old")
    assert button(page).label == "Learn from 2 verdicts"
    button(page).click().run()
    assert started == [("train", "demo", {"start": "run-old", "with_verdicts": True})]


def test_a_run_that_knows_all_verdicts_says_so_until_there_is_another(small_home: Store, open_page) -> None:
    step = say(small_home, Answer(0, "sea", "accept"))
    began_with(small_home, "run-new", {"run": "run-old", "verdicts": 1, "step": step})
    page = open_page("train", collection="demo", run="run-new")
    assert button(page).disabled and "There is nothing new to learn since." in text(page)
    assert "learned from 1 verdict." in text(page)
    assert "photos have other tags" in text(page) and "It would ask next" in text(page)
    tags = page.dataframe[0].value
    assert list(tags.columns) == ["Tag", "Photos before", "More", "Fewer"] and len(tags)
    asked = page.dataframe[1].value
    assert not ((asked["Photo"] == "im00.png") & (asked["Tag"] == "sea")).any()
    say(small_home, Answer(1, "sea", "reject"))
    page = open_page("train", collection="demo", run="run-new")
    assert not button(page).disabled and button(page).label == "Learn from 2 verdicts"


def test_what_moved_cannot_be_told_once_the_first_run_is_gone(small_home: Store, open_page) -> None:
    step = say(small_home, Answer(0, "sea", "accept"))
    began_with(small_home, "run-new", {"run": "run-gone", "verdicts": 1, "step": step})
    assert "was deleted" in text(open_page("train", collection="demo", run="run-new"))


def test_runs_that_cannot_learn_say_why(small_home: Store, open_page) -> None:
    say(small_home, Answer(0, "sea", "accept"))
    set_config(small_home, "run-old", train_config("small").replaced({"scoring.calibrated": False}))
    page = open_page("train", collection="demo", run="run-old")
    assert button(page).disabled and "only say how likely it is given" in text(page)
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET data_hash = 'other' WHERE id = 'run-new'")
    page = open_page("train", collection="demo", run="run-new")
    assert button(page).disabled and "imported anew" in text(page)


def test_a_run_is_named_by_the_verdicts_it_learned_from(small_home: Store, open_page) -> None:
    began_with(small_home, "run-new", {"run": "run-old", "verdicts": 1412, "step": 3})
    assert "1,412 verdicts" in text(open_page("train", collection="demo"))
