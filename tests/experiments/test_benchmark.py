import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tagrefine_core
from tagrefine_core import experiments
from tagrefine_core.collections import Collection
from tagrefine_core.collections.mirflickr import Wider
from tagrefine_core.errors import Cancelled, ConfigError, LabelError, RunError
from tagrefine_core.evaluation import evaluate, user_tag_scores
from tagrefine_core.experiments.comparison import Comparison
from tagrefine_core.experiments.deciding import decide
from tagrefine_core.experiments.export import settings_sentence, to_markdown
from tagrefine_core.experiments.intervals import MEASURES
from tagrefine_core.experiments.keeping import code_of, method_key
from tagrefine_core.experiments.measure import make
from tagrefine_core.experiments.protocol import feature_material, repeat_split
from tagrefine_core.experiments.table import value_of
from tagrefine_core.methods import Method, create, method_class
from tagrefine_core.settings import train_config
from tests.experiments.conftest import assert_literal, flat, numbers, paper
from tests.fake_data import small_collection


class Counted(Method):
    """The features as scores, and noise by seed; counts its fits."""

    name, title, reconstruction = "counted", "Counted", True
    fits = 0

    def __init__(self, *, sure=1.0, seed=0):
        self.sure, self.seed = sure, seed

    @classmethod
    def grid(cls, images):
        return {"sure": [0.0, 1.0]}

    def _fit(self, features, tags, users):
        type(self).fits += 1

    def _score(self, features, tags, *, own):
        scores = np.random.default_rng(self.seed).normal(0, 1, (len(features), self.tags_.shape[1]))
        scores[:, 2:] += 10 * self.sure * features
        return scores


class Failing(Counted):
    name, title = "failing", "Failing"

    def _fit(self, features, tags, users):
        raise ConfigError("It always fails.")


class Ours(Counted):
    name, title, ours = "tagrefine", "Ours", True

    @classmethod
    def grid(cls, images):
        return {}


def compare(folder, collection, kinds, task="annotation", changed=None, **options):
    config = train_config("default", task=task, seed=1).replaced(changed or {})
    material = numbers(n=collection.n)
    comparison = Comparison(folder, material, config, **{"table": "t", "repeats": 3, "budget": 4, **options})
    return comparison.run(kinds, collection)


KINDS = [Counted, method_class("user_tags"), Failing, Ours, method_class("random_guess")]


def test_the_user_tags_of_a_collection_are_measured_as_anywhere(shapes):
    config = train_config("small")
    table = experiments.benchmark(shapes, "shapes", config, methods=["user_tags", "knn"], repeats=2, budget=2)
    assert (table["task"], table["preset"], table["differs"]) == ("refinement", "small", {})
    collection = Collection.open(shapes, "shapes")
    scores = user_tag_scores(collection.tag_positions, option="position", columns=collection.label_columns)
    expected = evaluate(scores, collection.truth)
    row = table["rows"][0]
    assert (row["method"], row["status"], row["repeats"], row["map_sd"]) == ("user_tags", "done", 1, None)
    for key in MEASURES:
        assert row[key] == pytest.approx(getattr(expected, key))
        assert row["intervals"][key][0] < row[key] < row["intervals"][key][1]
    np.testing.assert_allclose(row["per_label_ap"], expected.per_label_ap)
    assert (table["backbone"], table["labels"], table["photos"]) == ("small_cnn", list(collection.labels), 80)

    rows, kept = experiments.scores_of(shapes, table, "user_tags")
    np.testing.assert_array_equal(kept, scores)
    assert list(rows) == list(range(80))
    with pytest.raises(RunError, match="no scores of 'rpca'"):
        experiments.scores_of(shapes, table, "rpca")

    (listed,) = experiments.tables(shapes, "shapes")
    assert listed["current"] and listed["state"] == "finished" and listed["rows"] == table["rows"]


