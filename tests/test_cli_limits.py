"""Limits of single tags through the real commands: kept, listed, undone, and used in all that shows or exports."""

from pathlib import Path

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tests.test_cli_judging import TAGS, UNSEEN, call, decided, judged_home, refined  # noqa: F401
from tests.test_cli_verdicts import fails


def added_from(home, tag, limit):
    """Count plainly on which photos a tag is added from a limit on."""
    column = TAGS.index(tag)
    return {
        row
        for row in range(len(home.scores))
        if not home.given[row, column] and home.scores[row, column] >= limit
    }


@pytest.mark.parametrize("precision", [0.6, 0.9])
def test_a_limit_is_used_in_the_table_and_the_export_and_moves_no_other_tag(
    home, capsys, tmp_path, precision
):
    before = decided(home, set(TAGS) - {UNSEEN}, precision)
    assert call(home, capsys, "limit", "own", "sky", "0.3") == [
        {"tag": "sky", "limit": 0.30078125, "known": True}
    ]
    gains = added_from(home, "sky", 0.30078125)
    assert len(gains) != sum(tag == "sky" for _, tag in before["added"]), "else it would prove nothing"
    rows = refined(home, capsys, tmp_path / "out.csv", "--precision", str(precision))
    assert {row for row, photo in enumerate(rows) if "sky" in photo["added"]} == gains
    for kind in ("added", "removed", "untold"):
        others = {
            (row, tag)
            for row, photo in enumerate(rows)
            for tag in photo[kind]
            if (kind, tag) != ("added", "sky")
        }
        assert others == {(row, tag) for row, tag in before[kind] if (kind, tag) != ("added", "sky")}
    table = {one["tag"]: one for one in call(home, capsys, "tags", "r1", "--precision", str(precision))}
    assert table["sky"]["added"] == len(gains) and table["sky"]["limit"] == 0.30078125
    assert table["sea"]["limit"] is None


def test_a_limit_judges_a_tag_that_a_picture_was_not_measured_to_tell_and_removes_nothing(
    home, capsys, tmp_path
):
    call(home, capsys, "limit", "own", UNSEEN, "0.5")
    rows = refined(home, capsys, tmp_path / "out.csv")
    assert {row for row, photo in enumerate(rows) if UNSEEN in photo["added"]} == added_from(
        home, UNSEEN, 0.5
    )
    assert not any(UNSEEN in photo["removed"] or UNSEEN in photo["untold"] for photo in rows)


def test_to_leave_alone_stands_above_a_limit_and_a_new_limit_above_that(home, capsys, tmp_path):
    call(home, capsys, "limit", "own", "sky", "0.3")
    call(home, capsys, "always", "own", "leave", "sky")
    assert call(home, capsys, "limit", "own") == [{"tag": "sky", "limit": 0.30078125, "known": False}]
    assert not any("sky" in photo["added"] for photo in refined(home, capsys, tmp_path / "a.csv"))
    call(home, capsys, "limit", "own", "sky", "0.4")
    assert call(home, capsys, "always", "own") == []
    call(home, capsys, "undo", "own")  # one step: the limit and the list
    assert [one["rule"] for one in call(home, capsys, "always", "own")] == ["leave"]
    assert call(home, capsys, "limit", "own")[0]["limit"] == 0.30078125


def test_a_limit_is_taken_back_and_undone_in_words(home, capsys):
    before = call(home, capsys, "tags", "r1")
    call(home, capsys, "limit", "own", "dog", "0.3")
    assert call(home, capsys, "limit", "own", "dog", "off") == []
    assert call(home, capsys, "tags", "r1") == before
    assert call(home, capsys, "undo", "own")["note"] == "dog: as promised"
    assert [one["tag"] for one in call(home, capsys, "limit", "own")] == ["dog"]
    call(home, capsys, "undo", "own")
    assert call(home, capsys, "tags", "r1") == before
    call(home, capsys, "redo", "own")
    assert call(home, capsys, "tags", "r1") != before


def test_what_people_said_of_photos_stands_above_a_limit(home, capsys):
    call(home, capsys, "limit", "own", "sky", "0.3")
    column, rows = TAGS.index("sky"), sorted(added_from(home, "sky", 0.3))
    rejected, below = (
        rows[0],
        next(row for row in range(len(home.given)) if not home.given[row, column] and row not in rows),
    )
    workflow.verdict(home.store, "own", home.collection.files[rejected], "sky", "reject")
    workflow.verdict(home.store, "own", home.collection.files[below], "sky", "accept")
    found = changes_of(Run.open(home.store, "r1"), home.collection)
    assert set(np.flatnonzero(found.added[:, [column]].toarray())) == set(rows) - {rejected} | {below}


@pytest.mark.parametrize("limit", ["0.01", "1", "nan", "-1", "many"])
def test_no_limit_at_all(home, capsys, limit):
    assert "limit" in fails(home, capsys, "limit", "own", "sky", "--", limit) or limit == "many"
    assert call(home, capsys, "limit", "own") == []


def test_mistakes_are_told(home, capsys):
    assert "similar: sky" in fails(home, capsys, "limit", "own", "skyy", "0.5")
    assert "from which probability on" in fails(home, capsys, "limit", "own", "sky")
    assert "none" in fails(home, capsys, "limit", "none", "sky", "0.5")


def test_a_limit_above_all_scores_adds_nothing(home, capsys, tmp_path: Path):
    call(home, capsys, "limit", "own", "sky", "0.9999")
    assert call(home, capsys, "limit", "own")[0]["limit"] == 255 / 256
    table = {one["tag"]: one for one in call(home, capsys, "tags", "r1")}
    assert table["sky"]["added"] == len(added_from(home, "sky", 255 / 256))
