"""Runs in the chooser: what they are called, which is best, and that a new one takes nobody's place; settings copied and reset."""

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.header import between
from pages.components.run_names import run_name, run_names
from pages.train.copying import as_json, as_options
from tagrefine_core import workflow
from tagrefine_core.config import TrainConfig
from tagrefine_core.presets import PRESETS
from tagrefine_core.setting_groups import Group
from tagrefine_core.settings import read_settings, train_config
from tagrefine_core.store import Store
from tests.app.conftest import EVIL, add_run, set_config


def _texts(page) -> str:
    return " ".join(element.value for element in [*page.markdown, *page.caption, *page.info, *page.warning])


def _run(page) -> str:
    """Return the run in the address, which a widget writes as a word and a visitor as a list."""
    value = page.query_params["run"]
    return value if isinstance(value, str) else value[0]


def test_best_and_newest_are_told_apart(small_home: Store, open_page) -> None:
    collection = small_home.collection("demo")
    small_home.write_metrics(collection.id, "run-old", {"map": 0.9, "miap": 0.1})
    small_home.write_metrics(collection.id, "run-new", {"map": 0.5, "miap": 0.9})
    page = open_page("browse", collection="demo")
    newest, best = page.selectbox(key="run").options
    assert newest.startswith("Newest: ") and best.startswith("Best: ")
    with small_home.transaction() as connection:
        connection.execute("DELETE FROM metrics")
    page = open_page("train", collection="demo")
    first, second = page.selectbox(key="run").options
    assert first.startswith("Newest: ") and "Best" not in first + second, (
        "nothing is best where nothing was measured"
    )


def test_a_lone_run_is_neither(small_home: Store, open_page) -> None:
    assert len(open_page("browse", collection="unchecked").selectbox(key="run").options) == 1
    assert "ewest" not in open_page("browse", collection="unchecked").selectbox(key="run").options[0]


def test_a_run_is_called_by_its_title_else_by_what_differs(small_home: Store) -> None:
    run = small_home.run("run-old")
    assert run_name(run).endswith("Small")
    set_config(
        small_home,
        "run-old",
        train_config("small", seed=4, scoring={"smooth": 0.5}, network={"dropout": 0.25}),
    )
    assert run_name(small_home.run("run-old")).endswith("Small, Dropout 0.25, Share of neighbors 0.5, seed 4")
    set_config(
        small_home,
        "run-old",
        train_config("default", network={"backbone": "vgg16", "weights": "/secret/place/w.pth"}),
    )
    assert run_name(small_home.run("run-old")).endswith("Default, VGG-16")
    workflow.name_run(small_home, "run-old", title=EVIL)
    assert run_name(small_home.run("run-old")) == EVIL
    workflow.name_run(small_home, "run-new", title=EVIL)
    names = run_names(small_home.runs("demo"))
    assert len(set(names.values())) == len(names), "no two alike"


def test_a_new_run_is_offered_and_takes_nobodys_place(small_home: Store, open_page) -> None:
    page = open_page("browse", collection="demo", run="run-old")
    add_run(small_home, "demo", "run-newer")
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET finished = '2999-01-01T00:00:00+00:00' WHERE id = 'run-newer'")
    page.run()
    assert _run(page) == "run-old"
    assert "A new run is ready" in _texts(page)
    page.button(key="see_new_run").click().run()
    assert _run(page) == "run-newer" and "A new run is ready" not in _texts(page)
    page.selectbox(key="run").select_index(2).run()
    assert _run(page) == "run-old" and "A new run is ready" not in _texts(page), "said once"


def test_a_new_run_can_be_put_off(small_home: Store, open_page) -> None:
    page = open_page("train", collection="demo", run="run-old")
    add_run(small_home, "demo", "run-newer")
    with small_home.transaction() as connection:
        connection.execute("UPDATE runs SET finished = '2999-01-01T00:00:00+00:00' WHERE id = 'run-newer'")
    page.run()
    page.button(key="not_now").click().run()
    assert "A new run is ready" not in _texts(page.run()) and _run(page) == "run-old"


def test_the_first_run_of_a_collection_is_simply_shown(small_home: Store, open_page) -> None:
    page = open_page("train", collection="fresh")
    add_run(small_home, "fresh", "first")
    page.run()
    assert _run(page) == "first" and "A new run is ready" not in _texts(page)


