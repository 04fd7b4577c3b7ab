"""Cross-fitting: no photo is scored by a network that saw its tags, and all that hangs on it."""

import numpy as np
import pytest
from tagrefine_core.training.setup import folds

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.config import train_config
from tagrefine_core.errors import Cancelled, ConfigError
from tagrefine_core.runs.run import Run
from tagrefine_core.training.scoring import owners
from tests.training.conftest import small

SETTINGS = {
    "folds": 3,
    "smooth": 0.3,
    "smooth_neighbors": 4,
    "evidence": 1.0,
    "reporting": 0.8,
    "center": True,
    "views": 2,
}


def test_every_photo_is_held_out_once():
    config = train_config("demo", folds=4)
    parts = folds(10, config)
    assert len(parts) == 4 and sorted(np.concatenate(parts)) == list(range(10))
    assert [part.tolist() for part in parts] == [part.tolist() for part in folds(10, config)]
    assert [len(part) for part in folds(10, train_config("demo"))] == [0]
    with pytest.raises(ConfigError, match="folds=4"):
        folds(3, config)


def test_owner_is_the_network_that_has_not_seen_the_photo():
    rows = np.array([1, 4, 6, 9])
    owner = owners(10, rows, [np.array([0, 2]), np.array([1, 3])])
    assert owner.tolist() == [-1, 0, -1, -1, 1, -1, 0, -1, -1, 1]


@pytest.fixture(scope="module")
def crossed(shapes):
    return workflow.train_collection(shapes, "shapes", small(**SETTINGS))


def test_run_keeps_every_network_and_what_new_photos_need(shapes, crossed):
    assert crossed.record.state == "finished"
    names = {path.name for path in crossed.folder.iterdir()}
    assert {"network.pt", "network1.pt", "network2.pt", "logits.npy", "rates.npy"} <= names
    assert {epoch.stage for epoch in crossed.epochs} == {"phi0", "constraints"} and len(crossed.epochs) == 4
    given, reported = np.load(crossed.folder / "rates.npy")
    assert ((given > 0) & (given < 1) & (reported > 0) & (reported < 1)).all()


def test_a_tag_given_counts_for_its_own_photo(shapes, crossed):
    collection = Collection.open(shapes, "shapes")
    without = workflow.train_collection(shapes, "shapes", small(**{**SETTINGS, "evidence": 0.0}))
    tags = collection.tags.toarray() > 0
    assert (crossed.scores[tags] >= without.scores[tags]).all()
    assert (crossed.scores[tags] > without.scores[tags]).any()
    np.testing.assert_allclose(crossed.scores[~tags], without.scores[~tags], atol=1e-6)


def test_new_photos_get_scores_near_those_of_their_like(shapes, crossed):
    collection = Collection.open(shapes, "shapes")
    found = workflow.annotate(shapes, crossed.id, [collection.image_path(row) for row in (0, 7)], top=4)
    for row, annotation in zip((0, 7), found, strict=True):
        scores = dict(annotation.tags)
        assert all(0 <= score <= 1 for score in scores.values()) and len(scores) == 4
        # The photo itself now is among its neighbors, and all networks speak instead of one: near, not equal.
        assert np.corrcoef([scores[tag] for tag in collection.vocabulary], crossed.logits[row])[0, 1] > 0.5


def test_stopped_in_the_second_network_and_resumed_is_bit_identical(shapes, crossed):
    def stop(stage, done, total):
        if "network 2 of 3" in stage and "neighbors" in stage and done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        workflow.train_collection(shapes, "shapes", small(**SETTINGS), progress=stop)
    stopped = shapes.runs("shapes")[0]
    assert stopped.state == "cancelled"
    resumed = workflow.train_collection(shapes, "shapes", resume=stopped.id)
    np.testing.assert_array_equal(resumed.scores, crossed.scores)


def test_annotation_task_leaves_the_users_tags_out(shapes):
    settings = {**SETTINGS, "task": "annotation", "train_fraction": 0.5}
    one = workflow.train_collection(shapes, "shapes", small(**settings))
    other = workflow.train_collection(shapes, "shapes", small(**{**settings, "evidence": 0.0}))
    assert len(one.rows) == 33
    np.testing.assert_array_equal(one.scores, other.scores)
    assert Run.open(shapes, one.id).record.metrics["map"] > 0
