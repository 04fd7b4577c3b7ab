"""Limits and changes of a run: one answer for commands, pages and experiments."""

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import Cancelled, ConfigError, RunError
from tagrefine_core.experiments.examples import before_and_after
from tagrefine_core.model.visualness import Visualness
from tagrefine_core.refinement import PRECISION, Prospects, changes
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run
from tests.training.conftest import small


@pytest.fixture(scope="module")
def run(shapes):
    return workflow.train_collection(
        shapes, "shapes", small(**{"scoring.calibrated": True, "scoring.evidence": 1.0})
    )


@pytest.fixture(scope="module")
def collection(shapes):
    return Collection.open(shapes, "shapes")


@pytest.fixture
def listed(shapes, collection):
    """Put tags on the curator's list; off again afterwards."""

    def put(**rules):
        shapes.set_tag_rules(collection.id, rules)

    yield put
    shapes.set_tag_rules(collection.id, dict.fromkeys(shapes.tag_rules(collection.id)))


@pytest.mark.parametrize("precision", [0.5, 0.75, 0.9])
def test_limits_are_those_of_scores_user_tags_and_what_a_picture_can_tell(run, collection, precision):
    found = refined.limits_of(run, collection, precision)
    told = Visualness.of_array(np.load(run.folder / "visualness.npy")).enough
    assert told.any()
    expected = Prospects(np.array(run.scores), collection.tags).limits(precision, told)
    np.testing.assert_array_equal(found.add, expected.add)
    np.testing.assert_array_equal(found.remove, expected.remove)
    np.testing.assert_array_equal(found.told, told)


@pytest.mark.parametrize("kept", ["as it was left", "gone", "cut short"])
def test_what_was_counted_is_kept_and_counted_anew_where_it_is_not(shapes, run, collection, kept):
    path = run.folder / "prospects.npz"
    assert path.exists(), "the training leaves it"
    if kept == "gone":
        path.unlink()
    elif kept == "cut short":
        path.write_bytes(path.read_bytes()[:100])
    found = refined.prospects_of(Run.open(shapes, run.id), collection).counts()
    for name, expected in Prospects(np.array(run.scores), collection.tags).counts().items():
        np.testing.assert_array_equal(found[name], expected)
    assert path.stat().st_size > 1000


def test_changes_agree_with_the_user_tags_and_with_themselves(shapes, run, collection):
    for precision in (0.5, 0.75, 0.9):
        found = workflow.changes_of(shapes, run.id, precision)
        assert (found.kept + found.removed + found.untold).nnz == collection.tags.nnz
        assert found.added.multiply(collection.tags).nnz == 0 and found.precision == precision
        limits = refined.limits_of(run, collection, precision)
        expected = changes(np.array(run.scores), collection.tags, limits)
        for kind in ("kept", "added", "removed", "untold"):
            assert (getattr(found, kind) != getattr(expected, kind)).nnz == 0
        told = refined.expected_of(run, collection, limits)
        assert (told.added.total, told.removed.total) == (found.added.nnz, found.removed.nnz)
    default, same = workflow.changes_of(shapes, run.id), workflow.changes_of(shapes, run.id, PRECISION)
    assert (default.added != same.added).nnz == 0 and (default.removed != same.removed).nnz == 0
    assert workflow.changes_of(shapes, run.id, 0.5).added.nnz > default.added.nnz


def test_the_curators_list_overrules_what_was_measured(run, collection, listed):
    measured = refined.told_of(run, collection)
    yes, no = (collection.vocabulary[int(np.flatnonzero(measured == told)[0])] for told in (True, False))
    listed(**{yes: "leave", no: "judge", "unicorn": "judge"})
    told = refined.told_of(run, collection)
    columns = [collection.vocabulary.index(tag) for tag in (yes, no)]
    assert told[columns].tolist() == [False, True] and (told != measured).sum() == 2
    found = refined.changes_of(run, collection, 0.5)
    assert found.untold[:, columns[0]].nnz == collection.tags[:, columns[0]].nnz
    assert not found.added[:, columns[0]].nnz and not found.untold[:, columns[1]].nnz


