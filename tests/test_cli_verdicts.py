"""Verdicts through the real commands: what is in force, what of it reaches shown and exported tags, and mistakes."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tagrefine_core.collections import Collection
from tests.fake_data import small_collection
from tests.test_cli_judging import TAGS, call, judged_home  # noqa: F401


def fails(home, capsys, *arguments: str) -> str:
    capsys.readouterr()
    assert main(["--home", str(home.store.home), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("Error: ") and captured.err.count("\n") == 1
    return captured.err


def say(home, capsys, file, tag, said, *more):
    return call(home, capsys, "verdict", "own", file, tag, said, *more)


def test_a_verdict_is_in_force_until_it_is_undone(home, capsys):
    file = home.collection.files[3]
    given = say(home, capsys, file, "dog", "accept", "--run", "r1", "--by", "ann")
    assert {key: given[key] for key in ("image", "tag", "verdict", "by", "run")} == {
        "image": file, "tag": "dog", "verdict": "accept", "by": "ann", "run": "r1",
    }  # fmt: skip
    say(home, capsys, file, "sea", "unsure")
    listed = call(home, capsys, "verdicts", "own")
    assert [set(one) for one in listed] == [{"image", "tag", "verdict", "by", "at", "run"}] * 2
    assert [(one["tag"], one["verdict"]) for one in listed] == [("dog", "accept"), ("sea", "unsure")]
    assert listed[1]["run"] is None and listed[1]["by"]
    assert call(home, capsys, "undo", "own")["entries"] == [["verdict", file, "sea", "unsure"]]
    call(home, capsys, "undo", "own")
    assert call(home, capsys, "verdicts", "own") == []
    assert "nothing to undo" in fails(home, capsys, "undo", "own")
    call(home, capsys, "redo", "own")
    call(home, capsys, "redo", "own")
    assert call(home, capsys, "verdicts", "own") == listed
    assert "nothing to redo" in fails(home, capsys, "redo", "own")


def test_the_last_word_about_a_tag_counts_and_undo_brings_the_one_before_back(home, capsys):
    file = home.collection.files[0]
    say(home, capsys, file, "dog", "accept", "--by", "ann")
    say(home, capsys, file, "dog", "reject", "--by", "bob")
    (one,) = call(home, capsys, "verdicts", "own")
    assert (one["verdict"], one["by"]) == ("reject", "bob")
    call(home, capsys, "undo", "own")
    (one,) = call(home, capsys, "verdicts", "own")
    assert (one["verdict"], one["by"]) == ("accept", "ann")


def test_photos_by_path_or_name_and_tags_in_any_spelling(home, capsys):
    root, file = home.collection.root, home.collection.files[5]
    assert say(home, capsys, str(root / file), "DOG", "accept")["image"] == file
    assert say(home, capsys, Path(file).name, "sea", "accept")["tag"] == "sea"
    assert say(home, capsys, file, "zzqx", "reject")["tag"] == "zzqx", "a word that was left out"
    assert say(home, capsys, file, "new york", "accept", "--new")["tag"] == "new york"


def test_mistakes_say_what_was_wrong_and_write_nothing(home, capsys):
    file = home.collection.files[0]
    assert "no collection 'mine'" in fails(home, capsys, "verdict", "mine", file, "dog", "accept")
    assert "no photo" in fails(home, capsys, "verdict", "own", "nothing.jpg", "dog", "accept")
    assert "similar: sunset" in fails(home, capsys, "verdict", "own", file, "sunst", "accept")
    assert "no run 'r9'" in fails(home, capsys, "verdict", "own", file, "dog", "accept", "--run", "r9")
    assert "perhaps" in fails(home, capsys, "verdict", "own", file, "dog", "perhaps")
    assert "no collection" in fails(home, capsys, "verdicts", "mine")
    small_collection(
        home.store, home.store.home / "other", name="other", tags=[["dog"], []], labels=(), truth=None
    )
    assert "of collection 'own'" in fails(
        home, capsys, "verdict", "other", "0.jpg", "dog", "accept", "--run", "r1"
    )
    assert call(home, capsys, "verdicts", "own") == []


def exported(home, tmp_path):
    out = tmp_path / "out.csv"
    workflow.export_refined(home.store, "r1", out)
    with out.open(encoding="utf-8") as file:
        return [{key: value if key == "file_name" else json.loads(value) for key, value in row.items()}
                for row in csv.DictReader(file)]  # fmt: skip


def test_what_was_decided_stands_above_the_run_in_what_is_exported(home, capsys, tmp_path):
    before = exported(home, tmp_path)
    files, rng = home.collection.files, np.random.default_rng(0)
    said = {}
    for row, column in {(int(r), int(c)) for r, c in zip(rng.integers(60, size=120), rng.integers(6, size=120), strict=True)}:  # fmt: skip
        said[row, column] = str(rng.choice(["accept", "reject", "unsure"]))
    collection = Collection.open(home.store, "own")
    for (row, column), verdict in said.items():
        workflow.verdict(home.store, "own", files[row], TAGS[column], verdict)
    after = exported(home, tmp_path)
    for row, (old, new) in enumerate(zip(before, after, strict=True)):
        for column, tag in enumerate(TAGS):
            given, verdict = bool(collection.tags[row, column]), said.get((row, column))
            expected = {"accept": True, "reject": False, "unsure": given}.get(verdict, tag in old["tags"])
            assert (tag in new["tags"]) == expected, (row, tag, verdict)
            assert (tag in new["added"]) == (expected and not given)
            assert (tag in new["removed"]) == (given and not expected)
        assert [tag for tag in new["tags"] if tag not in TAGS] == [
            tag for tag in old["tags"] if tag not in TAGS
        ]
        assert set(new["user_tags"]) == set(old["user_tags"])
    assert before != after


def test_words_outside_the_vocabulary_are_exported_as_decided(home, capsys, tmp_path):
    row = next(row for row in range(60) if "zzqx" in home.collection.raw_tags(row))
    file = home.collection.files[row]
    say(home, capsys, file, "zzqx", "reject")
    say(home, capsys, file, "picnic", "accept", "--new")
    found = exported(home, tmp_path)[row]
    assert "zzqx" not in found["tags"] and "zzqx" in found["removed"] and "zzqx" not in found["unknown"]
    assert "picnic" in found["tags"] and "picnic" in found["added"]
    assert len(found["tags"]) == len(found["scores"])


def test_nobody_is_asked_twice(home, capsys):
    for kind in ("wrong", "missing"):
        queue = call(home, capsys, "suspicious", "r1", "--kind", kind, "--top", "12")
        for one in queue[:5]:
            workflow.verdict(home.store, "own", one["image"], one["tag"], "unsure")
        rest = call(home, capsys, "suspicious", "r1", "--kind", kind, "--top", "7")
        assert rest == queue[5:]


def test_the_doubt_about_a_photo_goes_once_all_is_decided(home):
    before = workflow.changes_of(home.store, "r1").doubt
    row = int(before.argmax())
    for tag in TAGS:
        workflow.verdict(home.store, "own", home.collection.files[row], tag, "accept")
    after = workflow.changes_of(home.store, "r1").doubt
    assert after[row] == 0 and np.array_equal(np.delete(after, row), np.delete(before, row))


def test_verdicts_keep_their_photos_through_another_import(home, capsys, tmp_path):
    files = home.collection.files
    say(home, capsys, files[7], "dog", "reject")
    say(home, capsys, files[8], "dog", "accept")
    words = [["dog"]] * 30 + [[]] * 20  # ten photos and most tags are gone
    small_collection(home.store, tmp_path / "moved", name="own", tags=words, labels=(), truth=None)
    listed = call(home, capsys, "verdicts", "own")
    assert [(one["image"], one["verdict"]) for one in listed] == [(files[7], "reject"), (files[8], "accept")]
    call(home, capsys, "undo", "own")
    assert len(call(home, capsys, "verdicts", "own")) == 1


def test_deleting_a_run_keeps_what_was_decided(home, capsys):
    say(home, capsys, home.collection.files[0], "dog", "accept", "--run", "r1")
    call(home, capsys, "delete", "run", "r1", "--yes")
    assert call(home, capsys, "verdicts", "own")[0]["run"] == "r1"


@pytest.mark.parametrize("rule", ["leave", "judge"])
def test_the_list_of_tags_is_undone_as_well(home, capsys, rule):
    call(home, capsys, "always", "own", rule, "dog", "sea")
    call(home, capsys, "undo", "own")
    assert call(home, capsys, "always", "own") == []
    call(home, capsys, "redo", "own")
    assert [one["rule"] for one in call(home, capsys, "always", "own")] == [rule, rule]