def test_a_run_is_named_and_kept_on_the_page(small_home: Store, open_page) -> None:
    def dialog() -> None:
        from pages.state import store
        from pages.train.runs import name_dialog

        name_dialog(store().run("run-old"))

    page = AppTest.from_function(dialog).run()
    page.text_input(key="run_title").input("for the talk")
    page.text_area(key="run_note").input(EVIL)
    page.toggle(key="run_kept").set_value(True)
    next(button for button in page.button if button.label == "Save").click().run()
    run = small_home.run("run-old")
    assert (run.title, run.note, run.kept) == ("for the talk", EVIL, True)
    page = open_page("train", collection="demo")
    keys = {button.key for button in page.button}
    assert "delete_run-old" not in keys and "delete_run-new" in keys
    assert "for the talk" in page.selectbox(key="run").options[1]
    listed = [button.key for button in page.button if str(button.key).startswith("name_")]
    assert listed[0] == "name_run-old", "those that are kept come first"


# Settings


def test_every_setting_is_explained_to_somebody_who_has_not_read_the_paper() -> None:
    for name, field in TrainConfig.model_fields.items():
        parts = (
            type(field.default).model_fields.items() if isinstance(field.default, Group) else [(name, field)]
        )
        for leaf, part in parts:
            assert part.description and len(part.description.split()) >= 4, f"{name}.{leaf}"


def test_every_widget_shows_its_explanation(small_home: Store, open_page) -> None:
    page = open_page("train", collection="demo")
    widgets = [
        widget
        for kind in (page.selectbox, page.number_input, page.toggle)
        for widget in kind
        if str(widget.key).startswith("set_")
    ]
    assert len(widgets) >= 45 and all(widget.help for widget in widgets)


@pytest.mark.parametrize("preset", PRESETS)
def test_copied_settings_make_the_same_run(preset: str) -> None:
    config = train_config(preset).replaced(
        {
            "seed": 3,
            "task": "annotation",
            "network.weights": "/a b/w.pth",
            "neighbors.m": 4,
            "scoring.smooth": 0.25,
        }
        if preset != "small"
        else {"seed": 3}
    )
    assert train_config(**json.loads(as_json(config))) == config
    import shlex

    words = shlex.split(as_options(config))
    given = dict(zip(words[::2], words[1::2], strict=True))
    pairs = [value for option, value in zip(words[::2], words[1::2], strict=True) if option == "--set"]
    again = train_config(
        given["--preset"],
        seed=given["--seed"],
        task=given.get("--task", "refinement"),
        **read_settings(pairs),
    )
    assert again == config


def test_settings_are_counted_and_reset(small_home: Store, open_page) -> None:
    page = open_page("train", collection="demo")
    assert page.button(key="reset").disabled and "All are as in Default" in _texts(page)
    page.number_input(key="set_default_scoring.smooth").set_value(0.5).run()
    assert "1 differs from Default" in _texts(page) and not page.button(key="reset").disabled
    page.button(key="reset").click().run()
    assert page.number_input(key="set_default_scoring.smooth").value == 0.3
    assert "All are as in Default" in _texts(page)


def test_time_and_download_are_told_before(small_home: Store, open_page, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    page = open_page("train", collection="demo")
    assert re.search(r"\*\*(About \d+ to|Less than) \d+ s\*\*, by measurements", _texts(page))
    assert "40 photos" in _texts(page) and "little to learn from" in _texts(page)
    assert "MB of weights" not in _texts(page)
    box = page.selectbox(key="set_default_network.backbone")
    assert [name for name in box.options if "downloads" in name] and "downloads" not in box.options[0]
    box.select("vgg16").run()
    assert "fetches 528 MB of weights" in _texts(page)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (4, 9, "less than 10 s"),
        (22, 55, "about 20 to 60 s"),
        (60, 200, "about 1 to 3 min"),
        (600, 1900, "about 10 to 32 min"),
        (90_000, 300_000, "about 25 to 83 h"),
    ],
)
def test_ranges_of_time_have_one_unit(low: float, high: float, words: str) -> None:
    assert between(low, high) == words


# What can be taken home


def test_metrics_hand_out_tables_a_report_and_intervals(small_home: Store, open_page) -> None:
    page = open_page("metrics", collection="demo", run="run-new")
    assert "8 times of 10" in _texts(page) and "; gain " in _texts(page)
    stored = small_home.run("run-new").metrics["intervals"]["map"]
    assert stored["interval"][0] <= stored["after"] <= stored["interval"][1]
    page.button(key="write_report").click().run()
    assert not page.exception and not page.error
    state, text = page.session_state["report"]
    assert state[0] == "run-new" and text.startswith("<!doctype html>")
    assert "<b>bold</b>" not in text and "&lt;b&gt;bold&lt;/b&gt;" in text
    workflow.set_tag_rules(small_home, "demo", ["sea"], "leave")
    page.run()
    assert page.button(key="write_report"), "what was written does not hold any more"