def test_wider_labels_are_measured_beside_and_choose_nothing(tmp_path, collection):
    kinds = [method_class("knn:k=3"), Ours]
    wider = Wider(("x",), np.array([0]), numbers(n=80).tags[:, [0]].toarray().astype(np.int8))
    config = train_config("default", task="annotation", seed=1)
    tables = []
    for beside in (None, wider):
        material = replace(numbers(n=80), wider=beside, key=f"wider {beside is not None}")
        comparison = Comparison(tmp_path, material, config, table=f"t{beside is None}", repeats=2, budget=1)
        tables.append(comparison.run(kinds, collection))
    plain, table = tables
    assert plain["wider"] is None and table["wider"]["labels"] == ["x"]
    for one, other in zip(plain["rows"], table["rows"], strict=True):
        assert one["wider"] is None
        assert {key: one[key] for key in MEASURES} == {key: other[key] for key in MEASURES}
    row, ours = table["rows"]
    values = []
    for repeat in range(2):
        split = repeat_split(80, config, "annotation", repeat)
        method = create("knn", k=3).fit(material.features[split.train], material.tags[split.train])
        values.append(
            evaluate(method.annotate(material.features[split.test])[:, :1], wider.truth[split.test]).map
        )
    assert row["wider"]["map"] == pytest.approx(np.mean(values))
    (pair,) = [one for one in table["wider"]["paired"] if one["metric"] == "map"]
    assert pair["against"] == "knn:k=3"
    assert pair["difference"] == pytest.approx(ours["wider"]["map"] - row["wider"]["map"])


def test_rows_are_means_over_the_repeats(tmp_path, collection):
    table = compare(tmp_path, collection, [Counted])
    (row,) = table["rows"]
    measured = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*/counted-*/repeat?.json"))]
    values = [result["metrics"]["map"] for result in measured]
    assert len(values) == 3 and len(set(values)) == 3
    assert row["map"] == pytest.approx(np.mean(values))
    assert row["map_sd"] == pytest.approx(np.std(values, ddof=1))
    assert row["seconds"] == pytest.approx(row["fit_seconds"] + row["score_seconds"])
    assert (row["parameters"], row["reconstruction"]) == ({"sure": 1.0}, True)
    assert [trial["parameters"]["sure"] for trial in row["trials"]] == [0.0, 1.0]


def test_what_is_handed_out_is_decided_and_measured_in_every_repeat(tmp_path, collection, monkeypatch):
    (row,) = compare(tmp_path, collection, [Counted])["rows"]
    material = numbers(n=collection.n)
    (folder,) = tmp_path.glob("*/counted-*")
    measured = []
    for repeat in range(3):
        rows = np.load(folder.parent / f"rows{repeat}.npy")
        given = material.tags[rows][:, material.label_columns]
        scores = np.load(folder / f"repeat{repeat}-scores.npy")
        found = decide(scores, given, material.truth[rows], np.ones((len(rows), 1), np.uint8), known=False)
        measured.append(found.measures)
    decisions = row["decisions"]
    assert decisions["f1_micro"] == pytest.approx(np.mean([one["f1_micro"] for one in measured]))
    assert decisions["added"]["recall"] == pytest.approx(
        np.mean([one["added"]["recall"] for one in measured])
    )
    assert decisions["sd"]["f1_micro"] == pytest.approx(np.std([one["f1_micro"] for one in measured], ddof=1))
    low, high = decisions["intervals"]["f1_micro"]
    assert low < decisions["f1_micro"] < high
    assert decisions["removed"] is None and decisions["user_f1_micro"] is None, "nobody's tags are known"

    # Decided by other code, what was fitted stays.
    (folder / "repeat1-decided.json").unlink()
    other = json.loads((folder / "repeat2-decided.json").read_text()) | {"code": "of before"}
    (folder / "repeat2-decided.json").write_text(json.dumps(other | {"measures": {}}))
    Counted.fits = 0
    assert compare(tmp_path, collection, [Counted])["rows"][0] == row and Counted.fits == 0


def test_a_method_whose_scores_are_probabilities_is_taken_at_its_word(shapes, collection):
    for calibrated in (False, True):
        config = paper(**{"scoring.calibrated": calibrated, "scoring.evidence": float(calibrated)})
        table = experiments.benchmark(shapes, "shapes", config, methods=["tagrefine"], repeats=1, budget=1)
        (row,) = table["rows"]
        _, scores = experiments.scores_of(shapes, table, "tagrefine")
        given = collection.tags[:, collection.label_columns]
        counts = np.ones((collection.n, 1), np.uint8)
        expected = decide(
            scores, given, collection.truth, counts, known=True, probabilities=calibrated
        ).measures
        assert row["decisions"]["ece"]["pooled"] == pytest.approx(expected["ece"]["pooled"])
        assert row["decisions"]["user_f1_micro"] == pytest.approx(expected["user_f1_micro"])


def test_one_that_cannot_or_fails_does_not_stop_the_others(tmp_path, collection):
    table = compare(tmp_path, collection, KINDS)
    assert [(row["method"], row["status"]) for row in table["rows"]] == [
        ("counted", "done"),
        ("failing", "failed"),
        ("tagrefine", "done"),
        ("random_guess", "done"),
    ]
    assert table["rows"][1]["message"] == "It always fails." and table["rows"][1]["map"] is None
    assert [left["method"] for left in table["left_out"]] == ["user_tags"]