def test_of_an_earlier_run_it_is_measured_now(shapes, run, collection, tmp_path):
    kept = refined.visualness_of(run, collection)
    (run.folder / "visualness.npy").rename(tmp_path / "visualness.npy")
    try:
        again = refined.visualness_of(Run.open(shapes, run.id), collection)
    finally:
        (tmp_path / "visualness.npy").rename(run.folder / "visualness.npy")
    np.testing.assert_array_equal(again.as_array(), kept.as_array())


def test_a_run_of_0_1_0_that_kept_no_logits_decides_as_before(shapes, run, collection, tmp_path):
    """Where nobody asked neighbors later, version 0.1.0 kept scores alone."""
    names = ("visualness.npy", "logits.npy")
    for name in names:
        (run.folder / name).rename(tmp_path / name)
    try:
        earlier = Run.open(shapes, run.id)
        seen = refined.visualness_of(earlier, collection)
        found = refined.changes_of(earlier, collection, 0.5)
    finally:
        for name in names:
            (tmp_path / name).rename(run.folder / name)
    # Any scale with the order of the scores says the same: the share of a tag's photos in the lower half.
    scores, given = np.array(run.scores), collection.tags.toarray() > 0
    for column in range(len(collection.vocabulary)):
        own, low = scores[:, column], np.argsort(scores[:, column])[: len(scores) // 2]
        if len(np.unique(own)) == len(own) and given[:, column].any():
            share = given[low, column].sum() / given[:, column].sum()
            assert seen.value[column] == pytest.approx(max(0, 1 - 2 * share), abs=0.1)
    assert found.added.nnz and (found.kept + found.removed + found.untold).nnz == collection.tags.nnz


def test_what_is_not_known_of_a_tag_is_in_the_interval(run, collection):
    limits = refined.limits_of(run, collection, 0.6)
    found = refined.expected_of(run, collection, limits)
    assert found.added.spread.sum() > 0
    low, high = found.added.interval
    assert low < found.added.precision < high and found.added.precision >= 0.6


def test_what_experiments_show_are_the_same_changes(shapes, run, collection):
    found = workflow.changes_of(shapes, run.id)
    for row in before_and_after(collection, run, photos=collection.n):
        number = collection.files.index(row["photo"])
        for kind in ("kept", "added", "removed"):
            columns = getattr(found, kind)[number].indices
            assert set(row[kind].split(", ")) - {""} == {collection.vocabulary[c] for c in columns}


def test_nothing_is_stored_for_it(shapes, run):
    before = {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()}
    workflow.changes_of(shapes, run.id, 0.7)
    assert {path.name: path.stat().st_mtime_ns for path in run.folder.iterdir()} == before


def test_mistakes_are_named(shapes, run, collection):
    with pytest.raises(ConfigError, match="precision"):
        refined.limits_of(run, collection, 1.5)

    def stop(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        workflow.train_collection(shapes, "shapes", small(), progress=stop)
    unfinished = Run.open(shapes, shapes.runs("shapes")[0].id)
    with pytest.raises(RunError, match=r"is not finished \(it was cancelled\)"):
        refined.changes_of(unfinished, collection)


def test_a_run_that_annotates_overrules_nobody(shapes, collection):
    settings = {"task": "annotation", "run.train_fraction": 0.5, "scoring.calibrated": True}
    annotating = workflow.train_collection(shapes, "shapes", small(**settings))
    limits = refined.limits_of(annotating, collection, 0.5)
    assert np.isinf(limits.remove).all() and not np.isinf(limits.add).all()
    assert not refined.changes_of(annotating, collection, 0.5).removed.nnz


def test_scores_that_say_how_likely_a_tag_is_given_remove_nothing(shapes, collection):
    """What is given on one fitting photo in ten has a score of .1 where it fits: nothing speaks against who gave it."""
    given = workflow.train_collection(shapes, "shapes", small(**{"scoring.calibrated": False}))
    limits = refined.limits_of(given, collection, 0.5)
    assert np.isinf(limits.remove).all() and not np.isinf(limits.add).all()
    found = refined.changes_of(given, collection, 0.5)
    assert not found.removed.nnz and found.added.nnz
    assert (found.kept + found.untold).nnz == collection.tags.nnz
