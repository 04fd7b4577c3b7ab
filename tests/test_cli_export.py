"""The command export, by its real words: the difference first, then the files, then the way back."""

import json
from pathlib import Path

import numpy as np
import pytest

from tagrefine_core.cli import main
from tagrefine_core.metadata import read_keywords
from tests.test_cli_judging import TAGS, call, judged_home  # noqa: F401
from tests.test_cli_verdicts import fails, say


def dry(home, capsys, *arguments: str):
    return call(home, capsys, "export", "own", *arguments, "--dry-run")


def test_the_difference_is_what_refine_says(home, capsys, tmp_path: Path) -> None:
    out = tmp_path / "refined.jsonl"
    call(home, capsys, "refine", "r1", "--out", str(out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    found = dry(home, capsys, "--format", "xmp", "--out", str(tmp_path / "out"))
    assert found["run"] == "r1"
    assert found["added"] == sum(len(row["added"]) for row in rows)
    assert found["removed"] == sum(len(row["removed"]) for row in rows)
    assert found["changed"] == sum(bool(row["added"] or row["removed"]) for row in rows)
    told = {one["file_name"]: (sorted(one["added"]), sorted(one["removed"])) for one in found["photos"]}
    assert told == {
        row["file_name"]: (sorted(row["added"]), sorted(row["removed"]))
        for row in rows
        if row["added"] or row["removed"]
    }
    assert not (tmp_path / "out").exists()


def test_files_are_written_once_and_taken_back(home, capsys) -> None:
    root = home.collection.root
    before = sorted(root.iterdir())
    promised = dry(home, capsys, "--format", "xmp", "--in-place")
    done = call(home, capsys, "export", "own", "--format", "xmp", "--in-place")
    assert {name: done[name] for name in promised} == promised | {"written": promised["files"]}
    file = done["photos"][0]["file_name"]
    assert set(done["photos"][0]["added"]) <= set(read_keywords(root / f"{file}.xmp").tags)
    again = call(home, capsys, "export", "own", "--format", "xmp", "--in-place")
    assert (again["files"], again["changed"], again["undo"]) == (0, 0, None)
    undone = call(home, capsys, "export", "--undo", done["undo"])
    assert undone == {"restored": 0, "removed": done["files"], "left": []}
    assert sorted(root.iterdir()) == before


def test_verdicts_stand_above_the_run(home, capsys, tmp_path: Path) -> None:
    row = int(np.flatnonzero(home.given[:, TAGS.index("dog")])[0])
    file = home.collection.files[row]
    say(home, capsys, file, "dog", "reject")
    say(home, capsys, file, "nikon", "accept")
    call(home, capsys, "export", "own", "--format", "jsonl", "--out", str(tmp_path / "out"))
    rows = map(json.loads, (tmp_path / "out" / "metadata.jsonl").read_text().splitlines())
    tags = next(one["tags"] for one in rows if one["file_name"] == file)
    assert "dog" not in tags and "nikon" in tags


def test_people_read_counts_first_then_photos(home, capsys) -> None:
    capsys.readouterr()
    assert (
        main(["--home", str(home.store.home), "export", "own", "--format", "txt", "--in-place", "--dry-run"])
        == 0
    )
    first, *photos = capsys.readouterr().out.splitlines()
    assert "photos change" in first and "files to write" in first
    assert all(": +" in line or ": -" in line for line in photos[:5])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("own",), "--format"),
        ((), "a collection"),
        (("own", "--format", "xmp"), "--out DIR, or --in-place"),
        (("own", "--format", "xmp", "--in-place", "--out", "x"), "not both"),
        (("own", "--format", "pdf", "--out", "x"), "Invalid value for '--format': 'pdf' is not one of 'csv'"),
        (("own", "--format", "csv", "--in-place"), "give csv a folder"),
        (("own", "--format", "txt", "--embed", "--in-place"), "--embed"),
        (("nobody", "--format", "csv", "--out", "x"), "nobody"),
        (("own", "--format", "csv", "--out", "x", "--run", "r9"), "r9"),
        (("own", "--format", "csv", "--out", "x", "--precision", "0.2"), "0.2"),
        (("own", "--format", "csv", "--out", "x", "--selection", "0123456789abcdef"), "no selection"),
        (("--undo", "yesterday"), "yesterday"),
        (("own", "--undo", "yesterday"), "nothing else"),
    ],
)
def test_mistakes_are_told_in_one_line(
    home, capsys, arguments: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in fails(home, capsys, "export", *arguments)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("inside", ["", "collections", "new/folder"])
def test_the_home_is_no_place_for_an_export(home, capsys, inside: str) -> None:
    before = sorted(home.store.home.iterdir())
    out = str(home.store.home / inside)
    assert "own home folder" in fails(home, capsys, "export", "own", "--format", "xmp", "--out", out)
    assert sorted(home.store.home.iterdir()) == before


@pytest.mark.parametrize("out", ["x", "x/y"])
def test_a_file_is_no_folder(home, capsys, tmp_path: Path, out: str) -> None:
    (tmp_path / "x").write_text("mine")
    assert "x is no folder" in fails(
        home, capsys, "export", "own", "--format", "csv", "--out", str(tmp_path / out)
    )
    assert (tmp_path / "x").read_text() == "mine"
