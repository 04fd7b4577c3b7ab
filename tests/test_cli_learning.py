"""Learn from verdicts and audit blindly, through the real commands."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tagrefine_core.cli import main
from tagrefine_core.collections import Collection
from tagrefine_core.refinement.changes import handed_out
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tests.test_cli_judging import UNSEEN, call, judged_home  # noqa: F401
from tests.test_cli_work import TINY, photos  # noqa: F401


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory) -> tuple[Path, str]:  # noqa: F811
    """A home with a run of a second or two."""
    home = tmp_path_factory.mktemp("home")
    assert main(["--home", str(home), "import", "table", str(photos), "--name", "colors"]) == 0
    assert main(["--home", str(home), "train", "colors", *TINY]) == 0
    return home, Store(home).runs("colors")[0].id


def answer(home: Path, capsys, *arguments: str):
    capsys.readouterr()
    assert main(["--home", str(home), *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def refused(home: Path, capsys, *arguments: str) -> str:
    capsys.readouterr()
    assert main(["--home", str(home), *arguments]) == 2
    return capsys.readouterr().err


def test_a_run_learns_and_says_what_moved(trained, capsys):
    home, run = trained
    assert "Nobody has accepted or rejected a tag of 'colors' yet" in refused(
        home, capsys, "train", "colors", "--from", run, "--with-verdicts"
    )
    for number in range(0, 24, 4):
        answer(home, capsys, "verdict", "colors", f"{number}.png", "sea", "reject")
    given = answer(home, capsys, "verdicts", "colors")
    found = answer(home, capsys, "train", "colors", "--from", run, "--with-verdicts")
    assert found["state"] == "finished" and found["metrics"]["map"] > 0
    assert found["moved"].keys() == {"tags", "photos", "images", "questions"}
    # Limits are common to all tags, so that others may move, too.
    assert "sea" in {one["tag"] for one in found["moved"]["tags"]}
    record = Store(home).run(found["run"])
    assert (record.origin.run, record.origin.verdicts) == (run, len(given))
    assert record.config == Store(home).run(run).config
    sea = Collection.open(Store(home), "colors").vocabulary.index("sea")
    new, old = (Run.open(Store(home), one).scores[:, sea] for one in (found["run"], run))
    assert new[::4].mean() < old[::4].mean(), "what looks like what was rejected sinks"
    # The command says it in words, too.
    capsys.readouterr()
    assert main(["--home", str(home), "train", "colors", "--from", found["run"]]) == 0
    assert "have other tags than before" in capsys.readouterr().out


def test_options_that_do_not_go_together(trained, capsys):
    home, run = trained
    assert "leave --from and --with-verdicts out" in refused(
        home, capsys, "train", "colors", "--resume", run, "--with-verdicts"
    )
    assert "own settings" in refused(home, capsys, "train", "colors", "--from", run, "--seed", "5")
    assert "There is no run 'nope'" in refused(home, capsys, "train", "colors", "--from", "nope")


def test_a_job_that_learns_can_be_begun_again(trained, capsys):
    """What the page starts is what the command would be told."""
    home, run = trained
    store = Store(home)
    job = store.create_job("train", "colors", {"start": run}, run_id="20260101-000000-abcd")
    assert main(["--home", str(home), "work", str(job)]) == 0
    assert store.run("20260101-000000-abcd").origin.run == run
    assert store.job(job).state == "finished"


# The blind audit


def test_an_audit_is_kept_and_told_by_the_verdicts(home, capsys):
    assert "has no audit yet. Draw one: audit r1 --photos 50" in refused(
        home.store.home, capsys, "audit", "r1"
    )
    drawn = call(home, capsys, "audit", "r1", "--photos", "6", "--decoys", "2")
    assert (drawn["number"], drawn["drawn"], len(drawn["open"])) == (1, 6, 6)
    assert drawn["questions"] == sum(len(tags) for _, tags in drawn["open"])
    assert not any(UNSEEN in tags for _, tags in drawn["open"])
    assert drawn["result"]["precision"] == {"value": None, "low": None, "high": None}
    assert call(home, capsys, "audit", "r1")["open"] == drawn["open"]
    # Which are handed out is told nowhere.
    assert drawn.keys() == {"number", "drawn", "questions", "open", "result"}
    handed = handed_out(changes_of(Run.open(home.store, "r1"), home.collection)).toarray() > 0
    asked = [
        handed[home.collection.files.index(image), home.collection.vocabulary.index(tag)]
        for image, tags in drawn["open"]
        for tag in tags
    ]
    assert 0 < np.mean(asked) < 1
    first, tags = drawn["open"][0]
    for tag in tags:
        call(home, capsys, "verdict", "own", first, tag, "accept")
    assert call(home, capsys, "audit", "r1")["open"] == drawn["open"][1:]
    for image, tags in drawn["open"][1:]:
        for tag in tags:
            call(home, capsys, "verdict", "own", image, tag, "unsure" if tag == "sea" else "accept")
    result = call(home, capsys, "audit", "r1")["result"]
    assert result["photos"] == 6 and result["answers"] == drawn["questions"]
    assert 0 <= result["precision"]["low"] < result["precision"]["value"] <= result["precision"]["high"] <= 1
    second = call(home, capsys, "audit", "r1", "--photos", "6")
    assert second["number"] == 2 and [one for one, _ in second["open"]] != [one for one, _ in drawn["open"]]


def test_mistakes_with_audits(home, capsys):
    assert "add --photos" in refused(home.store.home, capsys, "audit", "r1", "--seed", "3")
    call(home, capsys, "audit", "r1", "--photos", "3")
    (sheet,) = Path(home.store.home).glob("runs/r1/audits/*.npz")
    sheet.write_bytes(b"nothing")
    assert "is damaged. Draw a new audit" in refused(home.store.home, capsys, "audit", "r1")
    shutil.rmtree(sheet.parent)
    assert "no audit yet" in refused(home.store.home, capsys, "audit", "r1")
