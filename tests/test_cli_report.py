"""The report of an audit: one file that needs nothing, says what holds, and takes a stranger's words for words."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tests.fake_data import small_collection
from tests.test_cli_judging import TAGS, call, judged_home  # noqa: F401
from tests.test_cli_verdicts import fails

EVIL = "<img src=http://evil.example/x onerror=alert(1)>"


class Reader(HTMLParser):
    """Notes every element and its attributes, the text, and each table by the heading above it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        self.text.append(data)
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    def row(self, first: str) -> list[str]:
        (found,) = [row for row in self.rows if row[0] == first]
        return found[1:]


def report(home, capsys, out: Path, *options: str) -> Reader:
    answer = call(home, capsys, "report", "own", "--out", str(out), *options)
    assert (
        answer["file"] == str(out)
        and answer["run"] == "r1"
        and answer["photos"] == len(home.collection.files)
    )
    return Reader(out.read_text(encoding="utf-8"))


def test_the_file_needs_nothing_and_runs_nothing(home, capsys, tmp_path):
    out = tmp_path / "audit.html"
    call(home, capsys, "verdict", "own", home.collection.files[3], EVIL, "accept", "--new", "--by", EVIL)
    call(home, capsys, "name", "r1", "--title", EVIL[:60], "--note", EVIL)
    seen = report(home, capsys, out)
    sources = [
        value
        for _, of in seen.elements
        for name, value in of.items()
        if name in ("src", "href", "srcset", "action")
    ]
    assert sources and all(value.startswith("data:image/jpeg;base64,") for value in sources)
    assert {tag for tag, _ in seen.elements}.isdisjoint(
        {"script", "link", "iframe", "object", "form", "a", "base"}
    )
    assert not [name for _, of in seen.elements for name in of if name.startswith("on")]
    assert "url(" not in out.read_text() and "@import" not in out.read_text()
    (policy,) = [of["content"] for tag, of in seen.elements if tag == "meta" and of.get("http-equiv")]
    assert policy.startswith("default-src 'none'")
    assert "".join(seen.text).count(EVIL) >= 2, "shown as it is written"
    assert out.stat().st_size < 500_000


@pytest.mark.parametrize("precision", [0.6, 0.9])
def test_numbers_are_those_of_the_refined_tags(home, capsys, tmp_path, precision):
    files = home.collection.files
    absent = [
        (files[row], TAGS[column]) for row, column in np.argwhere(~home.given) if column < 2 and row > 1
    ][:3]
    given = [(files[row], TAGS[column]) for row, column in np.argwhere(home.given) if column < 2 and row > 1][
        :2
    ]
    for place in absent:
        call(home, capsys, "verdict", "own", *place, "accept", "--by", "ann")
    for place in given:
        call(home, capsys, "verdict", "own", *place, "reject", "--by", "bob")
    call(home, capsys, "verdict", "own", files[0], "dog", "unsure", "--by", "bob")
    seen = report(home, capsys, tmp_path / "a.html", "--precision", str(precision))
    changes = workflow.changes_of(home.store, "r1", precision)
    added, removed = changes.added.nnz, changes.removed.nnz
    assert seen.row("tags added") == [f"{added - 3:,}", "3", f"{added:,}"]
    assert seen.row("tags removed") == [f"{removed - 2:,}", "2", f"{removed:,}"]
    before, after, _change = seen.row("tags on photos")
    assert before == f"{home.given.sum():,}"
    assert after == f"{home.given.sum() + added - removed:,}"
    assert seen.row("photos without a tag")[0] == str((home.given.sum(axis=1) == 0).sum())
    assert seen.row("ann")[0] == "3" and seen.row("bob")[0] == "3"
    assert (seen.row("fits"), seen.row("does not fit"), seen.row("not sure")) == (["3"], ["2"], ["1"])
    assert seen.row("verdicts “not sure”") == ["1"]
    suggested = decided_alone(home, precision)
    open_added = len(suggested["added"] - set(absent))
    open_removed = len(suggested["removed"] - set(given) - {(files[0], "dog")})
    assert seen.row("additions that nobody has looked at") == [f"{open_added:,}"]
    assert seen.row("removals that nobody has looked at") == [f"{open_removed:,}"]
    agreed = sum(place in suggested["added"] for place in absent) + sum(
        place in suggested["removed"] for place in given
    )
    assert f"On {agreed} of 5 clear verdicts" in "".join(seen.text)


