"""The map of a run: made by its command, kept, repeatable, before and after learning in one frame; and names of places."""

import json

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core import workflow
from tagrefine_core.cli import main
from tagrefine_core.collections import Collection
from tagrefine_core.errors import Cancelled, JobError, RunError
from tagrefine_core.files import write_array, write_json
from tagrefine_core.runs.map import has_map, landmarks_of, map_file, map_of
from tagrefine_core.runs.run import Run
from tests.training.conftest import small


@pytest.fixture(scope="module")
def run(studio, real):
    config = real(**{"phi0.epochs": 1, "constraints.epochs": 1})
    return workflow.train_collection(studio, "studio", config)


@pytest.fixture(scope="module")
def drawn(studio, run):
    """The run with its map, and what the command answered."""
    with pytest.raises(RunError, match=f"has no map yet.*map {run.id}"):
        map_of(run)
    assert not has_map(run)
    return run, workflow.make_map(studio, run.id)


def test_both_maps_are_kept_in_one_frame(studio, drawn):
    run, made = drawn
    found = map_of(run)
    for name in ("learned", "frozen", "kept"):
        assert np.array_equal(getattr(found, name), getattr(made, name))
    for positions in (found.learned, found.frozen):
        assert positions.shape == (66, 2) and positions.dtype == np.float32
        assert np.abs(positions).max() <= 1 + 1e-6
    assert max(np.abs(found.learned).max(), np.abs(found.frozen).max()) == pytest.approx(1)
    np.testing.assert_allclose(found.learned.min(axis=0), -found.learned.max(axis=0), atol=1e-6)
    assert ((found.kept > 15 / 65) & (found.kept <= 1)).all(), "better than chance"


def test_the_maps_lie_alike(drawn):
    """No turn or mirror image of one lies nearer to the other, and photos are nearer to themselves than to others."""
    found = map_of(drawn[0])
    learned, frozen = (one - one.mean(axis=0) for one in (found.learned, found.frozen))
    left = np.square(learned - frozen).sum()
    for degrees in range(10, 360, 10):
        turn = np.radians(degrees)
        turned = frozen @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        assert np.square(learned - turned).sum() > left
        assert np.square(learned - turned * (1, -1)).sum() > left
    moved = np.linalg.norm(found.learned - found.frozen, axis=1)
    others = np.linalg.norm(found.learned[:, None] - found.frozen, axis=2)
    assert np.median(moved) < 0.5 * np.median(others)


def test_each_map_is_of_its_own_features(studio, drawn):
    """Learned features that put every second photo elsewhere: the map of after learning shows it, that of before does not."""
    run, _ = drawn
    features, before = np.asarray(run.features), map_file(run).read_bytes()
    odd = np.arange(66) % 2
    noise = np.random.default_rng(0).normal(scale=0.1, size=features.shape)
    try:
        write_array(run.folder / "features.npy", (noise + 5 * odd[:, None]).astype(np.float16))
        found = workflow.make_map(studio, run.id)
    finally:
        write_array(run.folder / "features.npy", features)
        map_file(run).write_bytes(before)

    def alike(positions):
        far = np.linalg.norm(positions[:, None] - positions, axis=2) + 9 * np.eye(66)
        return np.mean(odd[far.argmin(axis=1)] == odd)

    assert alike(found.learned) > 0.95 and alike(found.frozen) < 0.8


