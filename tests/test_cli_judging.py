"""What a run does with tags, through the real commands, against a plain second implementation of the rule."""

import csv
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logit

from tagrefine_core.cli import main
from tagrefine_core.collections import Collection
from tagrefine_core.files import write_array
from tagrefine_core.model.calibration import Calibration
from tagrefine_core.runs.run import run_folder
from tagrefine_core.settings import train_config
from tagrefine_core.store import Store
from tests.fake_data import small_collection

TAGS = ("cat", "dog", "nikon", "sea", "sky", "sunset")
UNSEEN = "nikon"  # no picture tells it
PHOTOS = 60
STEP = 256  # limits are multiples of 1 / 256, and so are the scores here

Document = dict[str, Any]


@dataclass
class Home:
    """A home with one run, whose numbers are made by hand."""

    store: Store
    collection: Collection
    scores: NDArray[np.float64]
    given: NDArray[np.bool_]


@pytest.fixture(name="home")
def judged_home(tmp_path: Path) -> Home:
    store = Store(tmp_path / "home")
    rng = np.random.default_rng(3)
    fits = rng.random((PHOTOS, len(TAGS))) < 0.3
    given = (fits & (rng.random(fits.shape) < 0.6)) | (rng.random(fits.shape) < 0.05)
    given[0], given[1] = True, False
    words = [
        [*(TAGS[column] for column in np.flatnonzero(row)), *(["zzqx"] if row[0] else [])] for row in given
    ]
    collection = small_collection(store, tmp_path / "photos", name="own", tags=words, labels=(), truth=None)
    assert collection.vocabulary == TAGS
    sure = np.where(fits, rng.beta(6, 1.2, fits.shape), rng.beta(1, 6, fits.shape))
    scores = np.clip(np.round(sure * STEP), 1, STEP - 1) / STEP
    config = train_config("small")
    store.create_run(
        "r1",
        collection.id,
        config=config.model_dump(),
        seed=0,
        data_hash=collection.data_hash,
        versions={},
    )
    store.set_run_state("r1", "finished")
    folder = run_folder(store.home, "r1")
    write_array(folder / "scores.npy", scores.astype(np.float32))
    seen = np.full((3, len(TAGS)), [[0.75], [0.5], [0.875]], dtype=np.float32)
    seen[:, TAGS.index(UNSEEN)] = 0.25, 0.125, 0.375
    write_array(folder / "visualness.npy", seen)
    calibration = Calibration.measure([(logit(scores), collection.tags)], len(TAGS), PHOTOS)
    calibration.save(folder / "calibration.safetensors")
    return Home(store, collection, scores, given)


