"""Settings by name: presets, what a command line says, and what is said of settings without effect."""

from pathlib import Path

import pytest

from tagrefine_core.config import SETTINGS, TrainConfig
from tagrefine_core.errors import ConfigError, TagRefineWarning
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import (
    read_settings,
    settings_that_differ,
    settings_without_effect,
    train_config,
)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_build_and_differ_from_themselves_in_nothing(preset):
    config = train_config(preset)
    assert config.preset == preset and settings_that_differ(config) == {}
    for name, value in PRESETS[preset].items():
        assert config.flat()[name] == value
    untouched = TrainConfig().flat()
    for name in set(SETTINGS) - set(PRESETS[preset]) - {"preset"}:
        assert config.flat()[name] == untouched[name]


def test_preset_paper_is_literal():
    paper = train_config("paper")
    assert (paper.neighbors.s, paper.neighbors.m, paper.neighbors.M) == (64, 8, 512)
    assert (paper.phi0.epochs, paper.constraints.epochs) == (30, 30)
    assert (paper.phi0.lr, paper.constraints.lr, paper.optimizer.schedule) == (0.001, 0.001, "step")
    assert (paper.network.backbone, paper.network.finetune) == ("vgg16", "all")
    assert (paper.neighbors.refresh, paper.constraints.reduction) == ("exact", "literal")
    assert paper.constraints.eta == 0 and not paper.network.normalize
    for name, value in paper.scoring.model_dump().items():
        assert value == (1 if name == "crossfit" else 0), "the paper ends with P"
    anchored = train_config("paper+bce")
    assert anchored.constraints.eta == 1
    assert anchored.replaced({"preset": "paper", "constraints.eta": 0}) == paper


def test_three_ways_to_name_a_setting_are_one():
    by_dot = train_config("small", **{"scoring.evidence": 0.5, "phi0.lr": 0.2})
    assert by_dot == train_config("small", scoring={"evidence": 0.5}, phi0={"lr": 0.2})
    assert by_dot == train_config("small").replaced({"scoring.evidence": 0.5, "phi0.lr": 0.2})
    assert settings_that_differ(by_dot) == {"scoring.evidence": 0.5, "phi0.lr": 0.2}
    assert settings_that_differ(by_dot.replaced({"seed": 4, "task": "annotation"})) == {
        "scoring.evidence": 0.5,
        "phi0.lr": 0.2,
    }


def test_text_is_converted_and_nothing_else_changes():
    given = {
        "seed": "3",
        "network.views": 2,
        "network.center": "true",
        "network.image_size": "64",
        "network.adapter": None,
        "neighbors.s": "32",
        "constraints.lambda1": "1e2",
        "optimizer.schedule": "step",
    }
    config = train_config("default", **given)
    assert (config.seed, config.network.center, config.network.image_size) == (3, True, 64)
    assert (config.neighbors.s, config.constraints.lambda1, config.network.adapter) == (32, 100.0, None)
    rest = set(SETTINGS) - set(given)
    assert {n: config.flat()[n] for n in rest} == {n: train_config("default").flat()[n] for n in rest}


def test_an_unknown_preset():
    with pytest.raises(
        ConfigError, match=r"no preset 'demo'; choose one of: default, fast, small, paper, paper\+bce"
    ):
        train_config("demo")


# NAME=VALUE


def test_pairs_are_read_as_text_the_last_one_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = read_settings(["scoring.smooth=0.1", "seed=3", "scoring.smooth=0.3", "network.weights=w/a=b.pth"])
    assert found == {
        "scoring.smooth": "0.3",
        "seed": "3",
        "network.weights": str(tmp_path / "w" / "a=b.pth"),
    }
    assert read_settings(["network.weights=imagenet"]) == {"network.weights": "imagenet"}
    assert read_settings(["network.weights=none"]) == {"network.weights": "none"}
    home = read_settings(["network.weights=~/w.pth"])["network.weights"]
    assert home == str(Path.home() / "w.pth")


@pytest.mark.parametrize("nothing", ["none", "None", "null"])
def test_nothing_is_said_where_a_setting_may_be_nothing(nothing):
    pairs = [f"network.adapter={nothing}", f"network.image_size={nothing}"]
    assert read_settings(pairs) == {"network.adapter": None, "network.image_size": None}
    config = train_config("paper", **read_settings(pairs))
    assert config.network.adapter is None
    with pytest.raises(ConfigError, match=r"phi0\.epochs"):
        train_config("paper", **read_settings([f"phi0.epochs={nothing}"]))


@pytest.mark.parametrize("pair", ["scoring.smooth", "=3", "scoring.smooth=", ""])
def test_what_is_no_pair(pair):
    with pytest.raises(ConfigError, match=r"--grid takes NAME=VALUE"):
        read_settings([pair], option="--grid")


def test_the_preset_has_an_option_of_its_own():
    with pytest.raises(ConfigError, match="--preset"):
        read_settings(["preset=paper"])


# What has no effect


