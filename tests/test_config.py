"""Every setting: its name, its group, what it takes, which go together, and where those of 0.1.0 are now."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tagrefine_core.config import SETTINGS, TrainConfig
from tagrefine_core.errors import ConfigError
from tagrefine_core.presets import PRESETS
from tagrefine_core.settings import read_settings, settings_that_differ, train_config
from tagrefine_core.store import Store
from tagrefine_core.store.migrations import MIGRATIONS

GROUPS = {"network", "optimizer", "phi0", "neighbors", "constraints", "scoring", "run"}


def test_names_are_groups_and_leaves():
    assert len(set(SETTINGS)) == len(SETTINGS)
    assert {name.partition(".")[0] for name in SETTINGS if "." in name} == GROUPS
    assert {name for name in SETTINGS if "." not in name} == {"preset", "task", "seed"}
    assert set(TrainConfig().flat()) == set(SETTINGS)
    config = train_config("paper", **{"phi0.epochs": 7, "seed": 3})
    for name, value in config.flat().items():
        group, _, leaf = name.rpartition(".")
        assert getattr(getattr(config, group) if group else config, leaf) == value


def test_every_setting_says_what_it_is_or_is_named_in_the_paper():
    for group in GROUPS:
        of = type(getattr(TrainConfig(), group))
        assert of.__doc__
        silent = {name for name, field in of.model_fields.items() if not field.description}
        assert silent <= {"backbone", "weight_decay", "device"}


def test_a_configuration_comes_back_from_json():
    config = train_config("paper", **{"seed": 5, "scoring.smooth": 0.25})
    assert TrainConfig(**json.loads(json.dumps(config.model_dump()))) == config


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smooth", r"There is no setting 'smooth'; did you mean scoring\.smooth\?"),
        ("training.smooth", r"did you mean scoring\.smooth\?"),
        ("epochs", r"did you mean phi0\.epochs or constraints\.epochs\?"),
        ("lr", r"did you mean phi0\.lr or constraints\.lr\?"),
        ("scoring.evidenc", r"did you mean scoring\.evidence"),
        ("evidenc", r"did you mean scoring\.evidence"),
        ("network.backbon", r"did you mean network\.backbone"),
        ("sed", r"did you mean seed\?"),
        ("momentum", r"the settings are: preset, task, seed, network\.backbone"),
        ("network", "There is no setting 'network'"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_one(name, said):
    for build in (
        lambda: train_config("default", **{name: 1}),
        lambda: train_config("default").replaced({name: 1}),
        lambda: read_settings([f"{name}=1"]),
    ):
        with pytest.raises(ConfigError, match=said):
            build()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"neighbors.s": 63}, r"neighbors\.s must be a multiple of neighbors\.m.*s=63, m=8"),
        ({"neighbors.M": 6}, r"neighbors\.M must be at least m-1; got M=6, m=8"),
        ({"network.finetune": "some"}, r"Setting network\.finetune='some'"),
        ({"network.finetune": "blocks:0"}, r"network\.finetune='blocks:0'"),
        ({"constraints.lr": "fast"}, r"Setting constraints\.lr='fast': .*number"),
        ({"constraints.lr": 0}, r"constraints\.lr=0.*greater than 0"),
        ({"network.backbone": "small_cnn"}, r"small network.*network\.weights=none"),
        ({"network.backbone": "alexnet"}, r"network\.backbone='alexnet'.*vgg16"),
        ({"network.image_size": 16}, r"network\.image_size=16.*32"),
        ({"network.views": 3}, r"network\.views=3"),
        ({"scoring.crossfit": 0}, r"scoring\.crossfit=0"),
        ({"scoring.crossfit": 21}, r"scoring\.crossfit=21.*20"),
        ({"scoring.smooth": 1}, r"scoring\.smooth=1.*less than 1"),
        ({"scoring.calibrated": 1.1}, r"scoring\.calibrated=1\.1"),
        ({"constraints.lambda2": float("nan")}, r"constraints\.lambda2=nan"),
        ({"constraints.lambda2": -1}, r"constraints\.lambda2=-1"),
        ({"run.train_fraction": 1}, r"run\.train_fraction=1"),
        ({"task": "tagging"}, r"task='tagging'.*refinement"),
        ({"seed": -1}, r"seed=-1"),
        ({"seed": 2**31}, r"seed=2147483648"),
    ],
)
def test_ranges(settings, said):
    with pytest.raises(ConfigError, match=said):
        train_config("default", **settings)


def test_a_last_layer_that_is_solved_for_does_not_ask_how_similar_tags_are():
    config = train_config("default").replaced({"constraints.lambda1": 1.0})
    assert not config.needs_xi and config.replaced({"scoring.closed_form": 0.5}).needs_xi


def test_a_last_layer_that_nothing_teaches_is_refused():
    """Of preset default, whose only term shapes features, it would stay at the tags' rates."""
    with pytest.raises(ConfigError, match=r"nothing would teach the last layer.*constraints\.eta"):
        train_config("default", **{"scoring.closed_form": 0})
    for teaches in ({"constraints.eta": 1.0}, {"constraints.lambda2": 0.1}, {"phi0.epochs": 1}):
        assert train_config("default", **{"scoring.closed_form": 0, **teaches}).taught_by_steps


