"""A run with every step of preset default on: what it leaves, and that it is the method on the same features."""

import shutil

import numpy as np
import pytest
import torch

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.errors import Cancelled, RunError
from tagrefine_core.features.pictures import decode_many
from tagrefine_core.methods import create
from tagrefine_core.runs.annotator import Annotator
from tagrefine_core.runs.run import Run
from tagrefine_core.settings import train_config
from tagrefine_core.training.fit import held_out_parts
from tagrefine_core.training.schedule import trainable
from tests.runs.conftest import CALLED, draw_with_many_words, features_of

# Photos that are not trained on, and groups that the few that are fill.
ANNOTATION = {"task": "annotation", "run.train_fraction": 0.5, "run.part": 1, "neighbors.m": 4}


@pytest.fixture(scope="module")
def annotating_run(studio, real):
    return workflow.train_collection(studio, "studio", real(**ANNOTATION))


def as_method(run, collection):
    return create("tagrefine", config=run.config, vocabulary=collection.vocabulary)


def test_every_step_of_the_preset_is_on(default_run):
    untouched = train_config("default").flat()
    changed = {name for name, value in default_run.config.flat().items() if untouched[name] != value}
    assert changed == {"network.backbone", "network.weights", "network.image_size", "run.device"}
    run = default_run
    record = run.store.run(run.id)
    assert record.state == "finished" and record.metrics["map"] > 0
    last = run.epochs[-1]
    assert {epoch.stage for epoch in run.epochs} == {"constraints"}
    assert len(run.epochs) == run.config.constraints.epochs and last.values["nbr"] > 0
    collection = Collection.open(run.store, "studio")
    place = {tag: column for column, tag in enumerate(collection.vocabulary)}
    assert run.implied[place["sea"], place["ocean"]] > 0.1
    annotator = Annotator(run, collection)
    assert annotator.fitted.calibration.reported.min() > 0
    networks = annotator.fitted.networks
    assert len(networks) == 11, "one for each part, and one of all photos"
    assert networks[0].center.any() and networks[0].projection is not None


def test_a_refining_run_is_the_method_on_the_same_features(studio, default_run):
    features, collection = features_of(studio, default_run)
    method = as_method(default_run, collection).fit(features, collection.tags)
    np.testing.assert_array_equal(method.logits_, default_run.logits)
    np.testing.assert_array_equal(method.fitted_.features, default_run.features)
    np.testing.assert_array_equal(method.refine(features, collection.tags), default_run.scores)


def test_an_annotating_run_is_the_method_on_the_photos_it_trained_on(studio, annotating_run):
    run = annotating_run
    features, collection = features_of(studio, run)
    rows, others = run.rows, np.setdiff1d(np.arange(collection.n), run.rows)
    assert len(rows) == 33
    method = as_method(run, collection).fit(features[rows], collection.tags[rows])
    np.testing.assert_array_equal(method.logits_, run.logits[rows])
    np.testing.assert_array_equal(method.annotate(features[others]), run.scores[others])


@pytest.mark.parametrize("task", ["refinement", "annotation"])
def test_preset_paper_is_the_method_too(studio, real, task):
    settings = {"task": task, "run.train_fraction": 0.5, "phi0.epochs": 4, "constraints.epochs": 2}
    run = workflow.train_collection(studio, "studio", real("paper", **settings))
    assert run.config.constraints.reduction == "literal" and run.config.optimizer.schedule == "step"
    features, collection = features_of(studio, run)
    method = as_method(run, collection).fit(features[run.rows], collection.tags[run.rows])
    np.testing.assert_array_equal(method.logits_, run.logits[run.rows])
    if task == "refinement":
        np.testing.assert_array_equal(method.refine(features, collection.tags), run.scores)
        # The paper ends with P of a last pass.
        np.testing.assert_allclose(run.scores, 1 / (1 + np.exp(-run.logits.astype(float))), atol=1e-6)
    else:
        others = np.setdiff1d(np.arange(collection.n), run.rows)
        np.testing.assert_array_equal(method.annotate(features[others]), run.scores[others])


def test_where_steps_teach_no_photos_own_tags_move_its_logits(studio, real, pictures, tmp_path):
    # Solved for at once, ridges and relations of tags are chosen with all photos.
    config = real(**{"scoring.closed_form": 0.5, "phi0.epochs": 2, "constraints.epochs": 2, "neighbors.m": 4})
    first = workflow.train_collection(studio, "studio", config)
    shutil.copytree(pictures, tmp_path / "changed")
    table = tmp_path / "changed" / "metadata.jsonl"
    lines = table.read_text().splitlines(keepends=True)
    photo = next(row for row, line in enumerate(lines) if '"tags": ["tree"]' in line)
    lines[photo] = lines[photo].replace('"tags": ["tree"]', '"tags": ["daisy", "sea"]')
    table.write_text("".join(lines))
    changed = workflow.import_collection(studio, "table", tmp_path / "changed", "changed")
    before = Collection.open(studio, "studio")
    assert changed.vocabulary == before.vocabulary
    assert np.flatnonzero((changed.tags != before.tags).toarray().any(axis=1)).tolist() == [photo]
    run = workflow.train_collection(studio, "changed", config)
    (own,) = (part for part in held_out_parts(before.n, run.config) if photo in part)
    np.testing.assert_array_equal(run.logits[own], first.logits[own])
    others = np.setdiff1d(np.arange(before.n), own)
    assert features_of(studio, run)[0].std(axis=0).mean() > 0.05, "or all photos look alike"
    assert (run.logits[others] != first.logits[others]).any(axis=1).all()


# What is kept


