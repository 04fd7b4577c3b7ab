"""What a run is made of: the photos to train on, what of the trunk is kept, and what may not change meanwhile."""

import numpy as np
import pytest

from tagrefine_core import workflow
from tagrefine_core.errors import Cancelled, CollectionError, RunError
from tagrefine_core.files import read_json, write_json
from tagrefine_core.runs.material import kept_trunk, picture_size, training_rows
from tagrefine_core.runs.run import Run
from tagrefine_core.settings import train_config
from tests.training.conftest import small


def test_parts_are_disjoint_fifths():
    config = [train_config("default").replaced({"task": "annotation", "run.part": part}) for part in range(5)]
    rows = [training_rows(100, c) for c in config]
    assert sorted(np.concatenate(rows)) == list(range(100)) and all(len(part) == 20 for part in rows)
    assert all((np.diff(part) > 0).all() for part in rows)
    with pytest.raises(
        CollectionError, match=r"Part 5 of 0\.2 of 100 photos does not exist; there are 5 parts"
    ):
        training_rows(100, config[0].replaced({"run.part": 5}))
    assert training_rows(100, train_config("default")).tolist() == list(range(100))


def test_pictures_are_as_large_as_the_backbone_wants_or_as_they_are_told():
    assert picture_size(train_config("default")) == 224
    assert picture_size(train_config("small")) == 64
    assert picture_size(small()) == 32


def test_a_trunk_is_kept_once_for_all_runs_of_its_weights(studio, default_run, real):
    before = sorted((studio.home / "backbones").iterdir())
    assert len(before) == 1
    key = read_json(default_run.folder / "material.json")["weights_hash"]
    assert before[0].stem == key
    settings = {"phi0.epochs": 1, "constraints.epochs": 0, "scoring.crossfit": 1, "run.trace": False}
    workflow.train_collection(studio, "studio", real(**settings))
    assert sorted((studio.home / "backbones").iterdir()) == before
    whole = before[0].read_bytes()
    try:
        before[0].write_bytes(whole[:1000])
        with pytest.raises(RunError, match=r"is damaged.*Train again to annotate"):
            kept_trunk(studio.home, default_run.config, key)
        before[0].unlink()
        with pytest.raises(RunError, match=r"is gone.*Train again to annotate"):
            kept_trunk(studio.home, default_run.config, key)
    finally:
        before[0].write_bytes(whole)


def test_a_run_is_resumed_only_on_what_it_was_begun_with(shapes):
    def stop(stage, done, total):
        if "neighbors" in stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        workflow.train_collection(shapes, "shapes", small(), progress=stop)
    run = Run.open(shapes, shapes.runs("shapes")[0].id)
    path = run.folder / "material.json"
    recorded = read_json(path)
    write_json(path, {**recorded, "weights_hash": "other"})
    with pytest.raises(RunError, match="cannot be resumed: weights_hash changed"):
        workflow.train_collection(shapes, "shapes", resume=run.id)
    write_json(path, recorded)
    assert workflow.train_collection(shapes, "shapes", resume=run.id).record.state == "finished"