# Settings of 0.1.0

# As 0.1.0 wrote the settings of its presets into the database.
OLD = json.loads((Path(__file__).parent / "old_settings.json").read_text())


def with_old_runs(home: Path, configs: dict[str, dict]) -> Store:
    """A home whose runs have settings of 0.1.0."""
    with sqlite3.connect(home / "tagrefine.db") as connection:
        connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied TEXT NOT NULL)")
        for name in ("0001_collections", "0002_runs", "0003_jobs"):
            connection.executescript(MIGRATIONS[name])
            connection.execute("INSERT INTO migrations VALUES (?, '')", (name,))
        connection.execute("INSERT INTO collections VALUES (1,'old','table','x',0,0,0,0,'h','','{}')")
        for run_id, config in configs.items():
            connection.execute(
                "INSERT INTO runs VALUES (?, 1, 'finished', ?, 0, 'h', '{}', '', NULL, '')",
                (run_id, json.dumps(config)),
            )
    connection.close()
    return Store(home)


RENAMED = {
    "run.part": "fold",
    "scoring.crossfit": "folds",
    "phi0.epochs": "epochs_phi0",
    "phi0.lr": "lr_phi0",
    "optimizer.algorithm": "optimizer",
}


def as_set_then(old):
    """The settings of 0.1.0 by today's names; what came since is switched off, as a plain TrainConfig has it."""
    found = TrainConfig().flat()
    for name in found:
        before = RENAMED.get(name, name.rpartition(".")[2])
        found[name] = old.get(before, found[name])
    if old["lr_phi0"] is None:  # it stood for the other one
        found["phi0.lr"] = old["lr"]
    return {**found, "run.trace": old["trace_queries"] > 0}


def test_runs_of_0_1_0_open_with_the_settings_that_they_had(home):
    store = with_old_runs(home, OLD)
    for preset, old in OLD.items():
        config = TrainConfig(**store.run(preset).config)
        # The preset that was called after the demo has another name.
        assert config.preset == {"demo": "small"}.get(preset, preset) and config.preset in PRESETS
        assert config.flat() == {**as_set_then(old), "preset": config.preset}
        assert not config.scoring.calibrated and not config.constraints.lambda_nbr, "came later"
    # What the paper says did not change, nor did what a small network needs but for its scores.
    for preset in ("paper", "paper+bce"):
        assert TrainConfig(**store.run(preset).config) == train_config(preset)
    small = TrainConfig(**store.run("demo").config)
    assert set(settings_that_differ(small)) == {"scoring.calibrated", "scoring.evidence"}
    again = Store(home)  # nothing is grouped twice
    assert [run.config for run in again.runs()] == [run.config for run in store.runs()]


def test_the_preset_of_the_demo_is_called_small_in_runs_and_in_jobs(home):
    """Of a home of the version before: settings are in groups, and jobs have options."""
    store = with_old_runs(home, {})
    for name, preset in (("a", "demo"), ("b", "default")):
        config = {**train_config("small").model_dump(), "preset": preset}
        store.create_run(name, 1, config=config, seed=0, data_hash="h", versions={})
    jobs = [
        store.create_job("train", "old", options)
        for options in ({"preset": "demo", "seed": 3}, {"preset": "paper"}, {"seed": 3}, {})
    ]
    with sqlite3.connect(home / "tagrefine.db") as connection:
        connection.execute("DELETE FROM migrations WHERE name = '0009_preset_small'")
    connection.close()
    store = Store(home)
    assert TrainConfig(**store.run("a").config) == train_config("small")
    assert store.run("b").config == {**train_config("small").model_dump(), "preset": "default"}
    options = [store.job(number).options for number in jobs]
    assert options == [{"preset": "small", "seed": 3}, {"preset": "paper"}, {"seed": 3}, {}]


def test_a_run_that_traced_no_photos_records_no_neighbors_now(home):
    store = with_old_runs(home, {"none": {**OLD["default"], "trace_queries": 0}, "some": OLD["default"]})
    assert [TrainConfig(**store.run(name).config).run.trace for name in ("none", "some")] == [False, True]


def test_what_was_set_is_kept_and_what_is_gone_is_left_out(home):
    changed = {
        **OLD["default"],
        "task": "annotation",
        "seed": 9,
        "fold": 3,
        "folds": 2,
        "epochs": 4,
        "epochs_phi0": 6,
        "lr": 0.5,
        "lr_phi0": None,
        "weights": "none",
        "alpha": 0.25,
        "xi_topk": 5,
        "kb_measure": "jcn",
    }
    store = with_old_runs(home, {"a": changed, "b": OLD["default"]})
    config, plain = (TrainConfig(**store.run(name).config) for name in "ab")
    assert {name: value for name, value in config.flat().items() if value != plain.flat()[name]} == {
        "task": "annotation",
        "seed": 9,
        "run.part": 3,
        "scoring.crossfit": 2,
        "constraints.epochs": 4,
        "phi0.epochs": 6,
        "constraints.lr": 0.5,
        "phi0.lr": 0.5,  # None stood for the other one
        "network.weights": "none",
        "constraints.alpha": 0.25,
    }


def test_configuration_and_settings_do_not_load_pytorch():
    code = "import sys, tagrefine_core.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
