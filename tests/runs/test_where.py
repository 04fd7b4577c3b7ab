"""Where a tag is seen: what each place is worth, of networks on a frozen trunk and of ones that learn theirs."""

import numpy as np
import pytest
import torch
from PIL import Image

from tagrefine_core import workflow
from tagrefine_core.collections import Collection
from tagrefine_core.features.pictures import decode_many
from tagrefine_core.features.places import with_places_left_out
from tagrefine_core.runs.where import where
from tagrefine_core.training.fit import held_out_parts

ANNOTATION = {"task": "annotation", "run.train_fraction": 0.5, "neighbors.m": 4}


def picture_of(annotator, row):
    return torch.from_numpy(decode_many([annotator.collection.image_path(row)], annotator.size))


def test_a_place_is_worth_what_the_photos_own_logit_loses_without_it(studio, default_run):
    annotator = workflow.open_annotator(studio, default_run.id)
    parts = held_out_parts(annotator.collection.n, default_run.config)
    for row in (3, 40):
        (own,) = (number for number, part in enumerate(parts) if row in part)
        features, shape = with_places_left_out(annotator.extractor.trunk, picture_of(annotator, row), views=2)
        with torch.inference_mode():
            logits = annotator.fitted.networks[own].eval()(features)[0].numpy()
        # Features are read as they were kept, in half precision.
        np.testing.assert_allclose(logits[0], default_run.logits[row], atol=0.02)
        for column in (0, 5):
            heat = where(annotator, row, column)
            assert heat.worth.shape == shape and heat.worth.dtype == np.float32
            expected = (logits[0, column] - logits[1:, column]).reshape(shape)
            np.testing.assert_allclose(heat.worth, expected, atol=1e-4)
            assert np.abs(expected).max() > 1e-3


def test_of_a_photo_that_was_not_learned_from_the_network_of_all_is_asked(studio, real):
    run = workflow.train_collection(studio, "studio", real(**ANNOTATION))
    annotator = workflow.open_annotator(studio, run.id)
    row = int(np.setdiff1d(np.arange(annotator.collection.n), run.rows)[0])
    features, shape = with_places_left_out(annotator.extractor.trunk, picture_of(annotator, row), views=2)
    with torch.inference_mode():
        logits = annotator.fitted.networks[-1].eval()(features)[0].numpy()
    expected = (logits[0, 2] - logits[1:, 2]).reshape(shape)
    np.testing.assert_allclose(where(annotator, row, 2).worth, expected, atol=1e-4)


@pytest.mark.parametrize("crossfit", [1, 2])
def test_networks_that_learn_their_trunk_are_asked_through_it(studio, real, crossfit):
    settings = {"network.backbone": "small_cnn", "network.weights": "none", "network.finetune": "all",
                "phi0.epochs": 1, "constraints.epochs": 0, "scoring.crossfit": crossfit}  # fmt: skip
    run = workflow.train_collection(studio, "studio", real("small", **settings))
    annotator = workflow.open_annotator(studio, run.id)
    row, parts = 9, held_out_parts(annotator.collection.n, run.config)
    own = next((number for number, part in enumerate(parts) if row in part), 0)
    network = annotator.fitted.networks[own].eval()
    picture = picture_of(annotator, row)
    features, shape = with_places_left_out(network.trunk, picture, views=1)
    with torch.inference_mode():
        whole = network(picture)[0][0, 1].item()
        v = network.above(features)
        expected = (whole - network.classifier(v)[1:, 1].numpy()).reshape(shape)
    assert whole == pytest.approx(float(run.logits[row, 1]), abs=1e-4)
    np.testing.assert_allclose(where(annotator, row, 1).worth, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "box"),
    [((60, 40), (1 / 6, 0, 5 / 6, 1)), ((40, 80), (0, 0.25, 1, 0.75)), ((30, 30), (0, 0, 1, 1))],
)
def test_the_box_is_what_the_network_sees_of_the_photo(studio, default_run, size, box, monkeypatch, tmp_path):
    annotator = workflow.open_annotator(studio, default_run.id)
    collection = Collection.open(studio, "studio")
    # Only what lies in the box is seen: two pixels outside it, which scaling may mix in, colors make no difference.
    left, top, right, bottom = (round(edge * side) for edge, side in zip(box, size * 2, strict=True))
    middle = np.random.default_rng(0).integers(
        0, 255, (bottom - top + 4, right - left + 4, 3), dtype=np.uint8
    )
    found = []
    for color in ((255, 0, 0), (0, 0, 255)):
        photo = Image.new("RGB", size, color)
        photo.paste(Image.fromarray(middle), (left - 2, top - 2))
        photo.save(tmp_path / "photo.png")
        monkeypatch.setattr(type(collection), "image_path", lambda *_: tmp_path / "photo.png")
        sizes = np.tile(np.array(size, dtype=np.int32), (collection.n, 1))
        monkeypatch.setattr(type(collection), "sizes", sizes)
        found.append(where(annotator, 0, 0))
    np.testing.assert_allclose(found[0].worth, found[1].worth, atol=1e-3)
    assert found[0].box == pytest.approx(box)
