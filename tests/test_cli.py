import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tagrefine_core.cli import main
from tagrefine_core.cli.terminal import Lines, duration
from tagrefine_core.collections import KINDS
from tagrefine_core.settings import train_config
from tagrefine_core.store import CollectionRecord, Store

ROOT = Path(__file__).parents[1]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A home with a collection of no photos and a finished run of it."""
    store = Store(tmp_path)
    record = CollectionRecord(0, "holiday", "folder", "photos", 0, 0, 0, 0, "hash", "")
    record = store.write_collection(
        record, images=[], vocabulary=[], label_columns=[], raw_tags=[], issues=[]
    )
    config = train_config("paper", seed=3, neighbors={"s": 16, "m": 4}).model_dump()
    store.create_run("r1", record.id, config=config, seed=3, data_hash="hash", versions={})
    store.set_run_state("r1", "finished")
    store.write_metrics(record.id, "r1", {"miap": float("nan"), "map": 0.5, "per_label_ap": [0.5]})
    return store


def call(store: Store, *arguments: str) -> int:
    return main(["--home", str(store.home), *arguments])


MISTAKES = {
    "": "Missing command",
    "tain holiday": "No such command 'tain'",
    "train": "Missing argument 'NAME'",
    "train nothing": "There is no collection 'nothing'.* there are: holiday",
    "train holiday --stage-epochs many": "Invalid value for '--stage-epochs'",
    "train holiday --stage-epochs -1": "epochs",
    "train holiday --preset best": "There is no preset 'best'; choose one of: default",
    "train holiday --set lr": "--set takes NAME=VALUE",
    "train holiday --set speed=3": "There is no setting .speed.; did you mean seed",
    "train holiday --set evidence=1": "There is no setting 'evidence'; did you mean scoring.evidence",
    "train holiday --set seed=1 --seed 2": "seed is given twice",
    "tune holiday --grid lr=1,2": "did you mean phi0.lr or constraints.lr",
    "tune holiday --grid phi0.lr=.1,.2 --set preset=paper": "--preset",
    "ablate holiday --set preset=paper": "--preset",
    "benchmark holiday --task refinement --set phi0.lr=fast": "phi0.lr='fast'",
    "train holiday --set phi0.lr=fast": "phi0.lr='fast'",
    "train holiday --set preset=paper": "--preset",
    "train holiday --backbone alexnet": "backbone='alexnet'",
    "train holiday --finetune tail": "finetune='tail'",
    "train holiday --resume r2": "There is no run 'r2'.* the latest are: r1",
    "train holiday --resume r1 --seed 4": "it has seed=3",
    "train holiday --resume r1 --preset small": "it has preset=paper",
    "import flickr . --name x": "Invalid value for 'KIND'",
    "import folder .": "Missing option '--name'",
    "import folder ./nowhere --name x": "nowhere",
    "evaluate r2": "There is no run 'r2'",
    "evaluate r2 --decisions": "There is no run 'r2'",
    "evaluate r1 --precision 0.9": "add --decisions",
    "refine r1 --out tags.txt": r"\.csv or \.jsonl",
    "refine r1 --out nowhere/tags.csv": "There is no folder .*nowhere",
    "annotate r2 photo.jpg": "There is no run 'r2'",
    "annotate r1 photo.jpg": "There is no such file: photo.jpg",
    "runs --collection nothing": "There is no collection 'nothing'",
    "cancel 7": "There is no job 7",
    "delete collection holiday": "Add --yes",
    "delete photo x": "Invalid value",
    "demo --images 3": "Invalid value for '--images'",
}


@pytest.mark.parametrize("arguments", MISTAKES)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_mistake_is_one_line_and_status_2(
    store: Store, capsys: pytest.CaptureFixture[str], arguments: str, form: list[str]
) -> None:
    assert call(store, *form, *arguments.split()) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith("Error: ") and errors.count("\n") == 1
    assert re.search(MISTAKES[arguments], errors)


def test_a_bad_home_is_a_mistake_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main(["--home", str(file / "home"), "runs"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "tagrefine.db").write_text("no database" * 1000)
    assert main(["--home", str(tmp_path), "runs"]) == 2
    assert "cannot be used" in capsys.readouterr().err


def test_a_terminal_obeys_no_file_name(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(store, "annotate", "r1", "\x1b[31mred.jpg") == 2
    assert "[31mred.jpg" in (errors := capsys.readouterr().err) and "\x1b" not in errors


def test_a_full_disk_is_no_fault_of_ours(store: Store) -> None:
    Image.new("RGB", (9, 9)).save(store.home / "sea.png")
    (store.home / "sea.txt").write_text("sea," + ",".join(f"tag{number}" for number in range(20_000)))
    limit = 2**16  # more than the database has, less than it needs
    command = f"{sys.executable} -m tagrefine_core --home {store.home} import folder {store.home} --name x"
    done = subprocess.run(
        command.split(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "Check free space" in done.stderr.splitlines()[-1]


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_json_before_and_after_the_command(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(store, "runs", "--json") == 0
    after = answer(capsys)
    assert call(store, "--json", "runs") == 0
    assert answer(capsys) == after


def test_runs(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    call(store, "runs", "--json")
    (run,) = answer(capsys)
    assert (run["run"], run["collection"], run["state"], run["seed"]) == ("r1", "holiday", "finished", 3)
    assert run["metrics"] == {"miap": None, "map": 0.5}, "NaN is null, and lists are left to 'evaluate'"
    call(store, "runs")
    assert "r1" in capsys.readouterr().out


def test_a_dead_run_shows_as_interrupted(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.set_run_state("r1", "running")
    call(store, "runs", "--json")
    assert answer(capsys)[0]["state"] == "interrupted"


def test_collections(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    call(store, "collections", "--json")
    (row,) = answer(capsys)
    assert (row["collection"], row["kind"], row["images"]) == ("holiday", "folder", 0)


def test_jobs_of_the_command_line_are_recorded(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    source = store.home / "nowhere"
    assert call(store, "import", "folder", str(source), "--name", "holiday", "--json") == 2
    capsys.readouterr()
    call(store, "jobs", "--json")
    (job,) = answer(capsys)
    assert (job["command"], job["collection"], job["state"]) == ("import", "holiday", "failed")
    assert job["options"] == {"kind": "folder", "source": str(source)}
    assert "nowhere" in job["message"]


def test_home_comes_from_the_environment(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGREFINE_HOME", str(store.home))
    assert main(["--json", "collections"]) == 0
    assert len(answer(capsys)) == 1
    other = store.home / "other"
    assert main(["--home", str(other), "--json", "collections"]) == 0
    assert answer(capsys) == [], "the option wins"


def test_a_home_that_is_made_is_said(
    store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mistyped = tmp_path / "hoem"
    assert main(["--home", str(mistyped), "--json", "collections"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == []
    assert captured.err == f"Note: There was no folder {mistyped}; it is a new, empty home now.\n"
    assert main(["--home", str(mistyped), "--json", "collections"]) == 0
    assert capsys.readouterr().err == "", "it is there now"
    assert call(store, "collections") == 0
    assert capsys.readouterr().err == ""


def test_import_knows_all_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(kind in text for kind in KINDS)


def test_help_and_mistakes_load_nothing_heavy(store: Store) -> None:
    program = """if True:
        import sys
        from tagrefine_core.cli import main
        main(["--help"]), main(["train", "--help"])
        main(["--home", sys.argv[1], "train", "holiday", "--set", "phi0.lr=fast"])
        main(["--home", sys.argv[1], "runs"])
        print(sorted({"torch", "nltk", "sklearn", "scipy.linalg", "streamlit", "plotly"} & sys.modules.keys()), file=sys.stderr)
    """
    done = subprocess.run(
        [sys.executable, "-c", program, str(store.home)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_only_the_first_process_of_torchrun_speaks(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert call(store, "runs", "--json") == 0
    assert call(store, "evaluate", "r2") == 2
    assert capsys.readouterr() == ("", "")


def test_the_program_sets_the_exit_status(store: Store) -> None:
    environment = {**os.environ, "TAGREFINE_HOME": str(store.home)}
    done = subprocess.run(
        [sys.executable, "-m", "tagrefine_core", "evaluate", "r2"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


def test_a_reader_that_leaves_early_is_no_fault(store: Store) -> None:
    command = (
        f"{sys.executable} -m tagrefine_core --home {store.home} runs --json | true; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True)
    assert done.stderr == b""


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 89, 90, 3000, 5400, 7500)] == [
        "0 s",
        "89 s",
        "2 min",
        "50 min",
        "1 h 30 min",
        "2 h 05 min",
    ]


def test_plain_lines_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(interval=1000) as display:
        for step in range(100):
            display("Reading tags", step, 100)
        display("Writing", 0, 0)
    assert capsys.readouterr().err.splitlines() == ["Reading tags: 0 of 100", "Writing"]
