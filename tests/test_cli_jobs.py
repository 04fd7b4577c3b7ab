"""Commands as jobs: from a command line to a record, and back to the same command in another process and folder."""

import json
import os
import shlex
import time
from pathlib import Path
from typing import Any

import pytest

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tagrefine_core.cli.options import options_of
from tagrefine_core.cli.session import Session
from tagrefine_core.errors import Cancelled
from tagrefine_core.jobs import LIVE, watch
from tagrefine_core.methods import registry
from tagrefine_core.settings import train_config
from tagrefine_core.store import CollectionRecord, Store
from tagrefine_core.workflow import Work, again, record_job, start_job

NAMES = ("train", "my day")
# Those of commands that were mistaken; but nobody has to hope that no name is taken for an option.
ODD_NAMES = (*NAMES, "--json", 'it\'s "my" day; $(x)', "--name=b")
METHOD = """
from tagrefine_core.methods import Method

class Own(Method):
    name, title, reference = "own", "Own", "ourselves"

    def _fit(self, features, tags, users): ...
    def _score(self, features, tags, *, own): ...
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A home named as a command, with a collection of each odd name, and two runs; files lie in the current folder."""
    home = tmp_path / "train"
    home.mkdir()
    store = Store(home)
    for name in ODD_NAMES:
        record = CollectionRecord(0, name, "mirflickr", "photos", 0, 0, 0, 0, "hash", "")
        record = store.write_collection(
            record, images=[], vocabulary=[], label_columns=[], raw_tags=[], issues=[]
        )
    for run in ("stopped", "done"):
        config = train_config("small").model_dump()
        store.create_run(run, record.id, config=config, seed=0, data_hash="hash", versions={})
        store.set_run_state(run, "cancelled" if run == "stopped" else "finished")
    (tmp_path / "my photos").mkdir()
    (tmp_path / "own.py").write_text(METHOD)
    (tmp_path / "it's mine.py").write_text(METHOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "nice", lambda _value: 0)  # nothing could take it back
    monkeypatch.setattr(registry, "_own", {})  # the methods of these files are known to these tests alone
    return store


class Reached(Exception):
    """A command has come to its work."""


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], Work, int | None]]:
    """What each command has parsed, what it would record, and the job that it was given, when it comes to its work."""
    seen = []

    def job(self: Session, context: Any, collection: str, *, run_id: str | None = None) -> None:
        work = Work(context.command.name, collection, options_of(context), run_id)
        seen.append((dict(context.params), work, self.job_id))
        raise Reached

    monkeypatch.setattr(Session, "job", job)
    return seen


