"""``explain RUN IMAGE TAG`` through the real command, on a real run."""

import json
from math import log

import numpy as np
import pytest

from tagrefine_core.cli import main
from tagrefine_core.collections import Collection


def call(studio, capsys, *arguments, status=0):
    capsys.readouterr()
    assert main(["--home", str(studio.home), *arguments]) == status
    said = capsys.readouterr()
    return said.out if status == 0 else said.err


def test_the_document_sums_and_names_photos(studio, default_run, capsys):
    collection = Collection.open(studio, "studio")
    for row, tag in ((0, "car"), (17, "sea"), (60, "daisy")):
        document = json.loads(
            call(studio, capsys, "explain", default_run.id, collection.files[row], tag, "--json"),
            parse_constant=pytest.fail,
        )
        assert set(document) == {"score", "parts", "neighbors"}
        column = collection.vocabulary.index(tag)
        assert document["score"] == pytest.approx(float(default_run.scores[row, column]), abs=1e-6)
        assert list(document["parts"]) == ["picture", "neighbors", "tags", "user"]
        odds = log(document["score"] / (1 - document["score"]))
        assert sum(document["parts"].values()) == pytest.approx(odds, abs=1e-5)
        near = document["neighbors"]
        assert len(near) == 20 and all(set(one) == {"image", "weight", "carries"} for one in near)
        assert collection.files[row] not in [one["image"] for one in near]
        assert [one["weight"] for one in near] == sorted((one["weight"] for one in near), reverse=True)
        assert sum(one["weight"] for one in near) == pytest.approx(default_run.config.scoring.smooth)
        rows = [collection.files.index(one["image"]) for one in near]
        carried = collection.tags[rows, column].toarray().ravel() if len(rows) else np.zeros(0)
        assert [one["carries"] for one in near] == (carried > 0).tolist()


def test_in_words_it_says_what_each_part_is(studio, default_run, capsys):
    collection = Collection.open(studio, "studio")
    row = int(np.flatnonzero(collection.tags[:, [collection.vocabulary.index("car")]].toarray())[0])
    said = call(studio, capsys, "explain", default_run.id, collection.files[row], "CAR")
    for words in ("what the picture shows", "of 20 carry it", "other tags", "the user wrote it", "log-odds"):
        assert words in said
    assert collection.files[row] not in said.splitlines()[-20:]
    assert sum("carries it" in line for line in said.splitlines()) >= 1


@pytest.mark.parametrize(
    ("image", "tag", "error"),
    [
        ("nobody.png", "car", "nobody.png"),
        ("p0.png", "carr", r"'carr' (similar: car)"),
        ("p0.png", "", "No tag"),
    ],
)
def test_what_there_is_not_says_so(studio, default_run, capsys, image, tag, error):
    assert error in call(studio, capsys, "explain", default_run.id, image, tag, status=2)
    assert "no run" in call(studio, capsys, "explain", "never", image, tag, status=2).lower()
