"""Ablation, search and reproduction: real trainings of a second."""

import json

import numpy as np
import pytest

from tagrefine_core import experiments
from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.errors import Cancelled, ConfigError
from tagrefine_core.experiments import MEASURES
from tagrefine_core.experiments.ablation import CONTRASTS, variants_of
from tagrefine_core.experiments.examples import most_different
from tagrefine_core.experiments.export import paired_variants
from tagrefine_core.experiments.protocol import repeat_split
from tagrefine_core.experiments.reproduce import reproduce
from tagrefine_core.experiments.trials import draws_of_trial
from tagrefine_core.experiments.tune import set_line
from tagrefine_core.files import read_json
from tagrefine_core.settings import settings_without_effect, train_config
from tests.experiments.conftest import assert_literal, flat, paper
from tests.training.conftest import small


def fast(**settings):
    return small(**{"phi0.epochs": 1, "constraints.epochs": 1, **settings})


EVERY_TERM = {  # of a last layer that learns in steps
    "constraints.lambda_vis": 0.3,
    "constraints.lambda_nbr": 1.0,
    "constraints.lambda1": 0.5,
    "constraints.lambda2": 0.1,
    "constraints.eta": 1.0,
    "scoring.closed_form": 0.5,
}


def test_variants_take_a_constraint_out_of_training_and_out_of_scoring_apart():
    config = train_config("default").replaced(EVERY_TERM)
    found = variants_of(config)
    # Visual consistency acts in two terms: predictions of neighbors come together, and features of photos whose tags agree.
    training = {
        "vis": ["constraints.lambda_vis", "constraints.lambda_nbr"],
        "sem": ["constraints.lambda1"],
        "err": ["constraints.lambda2"],
    }
    scoring = {"vis": "scoring.smooth", "sem": "constraints.implied", "err": "scoring.evidence"}
    assert found["all"] == {}
    for term, weights in training.items():
        off = dict.fromkeys(weights, 0.0)
        assert found[f"{term} in training only"] == {scoring[term]: 0.0}
        assert found[f"{term} in scoring only"] == off
        assert found[f"{term} in neither"] == {**off, scoring[term]: 0.0}
    no_training = dict.fromkeys((weight for of in training.values() for weight in of), 0.0)
    no_scoring = dict.fromkeys(scoring.values(), 0.0)
    assert found["constraints in training only"] == no_scoring
    assert found["constraints in scoring only"] == no_training
    assert found["constraints in neither"] == no_training | no_scoring
    assert found["phi0"] == {**no_training, **no_scoring, "constraints.epochs": 0}
    assert found["no cross-fitting"] == {"scoring.crossfit": 1}
    assert found["neighbors random"] == {"neighbors.refresh": "random"}
    assert found["features not learned"] == {"constraints.lambda_nbr": 0.0}, "there is no adapter"
    assert found["neighbors static, features not learned"] == {
        "constraints.lambda_nbr": 0.0,
        "neighbors.refresh": "static",
    }
    assert found["alpha 0.25"] == {"constraints.alpha": 0.25}
    for over in found.values():
        config.replaced(over)  # or it would fail hours later
    named = {variant for pair in CONTRASTS.values() for variant in pair}
    assert named <= set(found), "every question is of variants that are trained"
    with pytest.raises(ConfigError, match="no ablation 'beta'"):
        variants_of(train_config("default"), ["beta"])


def test_preset_default_trains_one_term_and_without_it_there_is_no_stage_2():
    config = train_config("default")
    found = variants_of(config)
    nothing = {"constraints.lambda_nbr": 0.0, "constraints.epochs": 0}
    assert found["vis in scoring only"] == found["constraints in scoring only"] == nothing
    assert found["vis in training only"] == {"scoring.smooth": 0.0}
    assert found["vis in neither"] == {**nothing, "scoring.smooth": 0.0}
    # Constraints that are in scoring alone have one place to be taken out of.
    assert found["sem in neither"] == {"constraints.implied": 0.0}
    assert not {"sem in training only", "sem in scoring only", "err in training only"} & set(found)
    # Nothing that is learned reads the neighbors then, so that static ones are the same training.
    assert found["features not learned"] == found["neighbors static, features not learned"] == nothing
    assert {variant for pair in CONTRASTS.values() for variant in pair} <= set(found)
    assert not [name for name in found if name.startswith("alpha")], "nothing asks how similar tags are"
    assert found["no closed form"] == {"scoring.closed_form": 0.0, "constraints.eta": 1.0}, (
        "or nothing taught it"
    )
    for over in found.values():
        assert settings_without_effect(config.replaced(over), over) == []