def test_what_a_run_leaves_adds_up_and_is_less_than_it_was(default_run):
    run = default_run
    sizes = {path.name: path.stat().st_size for path in run.folder.iterdir()}
    assert set(sizes) == {
        "trace.npz",
        "scores.npy",
        "levels.npy",
        "logits.npy",
        "prospects.npz",
        "relations.json",
        "features.npy",
        "rows.npy",
        "fitted.safetensors",
        "implied.npz",
        "calibration.safetensors",
        "seconds.json",
        "visualness.npy",
        "material.json",
        "neighbors.npy",
        "neighbors_squared.npy",
    }, "no work folder, no checkpoint, no candidates"
    (n, tags), dimensions = run.scores.shape, run.features.shape[1]
    network = Annotator(run, Collection.open(run.store, "studio")).fitted.networks[0]
    last = 4 * sum(weight.numel() for weight in network.classifier.parameters())
    below = (
        4 * (sum(weight.numel() for weight in trainable(network).values()) + network.center.numel()) - last
    )
    arrays = 2 * 4 * n * tags + 2 * n * dimensions
    networks = run.config.networks * last + below
    # Levels are a byte each; prospects 256 bins of four numbers a tag.
    rest = sum(sizes.values()) - arrays - networks - n * tags - 256 * 4 * 8 * tags
    assert 0 < rest < 64 * 1024, "headers, names, the trace, and matrices of few tags"
    # 0.1.0 kept scores, logits, features and the networks; of each network also a checkpoint (weights, their average and
    # momentum, the bank in half precision) and all candidates.
    seen, M = n - n // 5 - 1, min(run.config.neighbors.M, n - n // 5 - 1)
    of_0_1_0 = arrays + networks + 5 * (3 * (last + below) + 2 * seen * dimensions + 4 * seen * M)
    assert sum(sizes.values()) < 0.6 * of_0_1_0


def test_a_stopped_run_keeps_its_work_and_a_finished_one_does_not(studio, real, tmp_path):
    def stop(stage, done, total):
        if "network 2 of 3" in stage:
            raise Cancelled

    # What steps teach differs from part to part, so there is a network to train for each.
    steps = {"scoring.closed_form": 0.5, "scoring.crossfit": 3, "phi0.epochs": 1, "constraints.epochs": 0}
    config = real(**steps, **{"run.trace": False})
    with pytest.raises(Cancelled):
        workflow.train_collection(studio, "studio", config, progress=stop)
    stopped = Run.open(studio, studio.runs("studio")[0].id)
    assert (stopped.folder / "work" / "0" / "checkpoint.pt").exists()
    with pytest.raises(RunError, match=r"is cancelled\. Finish it"):
        Annotator(stopped, Collection.open(studio, "studio"))
    finished = workflow.train_collection(studio, "studio", resume=stopped.id)
    assert not (finished.folder / "work").exists()
    whole = workflow.train_collection(studio, "studio", config)
    np.testing.assert_array_equal(finished.scores, whole.scores)
    assert {path.name for path in whole.folder.iterdir()} == {path.name for path in finished.folder.iterdir()}


# Annotating with it


def test_the_annotator_asks_every_network_through_one_trunk(studio, annotating_run):
    run = annotating_run
    collection = Collection.open(studio, "studio")
    others = np.setdiff1d(np.arange(collection.n), run.rows)
    annotator = workflow.open_annotator(studio, run.id)
    passes = []
    trunk, batch = annotator.extractor.trunk, annotator.extractor.batch
    handle = trunk.register_forward_hook(lambda *_: passes.append(1))
    found = annotator.scores([collection.image_path(int(row)) for row in others])
    handle.remove()
    assert len(passes) == 2 * -(-len(others) // batch), (
        "one pass for a photo and one for its mirror image, whatever the number of networks"
    )
    np.testing.assert_allclose(found, run.scores[others], atol=1e-4)
    # And by hand, from the pictures: by the network of all photos.
    images = [collection.image_path(int(row)) for row in others[:3]]
    x = torch.from_numpy(decode_many(images, 64))
    with torch.inference_mode():
        features = (trunk(x) + trunk(x.flip(-1))) / 2
        every = [network.eval()(features)[0].numpy() for network in annotator.fitted.networks]
    np.testing.assert_allclose(every[-1], run.logits[others[:3]], atol=1e-3)
    assert all(np.abs(logits - run.logits[others[:3]]).max() > 1e-2 for logits in every[:-1])


def test_what_is_gone_or_of_an_earlier_version_says_so(studio, default_run):
    run = default_run
    collection = Collection.open(studio, "studio")
    for name in ("material.json", "fitted.safetensors", "implied.npz"):
        path = run.folder / name
        kept = path.read_bytes()
        try:
            path.write_bytes(b"{")
            with pytest.raises(RunError, match=rf"{name}.*Train again"):
                Annotator(Run.open(studio, run.id), collection)
            path.unlink()
            with pytest.raises(RunError, match="Train again"):
                Annotator(Run.open(studio, run.id), collection)
        finally:
            path.write_bytes(kept)
    with pytest.raises(RunError, match=r"knows 8 tags, but its collection now has 7"):
        fewer = Collection.open(studio, "studio")
        fewer.vocabulary = fewer.vocabulary[:-1]
        Annotator(run, fewer)
    Annotator(run, collection)


def test_more_words_than_draw_has(tmp_path):
    """What the tests above need of their photos."""
    draw_with_many_words(tmp_path)
    text = (tmp_path / "metadata.jsonl").read_text()
    assert all(
        f'"{word}"' in text for word in ("sea", "ocean", *(word for pair in CALLED.values() for word in pair))
    )
