import json
import re

import pytest

from tagrefine_core.cli import main
from tagrefine_core.experiments import tables
from tagrefine_core.jobs import LIVE, jobs, tail, watch
from tagrefine_core.methods import registry
from tagrefine_core.workflow import again, start_job
from tests.jobs.conftest import wait_for

METHOD = """
import numpy as np
from tagrefine_core.methods import Method

class Constant(Method):
    name, title, reference = "constant", "Constant", "ourselves"

    def _fit(self, features, tags, users):
        pass

    def _score(self, features, tags, *, own):
        return np.ones((len(features), self.tags_.shape[1]))
"""


def test_a_benchmark_with_a_method_of_ones_own(shapes, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(registry, "_own", {})
    (tmp_path / "own.py").write_text(METHOD)
    given = "--task refinement --methods user_tags,knn --repeats 2 --budget 1 --preset small"
    options = [*given.split(), "--method-file", str(tmp_path / "own.py"), "--out", str(tmp_path / "out")]
    assert main(["--home", str(shapes.home), "benchmark", "shapes", *options, "--json"]) == 0
    table = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (table["task"], table["repeats"]) == ("refinement", 2)
    assert [row["method"] for row in table["rows"]] == ["user_tags", "knn", "constant"]
    assert {"miap", "miap_labelled", "map", "micro_auc", "macro_auc", "seconds", "peak_mb"} <= table["rows"][
        0
    ].keys()
    assert table["rows"][2]["micro_auc"] == 0.5
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".csv", ".md", ".tex"}
    (job,) = jobs(shapes)
    assert (job.command, job.collection, job.state) == ("benchmark", "shapes", "finished")
    assert job.result["table"] == table["id"] == job.table_id


@pytest.mark.slow
def test_failed_experiments_are_tried_again_with_all_their_options(shapes, tmp_path):
    (tmp_path / "own.py").write_text(METHOD)
    out = tmp_path / "my results"
    out.write_text("in the way of a folder")
    tiny = ["network.image_size=32", "neighbors.s=16", "neighbors.m=4", "neighbors.M=16"]
    tiny += ["phi0.epochs=1", "constraints.epochs=1"]
    settings = [word for setting in tiny for word in ("--set", setting)]
    given = "--task=refinement --methods=user_tags --repeats=2 --budget=1 --preset=small"
    commands = {
        "benchmark": [*given.split(), "--method-file", str(tmp_path / "own.py")],
        "ablate": ["--preset=small", *settings, "--groups=alpha"],
    }
    for command, options in commands.items():
        assert main(["--home", str(shapes.home), command, "shapes", *options, "--out", str(out)]) == 2
        assert jobs(shapes)[0].state == "failed"
    out.unlink()
    for failed in jobs(shapes):
        job = start_job(shapes, again(shapes, failed))
        wait_for(lambda job=job: watch(shapes, job).state not in LIVE, 120)
        done = shapes.job(job)
        assert (done.state, done.options) == ("finished", failed.options), tail(shapes, job)
        assert done.table_id == failed.table_id
    assert {file.name.split("-")[0] for file in out.iterdir()} == {"ablation", "refinement"}
    assert [len(found["rows"]) for found in tables(shapes, "shapes")] == [2], "the same table, gone on with"


def test_noise_in_words(shapes, capsys):
    given = "noise shapes --methods user_tags --kinds missing --rates 0,0.5 --preset small"
    assert main(["--home", str(shapes.home), *given.split()]) == 0
    assert "| UserTags | missing 0 | **1.000** |" in capsys.readouterr().out
    assert jobs(shapes)[0].command == "noise"


MISTAKES = {
    "benchmark shapes": "Missing option '--task'",
    "benchmark nothing --task annotation": "no collection 'nothing'",
    "benchmark shapes --task annotation --methods knn,kmm": "no method 'kmm'",
    "benchmark shapes --task annotation --methods ,": "names with commas",
    "benchmark shapes --task annotation --methods knn --repeats 9": "Part 8 of 0.2 of 80 photos does not exist; there are 5 parts",
    "benchmark shapes --task annotation --method-file none.py": "no file none.py",
    "noise shapes --rates many --methods knn": "numbers with commas",
    "noise shapes --kinds odd --methods knn": "no noise 'odd'",
    "ablate shapes --groups beta": "no ablation 'beta'",
    "ablate shapes --set lr": "--set takes NAME=VALUE",
    "tune shapes": "Missing option '--grid'",
    "tune shapes --grid lr": "--grid takes",
    "tune shapes --grid speed=1": "no setting 'speed'",
    "reproduce mirflickr --data nowhere": "no folder nowhere",
}


@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_is_one_line_and_status_2(shapes, capsys, arguments):
    assert main(["--home", str(shapes.home), *arguments.split()]) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert re.search(MISTAKES[arguments], errors.splitlines()[-1])