def test_an_adapter_that_does_not_learn_is_none():
    config = train_config("default").replaced({**EVERY_TERM, "network.adapter": 32})
    frozen = {"constraints.lambda_nbr": 0.0, "network.adapter": 0}
    assert variants_of(config, ["features"])["features not learned"] == frozen


def test_without_stage_2_only_scoring_is_left_to_exchange():
    config = train_config("fast")
    found = variants_of(config)
    assert found["err in neither"] == {"scoring.evidence": 0.0} and found["no power"] == {
        "network.power": 1.0
    }
    assert not [name for name in found if "only" in name or "refresh" in name or "features" in name]
    assert "no closed form" not in found, "nothing else could teach the last layer"
    for group in ("features", "refresh", "alpha"):
        with pytest.raises(ConfigError, match=f"Nothing to exchange of {group}"):
            variants_of(config, [group])


def test_variants_that_would_change_nothing_are_not_trained():
    # The paper has no steps of scoring, and without an anchor nothing is left to train once every term is off.
    off = dict.fromkeys(("constraints.lambda_vis", "constraints.lambda1", "constraints.lambda2"), 0.0)
    assert variants_of(train_config("paper"), ["constraints"]) == {
        "all": {},
        "phi0": {**off, "constraints.epochs": 0},
        "vis in neither": {"constraints.lambda_vis": 0.0},
        "sem in neither": {"constraints.lambda1": 0.0},
        "err in neither": {"constraints.lambda2": 0.0},
        "constraints in neither": {**off, "constraints.epochs": 0},
    }
    assert set(variants_of(train_config("paper"), ["additions"])) == {"all", "no stage 2"}
    assert "refresh bank" in variants_of(train_config("default"), ["refresh"]), "one of several values"


def test_differences_of_an_ablation_are_over_photos_and_repeats(shapes):
    variants = {"all": {}, "neighbors static": {"neighbors.refresh": "static"}}
    config = fast(task="annotation")
    found = experiments.ablate(shapes, "shapes", config, variants=variants, repeats=2)
    rows = {row["variant"]: row for row in found["rows"]}
    plain, named = (
        [pair for pair in found["paired"] if (pair["name"] is None) is so] for so in (True, False)
    )
    assert {pair["metric"] for pair in plain} == set(MEASURES)
    assert {pair["name"] for pair in named} == {"dynamic neighbors against static ones"}
    for pair in found["paired"]:
        assert (pair["first"], pair["second"]) == ("all", "neighbors static")
        assert pair["difference"] == rows["all"][pair["metric"]] - rows["neighbors static"][pair["metric"]]
        assert pair["low"] <= pair["difference"] + 0.05 and pair["high"] >= pair["difference"] - 0.05
    # The draws that are kept are of the photos measured, the same photos drawn in every trial.
    collection = Collection.open(shapes, "shapes")
    each = config.replaced({"run.part": 1})
    rows_measured = repeat_split(collection.n, config, "annotation", 1).test
    draws = draws_of_trial(shapes, collection, each, rows_measured)
    assert draws.shape == (400, len(MEASURES)) and np.nanstd(draws[:, 2]) > 0
    assert "dynamic neighbors against static ones |" in paired_variants(found["paired"])


def test_an_ablation_is_trained_once_and_leaves_no_run(shapes):
    variants = {
        "all": {},
        "static": {"neighbors.refresh": "static"},
        "phi0": {"constraints.epochs": 0},
    }
    options = {"config": paper(), "variants": variants}
    steps = []

    def stop(stage, done, total):
        steps.append(done)
        if steps.count(1) > 5:  # well inside the second training
            raise Cancelled

    with pytest.raises(Cancelled):
        experiments.ablate(shapes, "shapes", progress=stop, **options)
    assert [run.state for run in shapes.runs("shapes")] in ([], ["cancelled"])
    found = experiments.ablate(shapes, "shapes", **options)
    assert [(row["variant"], row["status"]) for row in found["rows"]] == [(name, "done") for name in variants]
    assert all(0 < row["map"] <= 1 and row["map_sd"] is None for row in found["rows"])
    assert shapes.runs("shapes") == []
    asked = []
    again = experiments.ablate(
        shapes, "shapes", progress=lambda stage, done, total: asked.append((done, total)), **options
    )
    assert again["rows"] == found["rows"] and set(asked) == {(3, 3)}
    assert experiments.ablations(shapes, "shapes")[0]["rows"] == found["rows"]
    # What was trained is the paper's, and that is said.
    assert found["preset"] == "paper" and found["differs"]["network.backbone"] == "small_cnn"
    assert "constraints.reduction" not in found["differs"]
    trained = [read_json(path)["config"] for path in (shapes.home / "experiments" / "trials").glob("*.json")]
    assert len(trained) == 3 and {flat(one)["network.finetune"] for one in trained} == {"all"}
    for one in trained:
        assert_literal({**one, "neighbors": {**one["neighbors"], "refresh": "exact"}})
    assert sorted((flat(one)["constraints.epochs"], flat(one)["neighbors.refresh"]) for one in trained) == [
        (0, "exact"),
        (1, "exact"),
        (1, "static"),
    ]


