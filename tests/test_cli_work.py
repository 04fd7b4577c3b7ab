"""The commands that do the work, for real: import, train, stop, resume, evaluate, refine, annotate."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagrefine_core.cli import main
from tagrefine_core.config import TrainConfig
from tagrefine_core.jobs import jobs
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tagrefine_core.workflow import Work, again

ROOT = Path(__file__).parents[1]
COLORS = {"sea": (30, 60, 200), "grass": (40, 180, 40), "sunset": (220, 90, 30), "snow": (235, 235, 245)}
TINY = [
    *("--preset", "small", "--set", "network.image_size=32"),
    *("--set", "neighbors.s=16", "--set", "neighbors.m=4", "--set", "neighbors.M=16"),
]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 pictures of four colors, with noisy tags and ground truth."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    lines = []
    for number in range(64):
        label = list(COLORS)[number % 4]
        noise = rng.normal(0, 25, (40, 40, 3)) + COLORS[label]
        Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
        tag = label if rng.random() < 0.8 else str(rng.choice(list(COLORS)))
        lines.append({"file_name": f"{number}.png", "tags": [tag], "labels": [label]})
    (folder / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="module")
def home(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the collection "colors"."""
    home = tmp_path_factory.mktemp("home")
    assert main(["--home", str(home), "import", "table", str(photos), "--name", "colors", "--json"]) == 0
    return home


