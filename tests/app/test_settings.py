"""The form of all settings, and the words for them."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel
from streamlit.testing.v1 import AppTest

from pages.components.setting_words import (
    GROUPS,
    LABELS,
    VALUES,
    differs_in_words,
    told,
    value_words,
)
from pages.train.settings import ELSEWHERE
from tagrefine_core.config import SETTINGS, TrainConfig
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import read_settings, settings_without_effect, train_config, write_settings

ASKED = [name for name in SETTINGS if name not in ELSEWHERE]
FIELDS = {
    f"{group}.{name}": field
    for group in GROUPS
    for name, field in type(getattr(TrainConfig(), group)).model_fields.items()
} | {name: field for name, field in TrainConfig.model_fields.items() if name not in GROUPS}


def form(preset: str) -> AppTest:
    """Draw the form alone."""

    def script(preset: str) -> None:
        import streamlit as st

        from pages.train.settings import all_settings
        from tagrefine_core.settings import train_config

        st.session_state["kept"] = all_settings(train_config(preset))

    test = AppTest.from_function(script, args=(preset,), default_timeout=30).run()
    assert not test.exception
    return test


def widget(test: AppTest, preset: str, name: str) -> Any:
    key = f"set_{preset}_{name}"
    widgets = [*test.selectbox, *test.number_input, *test.toggle]
    (found,) = [each for each in widgets if each.key == key]
    return found


def another(name: str, value: Any) -> Any:
    """Return a value that the setting may have and has not."""
    options = get_args(FIELDS[name].annotation)
    if options and type(None) not in options:
        return next(option for option in options if option != value)
    if isinstance(value, bool):
        return not value
    if name == "network.finetune":
        return "blocks:2"
    if isinstance(value, float):
        return 0.25 if value != 0.25 else 0.125
    if name == "network.views":
        return 3 - value
    return 96 if value is None else value + 1


@pytest.mark.parametrize("preset", PRESETS)
def test_untouched_form_keeps_nothing(preset: str) -> None:
    test = form(preset)
    assert test.session_state["kept"] == {}
    assert {each.key for each in [*test.selectbox, *test.number_input, *test.toggle]} == {
        f"set_{preset}_{name}" for name in ASKED
    }


@pytest.mark.parametrize("preset", ["default", "small"])
def test_each_change_is_kept_by_its_dotted_name_and_nothing_else(preset: str) -> None:
    test, base = form(preset), train_config(preset)
    for name in ASKED:
        before = base.flat()[name]
        value = another(name, before)
        test = widget(test, preset, name).set_value(value).run()
        assert test.session_state["kept"] == {name: value}, name
        assert type(test.session_state["kept"][name]) is type(value)
        test = widget(test, preset, name).set_value(before).run()
        assert test.session_state["kept"] == {}, name


def test_number_with_a_default_of_its_own_can_be_emptied_and_filled() -> None:
    test = widget(form("small"), "small", "network.image_size").set_value(None).run()
    assert test.session_state["kept"] == {"network.image_size": None}
    assert write_settings(test.session_state["kept"]) == ["network.image_size=none"]
    test = widget(form("small"), "small", "network.adapter").set_value(0).run()
    assert test.session_state["kept"] == {"network.adapter": 0}


def test_widgets_keep_to_the_range_of_their_setting() -> None:
    test = form("default")
    of = lambda name: (widget(test, "default", name).min, widget(test, "default", name).max)
    assert of("scoring.crossfit") == (1, 20)
    assert of("seed") == (0, 2**31 - 1)
    assert of("scoring.closed_form") == (0.0, 1.0)
    assert of("neighbors.m")[0] == 2
    assert of("network.image_size") == (32, 1024)


def test_changed_settings_come_back_from_the_command_line() -> None:
    base = train_config("small")
    for name in ASKED:
        changed = {name: another(name, base.flat()[name])}
        if name == "neighbors.s":
            changed |= {"neighbors.s": 64}
        if name in ("network.backbone", "neighbors.m"):
            continue  # they need another setting beside them
        pairs = write_settings(changed)
        with_warnings = base.replaced(changed)
        if settings_without_effect(with_warnings, changed):
            with pytest.warns(UserWarning, match="no effect"):
                assert train_config("small", **read_settings(pairs)) == with_warnings
        else:
            assert train_config("small", **read_settings(pairs)) == with_warnings


def test_tabs_are_the_groups_and_say_what_they_hold() -> None:
    groups = [
        name for name in TrainConfig.model_fields if isinstance(getattr(TrainConfig(), name), BaseModel)
    ]
    assert list(GROUPS) == groups
    test = form("default")
    assert [tab.label for tab in test.tabs] == list(GROUPS.values())
    captions = [caption.value.replace("\\", "") for caption in test.caption]
    assert captions == [type(getattr(TrainConfig(), group)).__doc__ for group in groups]


def test_labels_name_the_setting_for_the_command_line() -> None:
    test = form("default")
    for name in ASKED:
        each = widget(test, "default", name)
        label = each.label.replace("\\", "")
        assert label.startswith(LABELS[name]) and (name in label or name == label.lower())
        told = FIELDS[name].description
        assert each.help.replace("\\", "") == f"{told[0].upper()}{told[1:]}."


def test_every_setting_and_every_word_among_its_values_has_words() -> None:
    assert set(LABELS) == set(SETTINGS)
    for name, field in FIELDS.items():
        options = [option for option in get_args(field.annotation) if isinstance(option, str)]
        assert set(options) <= set(VALUES.get(name, ())), name
    assert set(VALUES["preset"]) == set(PRESETS)


@pytest.mark.parametrize(
    ("words", "value"),
    [("on", True), ("automatic", None), ("0.3", 0.3), ("5e-05", 0.00005), ("12", 12), ("/w.pt", "/w.pt")],
)
def test_values_in_words(words: str, value: Any) -> None:
    assert value_words("scoring.smooth", value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "neighbors.s must be a multiple of neighbors.m, since a batch is s/m groups; got s=13.",
            "“Photos in a batch” (neighbors.s) must be a multiple of “Photos in a group” (neighbors.m), since a batch is"
            " s/m groups; got s=13.",
        ),
        (
            "network.augment=True has no effect with network.finetune=head.",
            "“Random crops and flips” on (network.augment) has no effect with “What learns” the new layers"
            " (network.finetune).",
        ),
        ("run.part=1 has no effect with task=refinement.", "“Which part” 1 (run.part) has no effect with “Task” Clean up given tags (task)."),
        ("This task has no seed, see network.backbones.", "This task has no seed, see network.backbones."),
        ("scoring.smooth=0.5", "“Share of neighbors” 0.5 (scoring.smooth)"),
    ],
)  # fmt: skip
def test_sentences_of_the_core_get_the_words_of_settings(text: str, words: str) -> None:
    assert told(text) == words


def test_preset_and_what_differs_in_words() -> None:
    assert differs_in_words("paper+bce", {}) == "Paper, anchored"
    changed = {"network.finetune": "head", "network.adapter": None}
    assert differs_in_words("small", changed) == (
        "Small, but with “What learns” the new layers (network.finetune), “Feature layer” automatic (network.adapter)"
    )