def test_a_variant_is_a_row_of_its_own_with_what_it_sets_not_tuned(tmp_path, collection):
    table = compare(tmp_path, collection, [method_class("knn"), method_class("knn:k=2")])
    tuned, fixed = table["rows"]
    assert (fixed["method"], fixed["title"], fixed["status"]) == ("knn:k=2", "KNN (k=2)", "done")
    assert "k" in tuned["parameters"] and not fixed["trials"] and fixed["parameters"] == {}
    same = compare(tmp_path, collection, [method_class("knn:k=2:metric=euclidean")])["rows"][0]
    assert same["results"] != fixed["results"] != tuned["results"]


def test_pairs_are_ours_less_the_others(tmp_path, collection):
    table = compare(tmp_path, collection, KINDS)
    rows = {row["method"]: row for row in table["rows"]}
    assert {pair["against"] for pair in table["paired"]} == {"counted", "random_guess"}
    for pair in table["paired"]:
        ours, other = (value_of(rows[name], pair["metric"]) for name in ("tagrefine", pair["against"]))
        assert pair["difference"] == pytest.approx(ours - other)
        if pair["against"] == "counted":  # the same scores by the same seeds
            assert pair["low"] == pair["high"] == 0
        elif pair["metric"] in MEASURES:
            assert 0 < pair["low"] <= pair["difference"] <= pair["high"]
    assert {pair["metric"] for pair in table["paired"]} >= {*MEASURES, "f1_micro", "added_per_photo"}


def test_stopped_anywhere_it_goes_on_and_ends_the_same(tmp_path, collection):
    whole = compare(tmp_path / "whole", collection, KINDS)
    Counted.fits = 0
    compare(tmp_path / "counting", collection, [Counted])
    needed, Counted.fits, stops, seen = Counted.fits, 0, 0, []

    def stop(stage, done, total):
        if done > max(seen, default=0):
            seen.append(done)
            raise Cancelled

    while True:
        try:
            table = compare(tmp_path / "parts", collection, KINDS, progress=stop)
            break
        except Cancelled:
            stops += 1
    assert stops > 5 and Counted.fits == needed
    timed = ("seconds", "fit_seconds", "score_seconds", "peak_mb", "trials")
    for row, other in zip(table["rows"], whole["rows"], strict=True):
        assert {k: v for k, v in row.items() if k not in timed} == {
            k: v for k, v in other.items() if k not in timed
        }
    assert table["paired"] == whole["paired"] and table["id"] == whole["id"]


def test_refinement_repeats_only_what_is_random(tmp_path, collection):
    table = compare(tmp_path, collection, [Counted, method_class("user_tags")], task="refinement")
    assert [row["repeats"] for row in table["rows"]] == [3, 1]


def test_too_large_is_a_row(tmp_path, collection):
    (row,) = compare(tmp_path, collection, [Ours], memory=10)["rows"]
    assert row["status"] == "too large" and "It needs about" in row["message"]


def test_results_are_found_by_settings_only_where_these_matter():
    one, two = train_config("default"), train_config("default", **{"constraints.lambda_nbr": 0.5})
    assert method_key(Counted, one) == method_key(Counted, two)
    assert method_key(Ours, one) != method_key(Ours, two)
    assert code_of("tagrefine_core.methods.votes") != code_of("tagrefine_core.methods.baselines")


def test_tables_of_other_settings_stand_side_by_side(shapes):
    def measured(config):
        return experiments.benchmark(shapes, "shapes", config, methods=["user_tags"], repeats=1, budget=1)

    config = train_config("small", **{"network.image_size": 32})
    plain, other = measured(config), measured(config.replaced({"scoring.smooth": 0.1}))
    assert plain["id"] != other["id"] == measured(config.replaced({"scoring.smooth": 0.1}))["id"]
    assert (plain["differs"], other["differs"]) == (
        {"network.image_size": 32},
        {"network.image_size": 32, "scoring.smooth": 0.1},
    )
    assert len(experiments.tables(shapes, "shapes")) == 2