def test_a_search_names_the_best_setting(shapes):
    grid = {"constraints.lambda2": ["0", "50"], "constraints.lr": ["0.05"]}
    config = fast(task="annotation", **{"optimizer.schedule": "step", "constraints.reduction": "literal"})
    found = experiments.tune(shapes, "shapes", grid, config)
    best = max(found["trials"], key=lambda trial: trial["metrics"]["map"])
    assert found["best"] == best["settings"] and found["set"] == set_line(best["settings"])
    assert [trial["settings"] for trial in found["trials"]] == [
        {"constraints.lambda2": 0.0, "constraints.lr": 0.05},
        {"constraints.lambda2": 50.0, "constraints.lr": 0.05},
    ]
    assert found["judged"] == 32  # half of what a fifth of 80 photos leaves
    trained = flat(found["trials"][0]["config"])
    changed = {name for name, value in config.flat().items() if trained[name] != value}
    assert changed == {"constraints.lambda2"}, "all else is as it was given"
    assert (found["preset"], found["task"]) == ("small", "annotation")
    assert found["differs"]["optimizer.schedule"] == "step"
    assert shapes.runs("shapes") == []
    drawn = experiments.tune(shapes, "shapes", grid, config, random=1)
    assert drawn["trials"][0] in found["trials"]


@pytest.mark.parametrize(
    ("grid", "options"),
    [
        ({}, {}),
        ({"constraints.lr": []}, {}),
        ({"run.part": [1]}, {}),
        ({"seed": [1]}, {}),
        ({"constraints.lr": [1]}, {"metric": "f1"}),
        ({"constraints.lr": [1]}, {"random": 0}),
        ({"speed": [1]}, {}),
    ],
)
def test_wrong_searches(store, grid, options):
    with pytest.raises(ConfigError):
        experiments.tune(store, "none", grid, fast(), **options)


def test_photos_on_which_methods_differ_most():
    truth = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [1, 1, 0]], np.int8)
    one = np.array([[9, 5, 1], [9, 5, 1], [9, 5, 1], [9, 5, 1]], np.float32)
    two = np.array([[1, 5, 9], [1, 5, 9], [1, 5, 9], [1, 5, 9]], np.float32)
    # ranks of the truth: photo 0 has 0 against 2, photo 2 has 1 and 1, photo 3 has 1/2 against 3/2
    assert list(most_different({"one": one, "two": two}, truth)) == [0, 3, 2]


def test_all_in_one_go(shapes, tmp_path):
    files = reproduce(
        shapes,
        "shapes",
        tmp_path / "out",
        paper(),
        methods=["user_tags", "knn", "tagrefine"],
        repeats=1,
        budget=2,
        groups=[],
    )
    assert all(file.stat().st_size for file in files)
    names = {file.name for file in files}
    assert names >= {"annotation.tex", "refinement.csv", "ablation.md", "ablation.html", "figure1.md"}
    assert names >= {"figure3-refinement.md", "figure4.json", "figure4.html"}
    trace = json.loads((tmp_path / "out" / "figure4.json").read_text())
    assert trace["points"][0]["stage"] == "frozen" and trace["judged"] == shapes.collection("shapes").images
    shown = [query["group"] for query in trace["queries"]]
    assert all(shown.count(group) == min(16, trace[group]) for group in ("better", "same", "worse"))
    assert {len(query["moments"]) for query in trace["queries"]} == {len(trace["points"])}
    (run,) = shapes.runs("shapes")
    assert run.state == "finished" and TrainConfig(**run.config) == paper()
    both = experiments.tables(shapes, "shapes")
    assert {table["task"] for table in both} == {"annotation", "refinement"}
    for table in both:
        assert_literal(table["rows"][-1]["settings"])
        assert table["differs"]["network.backbone"] == "small_cnn" and table["notes"]