@pytest.mark.parametrize(
    ("beside", "name", "value", "reason"),
    [
        ({}, "run.train_fraction", 0.3, "task=refinement"),
        ({}, "run.part", 2, "task=refinement"),
        ({"task": "annotation"}, "scoring.evidence", 1.0, "task=annotation"),
        ({"scoring.calibrated": False}, "scoring.evidence", 1.0, "scoring.calibrated=False"),
        ({}, "network.augment", True, "network.finetune=head"),
        ({}, "optimizer.lr_backbone", 0.5, "network.finetune=head"),
        ({"constraints.epochs": 0}, "constraints.lambda2", 0.3, "constraints.epochs=0"),
        ({"constraints.epochs": 0}, "constraints.lambda1", 0.3, "constraints.epochs=0"),
        ({"constraints.epochs": 0}, "constraints.lambda_vis", 0.3, "constraints.epochs=0"),
        ({"constraints.epochs": 0}, "constraints.eta", 0.3, "constraints.epochs=0"),
        ({"constraints.epochs": 0}, "constraints.lr", 0.3, "constraints.epochs=0"),
        ({"constraints.epochs": 0}, "constraints.reduction", "literal", "constraints.epochs=0"),
        ({"constraints.epochs": 0}, "neighbors.refresh", "exact", "constraints.epochs=0"),
        ({"neighbors.refresh": "static"}, "neighbors.M", 99, "neighbors.refresh=static"),
        (
            {"constraints.lambda1": 0, "scoring.closed_form": 0.5},
            "constraints.alpha",
            0.3,
            "constraints.lambda1=0",
        ),
        (
            {"constraints.lambda1": 1},
            "constraints.alpha",
            0.3,
            "scoring.closed_form=1 on a frozen backbone without network.adapter",
        ),
        (
            {"constraints.lambda1": 1},
            "constraints.reduction",
            "literal",
            "scoring.closed_form=1 on a frozen backbone without network.adapter",
        ),
        (
            {"scoring.closed_form": 0.5},
            "constraints.reduction",
            "literal",
            "constraints.lambda1=0 and constraints.lambda2=0",
        ),
        (
            {"constraints.epochs": 0},
            "network.dropout",
            0.3,
            "constraints.epochs=0, which leaves no gradient step",
        ),
        (
            {"constraints.epochs": 0},
            "optimizer.weight_decay",
            0.3,
            "constraints.epochs=0, which leaves no gradient step",
        ),
        ({"constraints.epochs": 0}, "neighbors.s", 64, "constraints.epochs=0, which leaves no gradient step"),
        ({"constraints.epochs": 0}, "constraints.alpha", 0.3, "constraints.epochs=0"),
    ],
)
def test_what_has_no_effect_is_said(beside, name, value, reason):
    config = train_config("default").replaced({**beside, name: value})
    assert settings_without_effect(config, [name]) == [f"{name}={value} has no effect with {reason}."]
    assert settings_without_effect(config, []) == [], "only of what was asked for"
    with pytest.warns(TagRefineWarning) as said:
        train_config("default", **{**beside, name: value})
    assert f"{name}={value} has no effect with {reason}." in [str(one.message) for one in said]


@pytest.mark.parametrize(
    ("beside", "name", "value"),
    [
        ({"task": "annotation"}, "run.part", 2),
        ({}, "scoring.evidence", 1.0),
        ({"network.finetune": "all"}, "optimizer.lr_backbone", 0.5),
        ({"scoring.closed_form": 0.5}, "constraints.lambda2", 0.3),
        ({}, "constraints.lambda_nbr", 0.3),
        ({"neighbors.refresh": "exact"}, "neighbors.M", 99),
        (
            {"constraints.epochs": 0, "phi0.epochs": 3, "scoring.closed_form": 0.5},
            "optimizer.algorithm",
            "sgd",
        ),
        ({"scoring.closed_form": 0.5, "constraints.lambda2": 0.1}, "constraints.reduction", "literal"),
        ({"constraints.epochs": 0}, "constraints.implied", 0.5),
        ({}, "network.augment", False),  # switched off where it has no effect: nothing to say
    ],
)
def test_what_has_an_effect_is_not(beside, name, value):
    assert settings_without_effect(train_config("default").replaced({**beside, name: value}), [name]) == []


HALF = {"scoring.closed_form": 0.5}


@pytest.mark.parametrize(
    "settings",
    [
        HALF,
        {**HALF, "constraints.epochs": 0, "constraints.eta": 1.0},
        {**HALF, "constraints.lambda_vis": 1.0, "constraints.lambda1": 1.0},  # they know no user's tag
        {**HALF, "network.adapter": 8},
    ],
)
def test_a_closed_form_averaged_with_what_nothing_teaches_is_said(settings):
    config = train_config("default").replaced(settings)
    (line,) = settings_without_effect(config, HALF)
    assert line.startswith("scoring.closed_form=0.5 averages") and "only weakens it: set it to 1" in line
    with pytest.warns(TagRefineWarning, match="only weakens it"):
        train_config("default", **HALF)


@pytest.mark.parametrize(
    "settings",
    [
        {"scoring.closed_form": 1.0, "network.adapter": 8},
        {**HALF, "phi0.epochs": 1},
        {**HALF, "constraints.eta": 1.0},
        {**HALF, "constraints.lambda2": 0.1},
    ],
)
def test_a_closed_form_that_is_alone_or_beside_a_taught_layer_is_not(settings):
    assert settings_without_effect(train_config("default").replaced(settings), HALF) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_alone_warns_of_nothing(preset, recwarn):
    train_config(preset)
    assert not recwarn.list
