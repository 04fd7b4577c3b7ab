"""The photo of a tour: against a plain second implementation over hand-made traces, and what it cannot be told of."""

from types import SimpleNamespace

import numpy as np
import pytest

from tagrefine_core.collections import Collection
from tagrefine_core.errors import RunError
from tagrefine_core.refinement import Prospects
from tagrefine_core.runs import refined
from tagrefine_core.runs.refined import limits_of, suggested_at
from tagrefine_core.runs.run import NeighborTrace, Run
from tagrefine_core.runs.tour import guide_of


@pytest.fixture
def run(studio, default_run):
    return Run(studio, studio.run(default_run.id))


@pytest.fixture
def collection(studio):
    """The collection, all of whose tags are judged: few photos tell of none that a picture can tell it."""
    collection = Collection.open(studio, "studio")
    studio.set_tag_rules(collection.id, dict.fromkeys(collection.vocabulary, "judge"))
    yield collection
    studio.set_tag_rules(collection.id, dict.fromkeys(collection.vocabulary))


@pytest.fixture(autouse=True)
def counted_anew(monkeypatch):
    """What is kept in the run's folder is of other scores than those made up here."""
    monkeypatch.setattr(
        refined, "_counted", lambda run, collection: Prospects(run.scores, collection.tags).counts()
    )


def traced(run, collection, seed):
    """Give the run a trace of every second photo, with any neighbors, and scores that are sure of some tags."""
    rng = np.random.default_rng(seed)
    run.__dict__["scores"] = rng.beta(0.3, 0.6, (collection.n, len(collection.vocabulary))).astype(np.float32)
    photos = np.arange(0, collection.n, 2)
    neighbors = rng.integers(0, collection.n, (4, len(photos), 5)).astype(np.int32)
    run.__dict__["trace"] = NeighborTrace(photos, ("frozen", *["constraints"] * 3), np.arange(4), neighbors)
    return run.trace


def plain_worth(run, collection, row, column):
    """What a photo is worth as a story, by loops."""
    suggested = suggested_at(run, collection, limits_of(run, collection))

    def has(photo):
        return bool(collection.tags[photo, column]) or column in suggested.added[[photo]].indices

    place = run.trace.photos.tolist().index(row)
    share = [np.mean([has(photo) for photo in run.trace.neighbors[moment, place]]) for moment in (0, -1)]
    words = len(collection.raw_tags(row))
    return (
        share[1] - share[0]
        + share[1] / 2
        + suggested.added[row, column] * suggested.clarity[column]
        + (0 < words <= 5) / 2
        + (suggested.untold[[row]].nnz > 0) / 4
        - 2 * np.mean([has(photo) for photo in range(collection.n)])
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_photo_whose_neighborhood_tightened_most_around_a_missing_tag(run, collection, seed):
    trace = traced(run, collection, seed)
    suggested = suggested_at(run, collection, limits_of(run, collection))
    found = guide_of(run, collection)
    assert found.row in trace.photos and found.column in suggested.added[[found.row]].indices
    worth = {}
    for row in trace.photos.tolist():
        of = suggested.added[[row]]
        if of.nnz:
            surest = of.indices[np.lexsort((of.indices, -of.data * suggested.clarity[of.indices]))[0]]
            worth[row] = plain_worth(run, collection, row, int(surest))
    assert worth[found.row] == pytest.approx(max(worth.values()))
    place = trace.photos.tolist().index(found.row)
    assert np.array_equal(found.neighbors, trace.neighbors[:, place])
    have = {
        photo for photo in range(collection.n)
        if collection.tags[photo, found.column] or found.column in suggested.added[[photo]].indices
    }  # fmt: skip
    assert found.carries.tolist() == [[photo in have for photo in near] for near in found.neighbors.tolist()]


def test_a_photo_that_is_asked_for_is_taken_where_it_lacks_a_tag(run, collection):
    trace = traced(run, collection, 0)
    suggested = suggested_at(run, collection, limits_of(run, collection))
    lacking = [row for row in trace.photos.tolist() if suggested.added[[row]].nnz]
    complete = [row for row in trace.photos.tolist() if not suggested.added[[row]].nnz]
    assert guide_of(run, collection, wanted=lacking[-1]).row == lacking[-1]
    for row in (*complete[:1], 1):  # nothing to add, not recorded
        assert guide_of(run, collection, wanted=row).row == guide_of(run, collection).row


def test_a_run_that_adds_nothing_has_no_story(run, collection):
    traced(run, collection, 0)
    collection.store.set_tag_rules(collection.id, dict.fromkeys(collection.vocabulary, "leave"))
    with pytest.raises(RunError, match="adds no tag"):
        guide_of(run, collection)


def test_a_run_without_a_trace_says_how_to_get_one(run, collection):
    class Without(SimpleNamespace):
        @property
        def trace(self):
            raise RunError("This run did not record its neighbors (run.trace=false).")

    with pytest.raises(RunError, match=r"run\.trace"):
        guide_of(Without(), collection)