def call(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["--home", str(home), *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def program(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tagrefine_core", "--home", str(home), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_an_import_can_be_learned_from_at_once(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = call(tmp_path, capsys, "import", "table", str(photos), "--name", "colors", "--train")
    store = Store(tmp_path)
    run, (job,) = store.run(answer["run"]), store.jobs()
    assert (run.state, run.config["preset"], run.collection) == ("finished", "default", "colors")
    assert (job.command, job.run_id, job.state) == ("import", run.id, "finished")
    # Stopped while it learned, it goes on with the run; before, it is given once more.
    store.set_run_state(run.id, "interrupted")
    assert again(store, job) == Work("train", "colors", {"resume": run.id})
    call(tmp_path, capsys, "import", "table", str(photos), "--name", "plain")
    assert store.jobs()[0].run_id is None


def test_import_answers_what_it_imported(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = call(tmp_path, capsys, "import", "table", str(photos), "--name", "colors")
    assert answer == {"collection": "colors", "images": 64, "tags": 4, "labels": 4, "skipped": 0}


def test_import_says_what_it_replaces_and_that_there_is_too_little(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--home", str(tmp_path), "import", "table", str(photos), "--name", "colors"]
    assert main(command) == 0
    first = capsys.readouterr()
    assert (
        "is there already" not in first.err
        and "64 photos" in first.err
        and "little to learn from" in first.err
    )
    assert main(["--home", str(tmp_path), "verdict", "colors", "3.png", "sea", "reject"]) == 0
    capsys.readouterr()
    assert main(command) == 0
    told = capsys.readouterr().err
    assert "'colors' is there already, with 64 photos" in told and "Its verdict stays" in told
    assert main(["--home", str(tmp_path), "verdicts", "colors", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 1, "and it did"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "preset", "backbone"),
    [((), "default", "efficientnet_lite"), (("--backbone", "small_cnn"), "small", "small_cnn")],
)
def test_the_demo_learns_with_what_it_is_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], preset: str, backbone: str
) -> None:
    answer = call(tmp_path, capsys, "demo", "--images", "120", "--seed", "2", *options)
    config = train_config(preset, seed=2)
    record = Store(tmp_path).run(answer["run"])
    assert TrainConfig(**record.config) == config and config.network.backbone == backbone
    assert answer["refined"]["miap"] > answer["user_tags"]["miap"], "else it shows nothing"


@pytest.mark.slow
def test_from_photos_to_refined_tags(
    home: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = call(home, capsys, "train", "colors", *TINY, "--stage-epochs", "2", "--seed", "1")
    assert set(trained) >= {"run", "state", "metrics"}
    assert trained["state"] == "finished"
    run = trained["run"]

    metrics = call(home, capsys, "evaluate", run)
    assert metrics.keys() >= {"miap", "miap_labelled", "miap_ceiling", "map", "micro_auc", "macro_auc"}
    assert metrics == {name: value for name, value in trained["metrics"].items() if name != "intervals"}

    decisions = call(home, capsys, "evaluate", run, "--decisions", "--precision", "0.6")
    assert {key: decisions[key] for key in metrics} == metrics, "the ranking is measured as ever"
    for name in ("added", "removed"):
        assert decisions[name].keys() >= {"precision", "recall", "count", "per_photo"}
        assert decisions[name]["per_photo"] == decisions[name]["count"] / 64
    assert decisions.keys() >= {"f1_micro", "f1_macro", "user_f1_micro", "ece", "untouched"}
    assert decisions["hidden"].keys() >= {"recall", "additions_per_hit"}
    changed = [row for row in call(home, capsys, "tags", run, "--precision", "0.6") if row["added"]]
    assert sum(row["added"] for row in changed) == decisions["added"]["count"]
    assert main(["--home", str(home), "evaluate", run, "--decisions"]) == 0
    told = capsys.readouterr().out
    assert "micro-F1" in told and "Hidden tags cannot be asked for: its network has learned" in told

    (listed,) = [row for row in call(home, capsys, "runs") if row["run"] == run]
    assert (listed["state"], listed["seed"], listed["config"]["constraints"]["epochs"]) == ("finished", 1, 2)
    assert listed["config"]["phi0"]["epochs"] == 2
    assert listed["metrics"]["map"] == metrics["map"]
    job = jobs(Store(home))[0]
    assert (job.command, job.state, job.run_id) == ("train", "finished", run)
    assert job.result is not None and job.result["run"] == run

    found = call(home, capsys, "neighbors", run)
    assert found.keys() >= {"judged", "m", "points", "changed", "better", "same", "worse"}
    assert found["by"] == "labels" and found["judged"] == found["better"] + found["same"] + found["worse"]
    assert (found["points"][0]["stage"], found["points"][0]["step"]) == ("frozen", 0)
    assert all(point.keys() >= {"stage", "step", "precision"} for point in found["points"])
    assert all(0 <= point["precision"] <= 1 for point in found["points"]) and 0 <= found["changed"] <= 1
    assert call(home, capsys, "neighbors", run, "--by", "refined")["by"] == "refined"

    for name in ("refined.csv", "refined.jsonl"):
        out = tmp_path / name
        assert call(home, capsys, "refine", run, "--out", str(out)) == {"file": str(out), "images": 64}
        assert len(out.read_text().splitlines()) == 64 + (name == "refined.csv")

    images = [str(photos / "0.png"), str(photos / "1.png")]
    annotated = call(home, capsys, "annotate", run, *images, "--top", "3")
    assert [found["file"] for found in annotated] == images
    for found in annotated:
        scores = [entry["score"] for entry in found["tags"]]
        assert len(scores) == 3 and scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert {entry["tag"] for entry in found["tags"]} <= COLORS.keys()

    assert call(home, capsys, "delete", "run", run, "--yes") == {"deleted": run}
    assert run not in [row["run"] for row in call(home, capsys, "runs")]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_training_tells_how_to_go_on(
    home: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals, status: int
) -> None:
    child = program(home, "train", "colors", *TINY, "--stage-epochs", "3000", "--json")
    store = Store(home)
    deadline = time.monotonic() + 180
    while not (
        jobs(store) and jobs(store)[0].pid == child.pid and jobs(store)[0].run_id and jobs(store)[0].done
    ):
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    run = jobs(store)[0].run_id
    assert run is not None
    assert store.run(run).state == "running"
    child.send_signal(number)
    output, errors = child.communicate(timeout=180)
    assert (child.returncode, output) == (status, "")
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].endswith(f"train colors --resume {run}")
    assert (store.run(run).state, jobs(store)[0].state) == ("cancelled", "cancelled")

    assert main(["--home", str(home), "train", "colors", "--resume", run, "--seed", "5"]) == 2
    assert "seed=0" in capsys.readouterr().err
    call(home, capsys, "delete", "run", run, "--yes")


@pytest.mark.slow
def test_training_on_two_processes_answers_once(home: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    arguments = [
        "-m",
        "tagrefine_core",
        "--home",
        str(home),
        "train",
        "colors",
        *TINY,
        "--stage-epochs",
        "1",
        "--json",
    ]
    done = subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "finished"


def test_a_mistake_of_two_processes_is_told_once(home: Path) -> None:
    errors = ""
    for rank in ("0", "1"):
        environment = {**os.environ, "RANK": rank, "WORLD_SIZE": "2"}
        command = [sys.executable, "-m", "tagrefine_core", "--home", str(home), "train", "nothing"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
        assert done.returncode == 2
        errors += done.stderr
    assert errors.count("\n") == 1
