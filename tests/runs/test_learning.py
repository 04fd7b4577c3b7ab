"""Runs that start from another one's model and learn from verdicts: what they keep, and that no answer is lost or counts twice."""

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.files import read_sparse
from tagrefine_core.runs.annotator import Annotator
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import RunOrigin, Store
from tagrefine_core.workflow.verdicts import Answer, decide
from tests.training.conftest import small

NAME = "studio"
COSTLY = ("Training with neighbors", "Solving for the last layer", "Learning from the users' tags")


@pytest.fixture(scope="module")
def store(pictures, tmp_path_factory):
    """A home of its own, since what is decided is seen by all that share one."""
    store = Store(tmp_path_factory.mktemp("curated-home"))
    workflow.import_collection(store, "table", pictures, NAME)
    return store


@pytest.fixture(scope="module")
def base(store, real):
    return workflow.train_collection(store, NAME, real(**{"constraints.epochs": 2}))


@pytest.fixture
def collection(store, base):
    """The collection with three verdicts, which are taken back afterwards."""
    collection = Collection.open(store, NAME)
    answers = [Answer(3, "tree", "accept"), Answer(9, "tree", "reject"), Answer(4, "flower", "unsure")]
    decide(store, collection, answers, by="ann")
    yield collection
    while store.curation.undo(collection.id):
        pass


def assert_same(one, other):
    for name in ("scores", "logits", "features"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert vars(one.calibration).keys() == vars(other.calibration).keys()
    for name, value in vars(one.calibration).items():
        np.testing.assert_array_equal(value, getattr(other.calibration, name))


def test_a_run_from_another_is_that_run_where_there_is_nothing_to_learn(store, base):
    stages = set()
    run = workflow.train_collection(store, NAME, start=base.id, progress=lambda stage, *_: stages.add(stage))
    assert_same(run, base)
    assert run.config == base.config and run.record.origin == RunOrigin(base.id, 0, 0)
    assert not stages & set(COSTLY) and not (run.folder / "work").exists()
    np.testing.assert_array_equal(run.trace.neighbors, base.trace.neighbors)
    assert (base.folder / "logits.npy").exists() and (base.folder / "features.npy").exists()


def test_a_run_learns_from_verdicts_and_keeps_them(store, base, collection):
    run = workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)
    version = store.curation.version(collection.id)
    assert run.record.origin == RunOrigin(base.id, 2, version)
    tree = collection.vocabulary.index("tree")
    moved = (run.scores != base.scores).any(axis=0)
    assert moved[tree] and moved.sum() == 1, "not sure says nothing"
    assert run.scores[3, tree] > base.scores[3, tree] and run.scores[9, tree] < base.scores[9, tree]
    kept = read_sparse(run.folder / "verdicts.npz")
    assert kept.nnz == 3 and kept[3, tree] == 1 and kept[9, tree] == -1
    # New photos profit: the annotator reads the layer that was moved.
    image = [collection.image_path(9)]
    new, old = (Annotator(one, collection).scores(image)[0, tree] for one in (run, base))
    assert new < old


def test_no_answer_counts_twice_and_the_first_run_may_be_gone(store, base, collection):
    first = workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)
    second = workflow.train_collection(store, NAME, start=first.id, with_verdicts=True)
    assert_same(second, first)
    decide(store, collection, [Answer(3, "tree", "reject"), Answer(5, "flower", "accept")], by="ann")
    direct = workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)
    workflow.delete_run(store, first.id)
    third = workflow.train_collection(store, NAME, start=second.id, with_verdicts=True)
    assert_same(third, direct)
    forgotten = workflow.train_collection(store, NAME, start=third.id)
    assert_same(forgotten, base)


def test_a_whole_training_learns_from_verdicts_too(store, base, collection):
    whole = workflow.train_collection(store, NAME, base.config, with_verdicts=True)
    after = workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)
    assert_same(whole, after)
    assert whole.record.origin.run is None and whole.record.origin.verdicts == 2
    assert_same(workflow.train_collection(store, NAME, start=whole.id), base)