@pytest.mark.parametrize("task", ["refinement", "annotation"])
def test_preset_paper_is_measured_as_it_is(shapes, collection, task):
    config = paper(task=task, seed=2)
    table = experiments.benchmark(shapes, "shapes", config, methods=["tagrefine", "knn"], repeats=1, budget=1)
    ours, knn = table["rows"]
    assert (ours["status"], ours["trials"], knn["settings"]) == ("done", [], None)
    assert_literal(ours["settings"])
    changed = {name for name, value in flat(ours["settings"]).items() if config.flat()[name] != value}
    assert changed <= {"network.finetune", "run.validation", "run.trace", "run.checkpoint_seconds"}
    assert flat(ours["settings"])["network.finetune"] == "head"
    assert table["preset"] == "paper" and table["differs"]["network.backbone"] == "small_cnn"
    assert "constraints.reduction" not in table["differs"] and "task" not in table["differs"]
    (note,) = table["notes"]
    assert "The backbone is frozen" in note and "network.finetune=all" in note
    sentence = settings_sentence(table)
    assert "TagRefine with preset paper but for network.backbone=small_cnn" in sentence and note in sentence
    assert sentence in to_markdown(table).replace("\n", " ")
    # And the numbers are those of the method on the same features.
    material = feature_material(shapes, collection, config)
    split = repeat_split(collection.n, config, task, 0)
    method = create("tagrefine", config=config, vocabulary=collection.vocabulary)
    method.fit(material.features[split.train], collection.tags[split.train])
    found = (
        method.refine(material.features, collection.tags)
        if task == "refinement"
        else method.annotate(material.features[split.test])
    )
    expected = evaluate(found[:, collection.label_columns], collection.truth[split.test])
    assert ours["map"] == pytest.approx(expected.map, abs=1e-6)


def test_a_variant_with_a_preset_of_its_own_keeps_it():
    material = numbers()
    kind = method_class("tagrefine:preset=paper")
    method = make(kind, {}, material, "refinement", seed=3, config=train_config("default"))
    assert method._settings() == train_config("paper", seed=3)
    # Any other variant has the settings that were given, but for what it sets.
    seeded = make(method_class("tagrefine:seed=7"), {}, material, "refinement", seed=3, config=paper())
    assert seeded._settings() == paper(seed=7)


def test_a_frozen_backbone_needs_no_note(tmp_path, collection):
    assert compare(tmp_path, collection, [Ours])["notes"] == []


# What tells code apart


@pytest.fixture
def copy_of_the_core(tmp_path, monkeypatch):
    """A copy of the package whose code digests are asked for."""
    source = Path(tagrefine_core.__file__).parent
    copy = tmp_path / "tagrefine_core"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(tagrefine_core, "__file__", str(copy / "__init__.py"))
    code_of.cache_clear()
    yield copy
    code_of.cache_clear()


def digests():
    code_of.cache_clear()
    return [
        code_of(f"tagrefine_core.{name}") for name in ("methods.networks", "methods.votes", "runs.launch")
    ]


def edit(path, add):
    path.write_text(path.read_text() + add)


def test_results_are_not_stale_and_not_lost_for_a_comment(copy_of_the_core):
    before = digests()
    for name in (
        "training/fit.py",
        "model/losses.py",
        "config.py",
        "methods/votes.py",
        "neighbors/search.py",
    ):
        edit(copy_of_the_core / name, "\n\n# Why it is so.\n")
    assert digests() == before
    # What is imported or shown otherwise changes no number.
    for name in ("demo/canvas.py", "collections/table.py", "store/store.py", "refinement/changes.py", "files.py",
                 "progress.py", "errors.py"):  # fmt: skip
        edit(copy_of_the_core / name, "\n\nNEW = 1\n")
    assert digests() == before


def test_code_that_numbers_depend_on_tells_results_apart(copy_of_the_core):
    before = digests()
    # Of our method, of one that only asks neighbors, and of runs.
    for name, expected in {
        "training/trainer.py": [True, False, True],
        "model/posterior.py": [True, False, True],
        "presets.py": [True, False, False],  # a run is given all settings; a method asks its preset
        "runs/material.py": [False, False, True],
        "neighbors/search.py": [True, True, True],
        "methods/votes.py": [False, True, False],
    }.items():
        edit(copy_of_the_core / name, "\n\nNEW = 1\n")
        after = digests()
        assert [one != other for one, other in zip(after, before, strict=True)] == expected, name
        before = after


def test_without_ground_truth_nothing_can_be_compared(store, tmp_path):
    small_collection(store, tmp_path / "photos", truth=None)
    with pytest.raises(LabelError, match="no ground truth"):
        experiments.benchmark(store, "small", train_config("small"), methods=["knn"])


@pytest.mark.parametrize("options", [{"repeats": 0}, {"budget": 0}, {"methods": ["kmm"]}])
def test_wrong_options(store, options):
    with pytest.raises(ConfigError):
        experiments.benchmark(store, "none", train_config("small"), **options)