def call(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["--home", str(home.store.home), *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def decided(home: Home, told: set[str], precision: float) -> dict[str, set[tuple[int, str]]]:
    """Decide place by place: the lowest limit from which on the mean probability of a change being right keeps the promise."""
    places = [
        (row, TAGS[column], bool(home.given[row, column]), float(home.scores[row, column]))
        for row, column in np.ndindex(home.given.shape)
    ]

    def limit(shares: list[float]) -> float:
        for candidate in range(STEP // 16, STEP):
            above = [share for share in shares if share >= candidate / STEP]
            if above and sum(above) >= precision * len(above) - 1e-9:
                return candidate / STEP
        return float("inf")

    add = limit([score for _, tag, given, score in places if tag in told and not given])
    remove = limit([1 - score for _, tag, given, score in places if tag in told and given])
    found: dict[str, set[tuple[int, str]]] = {kind: set() for kind in ("added", "removed", "kept", "untold")}
    for row, tag, given, score in places:
        if tag not in told:
            kind = "untold" if given else ""
        elif given:
            kind = "removed" if 1 - score >= remove else "kept"
        else:
            kind = "added" if score >= add else ""
        if kind:
            found[kind].add((row, tag))
    return found


def refined(
    home: Home, capsys: pytest.CaptureFixture[str], out: Path, *options: str
) -> list[dict[str, list[Any]]]:
    assert call(home, capsys, "refine", "r1", "--out", str(out), *options) == {
        "file": str(out),
        "images": PHOTOS,
    }
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row.pop("file_name") for row in rows] == home.collection.files
    return [{name: json.loads(text) for name, text in row.items()} for row in rows]


@pytest.mark.parametrize("precision", [None, 0.6, 0.75, 0.9])
@pytest.mark.parametrize("rules", [{}, {"nikon": "judge", "sea": "leave"}], ids=["measured", "listed"])
def test_one_rule_decides_for_tags_and_refine(
    home: Home,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    precision: float | None,
    rules: dict[str, str],
) -> None:
    for tag, rule in rules.items():
        call(home, capsys, "always", "own", rule, tag)
    told = {tag for tag in TAGS if rules.get(tag, "leave" if tag == UNSEEN else "judge") == "judge"}
    expected = decided(home, told, 0.75 if precision is None else precision)
    assert all(expected[kind] for kind in ("added", "removed", "kept", "untold"))
    options = [] if precision is None else ["--precision", str(precision)]

    rows = refined(home, capsys, tmp_path / "refined.csv", *options)
    for row, photo in enumerate(rows):
        of = {kind: {tag for place, tag in places if place == row} for kind, places in expected.items()}
        for kind in ("added", "removed", "untold"):
            assert set(photo[kind]) == of[kind] and len(photo[kind]) == len(of[kind])
        assert photo["unknown"] == (["zzqx"] if home.given[row, 0] else [])
        assert set(photo["tags"]) == of["kept"] | of["added"] | of["untold"] | set(photo["unknown"])
        # Nothing is lost but what was removed.
        assert set(photo["user_tags"]) == set(photo["tags"]) - of["added"] | of["removed"]

    table = call(home, capsys, "tags", "r1", *options)
    assert [one["tag"] for one in table] == list(TAGS)
    for column, one in enumerate(table):
        of = {kind: {row for row, tag in places if tag == one["tag"]} for kind, places in expected.items()}
        assert one["given"] == home.given[:, column].sum()
        for kind in ("added", "removed", "kept"):
            assert one[kind] == len(of[kind])
        if one["tag"] in told:
            assert one["kept"] + one["removed"] == one["given"] and not of["untold"]
        assert one["told"] == (one["tag"] in told) and one["rule"] == rules.get(one["tag"])
        assert one["visualness"] == (0.25 if one["tag"] == UNSEEN else 0.75)
        assert one["visualness_low"] < one["visualness"] < one["visualness_high"]
        if of["added"]:
            right = np.mean([home.scores[row, column] for row in of["added"]])
            assert one["expected_precision"] == pytest.approx(right)
            assert 0 <= one["expected_low"] <= one["expected_precision"] <= one["expected_high"] <= 1
        else:
            assert one["expected_precision"] is None
    for kind in ("added", "removed"):
        assert sum(one[kind] for one in table) == sum(len(photo[kind]) for photo in rows)


@pytest.mark.parametrize("kind", ["wrong", "missing"])
@pytest.mark.parametrize("top", [None, 4])
@pytest.mark.parametrize("tags", [None, ["sky", "cat"], [UNSEEN]])
def test_queues(
    home: Home, capsys: pytest.CaptureFixture[str], kind: str, top: int | None, tags: list[str] | None
) -> None:
    def check(asked: set[str]) -> None:
        options = ["--kind", kind]
        options += [] if top is None else ["--top", str(top)]
        options += [] if tags is None else ["--tags", ", ".join(tags)]
        queue = call(home, capsys, "suspicious", "r1", *options)
        places = [
            (1 - score if kind == "wrong" else score, row, column)
            for (row, column), score in np.ndenumerate(home.scores)
            if TAGS[column] in asked and home.given[row, column] == (kind == "wrong")
        ]
        best = sorted(places, key=lambda place: (-place[0], place[1], place[2]))[: top or 500]
        assert queue == [
            {"image": home.collection.files[row], "tag": TAGS[column], "score": score}
            for score, row, column in best
        ]
        assert all(one["score"] >= other["score"] for one, other in itertools.pairwise(queue))

    check(set(TAGS) - {UNSEEN} if tags is None else set(tags))
    # The list decides which tags are asked about, unless they are named.
    call(home, capsys, "always", "own", "leave", "sky")
    call(home, capsys, "always", "own", "judge", UNSEEN)
    check(set(TAGS) - {"sky"} if tags is None else set(tags))
    call(home, capsys, "always", "own", "measure", "sky", UNSEEN)
    check(set(TAGS) - {UNSEEN} if tags is None else set(tags))


def test_scores_that_are_no_probabilities_promise_nothing(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with home.store.transaction() as connection:
        connection.execute("UPDATE runs SET config = ?", (train_config("paper").model_dump_json(),))
    table = call(home, capsys, "tags", "r1")
    assert sum(one["added"] for one in table) and all(one["expected_precision"] is None for one in table)


def test_the_list_is_shown_and_kept(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(home, capsys, "always", "own") == []
    both = [
        {"tag": "cat", "rule": "leave", "known": True},
        {"tag": "sea", "rule": "leave", "known": True},
    ]
    assert (
        call(home, capsys, "always", "own", "leave", "sea", "cat")
        == both
        == call(home, capsys, "always", "own")
    )
    home.store.set_tag_rules(home.collection.id, {"gone": "judge"})
    assert call(home, capsys, "always", "own")[1] == {"tag": "gone", "rule": "judge", "known": False}
    told = [(one["tag"], one["told"]) for one in call(home, capsys, "tags", "r1")]
    assert told == [(tag, tag not in ("cat", "sea", UNSEEN)) for tag in TAGS], (
        "a tag that is gone has no effect"
    )
    assert main(["--home", str(home.store.home), "always", "own"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["cat", "leave"], ["gone", "judge"], ["sea", "leave"]]
    assert "no tag of the collection now" in lines[2]
    assert call(home, capsys, "always", "own", "measure", "gone", "cat") == both[1:]


def test_people_read_the_same(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    table = {one["tag"]: one for one in call(home, capsys, "tags", "r1")}
    assert main(["--home", str(home.store.home), "tags", "r1"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines.keys() == table.keys()
    for tag, one in table.items():
        words = lines[tag].split()
        assert words[2] == str(one["given"]) and f"+{one['added']}" in words and f"-{one['removed']}" in words
    changes = [table[tag]["added"] + table[tag]["removed"] for tag in lines]
    assert changes == sorted(changes, reverse=True), "most changes first"
    queue = call(home, capsys, "suspicious", "r1", "--kind", "wrong", "--top", "3")
    assert main(["--home", str(home.store.home), "suspicious", "r1", "--kind", "wrong", "--top", "3"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown == [[f"{one['score']:.2f}", one["tag"], one["image"]] for one in queue]


MISTAKES = {
    "tags r2": "There is no run 'r2'",
    "tags r1 --precision 1.2": "precision must be from 0.5 to below 1",
    "tags r1 --precision 0.4": "precision must be from 0.5 to below 1",
    "suspicious r1": "Missing option '--kind'",
    "suspicious r1 --kind odd": "Invalid value for '--kind'",
    "suspicious r1 --kind wrong --top 0": "Invalid value for '--top'",
    "suspicious r1 --kind wrong --tags ,": "--tags takes tags with commas between them",
    "suspicious r1 --kind wrong --tags dog,suns,qqq": "No tag of 'own': 'suns' (similar: sunset); 'qqq'.",
    "always nothing": "There is no collection 'nothing'",
    "always own leave": "Name the tags, such as: always own leave dog cat.",
    "always own never dog": "'never'",
    "always own leave dog suns": "No tag of 'own': 'suns' (similar: sunset).",
    "always own measure suns": "No tag of 'own': 'suns' (similar: sunset).",
}


@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_is_one_line_and_changes_nothing(
    home: Home, capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    assert main(["--home", str(home.store.home), *arguments.split()]) == 2
    output, errors = capsys.readouterr()
    assert output == "" and errors.startswith("Error: ") and errors.count("\n") == 1
    assert MISTAKES[arguments] in errors
    assert home.store.tag_rules(home.collection.id) == {}


def test_a_run_of_an_earlier_import_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small_collection(home.store, tmp_path / "photos", name="own")
    for arguments in ("tags r1", "suspicious r1 --kind wrong", f"refine r1 --out {tmp_path / 'x.csv'}"):
        assert main(["--home", str(home.store.home), *arguments.split()]) == 2
        assert "earlier import of 'own'" in capsys.readouterr().err