@pytest.mark.parametrize("stage", ["Looking at the photos", "Learning from verdicts", "Refining tags"])
def test_a_run_goes_on_with_the_verdicts_that_it_began_with(store, base, collection, stage):
    whole = workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)

    def stop(now, done, total):
        if now == stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        workflow.train_collection(store, NAME, start=base.id, with_verdicts=True, progress=stop)
    stopped = store.runs(NAME)[0]
    assert stopped.state == "cancelled" and stopped.origin.verdicts == 2
    decide(store, collection, [Answer(7, "flower", "reject"), Answer(3, "tree", None)], by="bob")
    run = workflow.train_collection(store, NAME, resume=stopped.id)
    assert_same(run, whole)


def test_a_network_that_learned_to_see_learns_too(shapes):
    """Its last layer reads what a trained trunk says; the collection of other tests gets its verdict taken back."""
    run = workflow.train_collection(shapes, "shapes", small())
    collection = Collection.open(shapes, "shapes")
    sea = collection.vocabulary.index("sea")
    surest = int(run.scores[:, sea].argmax())
    decide(shapes, collection, [Answer(surest, "sea", "reject")])
    try:
        learned = workflow.train_collection(shapes, "shapes", start=run.id, with_verdicts=True)
    finally:
        shapes.curation.undo(collection.id)
    others = np.delete(np.arange(len(collection.vocabulary)), sea)
    np.testing.assert_array_equal(learned.scores[:, others], run.scores[:, others])
    assert learned.scores[surest, sea] < run.scores[surest, sea] - 0.01


def test_what_cannot_be_learned_from(store, base, collection, real):
    with pytest.raises(RunError, match=r"scoring\.calibrated=true"):
        workflow.train_collection(
            store, NAME, real(**{"scoring.calibrated": False, "constraints.epochs": 1}), with_verdicts=True
        )
    with pytest.raises(RunError, match="There is no run 'nope'"):
        workflow.train_collection(store, NAME, start="nope")

    def stop(stage, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        workflow.train_collection(store, NAME, base.config, progress=stop)
    with pytest.raises(RunError, match="is cancelled, so there is no model to start from"):
        workflow.train_collection(store, NAME, start=store.runs(NAME)[0].id)
    store.curation.undo(collection.id)
    before = len(store.runs(NAME))
    with pytest.raises(RunError, match="Nobody has accepted or rejected a tag of 'studio' yet"):
        workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)
    assert len(store.runs(NAME)) == before, "what cannot begin leaves no run behind"


def test_a_collection_that_was_imported_anew_needs_another_training(pictures, real, tmp_path):
    store = Store(tmp_path / "home")
    workflow.import_collection(store, "table", pictures, NAME)
    run = workflow.train_collection(store, NAME, real(**{"constraints.epochs": 0}))
    workflow.import_collection(store, "table", pictures, NAME, min_fraction=0.2)
    with pytest.raises(RunError, match=r"imported anew since run .* --with-verdicts learns"):
        workflow.train_collection(store, NAME, start=run.id)
    workflow.import_collection(store, "table", pictures, "other")
    with pytest.raises(RunError, match="is of collection 'studio', not of 'other'"):
        workflow.train_collection(store, "other", start=run.id)


def test_what_moved_names_tags_photos_and_the_next_questions(store, base, collection):
    store.set_tag_rules(collection.id, {"tree": "judge"})  # pictures of random colors hardly tell it
    assert workflow.what_moved(store, base.id, base.id).photos == 0
    run = workflow.train_collection(store, NAME, start=base.id, with_verdicts=True)
    found = workflow.what_moved(store, base.id, run.id, precision=0.5)
    before, after = (changes_of(Run.open(store, one), collection, 0.5) for one in (base.id, run.id))

    def handed_out(changes):
        parts = (changes.kept, changes.added, changes.untold)
        return {(row, tag) for part in parts for row in range(66) for tag in part[[row]].indices}

    gained, lost = handed_out(after) - handed_out(before), handed_out(before) - handed_out(after)
    assert found.photos == len({row for row, _ in gained | lost})
    assert {one.tag: (one.gained, one.lost) for one in found.tags} == {
        collection.vocabulary[tag]: tuple(sum(of == tag for _, of in part) for part in (gained, lost))
        for tag in {tag for _, tag in gained | lost}
    }
    asked = {(one.image, one.tag) for one in found.questions}
    assert asked and not asked & {(collection.files[3], "tree"), (collection.files[9], "tree")}
    assert [one.probability for one in found.questions] == sorted(
        (one.probability for one in found.questions), reverse=True
    )