def test_the_command_draws_the_same_map_again_and_is_seen_as_a_job(studio, drawn, capsys):
    run, made = drawn
    before = map_file(run).read_bytes()
    assert main(["--home", str(studio.home), "map", run.id, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "run": run.id,
        "images": 66,
        "kept": {"learned": pytest.approx(made.kept[0]), "frozen": pytest.approx(made.kept[1])},
    }
    assert map_file(run).read_bytes() == before
    job = studio.jobs()[0]
    assert (job.command, job.run_id, job.state, job.options) == ("map", run.id, "finished", {})
    assert job.result == answer
    assert main(["--home", str(studio.home), "map", run.id, "--seed", "3"]) == 0
    assert not np.array_equal(map_of(run).learned, made.learned)
    assert "stay nearest on the map" in capsys.readouterr().out


def test_a_map_that_is_stopped_leaves_the_one_before(studio, drawn):
    run, _ = drawn
    before = map_file(run).read_bytes()

    def stop(stage, done, total):
        if stage == "Drawing the map after learning":
            raise Cancelled

    with pytest.raises(Cancelled):
        workflow.make_map(studio, run.id, seed=9, progress=stop)
    assert map_file(run).read_bytes() == before


def test_without_the_backbone_of_before_there_is_one_map(studio, run, capsys, monkeypatch):
    material = run.folder / "material.json"
    before = material.read_bytes()
    write_json(material, {"weights_hash": "of another", "ic_source": "not used"})
    try:
        assert main(["--home", str(studio.home), "map", run.id]) == 0
    finally:
        material.write_bytes(before)
    assert "is gone, so there is no map of it" in capsys.readouterr().out
    found = map_of(run)
    assert found.frozen is None and np.isnan(found.kept[1]) and found.learned.shape == (66, 2)


def test_what_cannot_be_drawn_says_why(studio, run, capsys):
    assert main(["--home", str(studio.home), "map", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
    map_file(run).write_bytes(b"no map")
    with pytest.raises(RunError, match="damaged"):
        map_of(run)
    features = run.features
    try:
        write_array(run.folder / "features.npy", np.asarray(features[:15]))
        with pytest.raises(RunError, match="more than 15 photos"):
            workflow.make_map(studio, run.id)
    finally:
        write_array(run.folder / "features.npy", np.asarray(features))
    job = studio.create_job("map", "studio", {}, run_id=run.id)
    with pytest.raises(JobError, match=f"Job {job} draws a map of 'studio'"):
        workflow.make_map(studio, run.id)
    with pytest.raises(JobError, match=f"Job {job} draws a map"):
        workflow.delete_run(studio, run.id)
    studio.update_job(job, state="finished")
    assert Run.open(studio, run.id)


def test_a_network_that_learns_from_nothing_has_a_map_of_before(shapes):
    run = workflow.train_collection(shapes, "shapes", small())
    assert workflow.make_map(shapes, run.id).frozen is not None
    assert Collection.open(shapes, "shapes").n == 66


# Names of places


def test_a_tag_is_named_where_it_is_at_home():
    rng = np.random.default_rng(0)
    centers = np.array([[-0.8, -0.8], [0.8, 0.8], [0.8, -0.8]])
    place = np.repeat([0, 1, 2], 200)
    positions = centers[place] + rng.normal(scale=0.02, size=(600, 2))
    everywhere = rng.random(600) < 0.5
    tags = sparse.csr_matrix(
        np.stack([place == 0, place == 1, everywhere, np.zeros(600, bool)], axis=1) * 1.0
    )
    tags.data[:] = 0  # what is stored counts
    found = landmarks_of(positions, tags)
    named = {one.column: (one.x, one.y) for one in found}
    assert [one.column for one in found][:2] in ([0, 1], [1, 0]) and 3 not in named
    for column in (0, 1):
        np.testing.assert_allclose(named[column], centers[column], atol=0.05)
    weights = [one.weight for one in found]
    assert weights == sorted(weights, reverse=True) and weights[-1] > 0
    assert weights[0] == pytest.approx(200 * np.log(3), rel=0.3)
    assert len(landmarks_of(positions, tags, most=1)) == 1


def test_where_nothing_stands_out_nothing_is_named():
    positions = np.zeros((30, 2))
    assert landmarks_of(positions, sparse.csr_matrix(np.ones((30, 2)))) == []
    assert landmarks_of(np.random.default_rng(0).random((30, 2)), sparse.csr_matrix((30, 4))) == []