COMMANDS: dict[str, dict[str, Any]] = {
    "setup": {},
    "demo": {},
    "demo --images 120 --seed 3": {"images": 120, "seed": 3},
    "demo --images 1200": {},
    "demo --backbone small_cnn": {"backbone": "small_cnn"},
    "import folder 'my photos' --name holiday": {"kind": "folder", "source": "{here}/my photos"},
    "import table x.csv '--name={name}' --thumbnails --min-fraction 0": {
        "kind": "table",
        "source": "{here}/x.csv",
        "thumbnails": True,
        "min_fraction": 0.0,
    },
    "train -- '{name}'": {},
    "train --preset paper --set phi0.lr=0.5 --set neighbors.s=16 --set 'neighbors.m=4' --weights w.pth --stage-epochs 3 --seed 0 -- '{name}'": {
        "preset": "paper",
        "settings": ["phi0.lr=0.5", "neighbors.s=16", "neighbors.m=4"],
        "weights": "{here}/w.pth",
        "stage_epochs": 3,
        "seed": 0,
    },
    "train --task annotation --backbone vgg16 --finetune all --refresh bank --weights none -- '{name}'": {
        "task": "annotation",
        "backbone": "vgg16",
        "finetune": "all",
        "refresh": "bank",
        "weights": "none",
    },
    "train --resume stopped -- '{last}'": {"resume": "stopped"},
    "refine done --out 'my photos/out.csv'": {"out": "{here}/my photos/out.csv"},
    "map done": {},
    "map done --seed 3": {"seed": 3},
    "benchmark --task annotation -- '{name}'": {"task": "annotation"},
    "benchmark --task refinement --methods knn,own --repeats 2 --budget 3 --preset small --mode assigned --seed 4 "
    "--weights w.pth --backbone resnet50 --method-file own.py --out results -- '{name}'": {
        "task": "refinement",
        "methods": "knn,own",
        "repeats": 2,
        "budget": 3,
        "preset": "small",
        "mode": "assigned",
        "seed": 4,
        "weights": "{here}/w.pth",
        "backbone": "resnet50",
        "method_file": ["{here}/own.py"],
        "out": "{here}/results",
    },
    "ablate --task annotation --set network.weights=w.pth --set constraints.lambda1=1 --set network.adapter=8 --groups alpha --repeats 2 -- '{name}'": {
        "task": "annotation",
        "settings": ["network.weights={here}/w.pth", "constraints.lambda1=1", "network.adapter=8"],
        "groups": "alpha",
        "repeats": 2,
    },
    "tune --grid phi0.lr=1,2 --grid neighbors.s=16 --random 3 --metric miap --preset paper -- '{name}'": {
        "grid": ["phi0.lr=1,2", "neighbors.s=16"],
        "random": 3,
        "metric": "miap",
        "preset": "paper",
    },
    "noise --kinds missing --rates 0,0.5 --clean tags --method-file \"it's mine.py\" -- '{name}'": {
        "kinds": "missing",
        "rates": "0,0.5",
        "clean": "tags",
        "method_file": ["{here}/it's mine.py"],
    },
    "reproduce mirflickr --data 'my photos'": {
        "dataset": "mirflickr",
        "data": "{here}/my photos",
        "out": "{here}/results",
    },
    "reproduce mirflickr --data 'my photos' --out results --set phi0.lr=2 '--name={name}'": {
        "dataset": "mirflickr",
        "data": "{here}/my photos",
        "out": "{here}/results",
        "settings": ["phi0.lr=2"],
    },
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_comes_back_from_its_record(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: list[Any], line: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in ODD_NAMES if "{name}" in line else ("",):
        words = [word.format(name=name, last=ODD_NAMES[-1]) for word in shlex.split(line)]
        monkeypatch.chdir(tmp_path)
        with pytest.raises(Reached):
            main(["--home", str(store.home), "--json", *words])
        parsed, work, job = reached.pop()
        assert job is None
        expected = json.dumps(COMMANDS[line]).replace("{here}", str(tmp_path))
        assert work.options == json.loads(expected)
        assert work.collection == name or not name

        number = record_job(store, work)
        monkeypatch.chdir(tmp_path / "elsewhere")
        with pytest.raises(Reached):
            main(["--home", str(store.home), "work", str(number)])
        back, same, job = reached.pop()
        assert job == number
        assert same == work, "recorded again it would be the same"
        assert back == {**parsed, **absolute(parsed, tmp_path), "json": False}
        store.update_job(number, state="finished")


def absolute(parsed: dict[str, Any], here: Path) -> dict[str, Any]:
    """Return the parameters that name files, as they are seen from elsewhere."""
    found: dict[str, Any] = {key: here / value for key, value in parsed.items() if isinstance(value, Path)}
    if parsed.get("method_file"):
        found["method_file"] = [here / path for path in parsed["method_file"]]
    if "dataset" in parsed:
        found["name"] = parsed["name"] or parsed["dataset"]
    if parsed.get("weights") == "w.pth":
        found["weights"] = str(here / "w.pth")
    if parsed.get("settings"):
        found["settings"] = [text.replace("=w.pth", f"={here}/w.pth") for text in parsed["settings"]]
    return found


def test_every_command_that_is_a_job_comes_back() -> None:
    assert {line.split()[0] for line in COMMANDS} == {
        "setup", "demo", "import", "train", "refine", "map", "benchmark", "ablate", "tune", "noise", "reproduce",
    }  # fmt: skip


def test_a_job_of_another_version_says_so(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    def told(**values: Any) -> str:
        job = record_job(store, Work("setup", ""))
        store.update_job(job, **values)
        assert main(["--home", str(store.home), "work", str(job)]) == 2
        store.update_job(job, state="failed")
        return capsys.readouterr().err

    assert "'dance'" in told(command="dance")
    assert "older TagRefine" in told(options="null")
    assert "does not know: speed" in told(options='{"speed": 3}')
    assert "finished already" in told(state="finished")


def test_a_failed_job_of_a_terminal_is_tried_again_in_the_background(store: Store, tmp_path: Path) -> None:
    # The home is named as a command, the collection as an option.
    words = ["import", "folder", "it's gone; $(x)", "--name=--json"]
    assert main(["--home", str(store.home), *words]) == 2
    (first,) = store.jobs()
    work = again(store, first)
    assert work == Work("import", "--json", {"kind": "folder", "source": str(tmp_path / "it's gone; $(x)")})
    second = start_job(store, work)
    deadline = time.monotonic() + 60
    while watch(store, second).state in LIVE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    record = store.job(second)
    assert (record.state, record.message) == ("failed", first.message) and "--json" in record.message
    assert (record.command, record.collection, record.options) == ("import", "--json", work.options)


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_training_is_gone_on_with_by_what_it_says(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    resumed = []

    def train(_store: Store, name: str, _config: Any, *, run_id: str, resume: str | None, **_: Any) -> None:
        resumed.append(resume)
        if resume is None:
            store.create_run(
                run_id,
                store.collection(name).id,
                config=train_config("small").model_dump(),
                seed=0,
                data_hash="hash",
                versions={},
            )
        store.set_run_state(run_id, "cancelled")
        raise Cancelled

    monkeypatch.setattr(workflow, "train_collection", train)
    assert main(["--home", str(store.home), "train", "--preset=small", "--", name]) == 143
    (job,) = store.jobs()
    said = capsys.readouterr().err.splitlines()[-1].removeprefix("Stopped. Go on with: ")
    python, option, module, *words = shlex.split(said)
    assert (python, option, module) == ("python", "-m", "tagrefine_core")
    assert main(words) == 143
    assert resumed == [None, job.run_id]
    assert store.jobs()[0].options == {"resume": job.run_id} and store.jobs()[0].collection == name
