"""What a run leaves behind, and that it can be stopped anywhere."""

import numpy as np
import pytest
import torch
import torchvision
from safetensors.torch import load_file

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import Cancelled, ConfigError, RunError
from tagrefine_core.progress import silent
from tagrefine_core.runs.material import material
from tagrefine_core.runs.run import Run
from tests.training.conftest import draw, small

SHORT = {
    "network.backbone": "mobilenet_v3_small",
    "network.image_size": 64,
    "phi0.epochs": 1,
    "constraints.epochs": 1,
}


@pytest.fixture(scope="module")
def finished(shapes):
    return workflow.train_collection(shapes, "shapes", small())


def test_run_leaves_scores_features_trace_and_record(shapes, finished):
    collection, run = Collection.open(shapes, "shapes"), finished
    assert run.scores.shape == (66, len(collection.vocabulary))
    assert ((run.scores >= 0) & (run.scores <= 1)).all() and run.features.shape == (66, 256)
    assert np.array_equal(run.rows, np.arange(66))
    record = shapes.run(run.id)
    assert record.state == "finished" and record.data_hash == collection.data_hash
    assert record.versions.keys() >= {"tagrefine", "torch", "python"} and record.metrics["map"] > 0
    assert [(epoch.stage, epoch.epoch) for epoch in run.epochs] == [
        ("phi0", 1),
        ("phi0", 2),
        ("constraints", 1),
        ("constraints", 2),
    ]
    values = run.epochs[-1].values
    assert values.keys() >= {
        "vis",
        "err",
        "logistic",
        "loss",
        "q50",
        "p_given",
        "val_map",
        "images_per_second",
    }
    assert run.config == small()


def test_the_trace_begins_with_the_frozen_trunk_and_ends_with_the_features_of_the_run(shapes, finished):
    trace, config = finished.trace, finished.config
    assert np.array_equal(trace.photos, np.arange(66)) and trace.neighbors.shape[1:] == (66, 3)
    moments = list(zip(trace.stages, trace.steps.tolist(), strict=True))
    assert moments[:2] == [("frozen", 0), ("phi0", 0)] and moments[-1] == ("constraints", 10)
    # From all of 65 others; the candidates, 20, are the nearest of the same features.
    given = material(shapes.home, Collection.open(shapes, "shapes"), config, torch.device("cpu"), silent)
    with torch.no_grad():
        frozen = given.trunk.eval()(given.inputs.read(np.arange(66))).double().numpy()
    frozen /= np.linalg.norm(frozen, axis=1, keepdims=True)
    assert_nearest(trace.neighbors[0], frozen, [np.delete(np.arange(66), row) for row in range(66)], 1e-6)
    cosines = frozen @ frozen.T - 2 * np.eye(66)
    candidates = np.argsort(-cosines, axis=1)[:, :20]
    assert_nearest(trace.neighbors[-1], finished.features.astype(np.float64), candidates, 2e-2)


def assert_nearest(found, features, candidates, slack):
    """The found rows (n, k) are the k nearest of each photo's candidates, as far as rounded features can tell."""
    for row, (own, others) in enumerate(zip(found, candidates, strict=True)):
        distance = np.linalg.norm(features - features[row], axis=1)
        assert set(own) <= set(others) and len(set(own)) == len(own)
        best = np.sort(distance[others])[: len(own)]
        np.testing.assert_allclose(distance[own], best, atol=slack * best.max() + 1e-9)


def test_without_trace_nothing_is_recorded(shapes, finished):
    run = workflow.train_collection(shapes, "shapes", small(**{"run.trace": False}))
    assert not (run.folder / "trace.npz").exists()
    assert np.array_equal(run.scores, finished.scores), "the trace takes no part in training"
    with pytest.raises(RunError, match=r"run\.trace=true"):
        _ = run.trace


def test_same_seed_same_scores_other_seed_other_scores(shapes, finished):
    again = workflow.train_collection(shapes, "shapes", small())
    other = workflow.train_collection(shapes, "shapes", small(seed=1))
    assert again.id != finished.id and np.array_equal(again.scores, finished.scores)
    assert not np.array_equal(other.scores, finished.scores)


@pytest.mark.parametrize("refresh", ["exact", "shortlist", "bank", "static"])
def test_stopped_anywhere_and_resumed_is_bit_identical(shapes, refresh):
    whole = workflow.train_collection(shapes, "shapes", small(**{"neighbors.refresh": refresh}))
    stops = {
        ("Learning from the users' tags", 3),
        ("Training with neighbors", 1),
        ("Training with neighbors", 7),
    }
    run_id = None
    for _ in range(len(stops) + 1):

        def progress(stage, done, total):
            if (stage, done) in stops:
                stops.remove((stage, done))
                raise Cancelled

        config = None if run_id else small(**{"neighbors.refresh": refresh})
        try:
            workflow.train_collection(shapes, "shapes", config, resume=run_id, progress=progress)
        except Cancelled:
            run_id = shapes.runs("shapes")[0].id
            assert shapes.run(run_id).state == "cancelled"
    resumed = Run.open(shapes, run_id)
    assert not stops and resumed.record.state == "finished" and resumed.id != whole.id
    assert resumed.record.message == "", "nothing is said of stops that are over"
    assert np.array_equal(resumed.scores, whole.scores)
    assert np.array_equal(resumed.trace.neighbors, whole.trace.neighbors)
    for a, b in zip(resumed.epochs, whole.epochs, strict=True):
        timed = {"seconds", "images_per_second"}
        assert {k: v for k, v in a.values.items() if k not in timed} == {
            k: v for k, v in b.values.items() if k not in timed
        }


