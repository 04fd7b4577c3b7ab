"""Names of tags through the real commands: merged, renamed, split and left out from the next import on, and taken back."""

import csv
import json

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tagrefine_core.collections import Collection
from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement.verdicts import verdicts_of
from tagrefine_core.store import Store
from tagrefine_core.tags import load
from tests.fake_data import picture, save

WORDS = [
    "car", "car auto", "auto", "dog", "dog dogs", "sea", "sea beach", "beach", "Warszawa", "warsaw", "warsaw car", "tree",
]  # fmt: skip


@pytest.fixture
def home(tmp_path):
    """A home with twelve imported photos."""
    folder = tmp_path / "photos"
    for place in range(len(WORDS)):
        save(folder / f"{place:02d}.png", picture(place))
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "tags", "labels"])
        for place, words in enumerate(WORDS):
            shown = [word for word in ("dog", "sea") if word in words.split()]
            writer.writerow([f"{place:02d}.png", json.dumps(words.split()), json.dumps(shown)])
    home = tmp_path / "home"
    assert main(["--home", str(home), "import", "table", str(folder), "--name", "own"]) == 0
    return home


def call(home, capsys, *arguments):
    capsys.readouterr()
    assert main(["--home", str(home), *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def fails(home, capsys, *arguments):
    capsys.readouterr()
    assert main(["--home", str(home), *arguments]) == 2
    return capsys.readouterr().err


def again(home, capsys):
    """Import once more, as the page does."""
    work = workflow.import_again(Store(home), "own")
    options = [work.options["kind"], work.options["source"], "--name", "own"]
    call(home, capsys, "import", *options, "--min-fraction", str(work.options["min_fraction"]))
    return Collection.open(Store(home), "own")


def photos(collection, tag):
    return np.flatnonzero(collection.tags[:, [collection.vocabulary.index(tag)]].toarray()).tolist()


def test_a_merge_waits_for_the_next_import_and_holds_for_all_after_it(home, capsys):
    before = Collection.open(Store(home), "own")
    assert photos(before, "car") == [0, 1, 10] and photos(before, "auto") == [1, 2]
    assert call(home, capsys, "alias", "own", "auto", "car") == [
        {"name": "auto", "tag": "car", "waits": True}
    ]
    assert Collection.open(Store(home), "own").vocabulary == before.vocabulary
    for _ in range(2):
        now = again(home, capsys)
        assert "auto" not in now.vocabulary and photos(now, "car") == [0, 1, 2, 10]
        assert call(home, capsys, "alias", "own") == [{"name": "auto", "tag": "car", "waits": False}]
    assert now.data_hash != before.data_hash and now.id == before.id
    call(home, capsys, "undo", "own")
    assert call(home, capsys, "alias", "own") == [{"name": "auto", "tag": "auto", "waits": True}]
    back = again(home, capsys)
    assert back.vocabulary == before.vocabulary and back.data_hash == before.data_hash
    assert call(home, capsys, "alias", "own") == []


def test_what_was_said_of_photos_counts_for_the_tag_that_a_name_was_merged_into(home, capsys):
    for image, tag, said in (
        ("00.png", "auto", "accept"),
        ("03.png", "auto", "reject"),
        ("02.png", "auto", "reject"),
        ("02.png", "car", "accept"),
    ):
        call(home, capsys, "verdict", "own", image, tag, said)
    call(home, capsys, "alias", "own", "auto", "car")
    now = again(home, capsys)
    verdicts = verdicts_of(now)
    column = verdicts.matrix[:, [now.vocabulary.index("car")]].toarray()[:, 0].tolist()
    assert (column[0], column[3]) == (1, -1)
    assert column[2] == 1, "what was said of the tag itself stands above what was said of the other name"
    assert not verdicts.words and verdicts.lost == 0


def test_renamed_left_out_and_split_off(home, capsys):
    call(home, capsys, "alias", "own", "warszawa", "capital")
    call(home, capsys, "alias", "own", "tree", "")
    call(home, capsys, "alias", "own", "dogs", "dogs")
    now = again(home, capsys)
    assert photos(now, "capital") == [8] and photos(now, "warsaw") == [9, 10]
    assert "tree" not in now.vocabulary and photos(now, "dogs") == [4] and photos(now, "dog") == [3, 4]
    assert now.labels == ("dog", "sea")
    call(home, capsys, "alias", "own", "dogs", "--off")
    assert "dogs" not in again(home, capsys).vocabulary


def test_mistakes_change_nothing(home, capsys):
    assert "ground truth, too" in fails(home, capsys, "alias", "own", "dog", "sea")
    assert "it has ground truth" in fails(home, capsys, "alias", "own", "dog", "")
    assert "a tag of its own already" in fails(home, capsys, "alias", "own", "car", "car")
    assert "similar: beach" in fails(home, capsys, "alias", "own", "beech", "sea")
    assert "Say what it counts for" in fails(home, capsys, "alias", "own", "car")
    assert call(home, capsys, "alias", "own") == []
    call(home, capsys, "alias", "own", "car", "auto")
    assert "counts for 'auto' already" in fails(home, capsys, "alias", "own", "auto", "car")
    assert len(call(home, capsys, "alias", "own")) == 1


def test_proposals_leave_out_what_was_said(home, capsys):
    store = Store(home)
    opened = Collection.open(store, "own")

    def found():
        names = opened.vocabulary
        return {
            frozenset((names[one.tag], names[one.into]))
            for one in workflow.merge_proposals(opened, None, load())
        }

    assert frozenset(("auto", "car")) in found()
    workflow.keep_apart(store, "own", ["car", "auto"])
    assert frozenset(("auto", "car")) not in found()
    workflow.undo(store, "own")
    workflow.set_alias(store, "own", "auto", "car")
    assert frozenset(("auto", "car")) not in found()
    with pytest.raises(ConfigError, match="two tags"):
        workflow.keep_apart(store, "own", ["car", "car"])


def test_a_source_that_is_gone_is_told(home, capsys, tmp_path):
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=r"nothing at .* any more"):
        workflow.import_again(Store(home), "own")
