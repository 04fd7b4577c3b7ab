"""Ablation, search and reproduction: real trainings of a second."""

import json

import numpy as np
import pytest

from tagrefine_core import experiments
from tagrefine_core.config import train_config
from tagrefine_core.errors import Cancelled, ConfigError
from tagrefine_core.experiments.ablation import variants_of
from tagrefine_core.experiments.examples import most_different
from tagrefine_core.experiments.reproduce import reproduce
from tagrefine_core.experiments.tune import set_line
from tests.training.conftest import SMALL

FAST = {**SMALL, "epochs_phi0": 1, "epochs": 1}


def test_variants_switch_terms_off_and_keep_weights():
    found = variants_of(train_config("default"))
    visual = {"lambda_vis": 0.0, "smooth": 0.0}
    semantic, error = {"lambda1": 0.0, "implied": 0.0, "related": 0.0}, {"lambda2": 0.0, "evidence": 0.0}
    assert found["all"] == {} and found["phi0"] == {"epochs": 0, **visual, **semantic, **error}
    assert found["none"] == {**visual, **semantic, **error}
    assert found["sem"] == {**visual, **error}
    assert found["vis + err"] == semantic
    assert found["no cross-fitting"] == {"folds": 1} and found["no stage 2"] == {"epochs": 0}
    assert found["refresh static"] == {"refresh": "static"} and found["alpha 0.25"] == {"alpha": 0.25}
    # Without an anchor nothing is left to train once every term is off.
    off = {"lambda_vis": 0.0, "lambda1": 0.0, "lambda2": 0.0, "epochs": 0}
    assert variants_of(train_config("paper"), ["constraints"])["none"] == off
    assert set(variants_of(train_config("paper"), ["additions"])) == {"all", "no stage 2"}
    with pytest.raises(ConfigError, match="no ablation 'beta'"):
        variants_of(train_config("default"), ["beta"])


def test_an_ablation_is_trained_once_and_leaves_no_run(shapes):
    variants = {"all": {}, "static": {"refresh": "static"}, "phi0": {"epochs": 0}}
    options = {"preset": "demo", "settings": FAST, "variants": variants}
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


def test_a_search_names_the_best_setting(shapes):
    grid = {"lambda2": ["0", "50"], "lr": ["0.05"]}
    found = experiments.tune(shapes, "shapes", grid, preset="demo", settings=FAST)
    best = max(found["trials"], key=lambda trial: trial["metrics"]["map"])
    assert found["best"] == best["settings"] and found["set"] == set_line(best["settings"])
    assert [trial["settings"] for trial in found["trials"]] == [
        {"lambda2": 0.0, "lr": 0.05},
        {"lambda2": 50.0, "lr": 0.05},
    ]
    assert found["judged"] == 2  # a tenth of a fifth of 80 photos
    assert found["trials"][0]["config"]["train_fraction"] == pytest.approx(0.18)
    assert shapes.runs("shapes") == []
    drawn = experiments.tune(shapes, "shapes", grid, random=1, preset="demo", settings=FAST)
    assert drawn["trials"][0] in found["trials"]


@pytest.mark.parametrize(
    ("grid", "options"),
    [({}, {}), ({"lr": []}, {}), ({"fold": [1]}, {}), ({"lr": [1]}, {"metric": "f1"}), ({"speed": [1]}, {})],
)
def test_wrong_searches(store, grid, options):
    with pytest.raises(ConfigError):
        experiments.tune(store, "none", grid, **options)


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
        methods=["user_tags", "knn"],
        preset="demo",
        settings=FAST,
        repeats=2,
        budget=2,
        groups=[],
    )
    assert all(file.stat().st_size for file in files)
    names = {file.name for file in files}
    assert names >= {"annotation.tex", "refinement.csv", "ablation.md", "ablation.html", "figure1.md"}
    assert names >= {"figure3-refinement.md", "figure4.json", "figure4.html"}
    trace = json.loads((tmp_path / "out" / "figure4.json").read_text())
    assert len(trace["queries"]) == 5 and len(trace["queries"][0]["steps"]) == len(trace["precision"])
    (run,) = shapes.runs("shapes")
    assert run.state == "finished"