@pytest.mark.parametrize(
    "settings",
    [
        {"constraints.reduction": "literal", "constraints.lambda2": 0.001},
        {"constraints.lambda1": 10.0},
        {"optimizer.schedule": "step"},
        {"optimizer.schedule": "constant", "network.augment": False, "network.dropout": 0.0},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_every_option_trains(shapes, settings):
    run = workflow.train_collection(shapes, "shapes", small(**{"constraints.epochs": 1, **settings}))
    assert np.isfinite(run.scores).all()
    if "constraints.lambda1" in settings:
        assert run.epochs[-1].values["sem"] > 0


def test_annotation_trains_on_its_part_and_is_measured_on_the_rest(shapes):
    half = {"task": "annotation", "run.train_fraction": 0.5, "constraints.epochs": 1}
    runs = [
        workflow.train_collection(shapes, "shapes", small(**{**half, "run.part": part})) for part in (0, 1)
    ]
    assert len(runs[0].rows) == 33 and not set(runs[0].rows) & set(runs[1].rows)
    assert workflow.evaluate_run(shapes, runs[0].id).n_images == 33


def test_head_mode_stores_features_once(shapes, tmp_path):
    weights = tmp_path / "weights.pth"
    torch.save(torchvision.models.mobilenet_v3_small(weights=None).state_dict(), weights)
    config = small(**{**SHORT, "network.weights": str(weights), "network.finetune": "head"})
    stages = []
    run = workflow.train_collection(shapes, "shapes", config, progress=lambda stage, *_: stages.append(stage))
    assert "Extracting features" in stages
    stages.clear()
    workflow.train_collection(shapes, "shapes", config, progress=lambda stage, *_: stages.append(stage))
    assert "Extracting features" not in stages
    # The user's file may be gone: the run keeps what it needs to annotate.
    weights.unlink()
    assert_annotates_its_own_photos(shapes, run)


def test_blocks_mode_learns_the_last_stages_only(shapes):
    config = small(**{**SHORT, "network.finetune": "blocks:2"})
    run = workflow.train_collection(shapes, "shapes", config)
    learned = load_file(run.folder / "fitted.safetensors")
    stages = {name.split(".")[3] for name in learned if ".trunk." in name}
    assert stages == {"11", "12"}
    assert_annotates_its_own_photos(shapes, run)


def test_annotator_has_the_batch_statistics_of_a_wholly_trained_backbone(shapes, tmp_path):
    state = torchvision.models.mobilenet_v3_small(weights=None).state_dict()
    for name, value in state.items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    torch.save(state, tmp_path / "weights.pth")
    settings = {**SHORT, "network.weights": str(tmp_path / "weights.pth"), "optimizer.lr_backbone": 0.01}
    run = workflow.train_collection(shapes, "shapes", small(**settings))
    assert_annotates_its_own_photos(shapes, run)


def test_annotator_gives_photos_of_the_collection_their_scores(shapes, finished):
    assert_annotates_its_own_photos(shapes, finished)


def assert_annotates_its_own_photos(store, run):
    collection = Collection.open(store, "shapes")
    rows = [0, 7, 65]
    found = workflow.annotate(store, run.id, [collection.image_path(row) for row in rows], top=3)
    # A new photo has no user, whose words, and what he left out, are evidence.
    known = workflow.open_annotator(store, run.id).fitted.scores()
    for row, annotation in zip(rows, found, strict=True):
        best = np.sort(known[row])[::-1][:3]
        assert np.allclose([score for _, score in annotation.tags], best, atol=1e-4)


def test_mistakes_say_what_to_do(shapes, finished):
    with pytest.raises(RunError, match="is finished"):
        workflow.train_collection(shapes, "shapes", resume=finished.id)
    with pytest.raises(RunError, match="no run 'nope'"):
        workflow.train_collection(shapes, "shapes", resume="nope")
    trained = []
    with pytest.raises(ConfigError, match="at least 70 photos to train on; there are 66"):
        workflow.train_collection(
            shapes,
            "shapes",
            small(**{"neighbors.s": 70, "neighbors.m": 70, "neighbors.M": 69}),
            progress=lambda stage, *_: trained.append(stage),
        )
    assert not any("Learning" in stage for stage in trained), "better known now than after phi0"
    with pytest.raises(RunError, match=r"not a number.*'constraints'\. Lower its lr"):
        workflow.train_collection(shapes, "shapes", small(**{"constraints.lr": 1e30}))
    assert shapes.runs("shapes")[0].state == "failed"


def test_a_run_of_other_data_names_no_tags(shapes, tmp_path):
    draw(tmp_path)
    workflow.import_collection(shapes, "table", tmp_path, "later")
    run = workflow.train_collection(shapes, "later", small(**{"phi0.epochs": 1, "constraints.epochs": 0}))
    table = tmp_path / "metadata.jsonl"
    table.write_text(table.read_text().replace("car", "snow"))  # as many tags, but in another order
    workflow.import_collection(shapes, "table", tmp_path, "later")
    for task in (
        lambda: workflow.annotate(shapes, run.id, [tmp_path / "p0.png"]),
        lambda: workflow.evaluate_run(shapes, run.id),
        lambda: workflow.export_refined(shapes, run.id, tmp_path / "out.csv"),
    ):
        with pytest.raises(RunError, match="earlier import"):
            task()
    (run.folder / "scores.npy").write_bytes(b"nothing of NumPy's")
    with pytest.raises(RunError, match="is damaged"):
        assert Run.open(shapes, run.id).scores
    (run.folder / "scores.npy").unlink()
    with pytest.raises(RunError, match="is gone"):
        assert Run.open(shapes, run.id).scores
