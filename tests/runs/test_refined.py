"""Limits and changes of a run: one answer for commands, pages and experiments."""

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import Cancelled, ConfigError, RunError
from tagrefine_core.experiments.examples import before_and_after
from tagrefine_core.refinement import MAX_ADDED, changes, thresholds
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run
from tests.training.conftest import small


@pytest.fixture(scope="module")
def run(shapes):
    return workflow.train_collection(shapes, "shapes", small())


@pytest.fixture(scope="module")
def collection(shapes):
    return Collection.open(shapes, "shapes")


@pytest.mark.parametrize("strictness", [0.0, 0.3, 0.5, 1.0])
def test_limits_are_those_of_scores_and_user_tags(run, collection, strictness):
    found = refined.limits_of(run, collection, strictness)
    expected = thresholds(np.array(run.scores), collection.tags, strictness=strictness)
    np.testing.assert_array_equal(found.add, expected.add)
    np.testing.assert_array_equal(found.remove, expected.remove)
    assert refined.STRICTNESS == 0.5


def test_changes_agree_with_the_user_tags_and_with_themselves(shapes, run, collection):
    for strictness in (0.0, 0.5, 0.9):
        found = workflow.changes_of(shapes, run.id, strictness)
        assert (found.kept + found.removed).nnz == collection.tags.nnz
        assert found.added.multiply(collection.tags).nnz == 0 and found.strictness == strictness
        limits = thresholds(np.array(run.scores), collection.tags, strictness=strictness)
        expected = changes(run.scores, collection.tags, limits, max_added=MAX_ADDED)
        for kind in ("kept", "added", "removed"):
            assert (getattr(found, kind) != getattr(expected, kind)).nnz == 0
    (default, same) = (workflow.changes_of(shapes, run.id), workflow.changes_of(shapes, run.id, 0.5))
    assert (default.added != same.added).nnz == 0 and (default.removed != same.removed).nnz == 0
    assert workflow.changes_of(shapes, run.id, 0.0).added.nnz > default.added.nnz


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
    with pytest.raises(ConfigError, match="strictness"):
        refined.limits_of(run, collection, 1.5)

    def stop(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        workflow.train_collection(shapes, "shapes", small(), progress=stop)
    unfinished = Run.open(shapes, shapes.runs("shapes")[0].id)
    with pytest.raises(RunError, match=r"has no scores\.npy: it is cancelled"):
        refined.changes_of(unfinished, collection)