def decided_alone(home, precision):
    """What the run suggests by itself, read from its export before anybody said anything."""
    from tests.test_cli_judging import decided

    told = set(TAGS) - {"nikon"}
    places = decided(home, told, precision)
    return {kind: {(home.collection.files[row], tag) for row, tag in of} for kind, of in places.items()}


def test_a_report_is_of_the_best_run_unless_another_is_named(home, capsys, tmp_path):
    store, record = home.store, home.store.run("r1")
    for name, value in (("r2", 0.4), ("r1", 0.6), ("r3", None)):
        if name != "r1":
            store.create_run(
                name,
                record.collection_id,
                config=record.config,
                seed=0,
                data_hash=record.data_hash,
                versions={},
            )
            store.set_run_state(name, "finished")
        if value is not None:
            store.write_metrics(record.collection_id, name, {"map": value})
    assert workflow.run_to_report(store, "own").id == "r1"
    assert workflow.run_to_report(store, "own", "r2").id == "r2"
    store.create_run(
        "r4", record.collection_id, config=record.config, seed=0, data_hash="earlier photos", versions={}
    )
    store.set_run_state("r4", "finished")
    store.write_metrics(record.collection_id, "r4", {"map": 0.9})
    assert workflow.best_run(store, "own").id == "r1", "not one of other photos"
    with store.transaction() as connection:
        connection.execute("DELETE FROM metrics")
    assert workflow.best_run(store, "own") is None
    assert workflow.run_to_report(store, "own").id == "r3", "the newest"


def test_a_photo_that_is_gone_is_said(home, capsys, tmp_path):
    seen = report(home, capsys, tmp_path / "a.html")
    pictures = sum(tag == "img" for tag, _ in seen.elements)
    assert pictures
    for file in home.collection.files:
        (home.collection.root / file).unlink()
    seen = report(home, capsys, tmp_path / "a.html")
    assert not any(tag == "img" for tag, _ in seen.elements)
    assert "".join(seen.text).count("cannot be read any more") == pictures


def test_mistakes(home, capsys, tmp_path):
    assert "ends in .html" in fails(home, capsys, "report", "own", "--out", str(tmp_path / "a.pdf"))
    assert "no folder" in fails(home, capsys, "report", "own", "--out", str(tmp_path / "no" / "a.html"))
    assert "no collection" in fails(home, capsys, "report", "other", "--out", str(tmp_path / "a.html"))
    assert "no run" in fails(home, capsys, "report", "own", "--out", str(tmp_path / "a.html"), "--run", "r9")
    assert "precision" in fails(
        home, capsys, "report", "own", "--out", str(tmp_path / "a.html"), "--precision", "2"
    )
    small_collection(home.store, tmp_path / "more", name="new")
    assert "Nothing has been learned" in fails(
        home, capsys, "report", "new", "--out", str(tmp_path / "a.html")
    )
    assert not list(tmp_path.glob("*.html"))


# Named and kept runs


def test_a_run_is_named_noted_and_kept(home, capsys):
    assert call(home, capsys, "name", "r1", "--title", "  the\nfinal  one ", "--note", "for the talk") == {
        "run": "r1", "title": "the final one", "note": "for the talk", "kept": False,
    }  # fmt: skip
    assert call(home, capsys, "name", "r1", "--keep")["title"] == "the final one"
    (listed,) = call(home, capsys, "runs")
    assert (listed["title"], listed["note"], listed["kept"], listed["best"]) == (
        "the final one",
        "for the talk",
        True,
        False,
    )
    assert "is kept (the final one)" in fails(home, capsys, "delete", "run", "r1", "--yes")
    assert home.store.run("r1")
    assert main(["--home", str(home.store.home), "runs"]) == 0
    assert "the final one" in capsys.readouterr().out
    assert call(home, capsys, "name", "r1", "--title", "", "--no-keep")["title"] == ""
    call(home, capsys, "delete", "run", "r1", "--yes")
    assert call(home, capsys, "runs") == []


def test_naming_mistakes(home, capsys):
    assert "Say what" in fails(home, capsys, "name", "r1")
    assert "at most 60 characters" in fails(home, capsys, "name", "r1", "--title", "x" * 61)
    assert "no run" in fails(home, capsys, "name", "r9", "--keep")


def test_finished_runs_are_offered_before_others(home, capsys):
    record = home.store.run("r1")
    for number in range(9):
        home.store.create_run(
            f"late-{number}",
            record.collection_id,
            config=record.config,
            seed=0,
            data_hash=record.data_hash,
            versions={},
        )
        home.store.set_run_state(f"late-{number}", "failed", "out of memory")
    assert re.search(r"latest are: r1, late", html.unescape(fails(home, capsys, "tags", "r9")))
